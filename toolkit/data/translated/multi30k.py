"""Multi30k: descriptions of photographs, English and German (Elliott et al., 2016)."""

from __future__ import annotations

from typing import Literal

from toolkit.data.files.sources import locate
from toolkit.data.spec import Dataset
from toolkit.data.translated.parallel_files import read_pairs
from toolkit.data.translated.text_pairs import Reading, text_pairs
from toolkit.errors import Refused
from toolkit.types import PositiveInt

Language = Literal["de", "en"]
PARTS = {"train": "train", "valid": "val", "test": "test_2016_flickr"}


def multi30k(
    *,
    root: str | None = None,
    source: Language = "de",
    target: Language = "en",
    tokenizer: str = "words",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 2,
    shared_vocabulary: bool = False,
    max_length: PositiveInt | None = 100,
) -> Dataset:
    """Load the sentence pairs of Multi30k, task 1, from its raw text.

    29,000 pairs to train on, 1,014 to choose the best epoch by, and test_2016_flickr, 1,000 pairs,
    which the literature calls test2016.

    Elliott, Frank, Sima'an and Specia, "Multi30K: Multilingual English-German Image Descriptions",
    2016, arXiv:1605.00459.

    Args:
        root: Folder that holds ``train.de``, ``val.de``, ``test_2016_flickr.de`` and the same in
            ``en``, itself or in ``multi30k/``; None for the cache folder, where they are downloaded
            to.
        source: Language that is read, ``de`` or ``en``.
        target: Language that is written, the other one.
        tokenizer: ``words`` (punctuation apart), ``whitespace``, a kind of subwords to train
            (``bpe``, ``wordpiece``, ``sentencepiece``), or a preset, folder or run to take them
            from.
        lower: Whether capital letters become small, on both sides.
        vocabulary_size: Most tokens that are known on a side; None for all words, or 8,000
            subwords.
        minimum_count: Words that occur less often in training are read as ``<unk>``; of no effect
            on subwords.
        shared_vocabulary: Whether both languages have one vocabulary.
        max_length: Tokens after which a sentence is cut off; None for no limit. The longest has 47
            words.
    """
    if source == target:
        raise Refused(f"data.target: '{target}', as data.source is; expected the other language.")
    found = locate("multi30k", root)
    parts = {
        part: read_pairs([found[f"{name}.{side}"] for side in (source, target)], source, target)
        for part, name in PARTS.items()
    }
    reading = Reading(
        tokenizer,
        vocabulary_size,
        minimum_count,
        lower,
        shared_vocabulary,
        max_length,
        max_length,
    )
    return text_pairs(parts, reading)
