"""Many images on one sheet, and images as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import ImageFont

GAP, LETTERS, MARGIN = 2, 13, 150
"""Pixels between images, the height of letters, and the widest that names of rows may be."""


def sheet(
    rows: Sequence[Sequence[np.ndarray]], names: Sequence[str] = (), least: int = 1
) -> np.ndarray:
    """Return rows of images of one size as one picture, shape ``(height, width, 3)`` uint8.

    Args:
        rows: Images, as :func:`colours` takes them; rows may differ in length.
        names: What stands before each row; empty for nothing.
        least: Pixels that the longer side of an image has at least: smaller ones are enlarged by a
            whole number, so that each of their pixels stays one square.
    """
    from PIL import Image, ImageDraw, ImageFont  # the command line need not wait for it

    drawn = [[colours(image) for image in row] for row in rows]
    height, width = drawn[0][0].shape[:2]
    scale = max(1, -(-least // max(height, width)))
    down, across = height * scale + GAP, width * scale + GAP
    font = ImageFont.load_default(LETTERS)
    names = [_cut(name, font) for name in names]
    left = max((round(font.getlength(name)) + 8 for name in names), default=0)
    size = (left + across * max(map(len, drawn)) + GAP, down * len(drawn) + GAP)
    picture = Image.new("RGB", size, "white")
    for y, row in enumerate(drawn):
        for x, pixels in enumerate(row):
            large = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
            place = (left + GAP + x * across, GAP + y * down)
            picture.paste(Image.fromarray(large), place)
    draw = ImageDraw.Draw(picture)
    for y, name in enumerate(names):
        place = (4, GAP + y * down + (down - LETTERS) // 2)
        draw.text(place, name, fill=(40, 40, 40), font=font)
    return np.asarray(picture)


def folded(images: Sequence[np.ndarray], across: int) -> list[list[np.ndarray]]:
    """Return images in rows of so many."""
    return [list(images[i : i + across]) for i in range(0, len(images), across)]


def colours(image: np.ndarray) -> np.ndarray:
    """Return an image in three colours, shape ``(height, width, 3)`` uint8.

    Args:
        image: Shape ``(height, width, channels)``, bytes or numbers from 0 to 1. Of two channels
            the first is shown, in grey; of more than three the first three.
    """
    pixels = as_bytes(image)
    return pixels[..., :3] if pixels.shape[-1] > 2 else pixels[..., :1].repeat(3, axis=-1)


def as_bytes(image: np.ndarray) -> np.ndarray:
    """Return bytes as they are, and numbers from 0 to 1 as bytes."""
    if image.dtype == np.uint8:
        return image
    return np.round(np.clip(image, 0.0, 1.0) * 255).astype("uint8")


def write_png(image: np.ndarray, path: Path) -> None:
    """Write an image as a PNG file: one channel as grey, four with the last as opacity.

    Args:
        image: Shape ``(height, width, channels)``, bytes or numbers from 0 to 1.
        path: The file.
    """
    from PIL import Image

    pixels = as_bytes(image)
    if pixels.shape[-1] not in (1, 3, 4):
        pixels = colours(image)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, "png")


def _cut(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while font.getlength(name) > MARGIN:
        name = f"{name.rstrip('…')[:-1]}…"
    return name
