"""A tokenizer of pieces of words: one that there is, or one learned from the training texts."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.data.labelled.text_input import KINDS, SUBWORDS
from toolkit.data.subwords import Subwords

UNSAID = ("auto", "words", "whitespace")
"""Names that stand for ``wordpiece`` where only pieces will do."""


def pieces(
    name: str, texts: Iterable[str], *, size: int | None, lower: bool, where: str
) -> tuple[Subwords, list[str]]:
    """Return the tokenizer that ``data.tokenizer`` names, and what the user is told of it.

    Args:
        name: ``wordpiece``, ``bpe`` or ``sentencepiece`` learn one; anything else is the name of
            one that there is: a KerasHub preset, a Hugging Face repository, a folder or a run.
        texts: What it is learned from.
        size: Most pieces; None for 8,000.
        lower: Whether letters become small; a tokenizer that there is does as it was made.
        where: Where the texts are from, for the user.
    """
    if name in UNSAID:
        name = "wordpiece"
    if name not in KINDS:
        return Subwords.open(name), []
    learned, told = Subwords.train(name, texts, size or SUBWORDS, lower=lower)  # type: ignore[arg-type]
    said = (
        f"{where}: {len(learned):,} pieces of words ({name}) are learned from the training texts."
    )
    return learned, [said, *told]
