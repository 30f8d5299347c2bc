"""Images that a run makes of noise, as files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from toolkit.errors import Refused, did_you_mean
from toolkit.tasks.judging.maker import in_turn
from toolkit.training.console import Reporter
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings
from toolkit.training.sheet import folded, sheet, write_png
from toolkit.training.strategy import strategy_of
from toolkit.training.workers import number_of

SHOWN = 400
"""Images, at most, that the grid shows."""
ACROSS = 20
"""Classes up to which each has a column of its own in the grid."""


def generate_images(
    folder: RunFolder,
    place: Path,
    count: int,
    wanted: str | None,
    seed: int | None,
    quiet: bool,
    settings: TrainerSettings,
) -> list[str]:
    """Write images into a folder; see ``toolkit.training.generate``.

    Args:
        folder: A run whose task has a ``maker``.
        place: The folder to make.
        count: How many.
        wanted: Name or number of a class; None: each class in turn, where there are classes.
        seed: Of the noise; None draws anew.
        quiet: Whether nothing is printed.
        settings: Which devices share the images.

    Returns:
        The images' files; those that only the chief of several workers has written.

    Raises:
        Refused: If there is no such class, the run makes no images, or they cannot be written.
    """
    from toolkit.training.reopen import reopen

    _, _, task, (spec, _) = reopen(folder, settings=settings)
    if spec.input.kind != "image":
        raise Refused(f"run: what {folder.path} has learned to make is of kind {spec.input.kind}.")
    maker, labels, across = task.maker, None, math.ceil(math.sqrt(min(count, SHOWN)))
    if wanted is not None:
        labels = np.full(count, class_id(wanted, maker.classes), "int32")
    elif maker.classes:
        labels = in_turn(count, len(maker.classes))
        across = len(maker.classes) if len(maker.classes) <= ACROSS else across
    strategy = strategy_of(settings)
    maker.share(strategy)
    if seed is None:
        seed = int(np.random.default_rng().integers(2**31))
    batches = maker.batches(count, seed, labels)
    if number_of(strategy):
        for _ in batches:
            pass
        return []
    files: list[str] = []
    shown: list[np.ndarray] = []
    digits = max(4, len(str(count)))
    try:
        place.mkdir(parents=True, exist_ok=True)
        for images in batches:
            shown.extend(images[: SHOWN - len(shown)])
            for image in images:
                files.append(str(place / f"{len(files) + 1:0{digits}}.png"))
                write_png(image, Path(files[-1]))
        if count > 1:
            write_png(sheet(folded(shown, across)), place / "grid.png")
    except OSError as error:
        raise Refused(
            f"output: cannot write to {place} ({error.strerror or error}); give another "
            "output=FOLDER."
        ) from error
    told = f"{count:,} images are in {place}, together in {place}/grid.png"
    Reporter(quiet=quiet).say(told if count > 1 else f"1 image is in {files[0]}")
    return files


def check_folder(output: str | None) -> Path:
    """Return the folder that is to be made.

    Raises:
        Refused: If none is named, or there is something in it.
    """
    if output is None:
        raise Refused("output: must be given: a folder to make for the images (output=FOLDER).")
    place = Path(output)
    if place.exists() and not place.is_dir():
        raise Refused(f"output: {place} is a file; expected a folder to make.")
    if place.is_dir() and any(place.iterdir()):
        raise Refused(
            f"output: {place} is not empty, and nothing in it is overwritten; give another "
            "output=FOLDER."
        )
    return place


def class_id(wanted: str, classes: tuple[str, ...]) -> int:
    """Return the id of a class by its name, or else by its number from 0.

    Raises:
        Refused: If there is none.
    """
    if not classes:
        raise Refused(
            f"class={wanted}: this run was not told classes; expected a run of the task "
            "adversarial with task.labels=condition or classify."
        )
    if wanted in classes:
        return classes.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(classes):
        return int(wanted)
    raise Refused(f"class: no '{wanted}'.{did_you_mean(wanted, classes)}")
