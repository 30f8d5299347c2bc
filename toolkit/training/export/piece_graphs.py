"""Tokenizers of pieces of words as TensorFlow operations, so that they can lie in a SavedModel."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from toolkit.data.subwords import Subwords
from toolkit.data.subwords.engines import LONGEST_WORD, places_of
from toolkit.lazy import LazyModule, tf
from toolkit.training.export.text_graph import NO_CHARACTER

tf_text: Any = LazyModule("tensorflow_text")
BLANK = r"\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
"""Unicode's blanks, for a class of characters; RE2's own class is ASCII's only."""
CONTROL = r"[\x{0}-\x{8}\x{b}\x{c}\x{e}-\x{1f}\x{7f}-\x{9f}\p{Cf}\p{Co}\x{fffd}]"
"""What BERT takes out of texts."""
IDEOGRAPH = (
    r"[\x{4e00}-\x{9fff}\x{3400}-\x{4dbf}\x{20000}-\x{2a6df}\x{2a700}-\x{2b73f}\x{2b740}-\x{2b81f}"
    r"\x{2b920}-\x{2ceaf}\x{f900}-\x{faff}\x{2f800}-\x{2fa1f}]"
)
"""What BERT takes for words of one character."""
MARK = r"[!-/:-@\[-`{-~\p{P}]"
"""What BERT takes for punctuation."""
PIECE = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+"
    rf"| ?[^{BLANK}\p{{L}}\p{{N}}{NO_CHARACTER}]+|[{BLANK}]+"
)
"""What GPT-2 splits texts into before bytes are merged, but for the last blank before a word."""
FREE = -1
"""Stands where a word of bytes has no piece any more."""


def lowered(texts: Any) -> Any:
    """Return texts in small letters, each by itself: a sigma is the same at the end of a word."""
    texts = tf.strings.regex_replace(texts, "Σ", "σ")
    texts = tf.strings.regex_replace(texts, r"\x{0}", NO_CHARACTER)  # `lower` would end there
    return tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), NO_CHARACTER, "\x00")


class WordPieceGraph:
    """Turns a tensor of texts into ids as the engine ``WordPiece`` does.

    Args:
        tokenizer: Of kind ``wordpiece``.
    """

    def __init__(self, tokenizer: Subwords):
        self.tokenizer = tokenizer
        self.pieces = tf_text.FastWordpieceTokenizer(
            vocab=list(tokenizer.vocabulary),
            token_out_type=tf.int32,
            unknown_token=tokenizer.vocabulary[tokenizer.special["unknown"]],
            no_pretokenization=True,
            max_bytes_per_word=4 * LONGEST_WORD,
        )
        self.holds = (self.pieces,)

    def __call__(self, texts: Any) -> Any:
        """Return the ids of texts, shape ``(batch,)``, ragged, int32."""
        replace = tf.strings.regex_replace
        texts = replace(replace(texts, CONTROL, ""), f"[{BLANK}]", " ")
        texts = replace(texts, IDEOGRAPH, r" \0 ")
        if self.tokenizer.strip_accents:
            texts = replace(tf_text.normalize_utf8(texts, "NFD"), r"\p{Mn}", "")
        if self.tokenizer.lower:
            texts = lowered(texts)
        words = tf.strings.split(replace(texts, MARK, r" \0 "))
        return self.pieces.tokenize(tf.ragged.map_flat_values(_known, words)).merge_dims(-2, -1)


def _known(words: Any) -> Any:
    """Return words, those that are too long as one that nobody knows."""
    return tf.where(tf.strings.length(words, "UTF8_CHAR") > LONGEST_WORD, NO_CHARACTER, words)


class BytePairGraph:
    """Turns a tensor of texts into ids as the engine ``BytePair`` does.

    Args:
        tokenizer: Of kind ``bpe``.
    """

    def __init__(self, tokenizer: Subwords):
        self.tokenizer, self.size = tokenizer, len(tokenizer)
        ids = {piece: i for i, piece in enumerate(tokenizer.vocabulary)}
        pairs: dict[int, tuple[int, int]] = {}
        for rank, (first, second) in enumerate(tokenizer.merges):
            pairs.setdefault(ids[first] * self.size + ids[second], (rank, ids[first + second]))
        self.bytes = tf.constant([ids.get(letter, FREE) for letter in byte_letters()], "int32")
        ranks = sorted(pairs.values())
        self.merged = tf.constant([made for _, made in ranks] or [0], "int32")
        order = {rank: i for i, (rank, _) in enumerate(ranks)}
        self.never = len(ranks)
        self.ranks = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(pairs) or [FREE], "int64"),
                tf.constant([order[rank] for rank, _ in pairs.values()] or [self.never], "int64"),
            ),
            self.never,
        )
        self.holds = (self.ranks,)

    def __call__(self, texts: Any) -> Any:
        """Return the ids of texts, shape ``(batch,)``, ragged, int32."""
        words = self.words(texts)
        different, place = tf.unique(words.flat_values, out_idx=tf.int64)
        letters = tf.strings.bytes_split(different)
        values = tf.reshape(tf.io.decode_raw(letters.flat_values, tf.uint8), [-1])
        start = letters.with_flat_values(tf.gather(self.bytes, tf.cast(values, "int32")))
        pieces = tf.RaggedTensor.from_tensor(self.merge(start.to_tensor(FREE)), padding=FREE)
        return words.with_flat_values(tf.gather(pieces, place)).merge_dims(1, 2)

    def words(self, texts: Any) -> Any:
        """Return what texts are split into before bytes are merged, ragged strings."""
        replace = tf.strings.regex_replace
        if self.tokenizer.lower:
            texts = lowered(texts)
        if self.tokenizer.prefix_space:
            texts = replace(texts, f"^([^{BLANK}])", r" \1")
        # RE2 cannot look ahead: the last of several blanks, which belongs to the word after it, is
        # cut off beforehand.
        texts = replace(texts, f"([{BLANK}])([{BLANK}])([^{BLANK}])", rf"\1{NO_CHARACTER}\2\3")
        texts = replace(texts, PIECE, rf"\0{NO_CHARACTER}")
        words = tf.strings.split(texts, NO_CHARACTER)
        return tf.ragged.boolean_mask(words, tf.not_equal(words, ""))

    def merge(self, pieces: Any) -> Any:
        """Merge the best pair of each row, shape ``(words, bytes)``, until there is none."""

        def best(pieces: Any) -> Any:
            left = tf.cast(pieces[:, :-1], "int64")
            right = tf.cast(pieces[:, 1:], "int64")
            ranks = self.ranks.lookup(left * self.size + right)
            ranks = tf.where((left < 0) | (right < 0), tf.cast(self.never, "int64"), ranks)
            return tf.pad(ranks, [[0, 0], [0, 1]], constant_values=self.never)

        def step(pieces: Any, ranks: Any) -> Any:
            rank, at = tf.reduce_min(ranks, 1), tf.argmin(ranks, 1)
            made = tf.gather(self.merged, tf.minimum(rank, max(self.never - 1, 0)))
            column = tf.range(tf.shape(pieces, out_type=tf.int64)[1])[None]
            after = tf.pad(pieces[:, 1:], [[0, 0], [0, 1]], constant_values=FREE)
            new = tf.where(column < at[:, None], pieces, after)
            new = tf.where(column == at[:, None], made[:, None], new)
            new = tf.where(rank[:, None] < self.never, new, pieces)
            return new, best(new)

        anything = tf.shape(pieces)[1] > 0
        pieces = tf.cond(anything, lambda: pieces, lambda: tf.fill([tf.shape(pieces)[0], 1], FREE))
        merged, _ = tf.while_loop(
            lambda _, ranks: tf.reduce_any(ranks < self.never),
            step,
            (pieces, best(pieces)),
            shape_invariants=(tf.TensorShape([None, None]), tf.TensorShape([None, None])),
        )
        return merged


class SentencePieceGraph:
    """Turns a tensor of texts into ids as the engine ``SentencePiece`` does.

    Args:
        tokenizer: Of kind ``sentencepiece``.
    """

    def __init__(self, tokenizer: Subwords):
        import sentencepiece

        model = base64.b64decode(tokenizer.proto)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        names = [processor.id_to_piece(i) for i in range(processor.vocab_size())]
        self.place = tf.constant(places_of(names, processor.unk_id(), tokenizer))
        self.pieces = tf_text.SentencepieceTokenizer(model=model, out_type=tf.int32)
        self.holds = (self.pieces,)

    def __call__(self, texts: Any) -> Any:
        """Return the ids of texts, shape ``(batch,)``, ragged, int32."""
        found = self.pieces.tokenize(texts)
        return tf.ragged.map_flat_values(lambda ids: tf.gather(self.place, ids), found)


def byte_letters() -> list[str]:
    """Return the letter that stands for each byte in GPT-2's pieces."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = {byte: 256 + i for i, byte in enumerate(np.setdiff1d(np.arange(256), plain).tolist())}
    return [chr(others.get(byte, byte)) for byte in range(256)]


GRAPHS: dict[str, Any] = {
    "wordpiece": WordPieceGraph,
    "bpe": BytePairGraph,
    "sentencepiece": SentencePieceGraph,
}
"""What splits texts, by kind of tokenizer."""
