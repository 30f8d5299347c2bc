"""How an array's rows lie in ``tf.train.Example``."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from toolkit.data.spec import Ragged
from toolkit.lazy import tf

Form = Literal["int64_list", "float_list", "bytes", "file"]


@dataclass(frozen=True)
class Feature:
    """One input or target in a record.

    Attributes:
        form: ``int64_list`` for whole numbers, ``float_list`` for float32, ``bytes`` for the bytes
            of an array in C order (pixels, and what the lists would not keep exactly), ``file`` for
            a file's content.
        dtype: NumPy's name of the type of an element.
        shape: Of one row; None where it varies.
    """

    form: Form
    dtype: str
    shape: tuple[int | None, ...]

    @classmethod
    def of(cls, array: np.ndarray | Ragged) -> Feature:
        """Return how an array's rows are kept."""
        if isinstance(array, Ragged):
            kind = "int64_list" if array.values.dtype.kind in "iu" else "float_list"
            return cls(kind, str(array.values.dtype), (None,))  # type: ignore[arg-type]
        if array.dtype == object:
            return cls("file", "string", ())
        shape: tuple[int, ...] = array.shape[1:]
        if array.dtype.kind in "iu" and len(shape) < 2:
            return cls("int64_list", str(array.dtype), shape)
        if array.dtype == np.float32:
            return cls("float_list", "float32", shape)
        return cls("bytes", str(array.dtype), shape)

    @property
    def ragged(self) -> bool:
        """Whether rows differ in length."""
        return self.shape == (None,)

    @property
    def elements(self) -> int:
        """Elements of a row that is not ragged."""
        return math.prod(size or 0 for size in self.shape)

    def write(self, row: Any) -> Any:
        """Return a row as ``tf.train.Feature``."""
        if self.form in ("bytes", "file"):
            content = row if isinstance(row, bytes) else np.ascontiguousarray(row).tobytes()
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
        values = np.ravel(row).tolist()  # from NumPy's own numbers it takes twenty times as long
        if self.form == "int64_list":
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    @property
    def parsing(self) -> Any:
        """What ``tf.io.parse_example`` needs."""
        if self.form in ("bytes", "file"):
            return tf.io.FixedLenFeature((), "string")
        dtype = "int64" if self.form == "int64_list" else "float32"
        if self.ragged:
            return tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        return tf.io.FixedLenFeature(self.shape, dtype)

    def read(self, parsed: Any) -> Any:
        """Return a batch of rows from what ``tf.io.parse_example`` gave."""
        if self.form == "file":
            return parsed
        if self.form == "bytes":
            flat = tf.io.decode_raw(parsed, self.dtype)
            return tf.reshape(flat, (-1, *self.shape))
        return tf.cast(parsed, self.dtype)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Feature:
        """Return the feature that :meth:`to_json` described."""
        return cls(saved["form"], saved["dtype"], tuple(saved["shape"]))
