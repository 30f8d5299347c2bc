"""The Penn Treebank as language models are compared on it (Mikolov et al., 2010)."""

from __future__ import annotations

from toolkit.data.files import read_text
from toolkit.data.sources import locate
from toolkit.data.spec import Dataset
from toolkit.data.streams import streams
from toolkit.data.tokenization import Rules

PARTS = ("train", "valid", "test")


def ptb(*, root: str | None = None) -> Dataset:
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
    """
    found = locate("ptb", root)
    paths = {part: found[f"ptb.{part}.txt"] for part in PARTS}
    return streams(
        {part: read_text(path) for part, path in paths.items()},
        Rules(),
        where={part: str(path) for part, path in paths.items()},
    )
