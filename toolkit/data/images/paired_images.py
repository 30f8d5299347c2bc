"""Pictures and what is to be made of them, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from toolkit.data.files.part_folders import part_folders, refuse_twice
from toolkit.data.images import pictures
from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.images.pair_files import Pair, pairs_of, size_of_pairs
from toolkit.data.images.picture_files import Broken, carve_parts, decoded
from toolkit.data.images.two_folders import Folders, two_folders
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.lazy import tf
from toolkit.types import Fraction, PositiveInt

Direction = Literal["a_to_b", "b_to_a"]


def paired_images(
    *,
    root: str | None = None,
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
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
    """Load your own pairs of pictures, of which one is to be made of the other.

    They lie in two folders, ``a`` and ``b``, in which the files of a pair have the same name up to
    its ending; or in one folder of pictures that hold both side by side, A at the left and B at the
    right (Isola et al. 2017, arXiv:1611.07004: the form of pix2pix's own sets). Folders are
    searched through. Files are decoded while training, so that they need not fit into memory.

    Args:
        root: Folder that holds ``train/``, ``valid/`` and ``test/`` or the pictures themselves; or
            ``trainA/``, ``trainB/``, ``testA/``, …; None where other keys name whole paths.
        train: Folder of the training pairs, as it is or below ``root``; None for ``root``'s
            ``train/``, or ``root`` itself where it has none.
        valid: Folder of the validation pairs; None for ``root``'s ``valid/``, ``val/`` or
            ``validation/``, or a part of the training pairs where it has none.
        test: Folder of the test pairs; None for ``root``'s ``test/``.
        a: Folder of the pictures A: as it is or below ``root``, with pictures or with ``train/``,
            ``valid/`` and ``test/`` in it, or below each part's folder. None where pictures hold
            both side by side.
        b: Folder of the pictures B, likewise.
        direction: Whether B is made of A or A of B.
        size: Height and width in pixels that all are brought to; None for those of the first, of
            its half where it holds both.
        channels: Of what is read: 1 for grey, 3 for colour.
        target_channels: Of what is to be made, likewise; None for the same.
        resize: What happens to pictures of another size: ``stretch`` them, ``pad`` the shorter
            side with zeros, or ``crop`` the longer one around the middle.
        validation_fraction: Share of the training pairs that is held back to choose the best
            epoch, where there is no folder for that.
        test_fraction: Share that is held back to test, where there is no folder for that.
        check: ``header`` looks at the first and last bytes of each file; ``full`` decodes each
            once, which finds every damage.
        broken: What is done about files that are no pictures or have no partner: ``refuse``, or
            ``skip`` the pair and say so.
        seed: Chooses what is held back.

    Returns:
        Input ``image`` and target ``picture``.

    Raises:
        Refused: If a folder is missing, empty or named twice, a file is no picture, has no partner
            or a partner of another size (unless ``size`` is given), or cannot be cut into halves.
    """
    parts = {"train": train, "valid": valid, "test": test}
    folders = folders_of(root, {**parts, "a": a, "b": b})
    swapped = direction == "b_to_a"
    notes: list[str] = []
    found: dict[str, list[Pair]] = {}
    for part, sides in folders.items():
        found[part], told = pairs_of(part, sides, check, broken)
        notes += told
    together = isinstance(next(iter(folders.values())), Path)
    seen = size_of_pairs(found, together, size)
    if size is None:
        size = seen
        notes.append(f"size: {size[0]} x {size[1]} pixels, as in {found['train'][0].a}.")
    splits = {
        part: Split(
            {
                "image": pictures.as_array(p.b if swapped else p.a for p in pairs),
                "picture": pictures.as_array(p.a if swapped else p.b for p in pairs),
            }
        )
        for part, pairs in found.items()
    }
    notes += carve_parts(
        splits,
        folder=found["train"][0].a.parent,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
    )
    made = target_channels or channels
    decode = decoder(size, channels, made, resize, halves=(1, 0) if swapped else (0, 1))
    if not together:
        decode = decoder(size, channels, made, resize)
    return decoded(
        picture_spec(size, channels, made),
        splits,
        decode,
        ImageEncoder(size, channels, resize),
        notes,
    )


def folders_of(root: str | None, given: Mapping[str, str | None]) -> Folders | dict[str, Path]:
    """Return the folders of each part that there is: two, or one of pictures that hold both.

    Args:
        root: Key ``data.root``.
        given: Keys ``train``, ``valid``, ``test``, ``a`` and ``b``.

    Raises:
        Refused: If one that is named is missing, none is named, or one is named twice.
    """
    parts = {part: given[part] for part in ("train", "valid", "test")}
    sides = {side: given[side] for side in ("a", "b")}
    both = two_folders("paired_images", root, sides, parts)
    if both is not None:
        return both
    which = (
        "data=paired_images: which folders? Give data.a=FOLDER and data.b=FOLDER, or "
        "data.root=FOLDER with pictures in it that hold A and B side by side."
    )
    folders = part_folders(root, parts, which=which, expected="your pictures")
    refuse_twice({f"data.{part}": folder for part, folder in folders.items()})
    return folders


def picture_spec(
    size: tuple[int, int], channels: int, made: int, *, unpaired: bool = False
) -> Spec:
    """Return the spec of images of which pictures are to be made.

    Args:
        size: Height and width of both.
        channels: Of the input ``image``.
        made: Channels of the target ``picture``.
        unpaired: Whether the two have nothing to do with each other.
    """
    target = Field("picture", (*size, made), "uint8", unpaired=unpaired)
    return Spec({"image": Field("image", (*size, channels), "uint8")}, {"picture": target})


def decoder(
    size: tuple[int, int],
    channels: int,
    made: int,
    resize: pictures.Resize,
    halves: tuple[int, int] | None = None,
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that puts pixels in place of two paths, with TensorFlow operations.

    Args:
        size: Height and width of both results.
        channels: Of ``image``.
        made: Channels of ``picture``.
        resize: See :func:`toolkit.data.images.pictures.decoder`.
        halves: Which half of one file is the image and which the picture, 0 the left one; None
            where each is a file of its own.
    """

    def decode(example: dict[str, Any]) -> dict[str, Any]:
        if halves is None:
            both = [pictures.in_colour(tf.io.read_file(example[n])) for n in ("image", "picture")]
        else:
            whole = pictures.in_colour(tf.io.read_file(example["image"]))
            middle = tf.shape(whole)[1] // 2
            cut = (whole[:, :middle], whole[:, middle:])
            both = [cut[half] for half in halves]
        wanted = zip(both, (channels, made), strict=True)
        fitted = [
            pictures.resized(pictures.grey(pixels) if count == 1 else pixels, size, resize)
            for pixels, count in wanted
        ]
        return {**example, "image": fitted[0], "picture": fitted[1]}

    return decode
