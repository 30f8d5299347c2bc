"""Pictures of two sorts, one to be turned into the other, with no pairs among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from toolkit.data.images import pictures
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.paired_images import Direction, decoder, picture_spec
from toolkit.data.images.picture_files import Broken, carve_parts, found_in, size_as_in, sound
from toolkit.data.images.two_folders import SIDES, Folders, two_folders
from toolkit.data.spec import Dataset, Split
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt


def unpaired_images(
    *,
    root: str | None = None,
    a: str | None = None,
    b: str | None = None,
    direction: Direction = "a_to_b",
    size: tuple[PositiveInt, PositiveInt] | None = None,
    channels: Literal[1, 3] = 3,
    target_channels: Literal[1, 3] | None = None,
    resize: pictures.Resize = "stretch",
    validation_fraction: Fraction = 0.1,
    test_fraction: Fraction = 0.0,
    check: pictures.Check = "header",
    broken: Broken = "refuse",
    seed: int = 0,
) -> Dataset:
    """Load your own pictures of two sorts, horses and zebras, to turn one sort into the other.

    Nothing says which picture of one sort belongs to which of the other (Zhu et al. 2017,
    arXiv:1703.10593). An epoch has as many examples as the larger folder has pictures, each of them
    once; those of the smaller one come up several times, and in each epoch beside others. Folders
    are searched through. Files are decoded while training, so that they need not fit into memory.

    Args:
        root: Folder that holds ``trainA/`` and ``trainB/`` and, where there are any, ``valA/``,
            ``testA/``, …, as CycleGAN's own sets do; or that ``a`` and ``b`` are in.
        a: Folder of the pictures A: as it is or below ``root``, with pictures or with ``train/``,
            ``valid/`` and ``test/`` in it. None for ``root``'s ``trainA/``.
        b: Folder of the pictures B, likewise.
        direction: Whether A is read and B to be made, or the other way round.
        size: Height and width in pixels that all are brought to; None for those of the first A.
        channels: Of what is read: 1 for grey, 3 for colour.
        target_channels: Of what is to be made, likewise; None for the same.
        resize: What happens to pictures of another size: ``stretch`` them, ``pad`` the shorter
            side with zeros, or ``crop`` the longer one around the middle.
        validation_fraction: Share of the training pictures of each sort that is held back to choose
            the best epoch, where there are no folders for that.
        test_fraction: Share that is held back to test, where there are no folders for that.
        check: ``header`` looks at the first and last bytes of each file; ``full`` decodes each
            once, which finds every damage.
        broken: What is done about files that are no pictures: ``refuse`` or ``skip`` (and say so).
        seed: Chooses what is held back.

    Returns:
        Input ``image`` and target ``picture``, whose field says ``unpaired``.

    Raises:
        Refused: If a folder is missing, empty or named twice, or holds a file that is no picture.
    """
    folders = folders_of(root, {"a": a, "b": b})
    notes: list[str] = []
    found: dict[str, dict[str, Split]] = {side: {} for side in SIDES}
    for part, sides in folders.items():
        for side, folder in sides.items():
            paths = found_in(folder, f"data.{side} ({part})")
            kept, told = sound(paths, folder, check, broken)
            notes += told
            if size is None:
                size, note = size_as_in(paths[kept[0]])
                notes.append(note)
            found[side][part] = Split({"image": pictures.as_array(paths[i] for i in kept)})
    for side, splits in found.items():
        notes += carve_parts(
            splits,
            folder=folders["train"][side],
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            seed=seed,
            what=side,
        )
    assert size is not None  # there is a training part
    made = target_channels or channels
    decode = decoder(size, channels, made, resize)
    read, wanted = found.values() if direction == "a_to_b" else reversed(found.values())
    whole = {}
    for part in read:
        paths_read, paths_made = (side[part].arrays["image"] for side in (read, wanted))
        count = max(len(paths_read), len(paths_made))
        # The smaller one is repeated; training puts other rows together in each epoch.
        arrays: dict[str, Any] = {
            "image": np.resize(np.asarray(paths_read), count),
            "picture": np.resize(np.asarray(paths_made), count),
        }
        whole[part] = Split(arrays, decode)
    sizes = " and ".join(f"{len(found[side]['train']):,} {side}" for side in SIDES)
    notes.append(f"train: {sizes} make {len(whole['train']):,} examples an epoch.")
    return Dataset(
        picture_spec(size, channels, made, unpaired=True),
        whole["train"],
        whole["valid"],
        whole.get("test"),
        ImageEncoder(size, channels, resize),
        tuple(notes),
    )


def folders_of(root: str | None, given: Mapping[str, str | None]) -> Folders:
    """Return the two folders of each part that there is.

    Raises:
        Refused: If one that is named is missing, none is named, or one is named twice.
    """
    both = two_folders("unpaired_images", root, given)
    if both is None:
        where = f"'{root}' has no trainA/ and trainB/. " if root is not None else "which folders? "
        raise Refused(
            f"data=unpaired_images: {where}Give data.a=FOLDER and data.b=FOLDER, or "
            "data.root=FOLDER with trainA/ and trainB/ in it."
        )
    return both
