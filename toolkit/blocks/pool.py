"""Pooling: fewer positions, or one vector for all of them."""

from __future__ import annotations

from typing import Literal

from toolkit.blocks.masks import LOW, every, hide, lower, maximum, mean
from toolkit.blocks.state import Tensor
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.types import PositiveInt

Kind = Literal["auto", "flatten", "global_max", "global_average", "max", "average"]


def pool(
    x: Tensor,
    mask: Tensor | None = None,
    *,
    kind: Kind = "auto",
    size: PositiveInt = 2,
    strides: PositiveInt | None = None,
    padding: Literal["same", "valid"] = "valid",
) -> tuple[Tensor, Tensor | None]:
    """Pool neighbouring positions, or all of them into one vector.

    Args:
        x: Shape ``(batch, *positions, features)`` with up to three axes of positions.
        mask: Shape ``(batch, time)``, True at real positions; others count for nothing.
        kind: ``max`` and ``average`` of neighbours; ``global_max`` and ``global_average`` of all;
            ``flatten`` puts all positions side by side, which needs their number to be fixed;
            ``auto`` flattens where it is fixed and is ``global_max`` elsewhere, as for texts.
        size: Neighbours along each axis, for ``max`` and ``average``; an axis that is shorter is
            pooled whole.
        strides: Positions from one window to the next; null: ``size``.
        padding: ``valid`` leaves positions out that fill no whole window, ``same`` keeps them. Of
            texts none are left out.

    Returns:
        The features and their mask.

    Raises:
        Refused: If what is to be flattened varies in size.
    """
    sizes = x.shape[1:-1]
    fixed = mask is None and None not in sizes
    if kind == "auto":
        kind = "flatten" if fixed else "global_max"
    if kind in ("max", "average"):
        if not sizes:
            raise Refused(f"block 'pool': a vector has no neighbouring positions for kind '{kind}'")
        if mask is not None:
            return _pool_text(x, mask, kind, size, strides or size)
        return _pool(x, kind, size, strides or size, padding), None
    if not sizes:
        return x, None
    if kind == "flatten":
        if not fixed:
            raise Refused(
                "block 'pool': only what has a fixed size can be flattened, and this input varies; "
                "use kind auto, global_max or global_average"
            )
        return keras.layers.Flatten()(x), None
    if mask is not None:
        return (maximum if kind == "global_max" else mean)(x, mask), None
    name = "GlobalMaxPooling" if kind == "global_max" else "GlobalAveragePooling"
    return getattr(keras.layers, f"{name}{len(sizes)}D")()(x), None


def _pool(x: Tensor, kind: str, size: int, strides: int, padding: str) -> Tensor:
    """Pool an input without padding of its own."""
    lengths = x.shape[1:-1]
    if None in lengths:  # an axis may turn out shorter than the window
        padding = "same"
    windows = tuple(size if n is None else min(size, n) for n in lengths)
    if all(window == 1 for window in windows):
        return x
    steps = tuple(strides if n is None else min(strides, n) for n in lengths)
    name = "MaxPooling" if kind == "max" else "AveragePooling"
    layer = getattr(keras.layers, f"{name}{len(lengths)}D")
    if len(lengths) == 1:
        return layer(windows[0], steps[0], padding)(x)
    return layer(windows, steps, padding)(x)


def _pool_text(
    x: Tensor, mask: Tensor, kind: str, size: int, strides: int
) -> tuple[Tensor, Tensor]:
    """Pool windows that start at a multiple of ``strides``, however far the batch is padded."""
    beyond = [(0, 0), (0, size - 1), (0, 0)]
    after = every(mask, strides)
    if kind == "max":
        x = keras.ops.pad(lower(x, mask), beyond, constant_values=LOW)
        return hide(keras.layers.MaxPooling1D(size, strides)(x), after), after
    average = keras.layers.AveragePooling1D(size, strides)
    real = keras.ops.expand_dims(keras.ops.cast(mask, x.dtype), -1)
    share = average(keras.ops.pad(real, beyond))
    x = average(keras.ops.pad(hide(x, mask), beyond))
    return hide(x / keras.ops.maximum(share, 1 / (2 * size)), after), after
