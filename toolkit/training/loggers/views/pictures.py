"""Pictures side by side with captions, and figures as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, LINE, GAP, ACROSS = 150, 20, 12, 3
COLOURS = {True: (0, 110, 40), False: (200, 30, 30), None: (40, 40, 40)}


@dataclass(frozen=True)
class Tile:
    """A picture with its caption.

    Attributes:
        pixels: Shape ``(height, width, channels)`` uint8.
        lines: The caption.
        right: Green where it is right, red where it is wrong, grey for None.
    """

    pixels: np.ndarray
    lines: tuple[str, ...]
    right: bool | None = None


def grid(tiles: Sequence[Tile]) -> np.ndarray:
    """Return pictures side by side, shape ``(height, width, 3)``; each has the same place."""
    across = min(ACROSS, len(tiles))
    down = -(-len(tiles) // across)
    height = SIDE + LINE * len(tiles[0].lines) + GAP
    sheet = Image.new("RGB", (across * (SIDE + GAP) + GAP, down * height + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for place, tile in enumerate(tiles):
        left, top = GAP + place % across * (SIDE + GAP), GAP + place // across * height
        picture = _fitted(tile.pixels)
        sheet.paste(picture, (left + (SIDE - picture.width) // 2, top + SIDE - picture.height))
        for number, line in enumerate(tile.lines):
            at = (left, top + SIDE + 2 + number * LINE)
            colour = COLOURS[tile.right if number == 1 else None]
            draw.text(at, _cut(line, font), fill=colour, font=font)
    return np.asarray(sheet)


def _fitted(pixels: np.ndarray) -> Image.Image:
    """Return a picture as large as its place; small ones keep their hard edges."""
    grey = pixels.shape[-1] == 1
    picture = Image.fromarray(pixels[..., 0] if grey else pixels[..., :3]).convert("RGB")
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    kind = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return picture.resize(size, kind)


def _cut(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while font.getlength(line) > SIDE:
        line = f"{line.rstrip('…')[:-1]}…"
    return line


def pixels_of(figure: Figure) -> np.ndarray:
    """Return a drawn Matplotlib figure, shape ``(height, width, 3)`` uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
