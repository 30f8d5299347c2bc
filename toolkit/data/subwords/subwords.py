"""A tokenizer that splits words into pieces, whatever made it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Ragged
from toolkit.data.subwords.engines import ENGINES, Engine
from toolkit.data.subwords.frames import frame

Kind = Literal["wordpiece", "bpe", "sentencepiece"]


@dataclass(frozen=True)
class Subwords:
    """Turns texts into ids of pieces of words, and ids into text.

    Special tokens have ids of their own and never come out of raw text: a text that holds
    ``[SEP]`` becomes the pieces of these five characters.

    Wu et al., "Google's Neural Machine Translation System", 2016, arXiv:1609.08144 (WordPiece);
    Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", ACL 2016, over
    bytes as in GPT-2 (BPE); Kudo and Richardson, "SentencePiece", EMNLP 2018, arXiv:1808.06226.

    Attributes:
        kind: ``wordpiece``, ``bpe`` (byte-level) or ``sentencepiece``.
        vocabulary: The pieces, in the order of their ids.
        special: Ids of ``pad``, ``unknown``, ``start``, ``end`` and ``mask``, those that there are.
        lower: Whether letters become small first.
        strip_accents: Whether accents are taken off first; of WordPiece only.
        prefix_space: Whether a text begins as if a blank stood before it; of BPE only.
        merges: Pairs of pieces that become one, the first to be merged first; of BPE only.
        proto: SentencePiece's model file in base 64; of SentencePiece only.
        pair_ends: How many ``end`` stand between the texts of a pair: 2 in RoBERTa's family.
    """

    kind: Kind
    vocabulary: tuple[str, ...]
    special: dict[str, int]
    lower: bool = False
    strip_accents: bool = False
    prefix_space: bool = False
    merges: tuple[tuple[str, str], ...] = ()
    proto: str = ""
    pair_ends: int = 1

    def __len__(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def engine(self) -> Engine:
        """What does the work."""
        return ENGINES[self.kind](self)

    @cached_property
    def _left_out(self) -> frozenset[int]:
        return frozenset(i for name, i in self.special.items() if name != "unknown")

    def ids(self, texts: Sequence[str]) -> Ragged:
        """Return each text as a row of ids, int32, without special tokens."""
        rows = self.engine.ids(texts)
        starts = np.zeros(len(rows) + 1, "int64")
        np.cumsum([len(row) for row in rows], out=starts[1:])
        values = np.concatenate([np.zeros(0, "int32"), *rows]).astype("int32")
        return Ragged(values, starts)

    def spans(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a text's ids and where each piece stands in it.

        Returns:
            The ids, shape ``(n,)`` int32, without special tokens; and the first and one past the
            last character of each piece in the original text, shape ``(n, 2)`` int64, blanks before
            a piece left out. Pieces of one character (bytes of an emoji) have the same place.
        """
        ids, places = self.engine.spans(text)
        trimmed = [(end - len(text[start:end].lstrip()), end) for start, end in places]
        return np.array(ids, "int32"), np.array(trimmed, "int64").reshape(-1, 2)

    def frame(
        self, first: Ragged, second: Ragged | None = None, max_length: int | None = None
    ) -> Ragged:
        """Return ``[start] first [end]`` or ``[start] first [end] second [end]``.

        Args:
            first: Rows of :meth:`ids`.
            second: The other text of each pair; None for none.
            max_length: Most ids of a row, special ones among them: the longer text of a pair is
                cut first, at its end. None for no limit.
        """
        return frame(self.special, self.pair_ends, first, second, max_length)

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text; padding, start, end and mask are left out."""
        return self.engine.decode([int(i) for i in ids if int(i) not in self._left_out])

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        saved = asdict(self)
        saved |= {"vocabulary": list(self.vocabulary), "merges": [" ".join(m) for m in self.merges]}
        return {key: value for key, value in saved.items() if value not in ("", [], False)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Subwords:
        """Return the tokenizer that :meth:`to_json` described."""
        merges = tuple(tuple(merge.split(" ")) for merge in saved.get("merges", ()))
        return cls(**{**saved, "vocabulary": tuple(saved["vocabulary"]), "merges": merges})

    @classmethod
    def open(cls, name: str) -> Subwords:
        """Return a tokenizer that exists.

        Args:
            name: A KerasHub preset, a Hugging Face repository (``org/name``), a local folder of
                either kind, or the folder of a run.

        Raises:
            Refused: If there is no such thing, or none of the three kinds in it.
        """
        from toolkit.data.subwords.opening import open_subwords

        return open_subwords(name)

    @classmethod
    def train(
        cls, kind: Kind, texts: Iterable[str], size: int, *, lower: bool = False
    ) -> tuple[Subwords, tuple[str, ...]]:
        """Make a tokenizer from raw text.

        Args:
            kind: ``wordpiece``, ``bpe`` or ``sentencepiece``.
            texts: What it is made from.
            size: Most pieces, special tokens among them.
            lower: Whether letters become small first (and, in WordPiece, accents go, as in BERT).

        Returns:
            The tokenizer, and sentences for the user: that the text gave fewer pieces, say.

        Raises:
            Refused: If there is no text, or ``size`` is too small for the characters in it.
        """
        from toolkit.data.subwords.training import train_subwords

        return train_subwords(kind, texts, size, lower=lower)
