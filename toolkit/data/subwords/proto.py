"""SentencePiece's model file: its pieces, and special tokens put into it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from toolkit.errors import Refused

USUAL, UNKNOWN, CONTROL = 1, 2, 3
"""Types of pieces in the file's own numbers."""


def parse(model: bytes, where: str = "SentencePiece's model") -> Any:
    """Return the message that a model file holds.

    Raises:
        Refused: If it is none.
    """
    message = _empty()
    try:
        message.ParseFromString(model)
    except Exception:  # protobuf has a DecodeError, and others in its other versions
        message.Clear()
    if not message.pieces:
        raise Refused(f"{where}: is no SentencePiece model.")
    return message


def _empty() -> Any:
    return importlib.import_module("sentencepiece.sentencepiece_model_pb2").ModelProto()


def with_special(model: bytes, tokens: Sequence[str]) -> tuple[bytes, tuple[str, ...]]:
    """Give the first pieces of a model other names, and put in those for which it has none.

    Args:
        model: A model whose first four pieces are padding, unknown, beginning and end.
        tokens: Names of the first pieces, the second for what is unknown. What is beyond the fourth
            is put in behind them.

    Returns:
        The new model and all its pieces.
    """
    message = parse(model)
    pieces = list(message.pieces)
    head, rest = pieces[:4], [piece for piece in pieces[4:] if piece.piece not in tokens]
    del message.pieces[:]
    for i, token in enumerate(tokens):
        kind = head[i].type if i < len(head) else CONTROL
        message.pieces.add(piece=token, score=0.0, type=kind)
    message.pieces.extend(rest)
    message.trainer_spec.vocab_size = len(message.pieces)
    message.trainer_spec.bos_piece, message.trainer_spec.eos_piece = tokens[2], tokens[3]
    return message.SerializeToString(), tuple(piece.piece for piece in message.pieces)


def in_order_of_fairseq(model: bytes, special: Sequence[str]) -> tuple[bytes, tuple[str, ...]]:
    """Give a model the beginning that XLM-RoBERTa's has: unknown, start and end of a text.

    Args:
        model: A model.
        special: Pieces that these take the place of.

    Returns:
        The new model, and its pieces behind the first three.
    """
    message = parse(model)
    rest = [piece for piece in message.pieces if piece.piece not in special]
    del message.pieces[:]
    for token, kind in (("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)):
        message.pieces.add(piece=token, score=0.0, type=kind)
    message.pieces.extend(rest)
    message.trainer_spec.vocab_size = len(message.pieces)
    message.trainer_spec.bos_piece, message.trainer_spec.eos_piece = "<s>", "</s>"
    return message.SerializeToString(), tuple(piece.piece for piece in rest)


def without_marks(model: bytes, tokens: Sequence[str], where: str) -> tuple[bytes, tuple[str, ...]]:
    """Make special tokens such as cannot come out of raw text.

    Returns:
        The model and all its pieces.
    """
    message = parse(model, where)
    for piece in message.pieces:
        if piece.piece in tokens and piece.type != UNKNOWN:
            piece.type = CONTROL
    return message.SerializeToString(), tuple(piece.piece for piece in message.pieces)


def folding_case(model: bytes) -> bytes:
    """Return a model that reads capital letters as small ones (Unicode's case folding)."""
    from sentencepiece import SentencePieceNormalizer

    message = parse(model)
    if not message.normalizer_spec.name.endswith("_cf"):
        folding = _empty()
        folding.ParseFromString(
            SentencePieceNormalizer(rule_name="nmt_nfkc_cf").serialized_model_proto()
        )
        spec = folding.normalizer_spec
        message.normalizer_spec.name = "nmt_nfkc_cf"
        message.normalizer_spec.precompiled_charsmap = spec.precompiled_charsmap
    return message.SerializeToString()
