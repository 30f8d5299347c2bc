"""How inputs of each kind are shown: as texts, or as pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from toolkit.data.spec import Field
from toolkit.data.texts.vocabulary import PAD

SIDE = 112
"""Width and height of a drawn series, in pixels."""
COLUMNS = 8
"""Most columns of a table's row that are shown."""
LINES = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40))


def tokens(x: np.ndarray, field: Field, encoder: Any) -> list[str]:
    """Return texts."""
    words = field.vocabulary or ()

    def text(ids: np.ndarray) -> str:
        if encoder is not None:
            return encoder.decode(ids)
        return " ".join(words[i] for i in ids if words[i] != PAD)

    return [text(ids) for ids in x]


def table(x: np.ndarray, field: Field, encoder: Any) -> list[str]:
    """Return rows as ``name=value``, their first columns."""
    names = field.names or [str(i + 1) for i in range(x.shape[1])]
    more = " …" if x.shape[1] > COLUMNS else ""
    return [
        " ".join(f"{n}={v:.3g}" for n, v in zip(names[:COLUMNS], row, strict=False)) + more
        for row in x
    ]


def image(x: np.ndarray, field: Field, encoder: Any) -> list[np.ndarray]:
    """Return pixels; other numbers than bytes from their least to their greatest."""
    if x.dtype == np.uint8:
        return list(x)
    return [_bytes(picture) for picture in x]


def series(x: np.ndarray, field: Field, encoder: Any) -> list[np.ndarray]:
    """Return windows as lines over time, the first few variables."""
    return [_lines(window[:, : len(LINES)]) for window in x]


INPUTS: dict[str, Callable[[np.ndarray, Field, Any], list[Any]]] = {
    "tokens": tokens,
    "table": table,
    "image": image,
    "series": series,
}
"""A function for each kind of input."""


def _bytes(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255 / max(high - low, 1e-12))).astype("uint8")


def _lines(window: np.ndarray) -> np.ndarray:
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    draw, last = ImageDraw.Draw(picture), max(len(window) - 1, 1)
    for values, colour in zip(window.T, LINES, strict=False):
        heights = SIDE - 1 - _bytes(values).astype(int) * (SIDE - 1) // 255
        across = np.arange(len(values)) * (SIDE - 1) / last
        draw.line(list(zip(across.tolist(), heights.tolist(), strict=True)), fill=colour)
    return np.asarray(picture)
