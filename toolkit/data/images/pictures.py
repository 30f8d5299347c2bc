"""Picture files: told from other files by their first bytes, and decoded inside the pipeline."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.errors import Refused
from toolkit.lazy import tf

Resize = Literal["stretch", "pad", "crop"]
Check = Literal["header", "full"]
Palette = tuple[tuple[int, ...], ...]
"""The colours of a label map's classes, in their order: red, green and blue from 0 to 255."""

ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif")
UNREAD = (
    *(".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".ico"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".dng", ".cr2", ".nef", ".arw"),
)
"""Endings of pictures that TensorFlow has no decoder for."""
ANIMATED = 2
"""The bit of a webp file's flags that says so; TensorFlow reads these in four channels only."""
STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")


def faults(paths: Iterable[str | os.PathLike[str]], check: Check = "header") -> dict[str, str]:
    """Return what is wrong with those files that are no pictures.

    Args:
        paths: The files.
        check: ``header`` looks at the first and last bytes, and decodes those that seem to be cut
            off; ``full`` decodes every picture once.

    Returns:
        A sentence for each such file, by path.
    """
    found = {}
    for path in paths:
        fault, whole = _header_fault(path)
        if fault is None and (check == "full" or not whole):
            fault = _body_fault(path)
        if fault is not None:
            found[os.fspath(path)] = f"{path}: {fault}"
    return found


def refuse(found: dict[str, str], advice: str, most: int = 10) -> None:
    """Raise for the faults found, naming the first of them.

    Raises:
        Refused: If there is any.
    """
    if found:
        listed = list(found.values())[:most]
        rest = len(found) - len(listed)
        more = [f"… and {rest} more files that are no pictures."] if rest else []
        raise Refused(*listed, *more, advice)


def _header_fault(path: str | os.PathLike[str]) -> tuple[str | None, bool]:
    """Return what is wrong with the first bytes, and whether the last ones end a picture."""
    try:
        with open(path, "rb") as file:
            start = file.read(1100)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64))
            end = file.read()
    except OSError as error:
        return f"cannot be read: {error.strerror}.", False
    if not start:
        return "an empty file, not a picture.", False
    if not start.startswith(STARTS) or (start[:4] == b"RIFF" and start[8:12] != b"WEBP"):
        return f"not a png, jpeg, webp, gif or bmp picture: it starts with {start[:16]!r}.", False
    if start.startswith(b"RIFF"):
        if start[12:16] == b"VP8X" and start[20] & ANIMATED:
            return "an animated webp picture; save it as gif or png.", False
        return None, size >= int.from_bytes(start[4:8], "little") + 8
    if start.startswith(b"BM"):
        if not _plain_bmp(start):
            return "a bmp picture with a palette or packed pixels; save it as png.", False
        return None, size >= int.from_bytes(start[2:6], "little")
    last = {b"\x89": b"IEND", b"\xff": b"\xff\xd9", b"G": b"\x3b"}[start[:1]]
    return None, last in end


def _plain_bmp(start: bytes) -> bool:
    """Return whether TensorFlow can read it: 24 or 32 bits a pixel, or 8 bits of grey."""
    if len(start) < 54 or int.from_bytes(start[30:34], "little") not in (0, 3):
        return False
    bits, palette = int.from_bytes(start[28:30], "little"), 14 + start[14]
    ramp = b"".join(bytes((i, i, i, 0)) for i in range(256))
    return bits in (24, 32) or (bits == 8 and start[palette : palette + 1024] == ramp)


def _body_fault(path: str | os.PathLike[str]) -> str | None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.load()
    except Exception as error:  # Pillow raises many kinds for damaged files
        return f"a damaged picture: {error}."
    return None


def size_of(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return a picture's height and width.

    Raises:
        Refused: If its header cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except Exception as error:
        raise Refused(f"{path}: a damaged picture: {error}.") from error


def as_array(paths: Iterable[str | os.PathLike[str]]) -> np.ndarray:
    """Return paths as a Split holds them: an array of bytes."""
    return np.array([os.fsencode(Path(path)) for path in paths], dtype=object)


def decoder(
    size: tuple[int, int],
    channels: int,
    resize: Resize = "stretch",
    palette: Palette | None = None,
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that puts pixels in place of a path, with TensorFlow operations.

    Args:
        size: Height and width of the result.
        channels: 1 for grey, 3 for colour; transparency is dropped.
        resize: What happens to pictures of another size: ``stretch`` them, ``pad`` the shorter
            side with zeros, or ``crop`` the longer one around the middle.
        palette: Of label maps, the colour of each class: see :func:`painted`.

    Returns:
        A function of one example, a dict whose ``image`` is a scalar string; in what it returns
        that is uint8 of shape ``(height, width, channels)``, and the rest is as it was.
    """
    pixels = decoder_of_bytes(size, channels, resize, palette)

    def decode(example: dict[str, Any]) -> dict[str, Any]:
        return {**example, "image": pixels(tf.io.read_file(example["image"]))}

    return decode


def decoder_of_bytes(
    size: tuple[int, int],
    channels: int,
    resize: Resize = "stretch",
    palette: Palette | None = None,
) -> Callable[[Any], Any]:
    """Return a function from a file's bytes, a scalar string, to pixels; see :func:`decoder`."""

    def decode(data: Any) -> Any:
        image = in_colour(data)
        if palette is not None:
            return resized(painted(image, palette), size, resize, nearest=True)
        return resized(grey(image) if channels == 1 else image, size, resize)

    return decode


def in_colour(data: Any) -> Any:
    """Return a file's bytes, a scalar string, as pixels ``(height, width, 3)``, uint8."""
    # A bmp refuses another number of channels; the others drop transparency by themselves.
    image = tf.cond(
        tf.strings.substr(data, 0, 2) == b"BM",
        lambda: _three_channels(tf.io.decode_bmp(data)),
        lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    image.set_shape((None, None, 3))
    return image


def grey(image: Any) -> Any:
    """Return an image in colour as one in grey, ``(height, width, 1)``."""
    return tf.image.rgb_to_grayscale(image)


def painted(image: Any, palette: Palette) -> Any:
    """Return a label map in its colours.

    Args:
        image: ``(height, width, 3)`` uint8, in colours already, which stay, or with the number of
            each pixel's class in all three channels.
        palette: The colour of each class.
    """
    colours = tf.constant(palette, "uint8")
    numbers = tf.cast(image[..., 0], "int32")
    plain = tf.reduce_all(image == image[..., :1]) & (tf.reduce_max(numbers) < len(palette))
    return tf.cond(plain, lambda: tf.gather(colours, numbers), lambda: image)


def _three_channels(image: Any) -> Any:
    image = tf.cond(tf.shape(image)[-1] < 3, lambda: tf.repeat(image, 3, -1), lambda: image)
    return image[..., :3]


def resized(image: Any, size: tuple[int, int], resize: Resize, *, nearest: bool = False) -> Any:
    """Return an image at a size, untouched where it has that already.

    Args:
        image: ``(height, width, channels)``, uint8.
        size: Height and width of the result.
        resize: See :func:`decoder`.
        nearest: Whether no pixels are blended, and each is the nearest one.
    """
    how = {"method": "nearest"} if nearest else {"antialias": True}

    def change() -> Any:
        if resize == "pad":
            changed = tf.cast(tf.image.resize_with_pad(image, *size, **how), "float32")
        else:
            whole = _middle(image, size) if resize == "crop" else image
            changed = tf.cast(tf.image.resize(whole, size, **how), "float32")
        return tf.saturate_cast(tf.round(changed), "uint8")

    same = tf.reduce_all(tf.shape(image)[:2] == tf.constant(size))
    return tf.ensure_shape(tf.cond(same, lambda: image, change), (*size, image.shape[-1]))


def _middle(image: Any, size: tuple[int, int]) -> Any:
    """Return the largest middle part that has the shape of ``size``."""
    shape = tf.shape(image)
    height, width = shape[0], shape[1]
    rows = tf.clip_by_value(width * size[0] // size[1], 1, height)
    columns = tf.clip_by_value(height * size[1] // size[0], 1, width)
    top, left = (height - rows) // 2, (width - columns) // 2
    return image[top : top + rows, left : left + columns]
