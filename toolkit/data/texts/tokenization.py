"""Text to words and back: split at blanks, into words and punctuation, or into characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from toolkit.data.texts.extending import EXTENDING, JOINER
from toolkit.data.texts.vocabulary import END_OF_LINE, PAD, Vocabulary, count

Unit = Literal["word", "character"]
Tokenizer = Literal["whitespace", "words"]

PLAIN_WORD = rf"\w+(?:{EXTENDING}\w*)*"
WORD_END = rf"\b(?!{EXTENDING})"
WORD = re.compile(
    rf"<unk>|<eos>|\w+?(?:{EXTENDING}\w*?)*?(?=[nN]['’][tT]{WORD_END})|[nN]['’][tT]{WORD_END}"
    rf"|['’](?:s|re|ve|ll|d|m|S|RE|VE|LL|D|M){WORD_END}|{PLAIN_WORD}"
    rf"|[^\w\s](?:{JOINER}[^\w\s]?|{EXTENDING})*"
)
"""A marker, a word, the end of a contraction (do|n't, it|'s, as the Penn Treebank has them), or
any other character by itself. Combining marks, joiners and skin tones belong to the letter or
symbol before them, and so does the symbol behind a joiner: a joined emoji is one token."""
PART = 8 * 2**20
"""Characters that are split at a time, so that the words of a large text are never held at once."""
CHARACTERS = 0x110000


@dataclass(frozen=True)
class Rules:
    """How a text becomes tokens.

    Attributes:
        unit: Whether tokens are words or characters.
        tokenizer: ``whitespace`` splits words at blanks only; ``words`` takes punctuation apart.
        lower: Whether letters become small.
        end_of_line: Whether the end of a line is a token (``<eos>`` among words, a line feed among
            characters); else it is a blank.
    """

    unit: Unit = "word"
    tokenizer: Tokenizer = "whitespace"
    lower: bool = False
    end_of_line: bool = True

    def clean(self, text: str) -> str:
        """Return a text with one sort of line end, in small letters where they are wanted."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.lower() if self.lower else text

    def tokens(self, text: str) -> list[str]:
        """Split a text that is clean."""
        if self.unit == "character":
            return list(text if self.end_of_line else text.replace("\n", " "))
        if not self.end_of_line:
            return self._words(text)
        if self.tokenizer == "whitespace":
            return text.replace("\n", f" {END_OF_LINE} ").split()
        lines = text.split("\n")
        ends = chain.from_iterable((*self._words(line), END_OF_LINE) for line in lines)
        return list(ends)[:-1]

    def _words(self, text: str) -> list[str]:
        return text.split() if self.tokenizer == "whitespace" else WORD.findall(text)

    def stream(self, text: str) -> Iterator[list[str]]:
        """Return a long text's tokens, part by part; its last line has an end."""
        if self.unit == "word" and self.end_of_line and text and not text.endswith("\n"):
            text += "\n"
        start = 0
        while start < len(text):
            stop = len(text)
            if stop - start > PART:  # cut behind a blank; text8 is one line of 100 MB
                blanks = [text.rfind(blank, start, start + PART) + 1 for blank in "\n "]
                stop = max(blanks) or start + PART
            yield self.tokens(text[start:stop])
            start = stop

    def count(self, text: str) -> dict[str, int]:
        """Return how often each token of a long, clean text occurs, in order of appearance."""
        return count(self.stream(text))

    def encode(self, text: str, vocabulary: Vocabulary, absent: int) -> np.ndarray:
        """Return the ids of a long, clean text's tokens, int32; ``absent`` for those not known."""
        if self.unit == "character":
            text = text if self.end_of_line else text.replace("\n", " ")
            table = np.full(CHARACTERS, absent, "int32")
            for word, i in vocabulary.ids.items():
                if len(word) == 1:
                    table[ord(word)] = i
            return table[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "uint32")]
        parts = [vocabulary.encode(words, absent=absent) for words in self.stream(text)]
        return np.concatenate(parts) if parts else np.zeros(0, "int32")

    def join(self, words: Iterable[str]) -> str:
        """Return words as a text; ``<eos>`` ends a line, padding is left out."""
        words = [word for word in words if word != PAD]
        if self.unit == "character":
            return "".join(words)
        text = " ".join("\n" if word == END_OF_LINE else word for word in words)
        return text.replace(" \n ", "\n").replace("\n ", "\n").replace(" \n", "\n")
