"""Writing token by token: with a cache as without, past the last position, and shown at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import toolkit
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Field, Ragged, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks import TASKS
from toolkit.tasks.built import Sizes
from toolkit.training.drawing import Draw, probabilities
from toolkit.training.generate_texts import not_known
from toolkit.training.parts import learner
from toolkit.training.predict import outputs
from toolkit.training.token_writer import TokenWriter
from toolkit.training.unrolling import Unrolling

WORDS = tuple("abcdefgh")
SPEC = Spec(
    {"tokens": Field("tokens", (None,), "int32", WORDS)},
    {"next": Field("next", (None,), "int32", WORDS)},
)
DECODER = {"units": 8, "layers": 2, "heads": 4, "groups": 2, "dropout": 0.5, "init_std": 0.5}


def written(body, stem=None, length=9, **options):
    """Return a task, the network that it saves and a writer with its weights."""
    model = {"body": body, "stem": {"tokens": {"units": 8, "tie": True, **(stem or {})}}}
    task, spec = learner({"name": "language_modelling", "sequence_length": length}, model, SPEC)
    built = task.assemble(model, spec, Sizes(2))
    writer = TokenWriter(model, spec, task)
    weights = [
        np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(built.inference.weights)
    ]
    built.inference.set_weights(weights)
    writer.take(built.inference)
    return built.inference, writer


class Recorded:
    """Draws any tokens, and keeps the logits."""

    def __init__(self):
        self.random, self.logits = np.random.default_rng(5), []

    def __call__(self, logits):
        self.logits.append(logits)
        return self.random.integers(0, 8, len(logits)).astype("int32")


def followed(writer, prompt, length):
    """Write any tokens; return the text and the logits of each token that was written."""
    draw = Recorded()
    tokens = [*writer.write(prompt, length, draw)]
    return np.concatenate([prompt, np.stack(tokens, 1)], 1), np.stack(draw.logits, 1)


def texts(rows, length):
    return np.random.default_rng(0).integers(0, 8, (rows, length)).astype("int32")


@pytest.mark.parametrize(
    "body",
    [
        *[
            [{"decoder": {**DECODER, "positions": positions, "max_length": 9}}]
            for positions in ("learned", "sinusoidal", "rotary", "alibi", "none")
        ],
        [{"attention": {"units": 8, "causal": True, "residual": True}}],
        [{"recurrent": {"cell": "lstm", "units": 8}}],
        [{"recurrent": {"cell": "gru", "units": 8}}, {"decoder": {**DECODER, "max_length": 9}}],
    ],
    ids=str,
)
def test_a_cache_changes_nothing(body):
    network, writer = written(body)
    text, logits = followed(writer, texts(2, 3), 6)
    np.testing.assert_allclose(logits, np.asarray(network(text[:, :-1]))[:, 2:], atol=1e-4)


def test_past_the_last_position_half_of_the_text_is_read_again():
    network, writer = written([{"decoder": {**DECODER, "max_length": 9}}])
    text, logits = followed(writer, texts(2, 5), 12)
    read = 5
    for step in range(12):
        end = 5 + step
        expected = np.asarray(network(text[:, end - read : end]))[:, -1]
        np.testing.assert_allclose(logits[:, step], expected, atol=1e-4)
        read = 4 if read == 9 else read + 1


def test_of_a_long_prompt_the_end_is_read():
    network, writer = written([{"decoder": {**DECODER, "max_length": 9}}])
    text, logits = followed(writer, texts(1, 30), 1)
    expected = np.asarray(network(text[:, 21:30]))[:, -1]
    np.testing.assert_allclose(logits[:, 0], expected, atol=1e-4)


def test_a_recurrent_network_has_no_last_position():
    network, writer = written([{"recurrent": {"units": 8}}], length=4)
    assert writer.bound is None
    text, logits = followed(writer, texts(1, 6), 9)
    np.testing.assert_allclose(logits, np.asarray(network(text[:, :-1]))[:, 5:], atol=1e-4)


def test_an_output_layer_of_its_own():
    network, writer = written([{"decoder": {**DECODER, "max_length": 9}}], stem={"tie": False})
    text, logits = followed(writer, texts(1, 2), 5)
    np.testing.assert_allclose(logits, np.asarray(network(text[:, :-1]))[:, 1:], atol=1e-4)


def test_a_window_may_not_be_longer_than_the_positions():
    with pytest.raises(Refused, match="task.sequence_length=10: this network has 9 positions"):
        written([{"decoder": {**DECODER, "max_length": 9}}], length=10)


@pytest.mark.parametrize(
    ("body", "length"),
    [
        ([{"decoder": {"max_length": 9}}], 9),
        ([{"decoder": {"positions": "rotary"}}], 128),
        ([{"recurrent": {}}], 35),
    ],
)
def test_windows_are_as_long_as_the_network_reads(body, length):
    task, _ = learner({"name": "language_modelling"}, {"body": body}, SPEC)
    assert task.sequence_length == length
    assert TASKS["language_modelling"]().sequence_length == 35


# === Drawing ===


def test_the_distribution_that_is_drawn_from():
    logits = np.log([[0.5, 0.3, 0.15, 0.05]])
    np.testing.assert_allclose(probabilities(logits), [[0.5, 0.3, 0.15, 0.05]])
    np.testing.assert_allclose(probabilities(logits, top_k=2), [[0.625, 0.375, 0, 0]])
    np.testing.assert_allclose(probabilities(logits, top_p=0.6), [[0.625, 0.375, 0, 0]])
    np.testing.assert_allclose(probabilities(logits, top_p=0.0), [[1, 0, 0, 0]])
    squared = np.array([0.25, 0.09, 0.0225, 0.0025])
    np.testing.assert_allclose(probabilities(logits, 0.5), [squared / squared.sum()])


def test_what_is_drawn_follows_the_distribution_and_the_seed():
    logits = np.tile(np.log([[0.5, 0.3, 0.15, 0.05]]), (4000, 1))
    tokens = Draw(seed=1)(logits)
    shares = np.bincount(tokens, minlength=4) / 4000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.15, 0.05], atol=0.03)
    np.testing.assert_array_equal(tokens, Draw(seed=1)(logits))
    assert (tokens != Draw(seed=2)(logits)).any()
    assert not Draw(0)(logits).any()


# === Showing ===


@pytest.mark.parametrize(
    ("encoder", "ids"),
    [
        (TextEncoder(("<eos>", "a", "b", "<unk>")), [1, 0, 2, 1, 0, 0, 3]),
        (TextEncoder(("a", "\n", " ", "é"), unit="character"), [0, 2, 3, 1, 1, 0]),
    ],
)
def test_the_pieces_are_the_text(encoder, ids):
    unrolling = Unrolling(encoder.decode)
    pieces = [unrolling.add(ids[:2]), *(unrolling.add([token]) for token in ids[2:])]
    assert "".join(pieces) + unrolling.rest() == encoder.decode(ids)
    assert all(pieces)


@pytest.mark.parametrize(
    ("vocabulary", "unit", "said"),
    [
        (("a", "b", " "), "character", "(left out of the prompt, which the run does not know: "),
        (("a", "b", "<unk>"), "word", "(words of the prompt that the run does not know were read"),
    ],
)
def test_what_a_prompt_has_that_is_not_known_is_told(vocabulary, unit, said):
    encoder = TextEncoder(vocabulary, unit=unit)
    spec = Spec({"tokens": Field("tokens", (None,), "int32", vocabulary)}, {})
    for prompt, known in (("a b", True), ("a 🙂 b 🎈", False)):
        ids = np.asarray(encoder.encode([prompt]).arrays["tokens"][0])
        note = not_known(prompt, ids, spec, encoder)
        assert note is None if known else note.startswith(said), note
    assert unit == "word" or "'🎈' '🙂'" in note


def test_half_a_character_is_held_back():
    def decode(ids):
        return bytes(ids).decode("utf-8", errors="replace")

    text = "né 🙂!"
    unrolling = Unrolling(decode)
    pieces = [unrolling.add([byte]) for byte in text.encode()]
    assert "".join(pieces) == text and unrolling.rest() == ""
    assert pieces == ["n", "", "é", " ", "", "", "", "🙂", "!"]
    unrolling.add(text.encode()[4:6])
    assert unrolling.rest() == "\N{REPLACEMENT CHARACTER}"


def test_a_gpt_is_trained_and_writes(text, tmp_path, capsys):
    model = {
        "name": "gpt",
        "stem": {"tokens": {"units": 8, "tie": True}},
        "body": [{"decoder": {"units": 8, "layers": 1, "heads": 2, "max_length": 6}}],
    }
    encoder = TextEncoder(text.spec.input.vocabulary)
    run = toolkit.train(
        model,
        replace(text, encoder=encoder),
        task="language_modelling",
        optimizer={"name": "adam", "learning_rate": 0.02},
        batch_size=8,
        epochs=3,
        run_dir=tmp_path / "run",
        quiet=True,
    )
    assert run.results["test/perplexity"] < 0.8 * run.results["test/perplexity (unigram)"]
    capsys.readouterr()
    one, two = run.generate("a b", length=20, n=2, seed=3)
    assert capsys.readouterr().out == f"{one}\n{two}\n"
    assert one.startswith("a b ") and len(one.split()) <= 22 and one != two
    assert run.generate("a b", length=20, n=2, seed=3, quiet=True) == [one, two]
    assert run.model.input_shape == (None, None)
    long = "a b c d e f g " * 3
    (ahead,) = run.predict(long + "a")
    (same,) = run.predict("c d e f g a")
    assert ahead["next"] == pytest.approx(same["next"], abs=1e-5)
    capsys.readouterr()
    cut, first = (run.predict(words, embed=True)[0]["embedding"] for words in (long, "a b c d e f"))
    assert cut == pytest.approx(first, abs=1e-5)
    assert "1 of 1 texts fill all 6 tokens that are read" in capsys.readouterr().err
    for embed in (False, True):
        (tmp_path / "texts.txt").write_text("a b\n\n")
        with pytest.raises(Refused, match=r"input: text 2 has no token; expected one at least\."):
            run.predict(str(tmp_path / "texts.txt"), embed=embed)


def test_the_next_token_follows_from_as_many_as_were_learned_from():
    body = [{"decoder": {"units": 8, "layers": 1, "heads": 2, "max_length": 12}}]
    model = {"body": body, "stem": {"tokens": {"units": 8}}}
    task, spec = learner({"name": "language_modelling", "sequence_length": 6}, model, SPEC)
    spec = Spec(spec.inputs, {})

    def read(*rows):
        split = Split({"tokens": Ragged.from_rows(rows)})
        return [r.tolist() for r in outputs(np.asarray, split, spec, task, 2)]

    assert read([1, 2], [*range(8), 0, 1]) == [[[1, 2]], [[4, 5, 6, 7, 0, 1]]]


def test_a_run_of_data_without_an_encoder_reads_no_prompt(text, gru, tmp_path):
    task = {"name": "language_modelling", "sequence_length": 5}
    run = toolkit.train(gru, text, task=task, epochs=1, run_dir=tmp_path / "run", quiet=True)
    with pytest.raises(Refused, match="its data has no encoder that turns a prompt into tokens"):
        run.generate("a")
