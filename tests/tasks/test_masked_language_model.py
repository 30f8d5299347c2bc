"""Masked language models: what is scored and how, what is saved, and what predict fills in."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from toolkit.data.batching import Batching
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks.masked.mask_filling import filled, read_gaps, with_gaps
from toolkit.tasks.masked.masked_language_model import MaskedLanguageModel
from toolkit.training.assemble import assemble
from toolkit.training.batches import evaluation_batches, training_batches

WORDS = ("<eos>", "<unk>", "N", "a", "b", "c", "d", "e")
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "N", "un", "##like", "##ly", "cat", "dog")
SPECIAL = {"pad": 0, "unknown": 1, "start": 2, "end": 3, "mask": 4}


def dataset(words=WORDS, special=None, first=3, tokens=900):
    """A text that counts round and round, from the first word that is no special one."""
    field = Field("tokens", (None,), "int32", words, special=special)
    spec = Spec({"tokens": field}, {"next": Field("next", (None,), "int32", words)})

    def part(n):
        return Split({"tokens": (first + np.arange(n) % (len(words) - first)).astype("int32")})

    return Dataset(spec, part(tokens), part(211), part(190), TextEncoder(words))


def model(units=16, tie=True, **options):
    encoder = {"units": units, "layers": 1, "heads": 2, "dropout": 0.0, **options}
    return {
        "name": "m",
        "stem": {"tokens": {"units": units, "tie": tie}},
        "body": [{"encoder": encoder}],
    }


def ready(data=None, *, network=None, batch=6, **options):
    """Return a data set, the task that knows it, the networks and training batches."""
    data = dataset() if data is None else data
    task = MaskedLanguageModel(**{"sequence_length": 16, "never": ("<unk>", "N"), **options})
    data = replace(data, spec=task.shaped(data.spec))
    task.check(data)
    built = assemble(network or model(), data.spec, task, batch_size=batch)
    return data, task, built


def batches(data, task, batch=6):
    return training_batches(data, task, Batching(batch_size=batch), seed=1)


def evaluation(data, task, batch=6):
    return evaluation_batches(data.valid, data.spec, task, Batching(batch_size=batch))


def numpy_of(batch):
    x, y, weight = batch
    return (
        {k: v.numpy() for k, v in x.items()},
        {k: v.numpy() for k, v in y.items()},
        weight.numpy(),
    )


def test_words_get_padding_and_a_mask_and_once_is_enough():
    task = MaskedLanguageModel()
    spec = task.shaped(dataset().spec)
    assert spec.input.vocabulary == (*WORDS, "<pad>", "<mask>")
    assert spec.input.special == {"pad": 8, "mask": 9}
    assert task.shaped(spec) == spec


def test_subwords_stay_as_they_are():
    spec = dataset(PIECES, SPECIAL, 5).spec
    assert MaskedLanguageModel().shaped(spec) == spec


@pytest.mark.parametrize("tie", [True, False])
def test_loss_and_accuracy_are_those_of_the_saved_network_at_the_hidden_tokens(tie):
    data, task, built = ready(network=model(tie=tie))
    batch = next(iter(evaluation(data, task).once()))
    x, y, weight = numpy_of(batch)
    assert x["positions"].shape == y["tokens"].shape == weight.shape == (6, 2)
    head = [w for w in built.inference.weights if "head" in w.path]
    for w in head:
        w.assign(np.random.default_rng(1).normal(size=w.shape, scale=0.3))
    logits = np.asarray(built.inference(x["tokens"]), "float64")
    logits = logits[np.arange(6)[:, None], x["positions"]]
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    losses = -np.take_along_axis(log_p, y["tokens"][..., None], -1)[..., 0]
    figures = built.objective.test_step(batch)
    np.testing.assert_allclose(figures["loss"], (losses * weight).sum() / weight.sum(), rtol=1e-4)
    right = (logits.argmax(-1) == y["tokens"]) * weight
    np.testing.assert_allclose(figures["accuracy"], right.sum() / weight.sum(), rtol=1e-5)


def test_every_weight_of_the_saved_network_is_trained():
    data, task, built = ready()
    trained = {id(v) for v in built.objective.trainable_variables}
    assert {id(v) for v in built.inference.trainable_variables} == trained


def test_it_learns_and_the_saved_network_opens_in_plain_keras(tmp_path):
    data = dataset(tokens=2400)
    for part in (data.train, data.valid):  # the same word forty times, then the next
        part.arrays["tokens"][:] = 3 + np.arange(len(part)) // 40 % 5
    data, task, built = ready(data, rate=0.3)
    objective = built.objective
    objective.compile(optimizer=keras.optimizers.Adam(0.01))
    objective.fit(batches(data, task).endless(), steps_per_epoch=60, verbose=0, shuffle=False)
    figures = objective.evaluate(evaluation(data, task).once(), verbose=0, return_dict=True)
    assert figures["accuracy"] > 0.85
    built.save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    ids = np.array([[5, 5, 9, 5, 5, 9, 5, 5]], "int32")
    logits = np.asarray(opened(ids))
    np.testing.assert_allclose(logits, built.inference(ids), atol=1e-5)
    assert logits.shape == (1, 8, 10) and logits[0, 2].argmax() == 5


def test_masks_change_from_epoch_to_epoch_and_stay_in_evaluation():
    data, task, _ = ready()
    made = batches(data, task)
    first, again = (numpy_of(next(iter(made.endless()))) for _ in range(2))
    np.testing.assert_array_equal(first[0]["tokens"], again[0]["tokens"])
    later = numpy_of(next(iter(made.endless(start=made.steps))))
    assert (later[0]["positions"] != first[0]["positions"]).any()
    one, other = ([numpy_of(b) for b in evaluation(data, task).once()] for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a[0]["tokens"], b[0]["tokens"])
        np.testing.assert_array_equal(a[0]["positions"], b[0]["positions"])
    assert (one[0][0]["positions"] != one[1][0]["positions"]).any()


def test_what_is_never_hidden_is_not_scored():
    data = dataset(first=0)
    data, task, _ = ready(data)
    told = [numpy_of(b) for b in batches(data, task).once()]
    tokens = np.concatenate([y["tokens"][w > 0] for _, y, w in told])
    assert set(tokens) == {0, 3, 4, 5, 6, 7}
    figures = task.baselines(data, data.test)
    counts = np.bincount(data.test.arrays["tokens"], minlength=8)
    expected = counts[0] / counts[[0, 3, 4, 5, 6, 7]].sum()
    assert figures == {"accuracy (most frequent token)": pytest.approx(expected)}


def test_windows_have_their_frame_and_the_fill_behind_the_text_counts_nothing():
    data, task, built = ready(dataset(PIECES, SPECIAL, 5))
    made = [numpy_of(b) for b in evaluation(data, task).once()]
    ids = np.concatenate([x["tokens"] for x, _, _ in made])
    assert (ids[:, 0] == 2).all() and (ids[:, -1] == 3).all()
    weight = np.concatenate([w for *_, w in made])
    assert (weight[-1] == 0).all() and (weight[:15].sum(1) == 2).all()


@pytest.mark.parametrize("parts", [1, 2])
def test_pairs_learn_whether_they_follow_and_both_networks_are_saved(tmp_path, parts):
    data = dataset(PIECES, SPECIAL, 5)
    task = MaskedLanguageModel(sequence_length=16, next_sentence=True)
    data = replace(data, spec=task.shaped(data.spec))
    task.check(data)
    built = assemble(model(), data.spec, task, batch_size=6, accumulate=parts)
    objective = built.objective
    objective.compile(optimizer=keras.optimizers.Adam(0.01))
    logs = objective.fit(
        batches(data, task).endless(), steps_per_epoch=4, verbose=0, shuffle=False
    ).history
    assert {"loss", "accuracy", "next_sentence_accuracy"} <= logs.keys()
    x, y, weight = numpy_of(next(iter(batches(data, task).once())))
    assert x["tokens"].shape == (6, 16) and y["follows"].shape == (6,)
    before = objective.evaluate(evaluation(data, task).once(), verbose=0, return_dict=True)
    built.save(tmp_path / "model.keras")
    follows = keras.models.load_model(tmp_path / "next_sentence.keras")
    assert np.asarray(follows(x["tokens"])).shape == (6, 2)
    for weight in objective.trainable_variables:
        weight.assign(weight * 0.0)
    built.load(tmp_path / "model.keras")
    after = objective.evaluate(evaluation(data, task).once(), verbose=0, return_dict=True)
    assert after == pytest.approx(before)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"never": ("n",)}, "task.never: no token 'n' in the vocabulary.*N"),
        ({"next_sentence": True}, "no tokens that mark the start"),
        ({"sequence_length": 4}, "expected at least 8"),
        ({"sequence_length": 400}, "211 tokens are too few"),
        ({"never": WORDS}, "nothing else is in data.train"),
        ({"mask_share": 0.9, "random_share": 0.2}, "at most 1 together"),
    ],
)
def test_what_cannot_be_learned_is_refused(options, said):
    with pytest.raises(Refused, match=said):
        ready(**options)


class Tokenizer(SimpleNamespace):
    """Pieces by lookup, one for each word."""

    def ids(self, texts):
        return Ragged.from_rows([[PIECES.index(w) for w in t.split()] for t in texts])

    def frame(self, rows, second, longest):
        return Ragged.from_rows([[2, *row, 3] for row in rows])


def test_gaps_are_masks_between_the_pieces():
    encoder = SimpleNamespace(tokenizer=Tokenizer(), input="tokens", max_length=None)
    assert with_gaps("[MASK] cat <mask> dog", encoder, 4) == [4, 9, 4, 10]
    field = Field("tokens", (None,), "int32", PIECES, special=SPECIAL)
    texts, split = read_gaps("cat [MASK]", {}, encoder, field)
    assert texts == ["cat [MASK]"]
    np.testing.assert_array_equal(split.arrays["tokens"][0], [2, 9, 4, 3])
    with pytest.raises(Refused, match="has nothing to fill in"):
        read_gaps("cat dog", {}, encoder, field)


def test_gaps_are_filled_with_words_and_never_with_a_special_token():
    task = MaskedLanguageModel()
    data = dataset()
    field = task.shaped(data.spec).input
    texts, split = read_gaps("a [MASK] c <mask>", {}, data.encoder, field)
    logits = np.zeros((1, 4, 10))
    logits[0, 1, [4, 9]] = [5, 50]
    logits[0, 3, 7] = 9
    (row,) = filled(split, [logits])
    assert row["text"] == "a b c e"
    assert [mask["token"] for mask in row["masks"]] == ["b", "e"]
    first = row["masks"][0]
    assert first["probability"] == pytest.approx(np.exp(5) / (np.exp(5) + 7))
    assert len(first["tokens"]) == 5 and next(iter(first["tokens"])) == "b"
