"""RTE: pairs of which the first entails the second or not (Dagan et al., 2005)."""

from __future__ import annotations

from toolkit.data.files.sources import locate
from toolkit.data.labelled.labelled_texts import labelled_texts
from toolkit.data.labelled.text_input import Texts
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.reading import read_table
from toolkit.types import PositiveInt

FILES = {"train": "train.tsv", "valid": "dev.tsv"}
COLUMNS: dict[str, str | int] = {
    "data.text_column": "sentence1",
    "data.text_pair_column": "sentence2",
    "data.label_column": "label",
}


def rte(
    *,
    root: str | None = None,
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = None,
) -> Dataset:
    """Load Recognizing Textual Entailment as GLUE put it together from RTE 1, 2, 3 and 5.

    2,490 pairs to train on and 277 that score, GLUE's dev; the labels of the test part are not
    public. Where dev is reported the best epoch must not be chosen on it
    (``trainer.restore=last``).

    Dagan, Glickman and Magnini, "The PASCAL Recognising Textual Entailment Challenge", 2005; Wang
    et al., "GLUE", 2018, arXiv:1804.07461.

    Args:
        root: Folder that holds ``train.tsv`` and ``dev.tsv`` in ``glue/RTE/``, ``RTE/`` or itself;
            None for the cache folder, where they are downloaded to.
        tokenizer: ``words``, ``whitespace``, ``wordpiece``, ``bpe``, ``sentencepiece``, or the name
            of a tokenizer that there is (see ``toolkit.data.labelled.text_input``); ``auto`` takes
            the model's, and words where it has none.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most words that are known, the most frequent ones; None for all, or 8,000
            pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens of both texts together, the longer being cut first; None for no limit.
    """
    texts = Texts(
        tokenizer,
        lower=lower,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        max_length=max_length,
    )
    notes = ["RTE has no test part with labels: only the dev part is scored."]
    return labelled_texts(rte_rows(root), texts, notes=notes)


def rte_rows(root: str | None) -> dict[str, Columns]:
    """Return pairs and labels of ``train`` and ``valid``, as the files have them."""
    found = locate("rte", root)
    return {
        part: read_table(found[name], columns=COLUMNS, header=True, quoting=False)
        for part, name in FILES.items()
    }
