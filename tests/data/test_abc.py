"""Tunes in ABC notation: how they are read, cut into tokens, and written again."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from toolkit.data.files.named_files import missing_files
from toolkit.data.music.abc_music import abc
from toolkit.data.music.abc_notes import NoteRules
from toolkit.data.music.abc_tunes import read_tunes
from toolkit.data.music.tune_encoder import TuneEncoder
from toolkit.errors import Refused
from toolkit.training.unrolling import Unrolling

LESSON = """%abc-2.1
M:4/4        % of all tunes that say nothing else
R:reel

This is no tune: K:G is said of nothing here.

X:12
T:The Comment, 100 \\% Pure % no title
L: 1/8
K:  Dmix    % key
% a line of comment does not end a tune
|:"D7"A2 (3Bcd [CEG]2 ^f'3/2_g,/|[r: not music]z4 A>B !trill!c-c:|2
w: la la % la
%%begintext
X: 99
K: C
%%endtext
[K:G]{/g}d~e y2 =F.G|]
M:3/4
[1 AB||cd\\
ef::`z &
X:3
K:C
d:|

X:4
T:No key
abc

X:5
K:C
"""
TUNES = [
    "X:1\nM:4/4\nL:1/8\nK:Dmix\n"
    '|:"D7"A2 (3Bcd [CEG]2 ^f\'3/2_g,/|z4 A>B !trill!c-c:|2\n'
    "[K:G]{/g}d~e y2 =F.G|]\nM:3/4\n[1 AB||cd\\\nef::`z &",
    "X:1\nM:4/4\nK:C\nd:|",
]
TOKENS = [
    *("X:1", "M:4/4", "L:1/8", "K:Dmix"),
    *("|:", '"D7"', "A2", "(3", "B", "c", "d", "[CEG]2", "^f'3/2", "_g,/", "|"),
    *("z4", "A", ">", "B", "!trill!", "c", "-", "c", ":|2"),
    *("[K:G]", "{/", "g", "}", "d", "~", "e", "y2", "=F", ".", "G", "|]"),
    *("M:3/4", "[1", "A", "B", "||", "c", "d", "e", "f", "::", "z", "&"),
    *("X:1", "M:4/4", "K:C", "d", ":|"),
]


def tune(i: int) -> str:
    """Return a tune that no other number has."""
    notes = "CDEFGABcdefgab"
    bars = [f"{notes[(i + j) % 14]}{notes[i // 14 % 14]}2{notes[j]}" for j in range(4)]
    return f"X:{i}\nT:Tune {i}\nM:6/8\nK:G\n{'|'.join(bars)}|]\n"


@pytest.fixture
def tunes(tmp_path):
    """Twenty tunes in three files, one of them packed and one of them in a folder."""
    (tmp_path / "more").mkdir()
    files = [tmp_path / "a.abc", tmp_path / "more" / "b.abc", tmp_path / "c.abc.gz"]
    for path, first in zip(files, (0, 7, 14), strict=True):
        data = "\n".join(tune(i) for i in range(first, min(first + 7, 20))).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    (tmp_path / "notes.txt").write_text("no tune")
    return tmp_path


# === reading ===


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_is_read_of_a_file(tmp_path, end):
    path = tmp_path / "x.abc"
    path.write_bytes(LESSON.replace("\n", end).encode())
    found, faults = read_tunes(path, "MLKV")
    assert found == TUNES
    assert faults == [
        f"{path}, line 26: the tune has no K: line, which says the key.",
        f"{path}, line 30: the tune has no notes.",
    ]


def test_lines_of_information_that_are_kept(tmp_path):
    path = tmp_path / "x.abc"
    path.write_text(LESSON)
    assert read_tunes(path, "")[0][1] == "X:1\nd:|"
    first = read_tunes(path, "TRw")[0][0].split("\n")
    assert first[:3] == ["X:1", "R:reel", "T:The Comment, 100 % Pure"]
    assert first[4] == "w:la la"


# === tokens ===


def test_tokens_of_notes_and_back():
    rules = NoteRules()
    tokens = rules.tokens("\n\n".join(TUNES))
    assert tokens == TOKENS
    assert list(rules.count("\n\n".join(TUNES))) == list(dict.fromkeys(TOKENS))
    text = rules.join(tokens)
    assert rules.tokens(text) == tokens
    assert text.split("\n\n")[1] == "X:1\nM:4/4\nK:C\nd :|"
    assert "A>B!trill!c-c :|2\n" not in text and "A>B!trill!c-c :|2 [K:G]{/g}d~ey2=F.G |]\n" in text


@pytest.mark.parametrize(
    ("music", "tokens"),
    [
        ("C,, c'' ^^F __B4 =e/ A// z/2 Z4", "C,, c'' ^^F __B4 =e/ A// z/2 Z4"),
        ("|1abc:|2def||", "|1 a b c :|2 d e f ||"),
        ("[|a|:b:||:c:|:d|]", "[| a |: b :||: c :|: d |]"),
        (".|a|||b::c|[1,3d", ".| a ||| b :: c |[1,3 d"),
        ('[^c=eG]3/2["C"EG]', '[^c=eG]3/2 ["C"EG]'),
        ("(3:2:2abc (ab) a-b", "(3:2:2 a b c ( a b ) a - b"),
        ("A>>B c<d (5abcde", "A >> B c < d (5 a b c d e"),
        ('"Am"A "^slow down"B', '"Am"|A|"^slow down"|B'),
        ("{gef}a uTvb", "{ g e f } a u T v b"),
        ("[M:3/4]a[L:1/4]b", "[M:3/4] a [L:1/4] b"),
        ("V:1\na\nV: 2 bass \nb", "V:1|a|V:2 bass|b"),
        ("E:|e", "E :| e"),
        ("a$b*c #é", "a $ b * c # é"),
    ],
)
def test_what_is_one_token(music, tokens):
    expected = tokens.split("|") if "|" in tokens and "|" not in music else tokens.split()
    rules = NoteRules()
    assert rules.tokens(music) == expected
    assert rules.tokens(rules.join(expected)) == expected


def test_a_tune_can_be_shown_while_it_is_written():
    encoder = TuneEncoder(tuple(dict.fromkeys(TOKENS)))
    ids = [encoder.vocabulary.index(token) for token in TOKENS]
    shown = Unrolling(encoder.decode)
    assert "".join([*(shown.add([i]) for i in ids), shown.rest()]) == encoder.decode(ids)


# === data ===


def test_a_folder_is_searched_and_carved_by_tune(tunes):
    data = abc(root=str(tunes), validation_fraction=0.2, test_fraction=0.1, seed=1)
    assert data.notes[:3] == (
        f"{tunes}: 20 train tunes.",
        f"{tunes}: 2 of 20 tunes chosen by seed 2 are the test part; data.test names none.",
        f"{tunes}: 4 of 18 tunes chosen by seed 1 are the valid part; data.valid names none.",
    )
    parts = {
        name: data.encoder.decode(split.arrays["tokens"]).split("\n\n")
        for name, split in data.splits.items()
    }
    assert {name: len(found) for name, found in parts.items()} == {
        "train": 14,
        "valid": 4,
        "test": 2,
    }
    rules = NoteRules()
    whole = [rules.join(rules.tokens(tune(i).replace(f"T:Tune {i}\n", ""))) for i in range(20)]
    assert sorted(sum(parts.values(), [])) == sorted(whole)
    again = abc(root=str(tunes), validation_fraction=0.2, test_fraction=0.1, seed=1)
    other = abc(root=str(tunes), validation_fraction=0.2, test_fraction=0.1, seed=3)
    one, same, third = (d.encoder.decode(d.valid.arrays["tokens"]) for d in (data, again, other))
    assert one == same != third
    assert data.spec.input.vocabulary == data.encoder.vocabulary
    assert data.spec.target.kind == "next" and data.train.arrays["tokens"].dtype == np.int32


def test_characters_keep_a_tune_as_it_stands(tunes):
    data = abc(train=str(tunes / "a.abc"), unit="character", validation_fraction=0.3)
    text = data.encoder.decode(data.train.arrays["tokens"])
    assert text.startswith("X:1\nM:6/8\nK:G\n") and text.endswith("|]\n\n")
    assert len(text) == len(data.train.arrays["tokens"])
    for found in text.removesuffix("\n\n").split("\n\n"):
        assert any(found == tune(i).strip().replace(f"X:{i}\nT:Tune {i}", "X:1") for i in range(7))


def test_parts_that_are_given(tunes):
    (tunes / "a.abc").rename(tunes / "test.abc")
    data = abc(root=str(tunes), train="more", valid="c.abc.gz", test="test.abc")
    assert data.notes[:3] == tuple(
        f"{tunes / name}: {count} {part} tunes."
        for name, count, part in (
            ("more", 7, "train"),
            ("c.abc.gz", 6, "valid"),
            ("test.abc", 7, "test"),
        )
    )
    assert "<unk>" in data.encoder.vocabulary  # the other parts have notes that training has not
    assert "read as <unk>" in data.notes[-1]


def test_rare_tokens_and_what_is_not_known(tmp_path):
    for part, music in (("train", ["c d2", "d2 c c", "c d2 e"]), ("valid", ["c d2 f"])):
        tunes = [f"X:{i}\nK:G\n{line}\n" for i, line in enumerate(music)]
        (tmp_path / f"{part}.abc").write_text("\n".join(tunes))
    data = abc(root=str(tmp_path), train="train.abc", valid="valid.abc", minimum_count=2)
    words = data.encoder.vocabulary
    assert words == ("<unk>", "c", "X:1", "K:G", "d2")
    assert data.encoder.decode(data.valid.arrays["tokens"]) == "X:1\nK:G\ncd2"
    assert data.valid.arrays["tokens"][-1] == 0
    encoder = TuneEncoder.from_json(json.loads(json.dumps(data.encoder.to_json())))
    assert encoder == data.encoder and words[encoder.begin] == "X:1"
    rows = encoder.encode(["X:7\r\nK: G\r\n c ^^e", "c"]).arrays["tokens"]
    assert [words[i] for i in rows[0]] == ["X:1", "K:G", "c", "<unk>"] and rows[1].tolist() == [1]
    plain = TuneEncoder(("X:1", "c"))
    assert plain.encode(["X:2\nccd"]).arrays["tokens"][0].tolist() == [0, 1, 1]


def test_a_tune_that_stands_there_twice_is_read_once(tunes):
    (tunes / "again.abc").write_text("\n".join(tune(i).replace("X:", "X:9") for i in range(3)))
    data = abc(root=str(tunes))
    assert data.notes[1] == f"{tunes}: 3 tunes stand there again; left out."
    assert data.notes[0] == f"{tunes}: 20 train tunes."


def test_tunes_that_are_none_are_counted(tunes):
    (tunes / "z.abc").write_text("X:1\nabc\n\nX:2\nK:C\n")
    note = abc(root=str(tunes)).notes[1]
    where = tunes / "z.abc"
    assert note == (
        f"{tunes}: 2 tunes were left out, the first: {where}, line 1: the tune has no K: line, "
        "which says the key."
    )


def test_what_is_refused(tunes, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    (empty / "one.abc").write_text("X:1\nK:C\nabc abc\n")
    (tunes / "latin.abc").write_bytes("X:1\nT:Sí Beag\nK:C\nabc\n".encode("latin-1"))
    (empty / "prose.abc").write_text("Just words.\n")
    (empty / "none").mkdir()
    for arguments, text in (
        ({}, r"data=abc: which tunes\? Give data.root=FOLDER, with train/ or .abc files in it"),
        ({"root": "nowhere"}, r"data.root: there is no folder 'nowhere'; expected one with your t"),
        ({"train": "nowhere.abc"}, r"data.train: there is no file or folder 'nowhere.abc'"),
        (
            {"root": str(tunes)},
            r"latin\.abc, line 2: not utf-8 \(byte 0xed\)\. Name the file's enc",
        ),
        (
            {"train": str(empty / "prose.abc")},
            r"holds no tune\. A tune begins with a line X: and h",
        ),
        (
            {"root": str(empty / "none")},
            r"holds no tune\. There is no file that ends in .abc or .a",
        ),
        ({"train": str(empty / "one.abc")}, r"one\.abc has one tune only; expected at least 2, to"),
        (
            {"train": str(tunes / "a.abc"), "valid": str(tunes / "a.abc")},
            r"data.train and data.valid name the same file",
        ),
    ):
        with pytest.raises(Refused, match=text):
            abc(**arguments)
    assert len(abc(root=str(tunes), encoding="latin-1").train) > 100
    keys = {"name": "abc", "root": None, "train": "nowhere.abc", "valid": None, "test": None}
    assert missing_files(keys) == ["data.train: there is no file or folder 'nowhere.abc'."]
    assert missing_files({**keys, "train": str(tunes / "a.abc")}) == []
