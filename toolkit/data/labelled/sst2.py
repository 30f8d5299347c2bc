"""SST-2: sentences of film reviews, for or against (Socher et al., 2013)."""

from __future__ import annotations

from toolkit.data.files.sources import locate
from toolkit.data.labelled.labelled_texts import labelled_texts
from toolkit.data.labelled.text_input import Texts
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.reading import read_table
from toolkit.types import PositiveInt

FILES = {"train": "train.tsv", "valid": "dev.tsv", "test": "test_labeled.tsv"}
COLUMNS: dict[str, str | int] = {"data.text_column": "sentence", "data.label_column": "label"}
CLASSES = {"0": "negative", "1": "positive"}


def sst2(
    *,
    root: str | None = None,
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = None,
) -> Dataset:
    """Load the Stanford Sentiment Treebank in the form that GLUE gives it.

    67,349 phrases to train on, 872 sentences to choose the best epoch by (GLUE's dev), and, where
    ``test_labeled.tsv`` lies beside them, 1,821 sentences as test: GLUE's own test has no labels.
    Words are split as the Penn Treebank does, so that plain English is read well too, or cut into
    the pieces of a subword tokenizer.

    Socher et al., "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank",
    EMNLP 2013; Wang et al., "GLUE", 2018, arXiv:1804.07461.

    Args:
        root: Folder that holds ``train.tsv`` and ``dev.tsv`` in ``glue/SST-2/``, ``SST-2/`` or
            itself; None for the cache folder, where they are downloaded to.
        tokenizer: ``words``, ``whitespace``, ``wordpiece``, ``bpe``, ``sentencepiece``, or the name
            of a tokenizer that there is (see ``toolkit.data.labelled.text_input``); ``auto`` takes
            the model's, and words where it has none.
        vocabulary_size: Most words that are known, the most frequent ones; None for all, or 8,000
            pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens after which a text is cut off; None for no limit.
    """
    parts = sst2_rows(root)
    notes = []
    if "test" not in parts:
        notes.append(
            f"There is no test_labeled.tsv beside {parts['valid'].path}, and GLUE's own test has "
            "no labels: only the dev part is scored."
        )
    texts = Texts(
        tokenizer,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        max_length=max_length,
    )
    return labelled_texts(parts, texts, classes=CLASSES, notes=notes)


def sst2_rows(root: str | None) -> dict[str, Columns]:
    """Return phrases and labels of ``train``, ``valid`` and, where it is there, ``test``."""
    found = locate("sst2", root)
    return {
        part: read_table(found[name], columns=COLUMNS, header=True, quoting=False)
        for part, name in FILES.items()
        if name in found
    }
