"""GLUE's data sets: what their files hold, their splits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.files.named_files import missing_files
from toolkit.data.labelled.cola import cola
from toolkit.data.labelled.mrpc import mrpc, mrpc_rows
from toolkit.data.labelled.rte import rte
from toolkit.data.labelled.sst2 import sst2
from toolkit.data.labelled.stsb import stsb, stsb_rows
from toolkit.data.subwords import Subwords
from toolkit.data.texts.task_texts import documents, task_texts, whole
from toolkit.errors import Refused


def sizes(dataset):
    return {name: len(split) for name, split in dataset.splits.items()}


def texts_of(dataset):
    decode = dataset.encoder.decode
    return {name: decode(split.arrays["tokens"]) for name, split in dataset.splits.items()}


def test_cola(data_root):
    data = cola(root=str(data_root))
    assert sizes(data) == {"train": 8551, "valid": 1043}
    assert data.spec.target.classes == ("unacceptable", "acceptable")
    assert data.encoder.decode(data.valid.arrays["tokens"][0]).startswith("the sailors rode the")
    assert (
        data.encoder.decode(data.valid.arrays["tokens"][527]) == "somebody just left - guess who ."
    )
    assert data.train.arrays["label"].mean() == pytest.approx(0.7044, abs=1e-4)


def test_mrpc_holds_a_tenth_back_by_seed(data_root):
    data, other = (mrpc(root=str(data_root), seed=seed) for seed in (1, 2))
    assert sizes(data) == {"train": 3668, "valid": 408, "test": 1725}
    assert data.test.arrays["label"].sum() == 1147
    together = data.train.arrays["label"].sum() + data.valid.arrays["label"].sum()
    assert together == 2753
    first = [list(each.valid.arrays["tokens"].values[:40]) for each in (data, other)]
    assert first[0] != first[1]
    assert data.spec.input.names == ("#1 String", "#2 String")
    assert "\r" not in data.encoder.decode(data.test.arrays["tokens"][0])


def test_rte(data_root):
    data = rte(root=str(data_root))
    assert sizes(data) == {"train": 2490, "valid": 277}
    assert data.spec.target.classes == ("entailment", "not_entailment")
    text = data.encoder.decode(data.valid.arrays["tokens"][0])
    assert text.endswith("foundation . <sep> christopher reeve had an accident .")
    assert data.valid.arrays["label"][0] == 1


def test_stsb_scores(data_root):
    data = stsb(root=str(data_root))
    assert sizes(data) == {"train": 5749, "valid": 1500, "test": 1379}
    np.testing.assert_allclose(data.test.arrays["value"][:3, 0], [2.5, 3.6, 5])
    every = np.concatenate([split.arrays["value"] for split in data.splits.values()])
    assert (every.min(), every.max()) == (0, 5)
    assert data.spec.target.offset[0] == pytest.approx(2.701, abs=1e-3)


def test_sources_of_stsb_are_left_out(tmp_path):
    (tmp_path / "STS-B").mkdir()
    sources = ("MSRpar", "images", "MSRpar", "headlines")
    rows = [f"main\t{name}\t2012\t{i}\t{i}.0\tA {i}.\tA man." for i, name in enumerate(sources)]
    for part in ("train", "dev", "test"):
        (tmp_path / "STS-B" / f"sts-{part}.csv").write_text("\n".join(rows))
    data = stsb(root=str(tmp_path), leave_out=("MSRpar",))
    assert sizes(data) == {"train": 2, "valid": 2, "test": 2}
    np.testing.assert_array_equal(data.train.arrays["value"][:, 0], [1, 3])
    with pytest.raises(Refused, match="no pair is of 'MSRPar'. Did you mean MSRpar?"):
        stsb(root=str(tmp_path), leave_out=("MSRPar",))


def test_sst2_in_pieces_of_words(data_root):
    pieces = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "it", "'", "s", "a", "char", "##ming", "film")
    special = {"pad": 0, "unknown": 1, "start": 2, "end": 3}
    tokenizer = Subwords("wordpiece", pieces, special, lower=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Subwords, "open", lambda name: tokenizer)
        data = sst2(root=str(data_root), tokenizer="any/name", max_length=12)
    rows = data.train.arrays["tokens"]
    assert sizes(data) == {"train": 67349, "valid": 872, "test": 1821}
    assert rows.lengths.max() == 12
    assert all(rows[i][0] == 2 and rows[i][-1] == 3 for i in range(100))
    assert data.spec.input.special == special and data.spec.input.vocabulary == pieces
    own = data.encoder.encode(["It's a charming [SEP] film"]).arrays["tokens"][0]
    assert [pieces[i] for i in own[:7]] == ["[CLS]", "it", "'", "s", "a", "char", "##ming"]
    assert (own == 3).sum() == 1, "special tokens never come out of raw text"
    assert any("longer than data.max_length=12 tokens" in note for note in data.notes)


def test_glues_own_files_of_cola(tmp_path):
    folder = tmp_path / "CoLA"
    folder.mkdir()
    (folder / "train.tsv").write_text("gj04\t1\t\tThey drank.\ngj04\t0\t*\tThey drank the.\n")
    (folder / "dev.tsv").write_text("gj04\t1\t\tThey drank.\n")
    assert sizes(cola(root=str(tmp_path))) == {"train": 2, "valid": 1}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("main\tfile\t2012\t1\t5.0\tA man.\tA man.\nmain\tfile\n", "line 2: 2 cells; expected 7."),
        (
            "main\tfile\t2012\t1\tnone\tA man.\tA man.\n",
            "line 1: column 'score' is empty ('none').",
        ),
        (
            "main\tf\t2012\t1\tx\tA man.\tA man.\n",
            "line 1: column 'score' holds 'x', not a number.",
        ),
        (b"main\tf\t2012\t1\t1.0\tUn caf\xe9.\tA man.\n", "line 1: not utf-8 (byte 0xe9)."),
    ],
)
def test_rows_of_stsb_that_cannot_be_read(content, told, tmp_path):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "STS-B").mkdir()
    for part in ("train", "dev", "test"):
        (tmp_path / "STS-B" / f"sts-{part}.csv").write_bytes(content)
    with pytest.raises(Refused) as error:
        stsb(root=str(tmp_path))
    assert told in str(error.value)


def test_an_empty_sentence_of_a_pair_is_told(tmp_path):
    (tmp_path / "RTE").mkdir()
    rows = "index\tsentence1\tsentence2\tlabel\n0\tA.\t\tentailment\n1\tB.\tC.\tnot_entailment\n"
    for part in ("train", "dev"):
        (tmp_path / "RTE" / f"{part}.tsv").write_text(rows)
    notes = rte(root=str(tmp_path)).notes
    assert any("1 of 2 train texts of column 'sentence2' are empty." in note for note in notes)


def test_texts_to_pretrain_on(data_root):
    data = task_texts(root=str(data_root))
    lines = {part: len(text.splitlines()) for part, text in texts_of(data).items()}
    assert lines == {"train": 23740, "valid": 484}  # sentences and pairs, a fiftieth to validate
    read = "\n".join(texts_of(task_texts(root=str(data_root), tasks=("cola",))).values())
    assert "one more pseudo generalization and i'm giving up." in read
    assert "they drank the pub." not in read  # not acceptable


def test_texts_to_pretrain_on_are_of_no_part_that_scores(data_root):
    root = str(data_root)
    scored = {text for *pair, _ in mrpc_rows(root)["test"].rows for text in pair}
    assert not scored & {text for pair in documents("stsb", root) for text in pair}
    assert scored & {text for *pair, _ in stsb_rows(root)["train"].rows for text in pair}


def test_texts_of_other_tasks_to_pretrain_on(data_root):
    root, asked = str(data_root), "squad_v1.1_train_subset4285.json.gz"
    counts = {"multi30k": 29000, "ptb": 11684, "scitldr": 1992, "squad": 875}
    for task, count in counts.items():
        assert len(documents(task, root, asked)) == count, task
    pages = {word for (line,) in documents("ptb", root) for word in line.split()}
    assert not {"<unk>", "N"} & pages and "market" in pages
    (paper, summary) = documents("scitldr", root)[0]
    assert len(paper) > len(summary) > 40
    paragraph, *questions = documents("squad", root, asked)[0]
    assert paragraph.startswith("From early Christian times") and len(questions) == 10
    assert all(question.endswith("?") for question in questions)


def test_questions_that_nothing_reads():
    with pytest.raises(Refused, match=r"^data.questions: own.json, but data.tasks does not name"):
        task_texts(questions="own.json")


def test_questions_that_are_missing_are_told_before_anything_is_loaded(data_root):
    asked = {"name": "task_texts", "root": str(data_root), "tokenizer": "auto"}
    assert missing_files({**asked, "questions": "squad_v1.1_train_subset4285.json.gz"}) == []
    (fault,) = missing_files({**asked, "questions": "own.json"})
    assert fault.startswith("data.questions: there is no")


def test_only_phrases_that_are_no_part_of_another_are_read():
    assert whole(["a b", "x", "c a b d", "b c", "c a b d", "d e"]) == ["x", "c a b d", "b c", "d e"]


def test_no_text_to_pretrain_on():
    with pytest.raises(Refused, match=r"^data.tasks: empty; expected one at least of cola, mrpc"):
        task_texts(tasks=())
