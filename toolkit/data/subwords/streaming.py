"""Long texts as streams of pieces of words."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from toolkit.data.subwords.subwords import Subwords

LINE = "\n"
BEFORE_A_LINE = re.compile(r"(?=\n\S)")
"""Where a text can be cut with no effect on byte-level BPE, whose pieces hold blanks."""


def stream_ids(tokenizer: Subwords, text: str, marks: Mapping[str, int]) -> np.ndarray:
    """Return a text's tokens, int32.

    Args:
        tokenizer: Splits it.
        text: Any length; it is split in parts, side by side.
        marks: Strings that stand for a token, with its id: an end of a line, say. A blank before
            one belongs to it.
    """
    parts, found = between(text, marks)
    pieces = [BEFORE_A_LINE.split(part) for part in parts]
    rows = tokenizer.ids([piece for part in pieces for piece in part])
    ends = rows.starts[1:][np.cumsum([len(part) for part in pieces]) - 1]
    return np.insert(rows.values, ends[:-1], np.array(found, "int32"))


def between(text: str, marks: Mapping[str, int]) -> tuple[list[str], list[int]]:
    """Return what stands between marks, and the ids of the marks."""
    if not marks:
        return [text], []
    split = re.split(f" ?({'|'.join(map(re.escape, marks))})", text)
    return split[::2], [marks[mark] for mark in split[1::2]]


def line_marks(tokenizer: Subwords, end_of_line: bool) -> dict[str, int]:
    """Return the mark that ends a line, where the tokenizer does not keep line ends itself.

    Byte-level BPE has a piece for them; WordPiece and SentencePiece read them as blanks.
    """
    if not end_of_line or tokenizer.kind == "bpe" or "end" not in tokenizer.special:
        return {}
    return {LINE: tokenizer.special["end"]}
