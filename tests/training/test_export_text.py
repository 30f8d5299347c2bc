"""Tokenization in TensorFlow operations is that of Python."""

from __future__ import annotations

import itertools
import random
import unicodedata
from pydoc_data.topics import topics

import pytest

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.training.export.samples import TEXTS
from toolkit.training.export.text_graph import TextGraph

HARD = "don't n't 's’ve <unk> <eos>\r\n\r_x_ é \u0301日\u3000\x85\x00½'LL<unk"
MARKED = HARD + "नमस्ते ที่ שָׁ مُحَمَّ\u200c\u200d\u200d\u200d\ufe0f\U0001f3fd\U0001f3fd👍👩❤\u0301\u0303"


def characters() -> str:
    """Return every character that Python knows, in an order that mixes them."""
    kinds = {"Cn", "Cs"}  # not there yet when Python was made, and halves of UTF-16
    known = [chr(i) for i in range(0x110000) if unicodedata.category(chr(i)) not in kinds]
    random.Random(0).shuffle(known)
    return "".join(known)


def assert_same(encoder: TextEncoder, texts: list[str], start: int | None = None) -> None:
    rows = encoder.encode(texts).arrays["tokens"]
    found = TextGraph(encoder, start)(texts).to_list()
    for i, text in enumerate(texts):
        assert found[i] == (rows[i].tolist() or ([] if start is None else [start])), repr(text)


def assert_same_words(encoder: TextEncoder, texts: list[str]) -> None:
    graph = TextGraph(encoder)
    for text, found in zip(texts, graph.tokens(texts).to_list(), strict=True):
        rules = encoder.rules
        assert [token.decode() for token in found] == rules.tokens(rules.clean(text))


@pytest.mark.parametrize("unit", ["word", "character"])
@pytest.mark.parametrize("tokenizer", ["words", "whitespace"])
@pytest.mark.parametrize("end_of_line", [True, False])
@pytest.mark.parametrize("lower", [True, False])
def test_real_texts_and_hard_ones(unit, tokenizer, end_of_line, lower):
    rules = {"unit": unit, "tokenizer": tokenizer, "end_of_line": end_of_line, "lower": lower}
    draw = random.Random(0)
    made = [
        "".join(draw.choices(letters, k=draw.randint(0, 40)))
        for letters in (HARD, MARKED)
        for _ in range(500)
    ]
    lines = "\n".join(topics.values()).splitlines()[:3000]
    text = "\n".join(lines[:40])
    assert_same_words(TextEncoder(("a",), **rules), [*TEXTS, *made, *lines, text])


@pytest.mark.parametrize("tokenizer", ["words", "whitespace"])
def test_every_character(tokenizer):
    known = characters()
    pieces = [known[i : i + 12] for i in range(0, len(known), 12)]
    assert_same_words(TextEncoder(("a",), tokenizer=tokenizer), pieces)


def test_real_labelled_texts(data_root):
    from toolkit.data.tables.reading import read_table

    rows = read_table(
        data_root / "glue" / "SST-2" / "train.tsv",
        columns={"data.text_column": "sentence"},
        quoting=False,
    ).rows[:5000]
    words = ("<pad>", "<unk>", "the", "'s", "n't", "film", ",")
    encoder = TextEncoder(words, tokenizer="words", lower=True, max_length=20)
    assert_same(encoder, [row[0] for row in rows])


def test_what_becomes_of_nothing():
    vocabularies = [("<pad>", "<unk>", "a"), ("<unk>", "a"), ("a", "b"), ("<pad>", "a")]
    for vocabulary, most in itertools.product(vocabularies, (None, 2)):
        encoder = TextEncoder(vocabulary, max_length=most)
        texts = ["", "a", "c a c a", "c", "<pad> a", "\n", " "]
        assert_same(encoder, texts)
        assert_same(encoder, texts, start=1)
