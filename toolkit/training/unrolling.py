"""Text that is shown while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

BROKEN = "\N{REPLACEMENT CHARACTER}"
"""What a tokenizer of bytes gives for a part of a character."""


class Unrolling:
    """Turns tokens into text piece by piece, so that the pieces together are the whole text.

    What a token adds can depend on those before it: a blank between words, none before a comma; and
    several tokens of bytes can be one character, which is held back until it is whole.

    Args:
        decode: Turns ids into text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]):
        self.decode = decode
        self.ids: list[int] = []
        self.first, self.shown = 0, 0  # of the tokens that are decoded together; of the new ones

    def add(self, ids: Iterable[int]) -> str:
        """Return what can be shown now that there are more tokens."""
        self.ids.extend(int(token) for token in ids)
        before, text = self._texts()
        if not text.startswith(before) or text.endswith(BROKEN) or text == before:
            return ""
        self.first, self.shown = self.shown, len(self.ids)
        return text[len(before) :]

    def rest(self) -> str:
        """Return what was held back, at the end."""
        before, text = self._texts()
        self.first = self.shown = len(self.ids)
        return text[len(before) :]

    def _texts(self) -> tuple[str, str]:
        """Return the text of the last tokens that were shown, and with those that were not."""
        return (
            self.decode(self.ids[self.first : self.shown]),
            self.decode(self.ids[self.first :]),
        )
