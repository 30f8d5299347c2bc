"""What splits text into pieces: Hugging Face's ``tokenizers``, and SentencePiece's own library."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from toolkit.data.subwords.subwords import Subwords

AT_A_TIME = 2048
"""Texts that are split together: more would hold all their pieces as Python objects at once."""
LONGEST_WORD = 100
"""Characters above which WordPiece takes a word for unknown, as BERT does."""
Places = list[tuple[int, int]]


class Engine(Protocol):
    """Splits texts and joins pieces.

    Attributes:
        file: Name of a file that the library opens.
    """

    file: str

    def __init__(self, subwords: Subwords): ...

    def ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of each text."""

    def spans(self, text: str) -> tuple[list[int], Places]:
        """Return a text's ids and the place of each in it, in characters."""

    def decode(self, ids: list[int]) -> str:
        """Return ids as text."""

    def content(self) -> bytes:
        """Return what stands in ``file``."""


class _Tokenizers:
    """Base of the kinds that ``tokenizers`` holds."""

    file = "tokenizer.json"

    def __init__(self, subwords: Subwords):
        self.tokenizer = self.make(subwords)

    def make(self, subwords: Subwords) -> Any:
        raise NotImplementedError

    def ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        rows = []
        for part in _parts(texts):
            found = self.tokenizer.encode_batch_fast(part, add_special_tokens=False)
            rows += [np.array(encoding.ids, "int32") for encoding in found]
        return rows

    def spans(self, text: str) -> tuple[list[int], Places]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    def content(self) -> bytes:
        """Return what ``tokenizers`` reads: ids of the vocabulary, without special tokens."""
        return self.tokenizer.to_str(pretty=True).encode()


class WordPiece(_Tokenizers):
    """Words and punctuation marks by BERT's rules, each split into the longest pieces known."""

    def make(self, subwords: Subwords) -> Any:
        """Return the tokenizer, which knows of no special tokens."""
        import tokenizers as hf

        ids = {piece: i for i, piece in enumerate(subwords.vocabulary)}
        made = hf.Tokenizer(
            hf.models.WordPiece(
                ids,
                unk_token=subwords.vocabulary[subwords.special["unknown"]],
                max_input_chars_per_word=LONGEST_WORD,
            )
        )
        made.normalizer = hf.normalizers.BertNormalizer(
            lowercase=subwords.lower, strip_accents=subwords.strip_accents
        )
        made.pre_tokenizer = hf.pre_tokenizers.BertPreTokenizer()
        made.decoder = hf.decoders.WordPiece(cleanup=False)
        return made


class BytePair(_Tokenizers):
    """Bytes merged into pieces as GPT-2 does; nothing is unknown."""

    def make(self, subwords: Subwords) -> Any:
        """Return the tokenizer, which knows of no special tokens."""
        import tokenizers as hf

        ids = {piece: i for i, piece in enumerate(subwords.vocabulary)}
        made = hf.Tokenizer(hf.models.BPE(ids, list(subwords.merges)))
        if subwords.lower:
            made.normalizer = hf.normalizers.Lowercase()
        made.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=subwords.prefix_space)
        made.post_processor = hf.processors.ByteLevel(trim_offsets=True)
        made.decoder = hf.decoders.ByteLevel()
        return made


class SentencePiece:
    """Pieces of a text with its blanks, by SentencePiece's model."""

    file = "sentencepiece.model"

    def __init__(self, subwords: Subwords):
        import sentencepiece

        self.model = base64.b64decode(subwords.proto)
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=self.model)
        pieces = [self.processor.id_to_piece(i) for i in range(self.processor.vocab_size())]
        self.place = places_of(pieces, self.processor.unk_id(), subwords)
        self.back = np.full(len(subwords), self.processor.unk_id(), "int32")
        self.back[self.place] = np.arange(len(pieces))

    def ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of each text."""
        rows = []
        for part in _parts(texts):
            rows += [self.place[row] for row in self.processor.encode(part, out_type=int)]
        return rows

    def spans(self, text: str) -> tuple[list[int], Places]:
        """Return a text's ids and the place of each in it, in characters."""
        found = self.processor.encode_as_offset_mapping(text)
        return self.place[found["ids"]].tolist(), found["offsets"]

    def decode(self, ids: list[int]) -> str:
        """Return ids as text."""
        return self.processor.decode([int(i) for i in self.back[ids]])

    def content(self) -> bytes:
        """Return the model, whose ids are those of its own pieces."""
        return self.model


def places_of(pieces: Sequence[str], unknown: int, subwords: Subwords) -> np.ndarray:
    """Return the id in the vocabulary of each id in SentencePiece's model, int32.

    They differ in XLM-RoBERTa, whose special tokens stand in another order.
    """
    ids = {piece: i for i, piece in enumerate(subwords.vocabulary)}
    ids[pieces[unknown]] = subwords.special["unknown"]
    return np.array([ids.get(piece, subwords.special["unknown"]) for piece in pieces], "int32")


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), AT_A_TIME):
        yield list(texts[start : start + AT_A_TIME])


ENGINES: dict[str, type[Engine]] = {
    "wordpiece": WordPiece,
    "bpe": BytePair,
    "sentencepiece": SentencePiece,
}
"""What splits texts, by kind."""
