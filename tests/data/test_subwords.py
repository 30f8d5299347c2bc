"""Tokenizers of pieces of words: made, opened, and held against KerasHub's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pydoc_data.topics import topics

import numpy as np
import pytest

from toolkit.data.spec import Ragged
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.errors import Refused

KINDS = ("wordpiece", "bpe", "sentencepiece")
ENGLISH = [line for name in ("if", "for") for line in topics[name].split("\n") if line]
FRAMES = {"wordpiece": "[CLS] [SEP]", "bpe": "<s> </s>", "sentencepiece": "[CLS] [SEP]"}
HARD = "Hello  wörld: 😀👍🏽 שָׁלוֹם עולם\tit's <s>[SEP]</s> <pad>[MASK] ½ İ ΟΔΟΣ."


@pytest.fixture(scope="module")
def made() -> dict[str, Subwords]:
    """One of each kind, made from a little English."""
    return {kind: Subwords.train(kind, ENGLISH, 400)[0] for kind in KINDS}


def rows(ragged: Ragged) -> list[list[int]]:
    return [ragged[i].tolist() for i in range(len(ragged))]


def kerashub(tokenizer: Subwords):
    """KerasHub's own tokenizer with the same vocabulary."""
    import keras_hub

    if tokenizer.kind == "wordpiece":
        return keras_hub.tokenizers.WordPieceTokenizer(
            list(tokenizer.vocabulary),
            lowercase=tokenizer.lower,
            strip_accents=tokenizer.strip_accents,
            oov_token="[UNK]",
        )
    if tokenizer.kind == "bpe":
        ids = {piece: i for i, piece in enumerate(tokenizer.vocabulary)}
        merges = [" ".join(merge) for merge in tokenizer.merges]
        return keras_hub.tokenizers.BytePairTokenizer(ids, merges)
    import base64

    proto = base64.b64decode(tokenizer.proto)
    return keras_hub.tokenizers.SentencePieceTokenizer(proto=proto)


# === Made from text ===


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_text_is_read_as_kerashub_does(made, kind):
    tokenizer, theirs = made[kind], kerashub(made[kind])
    texts = [" ".join(line.split()) for line in topics["class"].split("\n") if line][:60]
    found = tokenizer.ids(texts)
    assert rows(found) == [np.asarray(row).tolist() for row in theirs(texts)]
    for i in range(5):
        assert tokenizer.decode(found[i]) == theirs.detokenize(found[i].tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_vocabulary_and_special_tokens(made, kind):
    tokenizer = made[kind]
    assert 150 <= len(tokenizer) <= 400
    assert len(set(tokenizer.vocabulary)) == len(tokenizer)
    named = {name: tokenizer.vocabulary[i] for name, i in tokenizer.special.items()}
    assert named == {
        "wordpiece": {"pad": "[PAD]", "unknown": "[UNK]", "start": "[CLS]", "end": "[SEP]"},
        "bpe": {"pad": "<pad>", "unknown": "<unk>", "start": "<s>", "end": "</s>"},
        "sentencepiece": {"pad": "<pad>", "unknown": "<unk>", "start": "[CLS]", "end": "[SEP]"},
    }[kind] | {"mask": "<mask>" if kind == "bpe" else "[MASK]"}
    first = 3 if kind == "bpe" else 4
    assert max(i for name, i in tokenizer.special.items() if name != "mask") == first - (
        kind != "bpe"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_never_come_out_of_raw_text(made, kind):
    tokenizer = made[kind]
    special = set(tokenizer.special.values()) - {tokenizer.special["unknown"]}
    strings = [tokenizer.vocabulary[i] for i in special]
    texts = [*strings, "".join(strings), " ".join(strings), *(f"a{s}b" for s in strings), HARD]
    assert not special & set(tokenizer.ids(texts).values.tolist())


def test_bytes_bring_every_text_back(made):
    tokenizer = made["bpe"]
    texts = [HARD, "مرحبا بالعالم", "👩‍👩‍👧‍👦", "\n\n  a \n", "日本語"]
    assert [tokenizer.decode(row) for row in rows(tokenizer.ids(texts))] == texts


@pytest.mark.parametrize("kind", KINDS)
def test_right_to_left_text_and_emoji_come_back_where_they_were_learned(kind):
    texts = ["שלום עולם 😀", "مرحبا بالعالم 👍", "שלום 👍 مرحبا 😀 עולם"] * 9
    tokenizer, _ = Subwords.train(kind, texts, 330)
    for text in texts[:3]:
        assert tokenizer.decode(tokenizer.ids([text])[0]) == text


@pytest.mark.parametrize("kind", KINDS)
def test_places_in_the_original_text(made, kind):
    ids, places = made[kind].spans(HARD)
    assert ids.tolist() == made[kind].ids([HARD])[0].tolist()
    assert places.shape == (len(ids), 2)
    assert (places[:, 0] <= places[:, 1]).all()
    assert (np.diff(places[:, 0]) >= 0).all()
    words = {HARD[start:end] for start, end in places}
    assert not any(word.startswith((" ", "\t")) for word in words)
    covered = {i for start, end in places for i in range(start, end)}
    assert covered >= {i for i, c in enumerate(HARD) if c.isalnum()}
    assert "it" in "".join(HARD[start:end] for start, end in places)


@pytest.mark.parametrize("kind", KINDS)
def test_small_letters(kind):
    tokenizer, _ = Subwords.train(kind, ENGLISH, 400, lower=True)
    assert rows(tokenizer.ids(["THE Statement"])) == rows(tokenizer.ids(["the statement"]))
    plain = [piece for i, piece in enumerate(tokenizer.vocabulary) if i > 4 and piece.isascii()]
    assert not [p for p in plain if p != p.lower() and p not in ("[MASK]", "<mask>")] or (
        kind == "bpe"  # its bytes are always there
        and not [p for p in plain if len(p) > 1 and p != p.lower()]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_opened(made, kind, tmp_path):
    saved = json.loads(json.dumps(made[kind].to_json()))
    assert Subwords.from_json(saved) == made[kind]
    encoder = SubwordEncoder(made[kind], max_length=7)
    again = SubwordEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    (tmp_path / "spec.json").write_text(json.dumps({"encoder": encoder.to_json()}))
    assert Subwords.open(str(tmp_path)) == made[kind]


def test_the_same_in_another_process(made):
    """Nothing hangs on the order of sets or on hash seeds, so a resumed run has the same ids."""
    code = (
        "import sys, json; from pydoc_data.topics import topics\n"
        "from toolkit.data.subwords import Subwords\n"
        "lines = [l for n in ('if', 'for') for l in topics[n].split('\\n') if l]\n"
        f"print(json.dumps([Subwords.train(k, lines, 400)[0].to_json() for k in {KINDS}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == json.loads(json.dumps([made[kind].to_json() for kind in KINDS]))


# === Limits ===


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_learn_from(kind):
    for texts in ([], [""], [" \n", "\t"]):
        with pytest.raises(Refused) as error:
            Subwords.train(kind, texts, 400)
        assert str(error.value) == (
            f"data.tokenizer: no text to make a {kind} tokenizer from; every training text is "
            "empty."
        )


@pytest.mark.parametrize("kind", KINDS)
def test_size_that_is_too_small_names_the_least(kind):
    with pytest.raises(Refused, match=r"data.vocabulary_size: 8 is too small for a \w+ tok") as e:
        Subwords.train(kind, ["the quick brown fox"], 8)
    least = int(str(e.value).split("at least ")[1].split(",")[0])
    tokenizer, _ = Subwords.train(kind, ["the quick brown fox"], least)
    assert len(tokenizer) <= least


@pytest.mark.parametrize("kind", KINDS)
def test_size_that_is_too_large_is_said(kind):
    tokenizer, notes = Subwords.train(kind, ["the quick brown fox jumps over"] * 9, 5000)
    assert len(tokenizer) < 400
    assert notes == (
        f"The training text has given {len(tokenizer):,} pieces ({kind}) where "
        "data.vocabulary_size=5000 allows more.",
    )


# === Rows of ids ===


def test_frames(made):
    for kind, tokenizer in made.items():
        start, end = (tokenizer.vocabulary.index(token) for token in FRAMES[kind].split())
        first, second = tokenizer.ids(["the if", ""]), tokenizer.ids(["for", "import"])
        a, b = rows(first), rows(second)
        between = [end] * (2 if kind == "bpe" else 1)
        assert rows(tokenizer.frame(first)) == [[start, *a[0], end], [start, end]]
        assert rows(tokenizer.frame(first, second)) == [
            [start, *a[i], *between, *b[i], end] for i in range(2)
        ]


def test_the_longer_text_is_cut_first(made):
    tokenizer = made["wordpiece"]
    first = Ragged.from_rows([[10] * 9, [10] * 2, [10] * 9, [10], []])
    second = Ragged.from_rows([[20] * 9, [20] * 9, [20], [20], [20] * 9])
    framed = tokenizer.frame(first, second, 10)
    counts = [(row.count(10), row.count(20), len(row)) for row in rows(framed)]
    assert counts == [(4, 3, 10), (2, 5, 10), (6, 1, 10), (1, 1, 5), (0, 7, 10)]
    assert rows(tokenizer.frame(first, None, 4))[0] == [2, 10, 10, 3]
    with pytest.raises(Refused, match="data.max_length: 3 leaves no room .* at least 4."):
        tokenizer.frame(first, second, 3)


def test_encoder_of_texts_and_pairs(made):
    tokenizer = made["wordpiece"]
    encoder = SubwordEncoder(tokenizer, max_length=8)
    found = encoder.encode(["the if statement of the language", ""]).arrays["tokens"]
    assert found.lengths.tolist() == [8, 2]
    pairs = encoder.encode([("the if", "for the import of it")]).arrays["tokens"]
    assert pairs[0].tolist().count(tokenizer.special["end"]) == 2
    assert encoder.decode(encoder.encode(["the if"]).arrays["tokens"][0]) == "the if"


@pytest.mark.parametrize("kind", KINDS)
def test_encoder_of_streams_brings_lines_back(made, kind):
    encoder = SubwordEncoder(made[kind], framed=False, end_of_line=kind != "bpe")
    found = encoder.encode(["the if\r\nfor\n", ""]).arrays["tokens"]
    assert encoder.decode(found[0]).replace("\r", "") == "the if\nfor\n"
    assert len(found[1]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_learned_from_once(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, notes = Subwords.train(kind, ENGLISH, 400)
    (file,) = (tmp_path / "toolkit" / "tokenizers").iterdir()
    from toolkit.data.subwords import training

    def never(*given):
        raise AssertionError("it was made again")

    maker = {"wordpiece": "_wordpiece", "bpe": "_byte_pair", "sentencepiece": "_sentencepiece"}[
        kind
    ]
    with monkeypatch.context() as patch:
        patch.setattr(training, maker, never)
        assert Subwords.train(kind, ENGLISH, 400) == (first, notes)
        with pytest.raises(AssertionError):
            Subwords.train(kind, [*ENGLISH, "another line"], 400)
        with pytest.raises(AssertionError):
            Subwords.train(kind, ENGLISH, 401)
    file.write_text("{ broken")
    assert Subwords.train(kind, ENGLISH, 400)[0] == first, "a damaged file is made again"
    assert json.loads(file.read_text())["kind"] == kind


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "toolkit").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made, _ = Subwords.train("bpe", ENGLISH, 400)
    assert len(made) == 400
