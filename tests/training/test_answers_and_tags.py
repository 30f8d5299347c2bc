"""Questions and words from the command line: trained, scored, predicted."""

from __future__ import annotations

import json

import pytest

from toolkit.cli.main import main

SMALL = [
    "model=lstm",
    "model.bidirectional=true",
    "model.tie_embeddings=false",
    "model.units=16",
    "model.layers=1",
    "model.dropout=0",
    "logger=none",
    "optimizer.learning_rate=0.03",
]


@pytest.fixture
def results(tmp_path):
    """Train in a folder and return what is written there of the figures."""

    def results(*words):
        run = tmp_path / "run"
        assert main([*SMALL, f"run_dir={run}", f"data.root={tmp_path}", *words]) == 0
        return json.loads((run / "results.json").read_text())

    return results


def in_all_parts(folder, ending, content):
    """Write the same content for each part, and return the options that name the files."""
    names = {part: f"{part}.{ending}" for part in ("train", "valid", "test")}
    for name in names.values():
        (folder / name).write_text(content)
    return [f"data.{part}={name}" for part, name in names.items()]


def predicted(folder, given):
    out = folder / "out.jsonl"
    assert main(["predict", f"run={folder / 'run'}", f"input={given}", f"output={out}"]) == 0
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_names_are_learned_and_found(results, tmp_path, capsys):
    people, places = ["Ann", "Bob", "Cleo"], ["Rome", "Oslo"]
    lines = [
        f"{who} B-PER\nis O\nin O\nNew B-LOC\n{where} I-LOC\n" for who in people for where in places
    ]
    files = in_all_parts(tmp_path, "conll", "\n".join(lines * 3))
    small = ["data.max_length=4", "data.stride=2", "data.batch_size=4"]
    found = results("data=conll", *files, *small, "trainer.epochs=12")
    assert found["valid/f1"] == found["test/f1"] == 1.0
    capsys.readouterr()
    (row,) = predicted(tmp_path, "Bob, is in New Oslo")
    assert "left out" not in capsys.readouterr().err  # read in two rows
    assert row["words"] == ["Bob", ",", "is", "in", "New", "Oslo"]
    assert {"kind": "LOC", "text": "New Oslo", "start": 11, "end": 19} in row["entities"]
    (tmp_path / "new.txt").write_text("\n".join(lines[:2]))
    assert predicted(tmp_path, tmp_path / "new.txt")[0]["words"] == "Ann is in New Rome".split()


def test_questions_are_learned_and_answered(results, tmp_path, capsys):
    paragraphs = []
    for colour in ("red", "blue", "green"):
        for size in ("big", "small"):
            context = f"the box is {colour} and it is {size}"
            qas = [
                {"id": f"{colour}{size}{i}", "question": question, "answers": [answer]}
                for i, (question, answer) in enumerate(
                    (what, {"text": text, "answer_start": context.index(text)})
                    for what, text in (("colour?", colour), ("size?", size))
                )
            ]
            paragraphs.append({"context": context, "qas": qas})
    files = in_all_parts(tmp_path, "json", json.dumps({"data": [{"paragraphs": paragraphs}]}))
    found = results(
        "data=squad",
        *files,
        "data.vocabulary_size=60",
        "data.max_length=24",
        "data.stride=4",
        "data.question_length=10",
        "data.batch_size=4",
        "trainer.epochs=15",
    )
    assert found["test/f1"] == found["valid/f1"] > 0.6
    given = tmp_path / "ask.jsonl"
    context = "the box is green and it is small"
    rows = [{"question": q, "context": context} for q in ("colour?", "size?")]
    given.write_text("\n".join(map(json.dumps, rows)))
    answers = predicted(tmp_path, given)
    assert [row["input"] for row in answers] == ["colour?", "size?"]
    assert all(context[row["start"] : row["end"]] == row["answer"] for row in answers)
    assert all(0 < row["probability"] <= 1 for row in answers)

    given.write_text(json.dumps({"question": "colour?", "context": f"{context} " * 8}))
    capsys.readouterr()
    predicted(tmp_path, given)  # in windows, which leave nothing out
    assert "left out" not in capsys.readouterr().err
    rows = [{"question": q, "context": context} for q in ("colour? " * 9, "size?")]
    given.write_text("\n".join(map(json.dumps, rows)))
    predicted(tmp_path, given)
    told = "1 of 2 questions are longer than 10 tokens (data.question_length); what they have"
    assert told in capsys.readouterr().err
