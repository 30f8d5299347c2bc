"""A text's sentences."""

from __future__ import annotations

import re

SENTENCE = re.compile(r"\S.*?[.!?…]['\"”’)]*(?=\s+[^\sa-z]|\s*$)|\S.*$", re.DOTALL)
"""Up to a mark that ends a sentence, where no small letter follows it, or to the end."""


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in order; none where it is empty."""
    return [found.strip() for found in SENTENCE.findall(text)]
