"""STS-B: how alike two sentences are, from 0 to 5 (Cer et al., 2017)."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.files.finding import read_text
from toolkit.data.files.sources import locate
from toolkit.data.labelled.labelled_texts import labelled_texts
from toolkit.data.labelled.text_input import Texts
from toolkit.data.labelled.text_labels import refuse
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import Columns
from toolkit.errors import Refused, did_you_mean
from toolkit.types import PositiveInt

FILES = {"train": "sts-train.csv", "valid": "sts-dev.csv", "test": "sts-test.csv"}
CELLS = 7
"""Genre, source, year, number, score and the two sentences; some rows name more behind them."""

SOURCE = 1


def stsb(
    *,
    root: str | None = None,
    leave_out: tuple[str, ...] = (),
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = None,
) -> Dataset:
    """Load the Semantic Textual Similarity Benchmark.

    5,749 pairs of sentences to train on, 1,500 to choose the best epoch by and 1,379 as test, with
    scores from 0 (unrelated) to 5 (the same). The figures are Pearson's and Spearman's correlation.

    Cer et al., "SemEval-2017 Task 1: Semantic Textual Similarity", SemEval 2017, arXiv:1708.00055.

    Args:
        root: Folder that holds ``sts-train.csv``, ``sts-dev.csv`` and ``sts-test.csv`` in
            ``glue/STS-B/``, ``stsbenchmark/`` or itself; None for the cache folder, where they are
            downloaded to.
        leave_out: Sources whose pairs are left out of all parts, as the files name them:
            ``MSRpar``, whose pairs are MRPC's, half of them of its test part, before a network that
            goes on to learn MRPC; ``MSRvid``, ``headlines``, ``images`` and others.
        tokenizer: ``words``, ``whitespace``, ``wordpiece``, ``bpe``, ``sentencepiece``, or the name
            of a tokenizer that there is (see ``toolkit.data.labelled.text_input``); ``auto`` takes
            the model's, and words where it has none.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most words that are known, the most frequent ones; None for all, or 8,000
            pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens of both sentences together, the longer being cut first; None for no
            limit.

    Raises:
        Refused: If a row has too few cells or no score, with its line; or nothing comes from a
            source that is left out.
    """
    texts = Texts(
        tokenizer,
        lower=lower,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        max_length=max_length,
    )
    return labelled_texts(stsb_rows(root, leave_out), texts, values=True)


def stsb_rows(root: str | None, leave_out: tuple[str, ...] = ()) -> dict[str, Columns]:
    """Return pairs and scores of ``train``, ``valid`` and ``test``, without those of some sources.

    Raises:
        Refused: As :func:`stsb`.
    """
    found = locate("stsb", root)
    rows = {part: _rows(found[name]) for part, name in FILES.items()}
    sources = {row[SOURCE] for part in rows.values() for _, row in part}
    for name in leave_out:
        if name not in sources:
            raise Refused(f"data.leave_out: no pair is of '{name}'.{did_you_mean(name, sources)}")
    return {
        part: _columns(found[name], [row for row in rows[part] if row[1][SOURCE] not in leave_out])
        for part, name in FILES.items()
    }


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a file by their lines, cells between tabs, quotes being text."""
    lines = [(i, line) for i, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    cells = [(i, line.rstrip("\r").split("\t")) for i, line in lines]
    short = [(i, f"{len(row)} cells; expected {CELLS}.") for i, row in cells if len(row) < CELLS]
    refuse(str(path), short)
    return cells


def _columns(path: Path, rows: list[tuple[int, list[str]]]) -> Columns:
    """Return the pairs of rows."""
    cells = [[row[5], row[6], row[4]] for _, row in rows]
    return Columns(str(path), ("sentence1", "sentence2", "score"), cells, [i for i, _ in rows])
