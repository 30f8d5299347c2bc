"""The Penn Treebank as language models are compared on it (Mikolov et al., 2010)."""

from __future__ import annotations

from toolkit.data.files.finding import read_text
from toolkit.data.files.sources import locate
from toolkit.data.spec import Dataset
from toolkit.data.texts.text_streams import text_streams
from toolkit.types import PositiveInt

PARTS = ("train", "valid", "test")


def ptb(
    *,
    root: str | None = None,
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
) -> Dataset:
    """Load the Penn Treebank with Mikolov's preprocessing and split.

    929,589 tokens of training, 73,760 of validation and 82,430 of test text, the end of each line
    counted as one (``<eos>``); vocabulary of 10,000. Rare words are ``<unk>`` in the files, numbers
    ``N``.

    Marcus et al., "Building a Large Annotated Corpus of English: The Penn Treebank", 1993; Mikolov
    et al., "Recurrent neural network based language model", Interspeech 2010.

    Args:
        root: Folder that holds ``ptb.train.txt``, ``ptb.valid.txt`` and ``ptb.test.txt``, itself or
            in ``ptb/`` or ``simple-examples/data/``; None for the cache folder, where they are
            downloaded to.
        tokenizer: ``whitespace`` (or ``auto``, where no model says otherwise) takes the words as
            they are: only so do perplexities compare with others'. ``wordpiece``, ``bpe`` and
            ``sentencepiece`` learn pieces of words from the training text, where ``<unk>`` is the
            token for what is not known; anything else is the name of a tokenizer that there is.
        vocabulary_size: Most tokens that are known; None for all 10,000 words, or 8,000 pieces.
    """
    found = locate("ptb", root)
    paths = {part: found[f"ptb.{part}.txt"] for part in PARTS}
    return text_streams(
        {part: read_text(path) for part, path in paths.items()},
        tokenizer,
        usual="whitespace",
        where={part: str(path) for part, path in paths.items()},
        vocabulary_size=vocabulary_size,
        marked=True,
    )
