"""What a network that writes reads and writes, texts on either side, as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.data.subwords.engines import SentencePiece
from toolkit.data.texts.words import MARKS, Words
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.lazy import LazyModule, tf
from toolkit.training.export.piece_graphs import byte_letters
from toolkit.training.export.subword_graph import SubwordGraph, frame
from toolkit.training.export.text_graph import TextGraph

tf_text: Any = LazyModule("tensorflow_text")


class WordsGraph:
    """Turns a tensor of texts into framed ids just as ``Words`` does.

    Args:
        words: The tokenizer of a run.
        max_length: Most tokens of a row, marks included; None for no limit.

    Attributes:
        holds: Objects that a SavedModel must hold.
    """

    def __init__(self, words: Words, max_length: int | None):
        rules = TextEncoder(
            words.vocabulary, words.unit, words.kind, words.lower, end_of_line=False
        )
        self.special, self.max_length = words.special, max_length
        self.graph = TextGraph(rules)
        self.holds: tuple[Any, ...] = self.graph.holds

    def __call__(self, texts: Any) -> Any:
        """Return the ids of texts, shape ``(batch,)``, ragged, int32."""
        plain = tf.strings.regex_replace(texts, MARKS.pattern, r"\1")
        ids = tf.ragged.map_flat_values(self.graph.table.lookup, self.graph.tokens(plain))
        return frame([ids], self.special, most=self.max_length)


def graph_of_read(encoder: WritingEncoder) -> Any:
    """Return what turns a tensor of texts into ids as an encoder does; ``holds`` must be held."""
    if isinstance(encoder.source, Words):
        return WordsGraph(encoder.source, encoder.max_length)
    return SubwordGraph(SubwordEncoder(encoder.source, encoder.max_length))


class WrittenGraph:
    """Turns ids that were written into texts just as a tokenizer's ``decode`` does.

    Args:
        tokenizer: Of what is written.

    Attributes:
        holds: Objects that a SavedModel must hold.
    """

    def __init__(self, tokenizer: Subwords | Words):
        hidden = {i for name, i in tokenizer.special.items() if name != "unknown"}
        self.shown = tf.constant([i not in hidden for i in range(len(tokenizer.vocabulary))])
        kind = "words" if isinstance(tokenizer, Words) else tokenizer.kind
        self.text, self.holds = WAYS[kind](tokenizer)

    def __call__(self, ids: Any) -> Any:
        """Return the texts, shape ``(rows,)``, of ids, shape ``(rows, time)``, int32."""
        return self.text(ids, tf.gather(self.shown, ids))


Way = tuple[Callable[[Any, Any], Any], tuple[Any, ...]]
"""From ids and which of them are shown, both ``(rows, time)``, to texts; and what is to be held."""


def _wordpiece(tokenizer: Subwords) -> Way:
    inner = "##"
    first = tf.constant(tokenizer.vocabulary)
    later = tf.constant(
        [p[len(inner) :] if p.startswith(inner) else f" {p}" for p in tokenizer.vocabulary]
    )

    def text(ids: Any, shown: Any) -> Any:
        begins = tf.cumsum(tf.cast(shown, "int32"), axis=1) == 1
        return _joined(tf.where(begins, tf.gather(first, ids), tf.gather(later, ids)), shown)

    return text, ()


def _bytes(tokenizer: Subwords) -> Way:
    byte_of = {letter: byte for byte, letter in enumerate(byte_letters())}
    pieces = tf.constant(
        [
            bytes(byte_of[c] for c in p) if all(c in byte_of for c in p) else p.encode()
            for p in tokenizer.vocabulary
        ]
    )

    def text(ids: Any, shown: Any) -> Any:
        joined = _joined(tf.gather(pieces, ids), shown)
        return tf.strings.unicode_transcode(joined, "UTF-8", "UTF-8", errors="replace")

    return text, ()


def _sentencepiece(tokenizer: Subwords) -> Way:
    engine = tokenizer.engine
    assert isinstance(engine, SentencePiece)
    back = tf.constant(engine.back)
    pieces = tf_text.SentencepieceTokenizer(model=engine.model, out_type=tf.int32)

    def text(ids: Any, shown: Any) -> Any:
        return pieces.detokenize(tf.ragged.boolean_mask(tf.gather(back, ids), shown))

    return text, (pieces,)


def _words(words: Words) -> Way:
    vocabulary = tf.constant(words.vocabulary)
    if words.unit == "character":
        return lambda ids, shown: _joined(tf.gather(vocabulary, ids), shown), ()
    hows = np.array([words.joins.get(word, "none") for word in words.vocabulary])
    paired = tf.constant(hows == "pair")
    left = tf.constant(np.isin(hows, ("left", "both")))
    right = tf.constant(np.isin(hows, ("right", "both")))

    def text(ids: Any, shown: Any) -> Any:
        same = (ids[:, :, None] == ids[:, None, :]) & shown[:, None, :]
        so_far = tf.linalg.band_part(tf.cast(same, "int32"), -1, 0)
        opens = tf.reduce_sum(so_far, axis=2) % 2 == 1
        pair = tf.gather(paired, ids)
        to_left = tf.gather(left, ids) | (pair & ~opens)
        to_right = tf.gather(right, ids) | (pair & opens)
        # Words written are side by side: what is not shown stands behind the last one.
        after = tf.pad(to_right[:, :-1], [[0, 0], [1, 0]], constant_values=True)
        blank = tf.where(to_left | after, "", " ")
        return _joined(blank + tf.gather(vocabulary, ids), shown)

    return text, ()


def _joined(pieces: Any, shown: Any) -> Any:
    return tf.strings.reduce_join(tf.where(shown, pieces, ""), axis=1)


WAYS: dict[str, Callable[[Any], Way]] = {
    "wordpiece": _wordpiece,
    "bpe": _bytes,
    "sentencepiece": _sentencepiece,
    "words": _words,
}
"""What makes texts of ids, by kind of tokenizer."""
