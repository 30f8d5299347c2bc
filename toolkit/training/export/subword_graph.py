"""Texts and pairs of texts to rows of ids of pieces, as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.data.subwords import SubwordEncoder
from toolkit.data.subwords.streaming import LINE, line_marks
from toolkit.lazy import tf
from toolkit.training.export.piece_graphs import GRAPHS
from toolkit.training.export.text_graph import instead_of_nothing


class SubwordGraph:
    """Turns a tensor of texts into token ids just as a ``SubwordEncoder`` does.

    Args:
        encoder: The encoder of a run.

    Attributes:
        holds: Objects that a SavedModel must hold.
    """

    def __init__(self, encoder: SubwordEncoder):
        self.encoder, self.special = encoder, encoder.special
        self.pieces = GRAPHS[encoder.tokenizer.kind](encoder.tokenizer)
        self.holds: tuple[Any, ...] = self.pieces.holds
        self.lines = bool(line_marks(encoder.tokenizer, encoder.end_of_line))

    def __call__(self, texts: Any, seconds: Any = None) -> Any:
        """Return the ids of texts.

        Args:
            texts: Strings in UTF-8, shape ``(batch,)``.
            seconds: The other text of each pair, likewise; None for none.

        Returns:
            A ragged tensor of int32, shape ``(batch, None)``.
        """
        most = self.encoder.max_length
        if not self.encoder.framed:
            ids = self.plain(tf.strings.regex_replace(texts, r"\r\n?", LINE))
            ids = ids if most is None else ids[:, :most]
            begin = self.encoder.begin
            return ids if begin is None else instead_of_nothing(ids, begin)
        rows = [self.pieces(texts)] + ([] if seconds is None else [self.pieces(seconds)])
        return frame(rows, self.special, self.encoder.tokenizer.pair_ends, most)

    def plain(self, texts: Any) -> Any:
        """Return the ids of texts without special tokens but the ends of lines."""
        if not self.lines:
            return self.pieces(texts)
        lines = tf.strings.split(texts, LINE)
        ends = _constant([self.special["end"]], lines.flat_values.shape[0] or tf.size(lines))
        rows = tf.concat([self.pieces(lines.flat_values), ends], axis=1)
        whole = lines.with_flat_values(rows).merge_dims(1, 2)
        return cut([whole], whole.row_lengths() - 1)[0]


def frame(
    rows: list[Any], special: Mapping[str, int], pair_ends: int = 1, most: int | None = None
) -> Any:
    """Return ``[start] first [end]`` or ``[start] first [end] second [end]``.

    Args:
        rows: Ragged ids of texts, and of the other text of each pair.
        special: Ids of ``start`` and ``end``, as far as there are such.
        pair_ends: How many ``end`` stand between the texts of a pair.
        most: Most ids of a row, special ones among them; None for no limit.
    """
    start = [special["start"]] if "start" in special else []
    end = [special["end"]] if "end" in special else []
    between = end * pair_ends
    if most is not None:
        marks = len(start) + len(end) + (len(rows) - 1) * len(between)
        rows = cut(rows, most - marks)
    parts = [start, rows[0], *([] if len(rows) == 1 else [between, rows[1]]), end]
    count = rows[0].nrows()
    return tf.concat(
        [_constant(part, count) if isinstance(part, list) else part for part in parts], axis=1
    )


def cut(rows: list[Any], room: Any) -> list[Any]:
    """Cut rows so that ``room`` ids are left, the longer one of a pair first."""
    first = rows[0].row_lengths()
    if len(rows) == 1:
        return [_first(rows[0], tf.minimum(first, room))]
    second = rows[1].row_lengths()
    half = room // 2
    kept = tf.minimum(first, tf.maximum(room - second, room - half))
    other = tf.minimum(second, tf.maximum(room - first, half))
    return [_first(rows[0], kept), _first(rows[1], other)]


def _first(rows: Any, lengths: Any) -> Any:
    """Return the first ``lengths`` ids of each row."""
    places = tf.ragged.range(rows.row_lengths())
    wanted = tf.gather(lengths, rows.value_rowids())
    return tf.ragged.boolean_mask(rows, rows.with_values(places.values < wanted))


def _constant(ids: list[int], rows: Any) -> Any:
    values = tf.tile(tf.constant([ids], "int32", shape=(1, len(ids))), [rows, 1])
    return tf.RaggedTensor.from_tensor(values)
