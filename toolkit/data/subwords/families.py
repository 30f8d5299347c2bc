"""What the families of tokenizers call their special tokens, and where they put them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from toolkit.data.subwords.proto import folding_case, without_marks
from toolkit.data.subwords.subwords import Subwords
from toolkit.errors import Refused

Names = Mapping[str, tuple[str, ...]]
NAMES: Names = {
    "pad": ("[PAD]", "<pad>"),
    "unknown": ("[UNK]", "<unk>"),
    "start": ("[CLS]", "<s>", "<|endoftext|>"),
    "end": ("[SEP]", "</s>", "<|endoftext|>"),
    "mask": ("[MASK]", "<mask>"),
}
"""What each special token may be called, the likeliest first."""
FAIRSEQ = ("<s>", "<pad>", "</s>", "<unk>")
"""The first tokens of XLM-RoBERTa, whose SentencePiece model has three others."""
XLM = ("xlmroberta", "xlm-roberta")
DEBERTA = ("debertav2", "debertav3", "deberta-v2")


def special_ids(vocabulary: tuple[str, ...], names: Names = NAMES) -> dict[str, int]:
    """Return the ids of the special tokens that a vocabulary has."""
    ids = {piece: i for i, piece in reversed(list(enumerate(vocabulary)))}
    found = {}
    for name, tokens in names.items():
        there = [ids[token] for token in tokens if token in ids]
        if there:
            found[name] = there[0]
    return found


def pair_ends(vocabulary: tuple[str, ...], special: Mapping[str, int]) -> int:
    """Return how many ends stand between the texts of a pair.

    The families whose texts begin with ``<s>`` (RoBERTa, XLM-RoBERTa, BART, CamemBERT, MPNet) have
    two.
    """
    return 2 if "start" in special and vocabulary[special["start"]] == "<s>" else 1


def word_piece(
    vocabulary: tuple[str, ...],
    where: Path,
    *,
    names: Names = NAMES,
    lower: bool = False,
    strip_accents: bool = False,
) -> Subwords:
    """Return the tokenizer of a vocabulary of words and their pieces.

    Args:
        vocabulary: The pieces, in the order of their ids.
        where: The file, for messages.
        names: What its special tokens are called.
        lower: Whether capital letters become small.
        strip_accents: Whether accents are taken off.

    Raises:
        Refused: If it has no piece, or none for what is unknown.
    """
    special = special_ids(vocabulary, names)
    _check_unknown(vocabulary, special, names, where)
    return Subwords("wordpiece", vocabulary, special, lower, strip_accents=strip_accents)


def _check_filled(vocabulary: tuple[str, ...], where: Path) -> None:
    if not any(vocabulary):
        raise Refused(f"{where}: is empty; expected the tokens of a vocabulary.")


def _check_unknown(
    vocabulary: tuple[str, ...], special: Mapping[str, int], names: Names, where: Path
) -> None:
    """Refuse a vocabulary without a token for what is unknown, of those kinds that need it."""
    _check_filled(vocabulary, where)
    if "unknown" not in special:
        wanted = " or ".join(dict.fromkeys(names["unknown"]))
        raise Refused(f"{where}: has no token {wanted}, which stands for what is unknown.")


def byte_pair(
    vocabulary: tuple[str, ...],
    merges: list[tuple[str, str]],
    where: Path,
    *,
    names: Names = NAMES,
    lower: bool = False,
    prefix_space: bool = False,
) -> Subwords:
    """Return the tokenizer of a vocabulary of bytes and what they merge to.

    Args:
        vocabulary: The pieces, in the order of their ids.
        merges: Pairs of pieces that become one, the first to be merged first.
        where: The vocabulary's file, for messages.
        names: What its special tokens are called.
        lower: Whether capital letters become small.
        prefix_space: Whether a text begins as if a blank stood before it.

    Raises:
        Refused: If it has no piece, or lacks one that is merged.
    """
    _check_filled(vocabulary, where)
    known = set(vocabulary)
    for first, second in merges:
        if lacking := [piece for piece in (first, second, first + second) if piece not in known]:
            raise Refused(
                f"{where}: has no token '{lacking[0]}', which the merge of '{first}' and "
                f"'{second}' needs."
            )
    special = special_ids(vocabulary, names)
    return Subwords(
        "bpe",
        vocabulary,
        special,
        lower,
        prefix_space=prefix_space,
        merges=tuple(merges),
        pair_ends=pair_ends(vocabulary, special),
    )


def sentencepiece(
    model: bytes, family: str, where: Path, *, names: Names = NAMES, lower: bool = False
) -> Subwords:
    """Return the tokenizer of a SentencePiece model as a family uses it.

    Args:
        model: The file's content.
        family: Name of the tokenizer's class, or the model's type in Hugging Face's config.
        where: The file, for messages.
        names: What its special tokens are called.
        lower: Whether capital letters become small.

    Raises:
        Refused: If it is no such model, or has no piece for what is unknown.
    """
    marks = sorted({token for tokens in names.values() for token in tokens})
    model, pieces = without_marks(model, marks, str(where))
    model = folding_case(model) if lower else model
    if any(name in family.lower() for name in XLM):
        pieces = (*FAIRSEQ, *pieces[3:], "<mask>")
    elif any(name in family.lower() for name in DEBERTA) and "[MASK]" not in pieces:
        pieces = (*pieces, "[MASK]")
    special = special_ids(pieces, names)
    _check_unknown(pieces, special, names, where)
    encoded = base64.b64encode(model).decode("ascii")
    ends = pair_ends(pieces, special)
    return Subwords("sentencepiece", pieces, special, lower, proto=encoded, pair_ends=ends)
