"""CamVid: photographs from a car, and what each of their pixels shows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from toolkit.data.images.camvid_files import Found, find_camvid
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.errors import Refused
from toolkit.types import PositiveInt

COLOURS = {
    "Sky": (128, 128, 128),
    "Building": (128, 0, 0),
    "Pole": (192, 192, 128),
    "Road": (128, 64, 128),
    "Pavement": (0, 0, 192),
    "Tree": (128, 128, 0),
    "SignSymbol": (192, 128, 128),
    "Fence": (64, 64, 128),
    "Car": (64, 0, 128),
    "Pedestrian": (64, 64, 0),
    "Bicyclist": (0, 128, 192),
    "Unlabelled": (0, 0, 0),
}
"""The classes in the order of their numbers in the files, in CamVid's own colours."""
WHOLE = (360, 480)
"""Height and width of SegNet's files."""


def camvid(
    *, root: str | None = None, size: tuple[PositiveInt, PositiveInt] | None = None
) -> Dataset:
    """Load CamVid in SegNet's version: 701 street scenes, to make the photograph of a label map.

    367 to train, 101 to validate, 233 to test, of 11 classes and what is not labelled. The label
    map is read as an image in CamVid's colours; its field names classes and colours, so that each
    pixel's class is known. All are held in memory, 6 bytes a pixel.

    Brostow, Fauqueur and Cipolla, "Semantic object classes in video", 2009; Badrinarayanan, Kendall
    and Cipolla 2015, arXiv:1511.00561. For research only (CC BY-NC).

    Args:
        root: Folder that holds ``train/``, ``trainannot/``, ``val/``, …, itself or in ``camvid/``,
            or an archive of them; None for the cache folder, where SegNet's is downloaded to.
        size: Height and width in pixels that all are brought to: photographs blended, label maps by
            the nearest pixel. None for the size of the files: 360 x 480.

    Returns:
        Input ``image``, the label map, and target ``picture``, the photograph, both uint8.

    Raises:
        Refused: If files are missing or damaged, of different sizes, or have no partner.
    """
    found = find_camvid(root)
    parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    notes = []
    for part in ("train", "val", "test"):
        parts[part] = _read(found, part, size)
        size = parts[part][0].shape[1:3]
    assert size is not None
    if any(side < whole for side, whole in zip(size, WHOLE, strict=True)):
        notes.append(
            f"camvid: {size[0]} x {size[1]} pixels of SegNet's {WHOLE[0]} x {WHOLE[1]}; figures do "
            "not compare with those at another size."
        )
    splits = {
        part: Split({"image": np.array(list(COLOURS.values()), "uint8")[maps], "picture": photos})
        for part, (maps, photos) in parts.items()
    }
    return Dataset(
        camvid_spec(size),
        splits["train"],
        splits["val"],
        splits["test"],
        ImageEncoder(size, 3, "stretch", tuple(COLOURS.values())),
        tuple(notes),
    )


def camvid_spec(size: tuple[int, int]) -> Spec:
    """Return the spec of label maps and photographs of a height and width."""
    shape = (*size, 3)
    maps = Field("image", shape, "uint8", classes=tuple(COLOURS), palette=tuple(COLOURS.values()))
    return Spec({"image": maps}, {"picture": Field("picture", shape, "uint8")})


def _read(found: Found, part: str, size: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the label maps of a part, ``(frames, height, width)``, and its photographs, in colour.

    Args:
        found: The files.
        part: ``train``, ``val`` or ``test``.
        size: What they are brought to; None for the size of the first.
    """
    maps, photos = [], []
    for stem, photo_bytes, map_bytes in found.pairs(part):
        photo = _opened(photo_bytes, f"{found.where}: {part}/{stem}").convert("RGB")
        labels = _opened(map_bytes, f"{found.where}: {part}annot/{stem}")
        if photo.size != labels.size:
            raise Refused(
                f"{found.where}: {part}/{stem} has {photo.height} x {photo.width} pixels, and its "
                f"label map {labels.height} x {labels.width}."
            )
        size = size or (photo.height, photo.width)
        photos.append(_fitted(photo, size, nearest=False))
        maps.append(_fitted(labels, size, nearest=True))
        if maps[-1].ndim > 2 or maps[-1].max() >= len(COLOURS):
            raise Refused(
                f"{found.where}: {part}annot/{stem}: no label map of SegNet's version; expected "
                f"one number a pixel, from 0 to {len(COLOURS) - 1}."
            )
    return np.stack(maps), np.stack(photos)


def _opened(data: bytes, name: str) -> Any:
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise Refused(f"{name}: a damaged picture: {error}.") from error
    return picture


def _fitted(picture: Any, size: tuple[int, int], *, nearest: bool) -> np.ndarray:
    """Return a picture's pixels at a height and width."""
    from PIL import Image

    if (picture.height, picture.width) != size:
        how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
        picture = picture.resize((size[1], size[0]), how)
    return np.asarray(picture)
