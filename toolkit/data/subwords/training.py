"""Tokenizers made from raw text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from toolkit.data.subwords.kept import keep, kept, place_of
from toolkit.data.subwords.proto import with_special
from toolkit.data.subwords.subwords import Kind, Subwords
from toolkit.errors import Refused
from toolkit.lazy import keras_hub, tf

WORDPIECE = {"pad": "[PAD]", "unknown": "[UNK]", "start": "[CLS]", "end": "[SEP]", "mask": "[MASK]"}
"""As in BERT, in the order of their ids."""
BYTE_PAIR = {"start": "<s>", "pad": "<pad>", "end": "</s>", "unknown": "<unk>", "mask": "<mask>"}
"""As in RoBERTa: the first four in front, the mask behind all pieces."""
SENTENCEPIECE = {
    "pad": "<pad>",
    "unknown": "<unk>",
    "start": "[CLS]",
    "end": "[SEP]",
    "mask": "[MASK]",
}
"""As in ALBERT, in the order of their ids."""
FULL = 0.95
"""Share of the size asked for from which on it counts as reached: WordPiece's trainer seeks no
closer."""
PART = 1 << 16
"""Characters that WordPiece's trainer takes at a time."""
SMALL, SEEN = 2_000_000, 5
"""Texts of fewer characters than the first are shown to WordPiece's trainer as often as the second:
it takes pieces that it sees ten times or more, and so those that occur twice."""
LINE = 1000
"""Characters of a line that SentencePiece is trained on; it passes over lines above 4,192 bytes."""


def train_subwords(
    kind: Kind, texts: Iterable[str], size: int, *, lower: bool = False
) -> tuple[Subwords, tuple[str, ...]]:
    """Make a tokenizer from raw text, or take the one made before; see ``Subwords.train``."""
    parts = [text for text in texts if text.strip()]
    if not parts:
        raise Refused(
            f"data.tokenizer: no text to make a {kind} tokenizer from; every training text is "
            "empty."
        )
    place = place_of(kind, parts, size, lower)
    made = kept(place)
    if made is None:
        makers = {"wordpiece": _wordpiece, "bpe": _byte_pair, "sentencepiece": _sentencepiece}
        made = makers[kind](parts, size, lower)
        keep(place, made)
    if len(made) >= FULL * size:
        return made, ()
    note = (
        f"The training text has given {len(made):,} pieces ({kind}) where "
        f"data.vocabulary_size={size} allows more."
    )
    return made, (note,)


def _wordpiece(texts: list[str], size: int, lower: bool) -> Subwords:
    texts = [text.lower() for text in texts] if lower else texts
    times = SEEN if sum(map(len, texts)) < SMALL else 1
    parts = list(_parts(_joined(texts), PART))
    data = tf.data.Dataset.from_tensor_slices(parts).repeat(times)
    least = len(WORDPIECE) + min(len({c for text in texts for c in text if not c.isspace()}), 1000)
    if size < least:  # the trainer would leave characters out without a word
        raise _too_small("wordpiece", size, least)
    pieces = keras_hub.tokenizers.compute_word_piece_vocabulary(
        data, size, strip_accents=lower, reserved_tokens=list(WORDPIECE.values())
    )
    special = {name: i for i, name in enumerate(WORDPIECE)}
    return Subwords("wordpiece", tuple(pieces), special, lower, strip_accents=lower)


def _byte_pair(texts: list[str], size: int, lower: bool) -> Subwords:
    import tokenizers as hf

    bytes_ = sorted(hf.pre_tokenizers.ByteLevel.alphabet())
    if size < len(bytes_) + len(BYTE_PAIR):
        raise _too_small("bpe", size, len(bytes_) + len(BYTE_PAIR))
    made = hf.Tokenizer(hf.models.BPE())
    if lower:
        made.normalizer = hf.normalizers.Lowercase()
    made.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = hf.trainers.BpeTrainer(
        vocab_size=size - len(BYTE_PAIR), initial_alphabet=bytes_, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    first = [token for name, token in BYTE_PAIR.items() if name != "mask"]
    ids = made.get_vocab()
    pieces = sorted(ids, key=ids.__getitem__)
    vocabulary = (*first, *pieces, BYTE_PAIR["mask"])
    special = {name: vocabulary.index(token) for name, token in BYTE_PAIR.items()}
    return Subwords("bpe", vocabulary, special, lower, merges=_merges(made), pair_ends=2)


def _merges(tokenizer: Any) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"])


def _sentencepiece(texts: list[str], size: int, lower: bool) -> Subwords:
    import sentencepiece

    sentencepiece.set_min_log_level(2)  # its progress would fill the terminal
    lines = list(_parts([line for text in texts for line in text.split("\n")], LINE))
    wanted = size - 1  # the mask is put in afterwards
    for _ in range(2):
        data = tf.data.Dataset.from_tensor_slices(lines)
        try:
            proto = keras_hub.tokenizers.compute_sentence_piece_proto(data, wanted, lowercase=lower)
            break
        except RuntimeError as error:
            high = re.search(r"set it to a value <= (\d+)", str(error))
            low = re.search(r"smaller than required_chars\D+\d+ vs (\d+)", str(error))
            if low:
                raise _too_small("sentencepiece", size, int(low[1]) + 1) from None
            if not high:
                raise Refused(
                    f"data.tokenizer: SentencePiece cannot learn from the training text ({error})."
                ) from None
            wanted = int(high[1])
    else:
        raise Refused("data.tokenizer: the training text is too short for SentencePiece.")
    special = {name: i for i, name in enumerate(SENTENCEPIECE)}
    proto, pieces = with_special(proto, tuple(SENTENCEPIECE.values()))
    encoded = base64.b64encode(proto).decode("ascii")
    return Subwords("sentencepiece", pieces, special, lower, proto=encoded)


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts, short ones several at a time, a line each."""
    held: list[str] = []
    for text in texts:
        held.append(text)
        if sum(map(len, held)) >= PART // 2 or len(held) > PART // 64:
            yield "\n".join(held)
            held = []
    yield "\n".join(held)


def _parts(texts: Iterable[str], most: int) -> Iterator[str]:
    """Yield texts, long ones in parts that end at a blank where there is one."""
    for text in texts:
        start = 0
        while start < len(text):
            stop = start + most
            if stop < len(text):
                stop = max(text.rfind(blank, start, stop) + 1 for blank in " \n") or stop
                stop = stop if stop > start else start + most
            yield text[start:stop]
            start = stop


def _too_small(kind: str, size: int, least: int) -> Refused:
    return Refused(
        f"data.vocabulary_size: {size} is too small for a {kind} tokenizer of this text; expected "
        f"at least {least}, which its special tokens and single characters take."
    )
