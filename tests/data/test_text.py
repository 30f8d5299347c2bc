"""Streams of text: own files, PTB, and what Python carries."""

from __future__ import annotations

import gzip
import json
import random
import re
import time
from collections import Counter
from pydoc_data.topics import topics

import numpy as np
import pytest

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.texts.ptb import ptb
from toolkit.data.texts.python_docs import distinct, plain, python_docs
from toolkit.data.texts.text import text
from toolkit.data.texts.tiny_shakespeare import tiny_shakespeare
from toolkit.data.texts.tokenization import Rules
from toolkit.data.texts.vocabulary import Vocabulary
from toolkit.errors import Refused

LINES = "the cat sat\nthe dog sat on the mat\n"


@pytest.fixture
def write(tmp_path):
    """Write files into a folder that serves as root."""

    def write(content, name="train.txt"):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return name

    return write


def words(dataset, part="train"):
    """The words of a part."""
    known = dataset.spec.input.vocabulary
    return [known[i] for i in dataset.splits[part].arrays["tokens"]]


def refusal(**options):
    """What a request is refused with."""
    with pytest.raises(Refused) as error:
        text(**options)
    return str(error.value)


# === Vocabulary ===


def test_order_is_by_count_then_first_seen():
    counts = Counter("b a c a b d".split())
    assert Vocabulary.build(counts).words == ("b", "a", "c", "d")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"size": 3}, ("<unk>", "b", "a")),
        ({"size": 4}, ("b", "a", "c", "d")),
        ({"minimum_count": 2}, ("<unk>", "b", "a")),
        ({"size": 3, "first": ("<pad>", "<unk>")}, ("<pad>", "<unk>", "b")),
        ({"first": ("<pad>", "<unk>")}, ("<pad>", "<unk>", "b", "a", "c", "d")),
    ],
)
def test_size_and_minimum_count(options, expected):
    assert Vocabulary.build(Counter("b a c a b d".split()), **options).words == expected


def test_an_unknown_word_of_the_text_keeps_its_place_by_count():
    counts = Counter("a <unk> a <unk> a b".split())
    assert Vocabulary.build(counts, size=2).words == ("a", "<unk>")
    assert Vocabulary.build(counts, minimum_count=3).words == ("<unk>", "a")


def test_the_end_of_lines_is_never_left_out():
    counts = Counter("a a a b b <eos> c".split())
    assert Vocabulary.build(counts, minimum_count=2).words == ("<unk>", "a", "b", "<eos>")
    assert Vocabulary.build(counts, size=3).words == ("<unk>", "a", "<eos>")


def test_saved_and_loaded(tmp_path):
    vocabulary = Vocabulary(("\n", "a", "\\n", "\\", " ", "é", "\r", "\x85", "c\\"))
    vocabulary.save(tmp_path / "words.txt")
    assert Vocabulary.load(tmp_path / "words.txt") == vocabulary
    assert len((tmp_path / "words.txt").read_bytes().split(b"\n")) == len(vocabulary) + 1


def test_damaged_vocabulary(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\na\n")
    with pytest.raises(Refused) as error:
        Vocabulary.load(path)
    assert str(error.value) == f"{path}, line 3: 'a' stands in line 1 too."
    path.write_text("")
    with pytest.raises(Refused, match="is empty; expected a vocabulary, one word a line"):
        Vocabulary.load(path)


# === Tokens ===

WITH_MARKS = [
    ("नमस्ते दुनिया, क्\u200dष।", ["नमस्ते", "दुनिया", ",", "क्\u200dष", "।"]),
    ("สวัสดีครับ ที่นี่", ["สวัสดีครับ", "ที่นี่"]),
    ("שָׁלוֹם עוֹלָם.", ["שָׁלוֹם", "עוֹלָם", "."]),
    ("مُحَمَّدٌ، می\u200cخواهم", ["مُحَمَّدٌ", "،", "می\u200cخواهم"]),
    (
        "cafe\u0301, de\u0301n't n\u0303't",
        ["cafe\u0301", ",", "de\u0301", "n't", "n\u0303", "'", "t"],
    ),
    ("it's\u0301 don't\u0301", ["it", "'", "s\u0301", "don", "'", "t\u0301"]),
    (
        "ok\U0001f44d\U0001f3fd! \u2764\ufe0f\u2764\ufe0f 1\ufe0f\u20e3",
        ["ok", "\U0001f44d\U0001f3fd", "!", "\u2764\ufe0f", "\u2764\ufe0f", "1\ufe0f\u20e3"],
    ),
    (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467.",
        ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "."],
    ),
    ("a \u0301b <unk>\u0301", ["a", "\u0301", "b", "<unk>", "\u0301"]),
]


def test_words_and_punctuation():
    rules = Rules(tokenizer="words", end_of_line=False)
    split = rules.tokens("Don't say \"it's\" <unk>: l'eau, DON'T x_1 (3.5)!")
    assert split == [
        *("Do", "n't", "say", '"', "it", "'s", '"', "<unk>", ":", "l", "'", "eau", ","),
        *("DO", "N'T", "x_1", "(", "3", ".", "5", ")", "!"),
    ]
    assert rules.tokens("do n't 've") == ["do", "n't", "'ve"]  # split already: left as it is


@pytest.mark.parametrize(("given", "expected"), WITH_MARKS)
def test_marks_and_joiners_stay_with_the_character_before(given, expected):
    assert Rules(tokenizer="words", end_of_line=False).tokens(given) == expected


def test_without_marks_words_are_letters_and_digits():
    before = re.compile(
        r"<unk>|<eos>|\w+?(?=[nN]['’][tT]\b)|[nN]['’][tT]\b"
        r"|['’](?:s|re|ve|ll|d|m|S|RE|VE|LL|D|M)\b|\w+|[^\w\s]"
    )
    draw = random.Random(0)
    drawn = "".join(
        draw.choices("don't n't 's’ve <unk> <eos>\r\n_x_ é 日\u3000½'LL<unk!😀", k=50000)
    )
    for given in (drawn, *topics.values()):
        assert Rules(tokenizer="words", end_of_line=False).tokens(given) == before.findall(given)


@pytest.mark.parametrize("tokenizer", ["whitespace", "words"])
def test_a_long_text_is_split_in_parts(monkeypatch, tokenizer):
    rules = Rules(tokenizer=tokenizer)
    content = "a bb ccc\n\ndd e\n" * 20 + "one two"
    whole = rules.tokens(content + "\n")
    monkeypatch.setattr("toolkit.data.texts.tokenization.PART", 16)
    assert [word for part in rules.stream(content) for word in part] == whole
    line = content.replace("\n", " ")
    assert [word for part in rules.stream(line) for word in part] == [*rules.tokens(line), "<eos>"]


def test_encoder_and_back():
    encoder = TextEncoder(("<eos>", "a", "b", "<unk>"))
    rows = encoder.encode(["b a\nx", "", "a"]).arrays["tokens"]
    assert [rows[i].tolist() for i in range(3)] == [[2, 1, 0, 3], [], [1]]
    assert encoder.decode([2, 1, 0, 0, 3]) == "b a\n\n<unk>"
    saved = json.loads(json.dumps(encoder.to_json()))
    assert TextEncoder.from_json(saved) == encoder


def test_encoder_without_unknown_word_leaves_words_out():
    rows = TextEncoder(("a", "b")).encode(["x a y b", "x", "b"]).arrays["tokens"]
    assert [rows[i].tolist() for i in range(3)] == [[0, 1], [], [1]]


def test_encoder_of_characters():
    encoder = TextEncoder(("a", "\n", " ", "é"), unit="character", lower=True, max_length=4)
    rows = encoder.encode(["É a\r\na"]).arrays["tokens"]
    assert rows[0].tolist() == [3, 2, 0, 1]
    assert encoder.decode(rows[0]) == "é a\n"


def test_encoder_with_padding():
    encoder = TextEncoder(("<pad>", "<unk>", "a"))
    rows = encoder.encode(["", "a b"]).arrays["tokens"]
    assert [rows[i].tolist() for i in range(2)] == [[1], [2, 1]]
    assert encoder.decode([2, 1, 0, 0]) == "a <unk>"


# === Own files ===


def test_words_of_lines(write, tmp_path, copied):
    name = write(LINES)
    dataset = text(
        root=str(tmp_path),
        train=name,
        valid=copied(tmp_path / name),
        test=copied(copied(tmp_path / name)),
    )
    assert words(dataset) == "the cat sat <eos> the dog sat on the mat <eos>".split()
    assert dataset.spec.input.vocabulary[:3] == ("the", "sat", "<eos>")
    assert dataset.train.arrays["tokens"].dtype == np.int32
    assert dataset.notes == ()
    assert dataset.spec.target.kind == "next"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + LINES.encode(),
        LINES.replace("\n", "\r\n").encode(),
        LINES.rstrip("\n").encode(),
    ],
    ids=["byte order mark", "CRLF", "no last line end"],
)
def test_the_same_text_written_differently(write, tmp_path, content, copied):
    name = write(content, "other.txt")
    usual = text(root=str(tmp_path), train=write(LINES), valid=copied(tmp_path / "train.txt"))
    assert words(text(root=str(tmp_path), train=name, valid=copied(tmp_path / name))) == words(
        usual
    )


def test_gzip_and_other_encodings(write, tmp_path, copied):
    name = write("Ärger über Öl\n".encode("latin-1") * 3, "text.txt.gz")
    dataset = text(
        root=str(tmp_path),
        train="text.txt",
        valid=copied(tmp_path / name),
        encoding="latin-1",
        lower=True,
    )
    assert words(dataset)[:4] == ["ärger", "über", "öl", "<eos>"]


def test_places_of_files(write, tmp_path, monkeypatch, copied):
    write(LINES)
    (tmp_path / "root").mkdir()
    absolute = text(train=str(tmp_path / "train.txt"), valid=copied(tmp_path / "train.txt"))
    monkeypatch.chdir(tmp_path)
    beside = text(root=str(tmp_path / "root"), train="train.txt", valid="copy-train.txt")
    assert words(absolute) == words(beside)


def test_characters(write, tmp_path, copied):
    name = write(LINES)
    dataset = text(root=str(tmp_path), train=name, valid=copied(tmp_path / name), unit="character")
    assert "".join(words(dataset)) == LINES
    flat = text(
        root=str(tmp_path),
        train=name,
        valid=copied(tmp_path / name),
        unit="character",
        end_of_line=False,
    )
    assert "".join(words(flat)) == LINES.replace("\n", " ")


def test_no_ends_of_lines(write, tmp_path, copied):
    name = write(LINES)
    dataset = text(root=str(tmp_path), train=name, valid=copied(tmp_path / name), end_of_line=False)
    assert words(dataset) == LINES.split()


def test_rare_words_and_vocabulary_size(write, tmp_path, copied):
    name = write(LINES)
    dataset = text(root=str(tmp_path), train=name, valid=copied(tmp_path / name), minimum_count=2)
    assert words(dataset)[:4] == ["the", "<unk>", "sat", "<eos>"]
    assert dataset.notes[0] == "Of 7 different tokens in training 3 are known."
    assert dataset.notes[1] == (
        f"{tmp_path / 'copy-train.txt'}: 4 of 11 tokens (36 %) are not in the vocabulary and are "
        "read as <unk>."
    )
    sized = text(root=str(tmp_path), train=name, valid=copied(tmp_path / name), vocabulary_size=5)
    assert sized.spec.input.vocabulary == ("<unk>", "the", "sat", "<eos>", "cat")


def test_unknown_words_without_a_word_for_them(write, tmp_path):
    name, other = write(LINES), write("the bird sat\n", "valid.txt")
    dataset = text(root=str(tmp_path), train=name, valid=other)
    assert words(dataset, "valid") == ["the", "<unk>", "sat", "<eos>"]
    assert words(dataset)[:4] == ["the", "cat", "sat", "<eos>"]
    assert dataset.notes == (
        f"{tmp_path / name} has no <unk>, so the network never learns it; a higher "
        "data.minimum_count than 1 would read the rarest tokens as such.",
        f"{tmp_path / other}: 1 of 4 tokens (25 %) are not in the vocabulary and are read as "
        "<unk>.",
    )


def test_unknown_words_of_the_file_itself_are_not_counted(write, tmp_path):
    name, other = write("a <unk> b c\n"), write("a <unk> x b\n", "valid.txt")
    notes = text(root=str(tmp_path), train=name, valid=other).notes
    assert notes == (
        f"{tmp_path / other}: 1 of 5 tokens (20 %) are not in the vocabulary and are read as "
        "<unk>.",
    )


def test_validation_is_cut_from_the_end(write, tmp_path):
    name = write(" ".join(map(str, range(99))) + "\n")
    dataset = text(root=str(tmp_path), train=name, validation_fraction=0.2)
    assert words(dataset)[-1] == "79"
    assert words(dataset, "valid") == [*map(str, range(80, 99)), "<eos>"]
    assert dataset.test is None
    assert dataset.notes == (
        f"{tmp_path / name}: its last 20 of 100 tokens are the validation part; data.valid names "
        "none.",
    )


# === What cannot be read ===


def test_empty_file(write, tmp_path):
    for content in ("", "\n \n"):
        path = tmp_path / write(content)
        assert refusal(train=str(path)) == f"data.train: {path} is empty; expected text."


def test_one_line_only(write, tmp_path):
    path = tmp_path / write("one line only\n")
    assert refusal(train=str(path)) == (
        f"data.train: {path} has only 4 tokens, too few to learn from and to cut a validation part "
        "from (at least 8); give a longer text."
    )
    short = tmp_path / write("one\n", "valid.txt")
    assert refusal(train=str(path), valid=str(short)) == (
        f"data.valid: {short} has only 2 tokens; expected at least 4."
    )


def test_no_such_file(write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(LINES, "corpus.train.txt")
    assert refusal(root=str(tmp_path), train="corpus.trian.txt") == (
        f"data.train: there is no '{tmp_path / 'corpus.trian.txt'}' or 'corpus.trian.txt' (plain "
        "or .gz). Did you mean corpus.train.txt?"
    )


def test_no_test_file(write, tmp_path):
    name = write(LINES)
    message = refusal(root=str(tmp_path), train=name, test="tset.txt")
    assert message.startswith(f"data.test: there is no '{tmp_path / 'tset.txt'}' or 'tset.txt'")


def test_a_folder_is_no_file(tmp_path):
    message = refusal(train=str(tmp_path))
    assert message == f"data.train: '{tmp_path}' is a folder; expected a file."


def test_not_utf8(write, tmp_path):
    path = tmp_path / write("fine\nÜber\n".encode("latin-1"))
    assert refusal(train=str(path)) == (
        f"{path}, line 2: not utf-8 (byte 0xdc). Name the file's encoding in training "
        "(data.encoding=latin-1, …) or convert it."
    )


def test_no_such_encoding(write, tmp_path):
    path = tmp_path / write(LINES)
    assert refusal(train=str(path), encoding="utf8000") == (
        "data.encoding: no text encoding 'utf8000'; expected a name such as utf-8, latin-1, cp1252 "
        "or utf-16."
    )


def test_nul_bytes(write, tmp_path):
    path = tmp_path / write(b"fine\nnot \0 fine\n")
    assert refusal(train=str(path)) == (
        f"{path}, line 2: holds NUL bytes, so it is no text file in utf-8."
    )


def test_truncated_gzip(tmp_path):
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(LINES.encode() * 99)[:-9])
    message = refusal(train=str(path))
    assert message.startswith(f"{path}: a damaged or truncated gzip file (")
    assert message.endswith("Delete it and fetch it again.")


def test_no_word_is_frequent_enough(write, tmp_path):
    path = tmp_path / write(LINES)
    assert refusal(train=str(path), minimum_count=9) == (
        f"{path}: no word is left for the vocabulary (data.vocabulary_size=null, "
        "data.minimum_count=9); its most frequent one occurs 3 times. Lower data.minimum_count or "
        "raise data.vocabulary_size."
    )


def test_nothing_to_validate_on(write, tmp_path):
    path = tmp_path / write(LINES)
    assert refusal(train=str(path), validation_fraction=0.0) == (
        "data.validation_fraction: 0, and data.valid names no file; the best epoch is chosen on "
        "validation text: give either."
    )


# === What is there ===


def test_ptb_counts_as_in_the_literature(data_root):
    start = time.perf_counter()
    dataset = ptb(root=str(data_root))
    assert time.perf_counter() - start < 15  # about 0.5 s on a free core
    assert [len(split) for split in dataset.splits.values()] == [929_589, 73_760, 82_430]
    vocabulary = dataset.spec.input.vocabulary
    assert len(vocabulary) == 10_000
    assert vocabulary[:6] == ("the", "<unk>", "<eos>", "N", "of", "to")
    assert words(dataset)[:5] == ["aer", "banknote", "berlitz", "calloway", "centrust"]
    assert words(dataset, "test")[-1] == "<eos>"
    assert dataset.notes == ()


def test_tiny_shakespeare_is_cut_as_nanogpt_does(data_root):
    dataset = tiny_shakespeare(root=str(data_root))
    assert (len(dataset.train), len(dataset.valid), dataset.test) == (1_003_854, 111_540, None)
    assert len(dataset.spec.input.vocabulary) == 65
    assert dataset.encoder.decode(dataset.train.arrays["tokens"][:14]) == "First Citizen:"
    words = tiny_shakespeare(root=str(data_root), tokenizer="words", vocabulary_size=2000)
    assert len(words.spec.input.vocabulary) == 2000
    assert words.encoder.decode(words.train.arrays["tokens"][:4]) == "First Citizen :\n"


def test_ptb_files_as_own_text(data_root):
    own = text(
        root=str(data_root / "ptb"),
        **{part: f"ptb.{part}.txt" for part in ("train", "valid", "test")},
    )
    theirs = ptb(root=str(data_root))
    assert own.spec == theirs.spec
    for part, split in theirs.splits.items():
        np.testing.assert_array_equal(own.splits[part].arrays["tokens"], split.arrays["tokens"])


def test_python_docs():
    dataset = python_docs()
    sizes = {part: len(split) for part, split in dataset.splits.items()}
    assert 50_000 < sizes["train"] < 200_000
    assert sizes["valid"] > 5_000
    assert sizes["test"] > 5_000
    assert len(dataset.spec.input.vocabulary) > 2_000
    text = dataset.encoder.decode(dataset.train.arrays["tokens"][:2000])
    assert "object" in text.split()
    again = python_docs()
    np.testing.assert_array_equal(dataset.train.arrays["tokens"], again.train.arrays["tokens"])


def test_python_docs_by_character():
    vocabulary = python_docs(unit="character").spec.input.vocabulary
    assert "e" in vocabulary
    assert len(vocabulary) < 200


def test_topics_lose_rules_and_wrapped_lines():
    topic = 'The "if" statement\n******\n\nIt is\nwrapped.\n\n   code = 1\n'
    assert plain(topic) == 'The "if" statement\nIt is wrapped.\n   code = 1\n'


def test_texts_that_repeat_others_are_left_out():
    first = "a line of some length here\nanother line of some length\nand a third one, again long\n"
    copy, own = first.split("\n", 1)[1], "words that stand in no other\n"
    assert distinct([copy, own, first]) == [first, own]
