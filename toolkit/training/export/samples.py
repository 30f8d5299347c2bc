"""Inputs on which an exported network is compared with the original; no data set is needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.subwords import SubwordEncoder
from toolkit.data.tables.table_encoder import TableEncoder
from toolkit.training.export.subject import Subject
from toolkit.training.generate_texts import first_token

SIZES = (1, 4, 7)
"""Batch sizes, where they are free."""
LENGTHS = (1, 13, 37)
"""Lengths of texts, where they are free."""
SIDE = 48
"""Height and width of images, where they are free."""
TEXTS = (
    "",
    " ",
    "\n",
    "a line\nand\r\nanother\rone\n",
    "Don't you think it's the dogs' day? They'll've said 'no', I can't.",
    "don’t rock'n'roll n't isn't'n _x_ 3.14 1,000 $5 (ok) well-known... e.g. A.B.",
    "<unk> <eos> <pad> <UNK> < eos > the <unk>s",
    "Ünïcode ÇA naïve ΑΣ ΟΔΟΣ İstanbul ß ﬁ",
    "日本語 テキスト 한국어 हिन्दी עברית العربية ไทย e\u0301 \u0130",
    "blanks\u00a0of\u2003many\u3000sorts\x0b\x0c\x1c\x85\u2028\u2029here\t!",
    "😀👍🏽 ½ ² Ⅳ ① ٣ ∑ → \u200b\u200d\ufeff zwj\u200dx x\u0301n't n'té n't",
    "zyxwvutsrq unknownword qqqqq",
)
"""Texts that are hard to split; more are made of the vocabulary."""
Named = dict[str, Any]


def arrays(
    subject: Subject, shapes: Mapping[str, Sequence[int | None]]
) -> Iterator[dict[str, np.ndarray]]:
    """Yield batches of arrays by name that a network may meet, of several sizes."""
    random = np.random.default_rng(0)
    most = subject.longest or max(LENGTHS)
    for size, length in zip(SIZES, LENGTHS, strict=True):
        batch = {}
        for name, (rows, *sides) in shapes.items():
            free = min(length, most) if subject.spec.inputs[name].kind == "tokens" else SIDE
            shape = (rows or size, *(n or free for n in sides))
            batch[name] = _array(subject, name, shape, random)
        yield batch


def _array(
    subject: Subject, name: str, shape: tuple[int, ...], random: np.random.Generator
) -> np.ndarray:
    field, target = subject.spec.inputs[name], subject.spec.target
    if field.kind == "label":
        return random.integers(0, len(field.classes or ()), shape).astype(field.dtype)
    if field.kind == "tokens":
        ids = random.integers(0, len(field.vocabulary or ()), shape).astype(field.dtype)
        if target.kind != "next":  # padding after the end
            ids[:, 1:][
                np.arange(1, shape[1]) >= random.integers(1, shape[1] + 1, (shape[0], 1))
            ] = field.pad
        return ids
    if field.kind == "image":
        pixels = random.integers(0, 256, shape)
        return (pixels if field.dtype == "uint8" else pixels / 255).astype(field.dtype)
    values = random.normal(size=shape)
    if isinstance(subject.encoder, TableEncoder):
        offset, scale = subject.columns
        chosen = len(subject.encoder.numeric)
        values = values * scale + offset
        values[:, chosen:] = random.random((shape[0], shape[1] - chosen)) < 0.5
    elif field.offset or target.kind == "future":
        source = field if field.offset else target
        count = shape[-1]
        values = values * np.array(source.scale or [1.0] * count)
        values = values + np.array(source.offset or [0.0] * count)
    return values.astype(field.dtype)


def raw(subject: Subject) -> Iterator[tuple[Named, Any]]:
    """Yield raw input by name, and what the network gives for it when the run's encoder reads it.

    There is none where raw input is arrays.
    """
    encoder = subject.reader
    if isinstance(encoder, TextEncoder | SubwordEncoder):
        if not subject.fills_gaps:
            yield from _texts(subject, encoder)
    elif isinstance(encoder, ImageEncoder):
        yield from _pictures(subject, encoder)
    elif isinstance(encoder, TableEncoder):
        yield from _cells(subject, encoder)


def start(subject: Subject) -> int | None:
    """Return the id in place of a text without tokens; None where there is none."""
    if subject.spec.target.kind != "next":
        return None
    return first_token(subject.encoder.vocabulary, subject.encoder)


def batches(all_texts: list[str]) -> Iterator[list[str]]:
    """Yield batches of texts, of several sizes."""
    for i, size in enumerate((1, 7, len(all_texts))):
        yield all_texts[i * 3 : i * 3 + size]


def texts(encoder: Any) -> list[str]:
    """Return texts that are hard to split, and some of the words of the vocabulary.

    Args:
        encoder: Or a tokenizer: it has a ``vocabulary``, and makes texts of ids.
    """
    random, count = np.random.default_rng(0), len(encoder.vocabulary)
    made = [encoder.decode(random.integers(0, count, 3 + 20 * i)) for i in range(6)]
    return [*TEXTS, *made, "".join(made).upper()]


def _texts(subject: Subject, encoder: TextEncoder | SubwordEncoder) -> Iterator[tuple[Named, Any]]:
    all_texts = texts(encoder)
    begin = start(subject)
    for batch in batches(all_texts):
        given: Named = {"text": np.array(batch, object)}
        if begin is None:
            yield given, subject.predict(_padded(subject, batch))
            continue
        rows = encoder.encode(batch).arrays[encoder.input]
        ids = [np.asarray(rows[j], "int32")[-(subject.longest or 0) :] for j in range(len(batch))]
        ids = [row if len(row) else np.array([begin], "int32") for row in ids]
        # Each by itself, so that there is no padding.
        last = [np.asarray(subject.predict(row[None]))[:, -1] for row in ids]
        yield given, np.concatenate(last)
    if isinstance(encoder, SubwordEncoder) and encoder.framed:
        pairs = list(zip(all_texts, reversed(all_texts), strict=True))
        first, second = (np.array(side, object) for side in zip(*pairs, strict=True))
        yield {"text": first, "second": second}, subject.predict(_padded(subject, pairs))


def _padded(subject: Subject, batch: Sequence[Any]) -> np.ndarray:
    """Return a batch of texts, or of pairs, as the run's encoder reads them."""
    rows = subject.encoder.encode(batch).arrays[subject.encoder.input]
    padded = np.full((len(rows), int(rows.lengths.max())), subject.spec.input.pad, "int32")
    for i, into in enumerate(padded):
        into[: rows.lengths[i]] = rows[i]
    return padded


def _pictures(subject: Subject, encoder: ImageEncoder) -> Iterator[tuple[Named, Any]]:
    from PIL import Image

    from toolkit.lazy import tf

    random = np.random.default_rng(0)
    height, width = encoder.size
    sizes = [(height, width), (height * 2 + 1, width + 5), (max(height // 2, 1), width * 3)]
    files = [(size, mode, end) for size in sizes for mode in ("RGB", "L") for end in ("png", "jpg")]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, (size, mode, end) in enumerate([*files, (sizes[1], "RGBA", "png")]):
            pixels = random.integers(0, 256, (*size, 4), "uint8")
            paths.append(Path(folder, f"{i}.{end}"))
            Image.fromarray(pixels).convert(mode).save(paths[-1])
        split = encoder.encode(paths)
        assert split.decode is not None
        decode = tf.function(split.decode)  # as in training: some of it rounds otherwise if eager
        names = np.asarray(split.arrays["image"])
        pixels = np.stack([decode({"image": tf.constant(name)})["image"] for name in names])
        content = np.array([path.read_bytes() for path in paths], object)
    for rows in (slice(0, 1), slice(1, 5), slice(5, None)):
        yield {"image_bytes": content[rows]}, subject.predict(pixels[rows])


def _cells(subject: Subject, encoder: TableEncoder) -> Iterator[tuple[Named, Any]]:
    random = np.random.default_rng(0)
    for size in SIZES:
        noise = random.normal(size=(size, len(encoder.numeric)))
        numbers = noise * encoder.deviation + encoder.mean
        words = [
            random.choice([*known, "no such category"], size).tolist()
            for known in encoder.categories
        ]
        columns = dict(zip(encoder.numeric, numbers.T.tolist(), strict=True))
        columns |= dict(zip(encoder.categorical, words, strict=True))
        rows = [
            dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
        ]
        given: Named = {}
        if encoder.numeric:
            given["numbers"] = numbers
        if encoder.categorical:
            given["categories"] = np.array(words, object).T
        yield given, subject.predict(encoder.encode(rows).arrays["features"])
