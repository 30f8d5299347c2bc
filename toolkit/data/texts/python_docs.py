"""English that every Python carries: the help texts of its own language reference."""

from __future__ import annotations

import re

from toolkit.data.spec import Dataset
from toolkit.data.texts.text_streams import text_streams
from toolkit.data.texts.tokenization import Unit
from toolkit.types import PositiveInt

NAME = "pydoc_data.topics"
VALID, TEST, OF = 4, 5, 10
"""Of each ten topics, in the order of their lengths, which one validates and which one tests."""
COPIED = 0.5
"""Share of a topic's text from which on it counts as a copy of a longer one."""
TELLING = 20
"""Characters from which on a line that stands elsewhere too is copied, and no coincidence."""


def python_docs(
    *,
    unit: Unit = "word",
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 2,
) -> Dataset:
    """Load the help topics that come with Python itself: nothing to download.

    They are the chapters of the language reference, what ``help("if")`` shows. Some repeat parts of
    others word for word; those are left out, as the test would be on what was trained on. Of each
    ten that stay, from the longest to the shortest, eight are trained on, one validates and one
    tests. The text is small and differs a little from one Python to the next, so its perplexities
    compare with nothing but each other. Each paragraph is one line.

    Args:
        unit: Whether tokens are words or characters; ``character`` needs no tokenizer.
        tokenizer: ``words``, punctuation apart (or ``auto``, where no model says otherwise), or
            ``whitespace``; ``wordpiece``, ``bpe`` and ``sentencepiece`` learn pieces of words from
            the training text; anything else is the name of a tokenizer that there is.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
    """
    from pydoc_data.topics import topics

    parts: dict[str, str] = {"train": "", "valid": "", "test": ""}
    for i, text in enumerate(distinct([plain(topics[name]) for name in sorted(topics)])):
        parts[{VALID: "valid", TEST: "test"}.get(i % OF, "train")] += text
    return text_streams(
        parts,
        tokenizer,
        usual="words",
        where={part: f"{NAME} ({part})" for part in parts},
        unit=unit,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
    )


def plain(topic: str) -> str:
    """Return a topic with a line for each paragraph, without rules below its titles."""
    text = re.sub(r"^[*=\-~^]{3,}\n", "", topic.strip() + "\n", flags=re.MULTILINE)
    text = re.sub(r"(?<=\S)\n(?=\S)", " ", text)
    return re.sub(r"\n{2,}", "\n", text)


def distinct(texts: list[str]) -> list[str]:
    """Return the texts, the longest first, without those that are mostly parts of longer ones."""
    seen: set[str] = set()
    kept = []
    for text in sorted(texts, key=len, reverse=True):
        lines = [line for line in text.split("\n") if len(line) > TELLING]
        copied = sum(len(line) for line in lines if line in seen)
        if copied < COPIED * sum(map(len, lines)):
            kept.append(text)
        seen.update(lines)
    return kept
