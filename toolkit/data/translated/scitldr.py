"""SciTLDR: papers of computer science and what they are about in one sentence (Cachola et al.)."""

from __future__ import annotations

from toolkit.data.files.sources import locate
from toolkit.data.spec import Dataset
from toolkit.data.translated.summary_rows import read_summaries
from toolkit.data.translated.text_pairs import Reading, text_pairs
from toolkit.types import PositiveInt

PARTS = {"train": "train", "valid": "dev", "test": "test"}


def scitldr(
    *,
    root: str | None = None,
    tokenizer: str = "words",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = 8000,
    minimum_count: PositiveInt = 2,
    max_length: PositiveInt | None = 300,
    max_target_length: PositiveInt | None = 60,
) -> Dataset:
    """Load SciTLDR-A: abstracts and summaries of one sentence.

    1,992 papers to train on with a summary each, 619 to choose the best epoch by and 618 to test
    on, with 1,453 and 1,967 summaries: one by an author and others by readers. Scores are of the
    best matching one. Both sides share a vocabulary.

    Cachola, Lo, Cohan and Weld, "TLDR: Extreme Summarization of Scientific Documents", 2020,
    arXiv:2004.15011.

    Args:
        root: Folder that holds ``train.jsonl``, ``dev.jsonl`` and ``test.jsonl``, itself or in
            ``scitldr/``; None for the cache folder, where they are downloaded to.
        tokenizer: ``words`` (punctuation apart), ``whitespace``, a kind of subwords to train
            (``bpe``, ``wordpiece``, ``sentencepiece``), or a preset, folder or run to take them
            from.
        lower: Whether capital letters become small. ROUGE does not see them.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 subwords.
        minimum_count: Words that occur less often in training are read as ``<unk>``; of no effect
            on subwords.
        max_length: Tokens after which an abstract is cut off; None for no limit.
        max_target_length: Tokens after which a summary is cut off in training; None for no limit.
    """
    found = locate("scitldr", root)
    parts = {
        part: read_summaries(found[f"{name}.jsonl"], "source", "target")
        for part, name in PARTS.items()
    }
    reading = Reading(
        tokenizer, vocabulary_size, minimum_count, lower, True, max_length, max_target_length
    )
    return text_pairs(parts, reading)
