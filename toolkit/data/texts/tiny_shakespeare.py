"""A million characters of Shakespeare, the text that small language models are tried on."""

from __future__ import annotations

from toolkit.data.files.finding import read_text
from toolkit.data.files.sources import locate
from toolkit.data.spec import Dataset
from toolkit.data.texts.text_streams import AUTO, text_streams
from toolkit.data.texts.tokenization import Unit
from toolkit.types import PositiveInt

TRAINING = 0.9
"""Share of the characters, the first ones, that is trained on; the rest validates (nanoGPT)."""


def tiny_shakespeare(
    *,
    root: str | None = None,
    unit: Unit | None = None,
    tokenizer: str = AUTO,
    vocabulary_size: PositiveInt | None = None,
) -> Dataset:
    """Load Karpathy's tiny Shakespeare: 1,115,394 characters, 65 of them different.

    The first nine tenths are trained on and the last tenth validates, as nanoGPT cuts it; nothing
    is left to test, so the loss over the whole validation part is what is reported.

    Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks", 2015.

    Args:
        root: Folder that holds ``input.txt``, itself or in ``tinyshakespeare/``; None for the cache
            folder, where it is downloaded to.
        unit: Whether tokens are characters or words; None for characters where no tokenizer is
            named.
        tokenizer: ``whitespace`` or ``words`` for words, ``wordpiece``, ``bpe`` or
            ``sentencepiece`` for pieces of words learned from the training part, or the name of a
            tokenizer that there is.
        vocabulary_size: Most tokens that are known; None for all, of pieces 8,000.

    Returns:
        Input ``tokens`` and target ``next``, 1,003,854 characters and 111,540 to validate.
    """
    path = locate("tiny_shakespeare", root)["input.txt"]
    text = read_text(path)
    cut = int(len(text) * TRAINING)
    if unit is None:
        unit = "character" if tokenizer == AUTO else "word"
    return text_streams(
        {"train": text[:cut], "valid": text[cut:]},
        tokenizer,
        usual="words",
        where={part: f"{path} ({part})" for part in ("train", "valid")},
        unit=unit,
        vocabulary_size=vocabulary_size,
    )
