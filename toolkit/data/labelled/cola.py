"""CoLA: sentences that a linguist would accept or not (Warstadt et al., 2019)."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.files.sources import find_all, locate
from toolkit.data.labelled.labelled_texts import labelled_texts
from toolkit.data.labelled.text_input import Texts
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.reading import read_table
from toolkit.types import PositiveInt

COLUMNS: dict[str, str | int] = {"data.text_column": 3, "data.label_column": 1}
CLASSES = {"0": "unacceptable", "1": "acceptable"}
GLUE_FILES = ("train.tsv", "dev.tsv")


def cola(
    *,
    root: str | None = None,
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = None,
) -> Dataset:
    """Load the Corpus of Linguistic Acceptability.

    8,551 sentences to train on and 1,043 that score, GLUE's dev: 527 from the books that the
    training sentences are from and 516 from others. The labels of the test part are not public. As
    GLUE has it the figure is Matthews's correlation; where dev is reported the best epoch must not
    be chosen on it (``trainer.restore=last``).

    Warstadt, Singh and Bowman, "Neural Network Acceptability Judgments", TACL 2019,
    arXiv:1805.12471.

    Args:
        root: Folder that holds ``in_domain_train.tsv`` and its two siblings, or GLUE's
            ``train.tsv`` and ``dev.tsv``, in ``glue/CoLA/``, ``CoLA/`` or itself; None for the
            cache folder, where they are downloaded to.
        tokenizer: ``words``, ``whitespace``, ``wordpiece``, ``bpe``, ``sentencepiece``, or the name
            of a tokenizer that there is (see ``toolkit.data.labelled.text_input``); ``auto`` takes
            the model's, and words where it has none.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most words that are known, the most frequent ones; None for all, or 8,000
            pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens after which a sentence is cut off; None for no limit.
    """
    texts = Texts(
        tokenizer,
        lower=lower,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        max_length=max_length,
    )
    notes = ["CoLA has no test part with labels: only the dev part is scored."]
    return labelled_texts(cola_rows(root), texts, classes=CLASSES, notes=notes)


def cola_rows(root: str | None) -> dict[str, Columns]:
    """Return sentences and labels of ``train`` and ``valid``, as the files have them."""
    found = find_all("cola", root)
    if not set(GLUE_FILES) <= found.keys() or "in_domain_train.tsv" in found:
        found = locate("cola", root)
        files = [["in_domain_train.tsv"], ["in_domain_dev.tsv", "out_of_domain_dev.tsv"]]
    else:
        files = [[name] for name in GLUE_FILES]
    train, valid = (_joined([found[name] for name in names]) for names in files)
    return {"train": train, "valid": valid}


def _joined(paths: list[Path]) -> Columns:
    """Return the rows of one or several files."""
    read = [read_table(path, columns=COLUMNS, header=False, quoting=False) for path in paths]
    return Columns(
        " and ".join(part.path for part in read),
        ("sentence", "label"),
        [row for part in read for row in part.rows],
        [line for part in read for line in part.lines],
    )
