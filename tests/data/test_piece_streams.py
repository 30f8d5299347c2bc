"""Streams of pieces of words: marks, lines, documents, folders, and tokenizers that there are."""

from __future__ import annotations

import base64
import gzip
import json

import numpy as np
import pytest

from toolkit.data.questions.question_encoder import QuestionEncoder
from toolkit.data.subwords import Subwords
from toolkit.data.subwords.proto import UNKNOWN, parse
from toolkit.data.subwords.streaming import stream_ids
from toolkit.data.tagged.tag_encoder import TagEncoder
from toolkit.data.tagged.word_pieces import PiecesOfWords, WholeWords
from toolkit.data.texts.text import text
from toolkit.data.texts.text_folder import text_folder
from toolkit.data.texts.text_streams import text_streams
from toolkit.data.texts.words import Words
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused

LINES = "the cat sat on the mat\nthe <unk> sat N times\n\n" * 8
BYTES = 300
"""Size of a vocabulary that is no more than bytes and some merges."""


def stream(content, tokenizer="bpe", size=BYTES, **options):
    return text_streams(
        {"train": content, "valid": content},
        tokenizer,
        usual="whitespace",
        where={"train": "a.txt", "valid": "b.txt"},
        vocabulary_size=size,
        **options,
    )


def ids(dataset, part="train"):
    return dataset.splits[part].arrays["tokens"]


def test_bytes_bring_the_text_back():
    for content in (LINES, " שלום 😀\r\n\n\n  a", "[SEP]</s> <s>\n"):
        dataset = stream(content)
        whole = content.replace("\r\n", "\n")
        whole = whole if whole.endswith("\n") else whole + "\n"
        assert dataset.encoder.decode(ids(dataset)) == whole
        assert not set(dataset.spec.input.special.values()) & set(ids(dataset).tolist())
        assert dataset.spec.input.pad == 1


def test_a_text_in_parts_has_the_ids_of_the_whole():
    tokenizer, _ = Subwords.train("bpe", [LINES], BYTES)
    for content in ("a\nb", "a\n\n\nb\n", " \n a \n\tb\n\n", "\n\n", LINES):
        parts = stream_ids(tokenizer, content, {})
        assert parts.tolist() == tokenizer.ids([content])[0].tolist()


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_ends_of_lines(kind):
    size = 60 if kind == "wordpiece" else 36
    dataset = stream(LINES.replace("<unk>", "dog"), kind, size)
    end = dataset.spec.input.special["end"]
    assert ids(dataset).tolist().count(end) == 24
    assert dataset.encoder.decode(ids(dataset)) == LINES.replace("<unk>", "dog")
    flat = stream(LINES.replace("<unk>", "dog"), kind, size, end_of_line=False)
    assert end not in ids(flat)


def test_a_word_that_nobody_knows_is_one_token_where_the_text_marks_it():
    for kind, size in (("bpe", BYTES), ("wordpiece", 60)):
        marked = stream(LINES, kind, size, marked=True)
        unknown = marked.spec.input.special["unknown"]
        assert ids(marked).tolist().count(unknown) == 8
        assert not any("not in the vocabulary" in note for note in marked.notes)
        plain = stream(LINES, kind, size + 20)
        assert unknown not in ids(plain)


def test_a_text_begins_after_what_stands_before_lines():
    dataset = stream(LINES)
    assert dataset.encoder.begin not in dataset.spec.input.special.values()
    assert dataset.encoder.decode([dataset.encoder.begin]) == "\n"


def test_a_tokenizer_that_there_is_and_one_of_a_run(tmp_path):
    dataset = stream(LINES)
    (tmp_path / "spec.json").write_text(
        json.dumps({"encoder": {"name": "SubwordEncoder", **dataset.encoder.to_json()}})
    )
    again = stream(LINES, str(tmp_path))
    np.testing.assert_array_equal(ids(again), ids(dataset))
    assert again.notes == ()
    (tmp_path / "spec.json").write_text(json.dumps({"encoder": {"name": "TextEncoder"}}))
    with pytest.raises(Refused, match="has not read pieces of words"):
        stream(LINES, str(tmp_path))


BYTE_PAIR, _ = Subwords.train("bpe", [LINES], BYTES)
WORDS = Words.train("words", ["a b"], None, where="a.txt")


@pytest.mark.parametrize(
    "encoder",
    [
        TagEncoder(PiecesOfWords(BYTE_PAIR), ("O", "B-X")),
        QuestionEncoder(BYTE_PAIR),
        WritingEncoder(BYTE_PAIR, BYTE_PAIR),
        WritingEncoder(BYTE_PAIR, WORDS),
    ],
)
def test_the_tokenizer_of_a_run_whatever_its_data(encoder, tmp_path):
    saved = {"encoder": {"name": type(encoder).__name__, **encoder.to_json()}}
    (tmp_path / "spec.json").write_text(json.dumps(saved))
    assert Subwords.open(str(tmp_path)) == BYTE_PAIR


@pytest.mark.parametrize(
    "encoder",
    [
        TagEncoder(WholeWords(("<pad>", "<unk>", "a")), ("O", "B-X")),
        WritingEncoder(WORDS, BYTE_PAIR),
    ],
)
def test_a_run_that_read_whole_words_has_no_tokenizer_of_pieces(encoder, tmp_path):
    saved = {"encoder": {"name": type(encoder).__name__, **encoder.to_json()}}
    (tmp_path / "spec.json").write_text(json.dumps(saved))
    with pytest.raises(Refused, match="has not read pieces of words"):
        Subwords.open(str(tmp_path))


def test_hugging_face_folders(tmp_path):
    made, _ = Subwords.train("bpe", [LINES], BYTES)
    vocabulary = {piece: i for i, piece in enumerate(made.vocabulary)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    merges = "".join(f"{a} {b}\n" for a, b in made.merges)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + merges)
    assert Subwords.open(str(tmp_path)) == made
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b c\n")
    with pytest.raises(Refused, match=r"merges.txt, line 2: expected two pieces, got 'a b c'"):
        Subwords.open(str(tmp_path))
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).unlink()
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nte\n##a\n")
    words = Subwords.open(str(tmp_path))
    assert (words.kind, words.lower, words.strip_accents) == ("wordpiece", True, True)
    assert words.ids(["TÉA [CLS] tea"])[0].tolist() == [5, 6, 1, 1, 1, 5, 6]
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert not Subwords.open(str(tmp_path)).lower


def hub(folder, files, **config):
    """Write a tokenizer in KerasHub's form."""
    (folder / "assets" / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer.json").write_text(json.dumps({"class_name": "T", "config": config}))
    for name, content in files.items():
        (folder / "assets" / "tokenizer" / name).write_bytes(content)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"vocabulary.txt": b""}, "vocabulary.txt: is empty"),
        (
            {"vocabulary.txt": b"[PAD]\n<unk>\na\n"},
            r"vocabulary.txt: has no token \[UNK\], which stands for what is unknown",
        ),
        ({"vocabulary.json": b"", "merges.txt": b""}, "vocabulary.json: is no JSON"),
        ({"vocabulary.json": b"{}", "merges.txt": b""}, "vocabulary.json: is empty"),
        (
            {"vocabulary.json": b'{"a": 0, "b": 1}', "merges.txt": b"a b\n"},
            "vocabulary.json: has no token 'ab', which the merge of 'a' and 'b' needs",
        ),
    ],
)
def test_a_kerashub_vocabulary_that_lacks_what_is_needed(files, said, tmp_path):
    hub(tmp_path / "a", files)
    with pytest.raises(Refused, match=said):
        Subwords.open(str(tmp_path / "a"))


def test_another_unknown_token_is_named_by_the_preset(tmp_path):
    hub(tmp_path / "a", {"vocabulary.txt": b"[PAD]\n<unk>\na\n"}, oov_token="<unk>")
    assert Subwords.open(str(tmp_path / "a")).ids(["a b"])[0].tolist() == [2, 1]


def test_a_hugging_face_vocabulary_without_what_is_unknown(tmp_path):
    (tmp_path / "vocab.txt").write_text("")
    with pytest.raises(Refused, match="vocab.txt: is empty"):
        Subwords.open(str(tmp_path))
    (tmp_path / "vocab.txt").write_text("[PAD]\na\n")
    with pytest.raises(Refused, match=r"vocab.txt: has no token \[UNK\] or <unk>"):
        Subwords.open(str(tmp_path))


def test_a_sentencepiece_model_whose_unknown_piece_has_another_name(tmp_path):
    proto = parse(base64.b64decode(Subwords.train("sentencepiece", [LINES], 36)[0].proto))
    for piece in proto.pieces:
        piece.piece = "?" if piece.type == UNKNOWN else piece.piece
    (tmp_path / "spiece.model").write_bytes(proto.SerializeToString())
    with pytest.raises(Refused, match=r"spiece.model: has no token \[UNK\] or <unk>"):
        Subwords.open(str(tmp_path))


def test_what_is_no_tokenizer(tmp_path):
    with pytest.raises(Refused, match="data.tokenizer: no tokenizer in .* expected vocab.txt"):
        Subwords.open(str(tmp_path))
    (tmp_path / "spiece.model").write_bytes(b"nothing of the sort")
    with pytest.raises(Refused, match="spiece.model: is no SentencePiece model"):
        Subwords.open(str(tmp_path))
    with pytest.raises(Refused, match=r"data.tokenizer: .*is a file; expected a folder"):
        Subwords.open(str(tmp_path / "spiece.model"))
    with pytest.raises(Refused) as error:
        Subwords.open("wordpeice")
    assert str(error.value).startswith("data.tokenizer: ")
    assert "wordpiece" in str(error.value)


def test_characters_are_no_pieces():
    with pytest.raises(Refused, match="data.unit: character, but data.tokenizer=bpe splits"):
        stream(LINES, unit="character")


def test_nothing_to_learn_from(tmp_path):
    (tmp_path / "a.txt").write_text(" \n")
    with pytest.raises(Refused, match="is empty; expected text"):
        text(root=str(tmp_path), train="a.txt", tokenizer="bpe")


# === Folders ===


@pytest.fixture
def folder(tmp_path):
    for i in range(10):
        (tmp_path / f"{i}.txt").write_text(f"doc {i} says a\nand b\n\nthen c\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "z.txt.gz").write_bytes(gzip.compress(b"doc z says a\nand b"))
    (tmp_path / "notes.md").write_text("not read")
    return tmp_path


def test_documents_of_files(folder):
    dataset = text_folder(root=str(folder))
    whole = dataset.encoder.decode(ids(dataset)).split("\n")
    assert len(whole) == 10
    assert len(dataset.encoder.decode(ids(dataset, "valid")).split("\n")) == 1
    assert all(document.startswith(("doc", "<unk>")) for document in whole)
    assert dataset.notes[:2] == (
        f"{folder}: 11 train documents.",
        f"{folder}: 1 documents chosen by seed 0 are the validation part; data.valid names none.",
    )
    again = text_folder(root=str(folder))
    np.testing.assert_array_equal(ids(again), ids(dataset))
    other = text_folder(root=str(folder), seed=3)
    texts = [each.encoder.decode(ids(each)) for each in (dataset, other)]
    assert texts[0] != texts[1]


@pytest.mark.parametrize(("documents", "count"), [("blank_line", 21), ("line", 32)])
def test_documents_within_files(folder, documents, count):
    dataset = text_folder(
        root=str(folder), documents=documents, tokenizer="bpe", vocabulary_size=BYTES
    )
    assert dataset.notes[0] == f"{folder}: {count} train documents."
    end = dataset.spec.input.special["end"]
    parts = [ids(dataset, part).tolist().count(end) + 1 for part in ("train", "valid")]
    assert sum(parts) == count
    assert dataset.encoder.begin == end


def test_parts_in_folders_of_their_own(folder):
    for part in ("train", "dev", "test"):
        (folder / part).mkdir()
        (folder / part / "a.txt").write_text(f"{part} words are these and more")
    dataset = text_folder(root=str(folder))
    assert dataset.encoder.decode(ids(dataset)) == "train words are these and more"
    assert len(ids(dataset, "test")) == 6
    named = text_folder(train=str(folder / "more"), valid=str(folder / "dev"))
    assert len(ids(named, "valid")) == 6
    (folder / "train" / "a.txt").unlink()
    with pytest.raises(Refused, match=r"no files that end in .txt or .txt.gz in it"):
        text_folder(root=str(folder))
    (folder / "train").rmdir()
    with pytest.raises(Refused, match="it has 'dev', 'test' but no 'train'"):
        text_folder(root=str(folder))


def test_folders_that_are_not_there(tmp_path):
    with pytest.raises(Refused, match=r"which folder\? Give data.train=FOLDER"):
        text_folder()
    with pytest.raises(Refused, match="data.root: there is no folder"):
        text_folder(root=str(tmp_path / "no"))
    with pytest.raises(Refused, match="data.valid: there is no folder"):
        text_folder(train=str(tmp_path), valid="no")
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 \xff")
    with pytest.raises(Refused, match=r"a.txt, line 1: not utf-8 \(byte 0xe9\)"):
        text_folder(root=str(tmp_path))
