"""Writing with cached keys, values and states, against whole networks read from the beginning."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from toolkit.data.spec import Field, Ragged, Spec, Split
from toolkit.tasks.built import Sizes
from toolkit.tasks.writing.decoding import Decoding
from toolkit.tasks.writing.sequence_to_sequence import SequenceToSequence

WORDS = ("<pad>", "<unk>", "<start>", "<end>", "a", "b", "c")
SPECIAL = {"pad": 0, "unknown": 1, "start": 2, "end": 3}
SPEC = Spec(
    {"tokens": Field("tokens", (None,), "int32", WORDS, special=SPECIAL)},
    {"text": Field("text", (None,), "int32", WORDS, special=SPECIAL)},
)
TEXTS = Ragged.from_rows([[2, 4, 5, 3], [2, 6, 3], [2, 5, 5, 4, 6, 4, 3]])
STACK = {"units": 8, "layers": 1, "heads": 2, "hidden": 16, "dropout": 0.0}


def transformer(share=False, **options):
    stack = {**STACK, **options}
    return {
        "stem": {"tokens": {"units": 8, "init_std": 1.0, "share": share}},
        "encoder": [{"encoder": stack}],
        "decoder": [{"decoder": stack}],
    }


def built(model, task):
    keras.utils.set_random_seed(3)
    made = task.assemble(model, SPEC, Sizes(2))
    for weight in made.inference.weights:  # far from even, so that texts differ
        weight.assign(weight + keras.random.normal(weight.shape, 0, 0.7))
    return made


def log_probabilities(network, tokens, written):
    """Return the log probabilities of the token after each one written, of texts of one length."""
    written = np.array(written)
    logits = network({"tokens": np.array([tokens] * len(written)), "written": written})
    logits = np.asarray(logits, "float64")
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def allowed(scores, first):
    scores = scores.copy()
    scores[[0, 1, 2]] = -np.inf
    if first:
        scores[3] = -np.inf
    return scores


MODELS = {
    "sinusoidal": transformer(positions="sinusoidal", scale_embedding=True, layers=2),
    "learned": transformer(positions="learned", max_length=16, groups=1, order="post"),
    "shared": transformer(positions="alibi", share=True),
    "recurrent": {
        "stem": {"tokens": {"units": 6}},
        "encoder": [{"recurrent": {"units": 4, "bidirectional": True}}],
        "decoder": [{"recurrent": {"units": 6, "cell": "lstm"}}, {"align": {"units": 5}}],
    },
    "luong": {
        "stem": {"tokens": {"units": 6, "tie": True}},
        "encoder": [{"recurrent": {"units": 6}}],
        "decoder": [
            {"recurrent": {"units": 5}},
            {"align": {"units": 6, "score": "general"}},
            {"recurrent": {"units": 6}},
            {"align": {"units": 6, "score": "dot"}},
        ],
    },
}


@pytest.mark.parametrize("name", MODELS)
def test_greedy_writing_takes_the_likeliest_token_each_time(name):
    task = SequenceToSequence(max_length=8)
    made = built(MODELS[name], task)
    texts, scores = made.objective.writer(Split({"tokens": TEXTS}), task.decoding, batch_size=2)
    for row, (text, *rest) in enumerate(texts):
        assert not rest
        ended = [*text, 3][:8]
        (told,) = log_probabilities(made.inference, TEXTS[row], [[2, *ended[:-1]]])
        total = 0.0
        for place, token in enumerate(ended):
            able = allowed(told[place], place == 0)
            assert token == able.argmax()
            total += able[token] - np.log(np.exp(able).sum())
        np.testing.assert_allclose(
            scores[row, 0], total / ((5 + len(ended)) / 6), rtol=1e-4, atol=1e-4
        )


def test_beam_search_with_every_beam_finds_the_best_of_all_texts():
    task = SequenceToSequence(max_length=3, beams=64, length_penalty=0.7)
    made = built(MODELS["sinusoidal"], task)
    texts, scores = made.objective.writer(Split({"tokens": TEXTS}), task.decoding)
    for row in range(3):
        found = {}
        for length in (1, 2, 3):
            every = [*itertools.product((4, 5, 6), repeat=length)]
            ended = [[*words, 3][:3] for words in every]
            told = log_probabilities(made.inference, TEXTS[row], [[2, *t[:-1]] for t in ended])
            for words, text, after in zip(every, ended, told, strict=True):
                score = 0.0
                for place, token in enumerate(text):
                    hidden = allowed(after[place], place == 0)
                    score += hidden[token] - np.log(np.exp(hidden).sum())
                found[words] = score / ((5 + len(text)) / 6) ** 0.7
        best = sorted(found, key=found.get, reverse=True)
        assert [tuple(text) for text in texts[row][:5]] == best[:5]
        np.testing.assert_allclose(
            scores[row, :5], [found[text] for text in best[:5]], rtol=1e-4, atol=1e-4
        )


def test_drawn_texts_follow_the_distribution_and_repeat_by_seed():
    task = SequenceToSequence(max_length=1)
    made = built(MODELS["sinusoidal"], task)
    options = Decoding(max_length=1, temperature=2.0)
    one = Split({"tokens": TEXTS[np.array([1])]})
    texts, _ = made.objective.writer(one, options, seed=5, versions=4000)
    again, _ = made.objective.writer(one, options, seed=5, versions=4000)
    assert texts == again
    drawn = np.array([text[0] for text in texts[0]])
    given = {"tokens": np.array([TEXTS[1]]), "written": np.array([[2]])}
    told = allowed(np.asarray(made.inference(given))[0, -1], True)
    share = np.exp(told / 2) / np.exp(told / 2).sum()
    found = np.array([(drawn == token).mean() for token in range(7)])
    np.testing.assert_allclose(found, share, atol=0.03)


def test_only_the_likeliest_are_drawn_from():
    task = SequenceToSequence(max_length=1)
    made = built(MODELS["sinusoidal"], task)
    one = Split({"tokens": TEXTS[np.array([1])]})
    (best,), _ = made.objective.writer(one, Decoding(max_length=1))
    for options in (Decoding(1, 1.0, 1, 0, 5.0, top_k=1), Decoding(1, 1.0, 1, 0, 5.0, top_p=1e-6)):
        texts, _ = made.objective.writer(one, options, seed=1, versions=50)
        assert {tuple(text) for text in texts[0]} == {tuple(best[0])}


def test_no_run_of_tokens_is_written_twice():
    task = SequenceToSequence(max_length=12, no_repeat=2)
    made = built(MODELS["shared"], task)
    free, _ = made.objective.writer(Split({"tokens": TEXTS}), Decoding(max_length=12))
    texts, _ = made.objective.writer(Split({"tokens": TEXTS}), task.decoding)

    def pairs(text):
        return list(itertools.pairwise(text))

    assert any(len(pairs(t[0])) != len(set(pairs(t[0]))) for t in free)  # else nothing is shown
    assert all(len(pairs(t[0])) == len(set(pairs(t[0]))) for t in texts)
    assert all(texts)
