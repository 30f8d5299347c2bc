"""Tokenizers that split words into pieces: WordPiece, byte-level BPE and SentencePiece."""

from toolkit.data.subwords.encoder import SubwordEncoder
from toolkit.data.subwords.subwords import Kind, Subwords

__all__ = ["Kind", "SubwordEncoder", "Subwords"]
