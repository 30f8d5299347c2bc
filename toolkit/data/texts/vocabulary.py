"""Which words a model knows, and the id of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from toolkit.data.files.finding import read_text
from toolkit.errors import Refused

PAD, UNKNOWN, END_OF_LINE, SEPARATOR = "<pad>", "<unk>", "<eos>", "<sep>"
ABSENT = -1
"""In place of an id: a word that is not known, where there is no ``<unk>``."""
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


@dataclass(frozen=True)
class Vocabulary:
    r"""Words in the order of their ids.

    A word that is not among them has the id of ``<unk>``; where there is none, no id at all.

    Attributes:
        words: The words, each once. In data of separate texts the first is ``<pad>``.
    """

    words: tuple[str, ...]
    ids: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", {word: i for i, word in enumerate(self.words)})

    @classmethod
    def build(
        cls,
        counts: Mapping[str, int],
        *,
        size: int | None = None,
        minimum_count: int = 1,
        first: Sequence[str] = (),
    ) -> Vocabulary:
        """Choose the words that are known.

        They are ordered by how often they occur, the most frequent first, and words of the same
        count as they were first seen. If a word is left out and ``<unk>`` is not among those that
        stay, ``<unk>`` is put in front; ``<eos>`` is never left out.

        Args:
            counts: How often each word occurs, in the order of their first occurrence.
            size: Most words, the special ones among them; None for no limit.
            minimum_count: Words that occur less often are left out.
            first: Words that come first, in this order, whether they occur or not.
        """
        first = list(first)
        words = [w for w in ordered(counts) if w not in first]
        kept = [w for w in words if counts[w] >= minimum_count or w == END_OF_LINE]
        room = max(size - len(first), 0) if size is not None else len(counts) + 1
        cut = len(kept) < len(words) or len(kept) > room
        if cut and UNKNOWN not in first and UNKNOWN not in kept[:room]:
            first.append(UNKNOWN)
            kept = [w for w in kept if w != UNKNOWN]
            room = max(room - 1, 0)
        if END_OF_LINE in kept[room:]:
            kept = [*kept[: max(room - 1, 0)], END_OF_LINE]
        kept = kept[:room]
        return cls((*first, *kept))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.ids

    @property
    def unknown(self) -> int | None:
        """The id of ``<unk>``, or None."""
        return self.ids.get(UNKNOWN)

    def encode(self, words: Iterable[str], *, absent: int) -> np.ndarray:
        """Return the words' ids, int32.

        Args:
            words: Any words.
            absent: What stands for words that are not known.
        """
        get = self.ids.get
        return np.array([get(word, absent) for word in words], "int32")

    def save(self, path: str | Path) -> None:
        r"""Write one word a line, in UTF-8, with backslashes and line ends as ``\\`` and ``\n``."""
        table = str.maketrans(ESCAPES)
        lines = [f"{word.translate(table)}\n" for word in self.words]
        Path(path).write_text("".join(lines), "utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read what :meth:`save` wrote.

        Raises:
            Refused: If it cannot be read, is empty, or holds a word twice; with its line.
        """
        lines = read_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
        words = [_unescaped(line) for line in lines]
        if words == [""]:
            raise Refused(f"{path}: is empty; expected a vocabulary, one word a line.")
        seen: dict[str, int] = {}
        for i, word in enumerate(words, start=1):
            if seen.setdefault(word, i) != i:
                raise Refused(
                    f"{path}, line {i}: '{lines[i - 1]}' stands in line {seen[word]} too."
                )
        return cls(tuple(words))


def ordered(counts: Mapping[str, int]) -> list[str]:
    """Return words by their count, the greatest first; equal ones keep their order."""
    return sorted(counts, key=counts.__getitem__, reverse=True)  # sorted() is stable both ways


def count(parts: Iterable[Iterable[str]]) -> Counter[str]:
    """Return how often each word occurs in lists of words, in the order of first occurrence."""
    counts: Counter[str] = Counter()
    for words in parts:
        counts.update(words)
    return counts


def unknown_note(where: str, unknown: int, total: int) -> str:
    """Return the sentence that says how much of a file is not known.

    Args:
        where: The file.
        unknown: Its tokens that are not in the vocabulary.
        total: All its tokens.
    """
    percent = 100 * unknown / total
    return (
        f"{where}: {unknown:,} of {total:,} tokens ({percent:.{2 if percent < 99.5 else 3}g} %) "
        "are "
        f"not in the vocabulary and are read as {UNKNOWN}."
    )


def _unescaped(line: str) -> str:
    if "\\" not in line:
        return line
    plain = {escaped: character for character, escaped in ESCAPES.items()}
    result, i = "", 0
    while i < len(line):
        step = 2 if line[i : i + 2] in plain else 1
        result += plain.get(line[i : i + 2], line[i])
        i += step
    return result
