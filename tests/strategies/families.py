"""A small training of every family, with nothing in it that is drawn for each replica."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split

WORDS = ("<eos>", "<unk>", "a", "b", "c", "d", "e", "f")


def pictures() -> Dataset:
    """Three sorts of pictures; neither 26 nor 14 can be shared evenly."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        label = random.integers(0, 3, n).astype("int32")
        image = random.integers(0, 60, (n, 8, 8, 1)) + 60 * label[:, None, None, None]
        return Split({"image": image.astype("uint8"), "label": label})

    label = Field("label", (), "int32", classes=("a", "b", "c"))
    spec = Spec({"image": Field("image", (8, 8, 1), "uint8")}, {"label": label})
    return Dataset(spec, split(26), split(14), split(14))


def two_sorts() -> Dataset:
    """Dark images and bright pictures, with no pairs among them."""
    dark = pictures()

    def bright(split: Split) -> Split:
        image = split.arrays["image"]
        return Split({"image": image, "picture": 255 - image[::-1]})

    target = Field("picture", (8, 8, 1), "uint8", unpaired=True)
    spec = Spec(dark.spec.inputs, {"picture": target})
    return Dataset(spec, *(bright(s) for s in dark.splits.values()))


def text() -> Dataset:
    """A text in which each token follows from the one before it, but for a little noise."""
    random = np.random.default_rng(0)

    def tokens(n: int) -> np.ndarray:
        return (np.cumsum(np.where(random.random(n) < 0.9, 1, 3)) % 8).astype("int32")

    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", vocabulary=WORDS)},
        {"next": Field("next", (None,), "int32", vocabulary=WORDS)},
    )
    return Dataset(spec, *(Split({"tokens": tokens(n)}) for n in (243, 105, 103)))


def sentences() -> Dataset:
    """Sentences of two to nine words; the label is whether the first word is in the first half."""
    random = np.random.default_rng(0)
    words = ("<pad>", "<unk>", *"abcdef")

    def split(n: int) -> Split:
        rows = [random.integers(2, 8, random.integers(2, 10)) for _ in range(n)]
        label = np.array([row[0] < 5 for row in rows], "int32")
        return Split({"tokens": Ragged.from_rows(rows), "label": label})

    special = {"pad": 0, "unknown": 1}
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", vocabulary=words, special=special)},
        {"label": Field("label", (), "int32", classes=("no", "yes"))},
    )
    return Dataset(spec, split(26), split(13), split(13))


def pairs() -> Dataset:
    """Pairs of short texts, and how many words of the second the first has too."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        texts = [[random.integers(4, 12, random.integers(1, 6)) for _ in "ab"] for _ in range(n)]
        rows = [np.array([2, *first, 3, *second, 3], "int32") for first, second in texts]
        value = np.array([np.isin(b, a).mean() for a, b in texts], "float32")
        return Split({"tokens": Ragged.from_rows(rows), "value": value})

    special = {"pad": 0, "unknown": 1, "start": 2, "end": 3}
    words = ("<pad>", "<unk>", "<s>", "</s>", *"abcdefgh")
    tokens = Field("tokens", (None,), "int32", words, special=special, names=("first", "second"))
    value = Field("value", (), offset=(0.3,), scale=(0.3,))
    return Dataset(Spec({"tokens": tokens}, {"value": value}), split(27), split(14), split(14))


def houses() -> Dataset:
    """A value that follows from four features."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        x = random.normal(size=(n, 4)).astype("float32")
        return Split({"x": x, "value": x @ np.array([1, 2, 0, -1], "float32") * 20 + 50})

    value = Field("value", (), offset=(50.0,), scale=(40.0,))
    spec = Spec({"x": Field("table", (4,))}, {"value": value})
    return Dataset(spec, split(41), split(20), split(20))


def waves() -> Dataset:
    """Two waves."""
    time = np.arange(160, dtype="float32")
    values = np.stack([np.sin(time / 5), np.cos(time / 7)], 1)
    spec = Spec({"series": Field("series", (None, 2))}, {"future": Field("future", (None, 2))})
    parts = ((0, 100), (100, 130), (130, 160))
    return Dataset(spec, *(Split({"series": values}, rows=part) for part in parts))


ENCODER = {"units": 8, "layers": 1, "heads": 2, "dropout": 0.0}
TOKENS = {"tokens": {"units": 8, "tie": True}}

FAMILIES: dict[str, dict[str, Any]] = {
    "images with batch norms": {
        "data": pictures,
        "model": {
            "body": [
                {"conv": {"filters": [4]}},
                {"normalize": {}},
                {"pool": {"kind": "flatten"}},
            ]
        },
        "optimizer": {"name": "sgd", "momentum": 0.9, "global_clipnorm": 0.5},
        "batch_size": 12,  # the last batch has two examples, fewer than four replicas
        "batching": {"augment": {"shift": {"height": 0.2}, "mixup": {"alpha": 0.4}}},
    },
    "language model on streams": {
        "data": text,
        "model": {
            "stem": {"tokens": {"units": 8}},
            "body": [{"recurrent": {"cell": "lstm", "units": 8, "layers": 2}}],
        },
        "task": {"name": "language_modelling", "sequence_length": 10},
        "optimizer": {"name": "adam", "use_ema": True, "ema_momentum": 0.9, "clipnorm": 0.1},
        "batch_size": 6,  # no even share for four replicas, as one stream in evaluation
    },
    "language model on windows": {
        "data": text,
        "model": {"stem": TOKENS, "body": [{"decoder": ENCODER}]},
        "task": {"name": "language_modelling", "sequence_length": 16},
        "optimizer": {"name": "adamw", "gradient_accumulation_steps": 2},
        "batch_size": 9,
    },
    "masked language model": {
        "data": text,
        "model": {"stem": TOKENS, "body": [{"encoder": ENCODER}]},
        "task": {"name": "masked_language_model", "sequence_length": 16, "never": ["<unk>"]},
        "batch_size": 9,
    },
    "sentences": {
        "data": sentences,
        "model": {
            "stem": {"tokens": {"units": 8}},
            # Of keys' offsets softmax sees nothing: Adam would make steps of their rounding.
            "body": [{"encoder": {**ENCODER, "bias": False}}, {"pool": {"kind": "average"}}],
        },
        "task": {"name": "classification", "class_weight": "balanced"},
        "batch_size": 8,
        "batching": {"bucket_by_length": True},
    },
    "regression told by whole examples": {
        "data": houses,
        "model": {"body": [{"dense": {"units": [8]}}]},
        "task": {"name": "regression"},
        "batch_size": 10,
    },
    "pairs put in order": {
        "data": pairs,
        "model": {"stem": {"tokens": {"units": 8}}, "body": [{"encoder": ENCODER}]},
        "task": {"name": "sentence_similarity", "loss": "ranking", "highest": 1.0},
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "batch_size": 9,
    },
    "forecaster": {
        "data": waves,
        "model": {"body": [{"recurrent": {"units": 6}}]},
        "task": {"name": "forecast", "context": 8, "horizon": 4},
        "batch_size": 15,
    },
    "game of two networks": {
        "data": pictures,
        "model": {
            "generator": [{"generator": {"filters": [4]}}],
            "discriminator": [{"discriminator": {"filters": [4]}}],
        },
        "task": {
            "name": "adversarial",
            "latent": 5,
            "labels": "condition",
            "discriminator_steps": 2,
            "gradient_penalty": 1.0,
        },
        "optimizer": {"name": "adam", "use_ema": True, "ema_momentum": 0.8},
        "batch_size": 9,
    },
    "game of four networks": {
        "data": two_sorts,
        "model": {
            "generator": [{"conv": {"filters": [3]}}],
            "discriminator": [{"conv": {"filters": [3]}}],
        },
        "task": {"name": "image_translation", "method": "cyclegan", "pool": 7},
        "batch_size": 9,
    },
    "pictures made again": {
        "data": pictures,
        "model": {"encoder": [{"dense": {"units": [4]}}], "decoder": [{"dense": {"units": [6]}}]},
        "task": {"name": "reconstruction"},
        "batch_size": 9,
    },
    "computed again": {
        "data": pictures,
        "model": {
            "body": [
                {"residual": {"filters": 4, "blocks": 3}},
                {"pool": {"kind": "average"}},
            ]
        },
        "optimizer": {"name": "sgd"},
        "batch_size": 9,
        "rematerialize": True,
    },
    "half precision": {
        "data": pictures,
        "model": {"body": [{"conv": {"filters": [4]}}, {"pool": {"kind": "flatten"}}]},
        "optimizer": {"name": "sgd"},
        "batch_size": 12,
        "precision": "mixed_float16",
    },
}
"""What is trained, as ``toolkit.train`` takes it; ``data`` makes the data set."""
