"""Tokenization as TensorFlow operations, so that it can lie within a SavedModel."""

from __future__ import annotations

from typing import Any

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.texts.extending import BESIDE_MARKS, JOINER
from toolkit.data.texts.vocabulary import ABSENT, END_OF_LINE, PAD, UNKNOWN, Vocabulary
from toolkit.lazy import tf

BLANKS = (
    r"[\x{9}-\x{d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}"
    r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
)
"""What Python's ``str.split`` splits at; RE2's own class is ASCII's only."""
LETTER = r"\p{L}\p{N}_"
"""What Python's ``\\w`` matches, as within a class of RE2, but for letters (and, below, marks) that
Unicode got after the version that Python knows."""
EXTENDING = rf"\p{{M}}{BESIDE_MARKS}"
WORD = rf"[{LETTER}][{LETTER}{EXTENDING}]*"
END = "\t"
"""Marks the end of each word, as RE2 knows no boundaries of words that are not ASCII and no looking
ahead. All blanks have become spaces before, so that no text holds it."""
NO_CHARACTER = "\uffff"
"""A code point that Unicode keeps free of any character."""
SYMBOL = rf"[^{LETTER} {END}]"
PARTS = (
    rf"((?:{WORD})?)([nN]){END}(['’][tT]){END}"
    rf"|(<unk{END}>|<eos{END}>|['’](?:s|re|ve|ll|d|m|S|RE|VE|LL|D|M){END}"
    rf"|{WORD}{END}|{SYMBOL}(?:{JOINER}{SYMBOL}?|[{EXTENDING}])*)"
)
"""``toolkit.data.texts.tokenization.WORD`` on texts that are marked so: a word and its *n't*, or
else one token."""


class TextGraph:
    """Turns a tensor of texts into token ids just as a ``TextEncoder`` does.

    Args:
        encoder: The encoder of a run.
        start: Id in place of a text without tokens; None leaves it empty.

    Attributes:
        table: From words to ids.
        holds: Objects that a SavedModel must hold.
    """

    def __init__(self, encoder: TextEncoder, start: int | None = None):
        self.encoder, self.start = encoder, start
        words = Vocabulary(encoder.vocabulary)
        absent = ABSENT if words.unknown is None else words.unknown
        keys, values = tf.constant(list(words.words), "string"), tf.range(len(words), dtype="int32")
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        self.table = tf.lookup.StaticHashTable(initializer, absent)
        self.holds = (self.table,)
        self.drops = words.unknown is None
        self.padded = encoder.vocabulary[:1] == (PAD,)

    def __call__(self, texts: Any) -> Any:
        """Return the ids of texts.

        Args:
            texts: Strings in UTF-8, shape ``(batch,)``.

        Returns:
            A ragged tensor of int32, shape ``(batch, None)``.
        """
        tokens = self.tokens(texts)
        if self.encoder.max_length is not None:
            tokens = tokens[:, : self.encoder.max_length]
        if self.padded:
            tokens = instead_of_nothing(tokens, UNKNOWN)
        ids = tf.ragged.map_flat_values(self.table.lookup, tokens)
        if self.drops:
            ids = tf.ragged.boolean_mask(ids, tf.not_equal(ids, ABSENT))
        return ids if self.start is None else instead_of_nothing(ids, self.start)

    def tokens(self, texts: Any) -> Any:
        """Return the tokens of texts, a ragged tensor of strings."""
        encoder, replace = self.encoder, tf.strings.regex_replace
        texts = replace(texts, r"\r\n?", "\n")
        if encoder.lower:
            # TensorFlow's own ends at a zero character.
            texts = replace(texts, "\x00", NO_CHARACTER)
            texts = replace(tf.strings.lower(texts, encoding="utf-8"), NO_CHARACTER, "\x00")
        if encoder.unit == "character":
            texts = texts if encoder.end_of_line else replace(texts, "\n", " ")
            return tf.strings.unicode_split(texts, "UTF-8")
        texts = replace(texts, "\n", f" {END_OF_LINE} ") if encoder.end_of_line else texts
        texts = replace(texts, BLANKS, " ")
        if encoder.tokenizer == "words":
            texts = replace(texts, WORD, rf"\0{END}")
            texts = replace(texts, PARTS, r" \1 \2\3 \4 ")
            texts = replace(texts, END, "")
        return tf.strings.split(texts)


def instead_of_nothing(rows: Any, value: Any) -> Any:
    """Return ragged rows, those that are empty holding ``value`` alone."""
    empty = tf.cast(tf.equal(rows.row_lengths(), 0), "int64")
    values = tf.fill([tf.reduce_sum(empty)], tf.cast(value, rows.dtype))
    return tf.concat([rows, tf.RaggedTensor.from_row_lengths(values, empty)], axis=1)
