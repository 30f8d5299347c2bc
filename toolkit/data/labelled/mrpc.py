"""MRPC: pairs of sentences that say the same or not (Dolan and Brockett, 2005)."""

from __future__ import annotations

from toolkit.data.files.sources import locate
from toolkit.data.labelled.labelled_texts import carved, labelled_texts
from toolkit.data.labelled.text_input import Texts
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import Columns
from toolkit.data.tables.reading import read_table
from toolkit.types import Fraction, PositiveInt

COLUMNS: dict[str, str | int] = {
    "data.text_column": "#1 String",
    "data.text_pair_column": "#2 String",
    "data.label_column": "Quality",
}
CLASSES = {"0": "different", "1": "equivalent"}


def mrpc(
    *,
    root: str | None = None,
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    max_length: PositiveInt | None = None,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load the Microsoft Research Paraphrase Corpus.

    4,076 pairs of sentences from the news, of which a tenth, drawn by seed, chooses the best epoch,
    and 1,725 pairs as test. As GLUE has it the figures are accuracy and the F1 of equivalent pairs,
    which are two thirds.

    Dolan and Brockett, "Automatically Constructing a Corpus of Sentential Paraphrases", IWP 2005.

    Args:
        root: Folder that holds ``msr_paraphrase_train.txt`` and ``msr_paraphrase_test.txt`` in
            ``glue/MRPC/``, ``MRPC/`` or itself; None for the cache folder, where they are
            downloaded to.
        tokenizer: ``words``, ``whitespace``, ``wordpiece``, ``bpe``, ``sentencepiece``, or the name
            of a tokenizer that there is (see ``toolkit.data.labelled.text_input``); ``auto`` takes
            the model's, and words where it has none.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        vocabulary_size: Most words that are known, the most frequent ones; None for all, or 8,000
            pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        max_length: Tokens of both sentences together, the longer being cut first; None for no
            limit.
        validation_fraction: Share of the training pairs that chooses the best epoch.
        seed: Draws them.
    """
    parts = mrpc_rows(root)
    parts |= carved(parts["train"], validation_fraction, seed)
    note = (
        f"{parts['valid'].path}: {len(parts['valid'].rows):,} pairs chosen by seed {seed} are the "
        "validation part."
    )
    texts = Texts(
        tokenizer,
        lower=lower,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        max_length=max_length,
    )
    return labelled_texts(parts, texts, classes=CLASSES, notes=[note])


def mrpc_rows(root: str | None) -> dict[str, Columns]:
    """Return pairs and labels of ``train`` and ``test``, as the files have them."""
    found = locate("mrpc", root)
    return {
        part: read_table(
            found[f"msr_paraphrase_{part}.txt"],
            columns=COLUMNS,
            header=True,
            delimiter="tab",
            quoting=False,
        )
        for part in ("train", "test")
    }
