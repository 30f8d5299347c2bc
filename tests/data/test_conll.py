"""Words with tags: read, cut into tokens and rows, and found again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from toolkit.data.subwords import Subwords
from toolkit.data.tagged.conll import conll
from toolkit.data.tagged.raw_words import RawSentence, raw_words
from toolkit.data.tagged.tag_encoder import TagEncoder
from toolkit.data.tagged.tagged_words import Sentence, read_tagged, read_words
from toolkit.data.tagged.word_pieces import PiecesOfWords, WholeWords
from toolkit.errors import Refused

FILE = """-DOCSTART- -X- O O

EU NNP I-ORG
rejects VBZ O
German JJ I-MISC

-DOCSTART- -X- O O

Peter NNP I-PER
Blackburn NNP I-PER

Bonn NNP I-LOC
. . O
"""
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPECIAL = dict(zip(("pad", "unknown", "start", "end", "mask"), range(5), strict=True))
PIECES = Subwords("wordpiece", (*MARKS, *LETTERS, *(f"##{c}" for c in LETTERS)), SPECIAL)
CLASSES = ("O", "B-X", "I-X")


def encoder(**options):
    return TagEncoder(PiecesOfWords(PIECES), CLASSES, **options)


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path as text."""

    def write(content=FILE, name="train.conll", encoding="utf-8"):
        (tmp_path / name).write_bytes(content.encode(encoding))
        return str(tmp_path / name)

    return write


def refusal(function, *args, **options):
    with pytest.raises(Refused) as error:
        function(*args, **options)
    return str(error.value)


def test_sentences_documents_and_tags(write):
    read = read_tagged(write())
    assert [s.words for s in read.sentences] == [
        ("EU", "rejects", "German"),
        ("Peter", "Blackburn"),
        ("Bonn", "."),
    ]
    assert [s.document for s in read.sentences] == [1, 2, 2]
    assert read.sentences[1].tags == ("B-PER", "I-PER")
    assert "4 tags are written as BIO has them" in read.notes[0]


def test_columns_are_chosen(write):
    path = write("1\tNew York\tB-LOC\tx\n\n# a comment\n1\tof\tO\tx\r\n")
    read = read_tagged(path, word_column=1, tag_column=-2, delimiter="tab", comment="#")
    assert [s.words for s in read.sentences] == [("New York",), ("of",)]
    assert read.tags == {"B-LOC", "O"}
    assert read.notes == ()


def test_other_tags_stay_as_they_are(write):
    read = read_tagged(write(), tag_column=1)
    assert read.sentences[0].tags == ("NNP", "VBZ", "JJ")
    assert read.notes == ()


def test_a_stray_tag_leaves_the_others_in_the_scheme_that_is_learned(write):
    train = "a B-LOC\nb I-LOC\nc O\n\n"
    odd = "a B-LOC\nb E-LOC\nc MISC\nd S-NEW\n\n"
    path = write(train)
    dataset = conll(train=path, valid=(valid := write(odd, "valid.conll")))
    assert dataset.valid.source.tags == (("B-LOC", "I-LOC", "MISC", "B-NEW"),)
    unheard = "do not occur in training;"
    assert [note for note in dataset.notes if "unk" not in note] == [
        f"{valid}: 2 tags are written as BIO has them; the entities are the same.",
        f"{valid}: 1 tags (B-NEW) {unheard} their entities count as missed, and accuracy leaves "
        "them out.",
        f"{valid}: 1 tags (MISC) {unheard} they mark no entities, and accuracy leaves them out.",
    ]
    mixed = conll(train=valid, valid=path)
    assert set(mixed.spec.target.classes) == {"B-LOC", "I-LOC", "MISC", "B-NEW"}
    assert any("all tags are scored word by word" in note for note in mixed.notes)


def test_tags_that_mark_no_entities_are_told_once(write, copied):
    path = write()
    dataset = conll(train=path, valid=copied(path), tag_column=1)
    (told,) = [note for note in dataset.notes if "mark no entities" in note]
    assert told == (
        f"{path}: tags such as '.' mark no entities (B-PER, I-PER, O would): all tags are scored "
        "word by word, by accuracy."
    )
    other = write("EU NNP\nx SYM\n", "other.conll")
    notes = conll(train=path, valid=other, tag_column=1).notes
    assert f"{other}: 1 tags (SYM) do not occur in training; accuracy leaves them out." in notes


def test_lines_that_lack_a_column_are_named(write):
    path = write("a O\nb\n\nc\n")
    assert refusal(read_tagged, path).split("\n") == [
        f"{path}, line 2: expected a word in column 0 and a tag in column -1; got 'b'.",
        f"{path}, line 4: expected a word in column 0 and a tag in column -1; got 'c'.",
    ]
    assert "line 1: expected" in refusal(read_tagged, path, tag_column=5)
    assert "holds no word" in refusal(read_tagged, write("\n-DOCSTART- O\n\n"))


def test_lines_with_other_numbers_of_columns_are_named(write):
    path = write("-DOCSTART-\n\na NNP O\nb O\n\nNew York NNP B-X\n")
    wanted = "expected as many columns as the first line with a word has, 3"
    assert refusal(read_tagged, path).split("\n") == [
        f"{path}, line 4: {wanted}; got 2 in 'b O'.",
        f"{path}, line 6: {wanted}; got 4 in 'New York NNP B-X'.",
    ]
    for content in ("of\tO\nNew York\tB-X\n", "New York\tB-X\nof\tO\n"):
        told = refusal(read_tagged, path := write(content))
        assert told.endswith("If tabs alone stand between columns: data.delimiter=tab.")
        assert len(read_tagged(path, delimiter="tab").sentences[0].words) == 2
    assert "line 2: expected as many columns as the first" in refusal(
        read_words, write("of\nNew York\n")
    )


def test_bytes_of_another_encoding_are_named(write):
    path = write("Müller B-PER\n", encoding="latin-1")
    assert "line 1: not utf-8" in refusal(read_tagged, path)
    assert read_tagged(path, encoding="latin-1").sentences[0].words == ("Müller",)


def test_the_first_piece_of_a_word_has_its_tag():
    split = encoder().cut([Sentence(("abc", "d", "ef"), ("B-X", "O", "B-X"))])
    row = [PIECES.vocabulary[i] for i in split.arrays["tokens"][0]]
    assert " ".join(row) == "[CLS] a ##b ##c d e ##f [SEP]"
    assert split.arrays["tags"][0].tolist() == [-1, 1, -1, -1, 0, 1, -1, -1]
    assert split.arrays["word"][0].tolist() == [-1, 0, -1, -1, 1, 2, -1, -1]


def test_words_without_a_piece_and_unknown_tags_have_none():
    split = encoder().cut([Sentence(("\u200b\x01", "a", "É"), ("B-X", "B-Y", "O"))])
    ids = split.arrays["tokens"][0].tolist()
    assert ids.count(SPECIAL["unknown"]) <= 2
    word = split.arrays["word"][0]
    assert set(word) <= {-1, 0, 1, 2}
    assert {1, 2} <= set(word)
    assert split.arrays["tags"][0][word == 1].tolist() == [-1]


def test_words_with_blanks_and_beyond_ascii():
    words = ("a b", "😀", "שלום", "c")
    ids, owner = PiecesOfWords(PIECES).read(words)
    assert set(owner) == {0, 1, 2, 3}
    assert (np.diff(owner) >= 0).all()
    assert [PIECES.vocabulary[i] for i in ids[owner == 3]] == ["c"]
    assert len(ids[owner == 0]) == 2


def test_a_long_sentence_is_several_rows_and_each_word_counts_once():
    words = tuple(LETTERS)
    split = encoder(max_length=12, stride=5).cut([Sentence(words, ("O",) * 26)])
    assert split.arrays["tokens"].lengths.tolist() == [12, 12, 12, 12, 8]
    counted = np.concatenate([row[row >= 0] for row in split.arrays["word"]])
    assert sorted(counted) == list(range(26))
    for ids, tags in zip(split.arrays["tokens"], split.arrays["tags"], strict=True):
        assert len(ids) == len(tags)


def test_whole_words_have_an_id_each():
    reader = WholeWords.of([["A", "b", "a"]], size=None, minimum=1, lower=True)
    assert reader.vocabulary == ("<pad>", "<unk>", "a", "b")
    split = TagEncoder(reader, CLASSES).cut([Sentence(("B", "c"), ("O", "I-X")), Sentence((), ())])
    assert split.arrays["tokens"][0].tolist() == [3, 1]
    assert split.arrays["tags"][0].tolist() == [0, 2]
    assert split.arrays["tokens"][1].tolist() == [1]
    assert split.arrays["word"][1].tolist() == [-1]


@pytest.mark.parametrize("reader", [PiecesOfWords(PIECES), WholeWords(("<pad>", "<unk>", "a"))])
def test_the_encoder_comes_back_from_json(reader):
    before = TagEncoder(reader, CLASSES, 20, 5)
    assert TagEncoder.from_json(json.loads(json.dumps(before.to_json()))) == before


def test_no_room_for_words_is_refused():
    assert refusal(encoder(max_length=2).encode, [("a",)]).startswith("data.max_length=2")


def test_files_of_ones_own(write, copied):
    path = write()
    dataset = conll(
        train=path, valid=copied(path), test=write("Peter I-PER\nGmbH I-ORG\nx I-NEW\n", "t")
    )
    assert dataset.spec.target.classes == ("O", "B-LOC", "B-MISC", "B-ORG", "B-PER", "I-PER")
    assert dataset.spec.input.vocabulary[:2] == ("<pad>", "<unk>")
    assert dataset.test.arrays["tags"].values.tolist() == [4, 3, -1]
    assert any("1 tags (B-NEW) do not occur in training" in note for note in dataset.notes)
    assert any("are read as <unk>" in note for note in dataset.notes)


def test_validation_is_carved_by_documents(write):
    sentences = "".join(f"-DOCSTART- O\n\na{d} O\n\nb{d} B-X\n\n" for d in range(10))
    dataset = conll(train=write(sentences), validation_fraction=0.2)
    parts = [{word[0][1:] for word in s.source.words} for s in (dataset.train, dataset.valid)]
    assert [len(part) for part in parts] == [8, 2]
    assert not parts[0] & parts[1]
    plain = conll(train=write("a O\n\nb B-X\n\nc O\n"), validation_fraction=0.2)
    assert [len(s) for s in plain.splits.values()] == [2, 1]
    assert refusal(conll, train=write("a O\n")).startswith("data.validation_fraction: 0.1")


def test_a_tokenizer_that_is_learned(write):
    dataset = conll(train=write(), tokenizer="wordpiece", vocabulary_size=80, seed=1)
    assert dataset.spec.input.special == dict(dataset.encoder.reader.tokenizer.special)
    assert any("pieces of words (wordpiece) are learned" in note for note in dataset.notes)


def test_conll_2003_is_found_under_the_root(tmp_path):
    (tmp_path / "conll2003").mkdir()
    for name in ("eng.train", "eng.testa", "eng.testb"):
        (tmp_path / "conll2003" / name).write_text(FILE)
    dataset = conll(root=str(tmp_path))
    assert list(dataset.splits) == ["train", "valid", "test"]
    (tmp_path / "empty").mkdir()
    message = refusal(conll, root=str(tmp_path / "empty"))
    assert "no eng.train, eng.testa, eng.testb (plain or .gz)" in message
    assert "They cannot be downloaded: name the folder that holds them" in message
    assert "data.train=FILE" in message


def test_words_of_a_user(write):
    (sentence,) = raw_words("Peter's at EU.", {})
    assert sentence.words == ("Peter", "'s", "at", "EU", ".")
    assert [sentence.text[a:b] for a, b in sentence.places] == list(sentence.words)
    how = {"word_column": 0, "delimiter": None, "comment": None, "encoding": "utf-8"}
    found = raw_words(write("Peter\nBonn\n\nx\n"), how)
    assert found[0] == RawSentence("Peter Bonn", ("Peter", "Bonn"), ((0, 5), (6, 10)))
    assert [s.text for s in raw_words(write("a b\nc\n", "x.txt"), {})] == ["a b", "c"]


@pytest.mark.parametrize("name", ["valid.txt", "eng.testb", "x.tsv"])
def test_columns_are_known_by_the_tags_of_the_run(write, name):
    classes = ("O", "B-PER", "I-PER", "B-LOC", ".")

    def words(content, **data):
        return [s.words for s in raw_words(write(content, name), data, classes)]

    assert words("Peter NNP S-PER\nin IN O\n\nBonn NNP S-LOC\n") == [("Peter", "in"), ("Bonn",)]
    assert words("O\tNew York\n", word_column=1, tag_column=0, delimiter="tab") == [("New York",)]
    if not name.endswith(".tsv"):  # which are tables else
        for content in ("Peter B-PER\nGmbH B-ORG\n", "Peter\nO\n", "Peter is O\nin O\n"):
            assert len(words(content)) == 2  # texts
        assert words("He is .\nI am .\n") == [("He", "is", "."), ("I", "am", ".")]


@pytest.mark.parametrize("name", ["nope.conll", "a/nope.bio", "nope.iob2.gz"])
def test_a_missing_file_of_columns_is_no_text(name):
    assert refusal(raw_words, name, {}) == f"input: no file {name}."
    assert len(raw_words(f"see {name}", {})) == 1


@pytest.mark.parametrize("reader", [PiecesOfWords(PIECES), WholeWords(("<pad>", "<unk>", "ab"))])
def test_a_row_is_that_of_a_text(reader):
    made = TagEncoder(reader, CLASSES, max_length=9)
    rows = made.as_texts.encode(["ab cd, e"]).arrays["tokens"]
    assert rows[0].tolist() == made.encode([("ab", "cd", ",", "e")]).arrays["tokens"][0].tolist()


def test_blanks_and_tabs_alone_divide_columns(write):
    path = write("10\u00a0000 B-X\nfoo\u2028bar\tO\n")
    (sentence,) = read_tagged(path).sentences
    assert sentence.words == ("10\u00a0000", "foo\u2028bar")


def test_a_tokenizer_without_marks_frames_nothing():
    bare = Subwords("wordpiece", PIECES.vocabulary, {"pad": 0, "unknown": 1})
    assert PiecesOfWords(bare).frame == ((), ())
