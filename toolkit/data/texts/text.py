"""A language model's text from files of one's own."""

from __future__ import annotations

from toolkit.data.files.finding import read_text
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import locate_parts
from toolkit.data.texts.text_streams import text_streams
from toolkit.data.texts.tokenization import Unit
from toolkit.types import Fraction, PositiveInt


def text(
    *,
    root: str | None = None,
    train: str,
    valid: str | None = None,
    test: str | None = None,
    unit: Unit = "word",
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    lower: bool = False,
    end_of_line: bool = True,
    encoding: str = "utf-8",
    validation_fraction: Fraction = 0.1,
) -> Dataset:
    """Load text files as streams of tokens, each to be predicted from those before it.

    Tokens are words, characters or pieces of words. The vocabulary is made from the training file:
    words by how often they occur, then as they were first seen. Words that it lacks are read as
    ``<unk>``.

    Args:
        root: Folder that the files are relative to; None for the current one.
        train: The text that is learned from, plain or ``.gz``.
        valid: The text that chooses the best epoch; None cuts it from the end of ``train``.
        test: The text that is reported; None for none.
        unit: Whether tokens are words or characters; ``character`` needs no tokenizer.
        tokenizer: What words are: what stands between blanks (``whitespace``, or ``auto`` where no
            model says otherwise), or also each punctuation mark by itself (``words``).
            ``wordpiece``, ``bpe`` and ``sentencepiece`` learn pieces of words from the training
            text; anything else is the name of a tokenizer that there is: a KerasHub preset, a
            Hugging Face repository, a folder of either kind or a run.
        vocabulary_size: Most tokens that are known, the most frequent ones, ``<unk>`` and ``<eos>``
            among them; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        lower: Whether capital letters become small.
        end_of_line: Whether the end of each line is a token to be predicted, ``<eos>`` among words
            (as perplexities on PTB are counted in the literature), a line feed among characters and
            with BPE, and ``end`` with WordPiece and SentencePiece; else it is a blank.
        encoding: The files' text encoding.
        validation_fraction: Share of ``train`` that is cut from its end where ``valid`` is None.

    Returns:
        Input ``tokens`` and target ``next``; each split holds the whole text, shape ``(tokens,)``
        int32.

    Raises:
        Refused: If a file is missing, named twice, empty, too short, or no text in ``encoding``.
    """
    files = {"train": train, "valid": valid, "test": test}
    paths = locate_parts(files, root)
    return text_streams(
        {part: read_text(path, encoding) for part, path in paths.items()},
        tokenizer,
        usual="whitespace",
        where={part: str(path) for part, path in paths.items()},
        unit=unit,
        lower=lower,
        end_of_line=end_of_line,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        validation_fraction=validation_fraction,
    )
