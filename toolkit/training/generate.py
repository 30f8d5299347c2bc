"""What a run makes of nothing, or of a few words: texts, or images."""

from __future__ import annotations

from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.tasks import TASKS
from toolkit.training.drawing import Draw
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import Strategy, TrainerSettings
from toolkit.types import Count, NonNegative, PositiveInt, Probability

TEXTS, IMAGES = 1, 64
"""How many there are where it is not said."""


def generate(
    *,
    run: str,
    prompt: str = "",
    length: PositiveInt = 100,
    n: PositiveInt | None = None,
    class_: str | None = None,
    output: str | None = None,
    temperature: NonNegative = 1.0,
    top_k: PositiveInt | None = None,
    top_p: Probability | None = None,
    seed: Count | None = None,
    quiet: bool = False,
    strategy: Strategy = "auto",
    devices: PositiveInt | None = None,
) -> list[str]:
    """Write texts with a run that is a language model, or images with one that makes these.

    The first text is printed as it is written, token by token, the others when they are whole.
    Where a network has positions for so many tokens only, and they are used up, it reads the last
    half of them again and goes on from there. Images become PNG files.

    Args:
        run: Folder of a run of the task language_modelling, sequence_adversarial (which writes each
            text from noise of its own), adversarial, variational or style_transfer (one picture).
        prompt: Text to continue; empty starts at the beginning of a line.
        length: Tokens to add.
        n: Texts or images to make; null: 1 text, 64 images, or the one picture.
        class_: Class of the images, by its name or its number from 0, of a run whose labels are
            used; null makes images of each class in turn.
        output: Folder to make for images: ``0001.png`` and so on, and ``grid.png``, which shows
            them together where there are several.
        temperature: The logits are divided by it: below 1 safer, above 1 bolder; 0 always takes
            the likeliest token.
        top_k: Draw among the k likeliest tokens only (Fan et al. 2018, arXiv:1805.04833).
        top_p: Draw among the likeliest tokens that together have this probability (nucleus
            sampling, Holtzman et al. 2020, arXiv:1904.09751).
        seed: The same seed gives the same texts or images; None draws anew.
        quiet: Return what was made without printing it.
        strategy: Which devices share the images, as trainer.strategy of a run.
        devices: How many of them, as trainer.devices.

    Returns:
        The texts, each with its prompt; or the files of the images.

    Raises:
        Refused: If the run can make neither, an option is for the other sort, the prompt has no
            word that the run knows, it knows no such class, or the folder is in the way.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    learned = folder.settings()["task"]["name"]
    known = learned in TASKS  # else a plug-in's, which is told later
    task = TASKS[learned] if known else None
    paints = getattr(task, "makes_images", False)
    if known and not paints and not getattr(task, "writes", False):
        raise Refused(
            f"run: {folder.path} has learned {learned} and is no language model, nor does it make "
            f"images of noise; what it can do: predict run={folder.path} input=…"
        )
    of_texts = {
        "prompt": bool(prompt),
        "length": length != 100,
        "temperature": temperature != 1.0,
        "top_k": top_k is not None,
        "top_p": top_p is not None,
    }
    of_images = {
        "class": class_ is not None,
        "output": output is not None,
        "strategy": strategy != "auto",
        "devices": devices is not None,
    }
    one = getattr(task, "makes_one", False)
    if one and n not in (None, 1):
        raise Refused(f"n={n}: {folder.path} has learned {learned}: one picture, always the same.")
    given = [name for name, is_given in (of_texts if paints else of_images).items() if is_given]
    if given:
        sort = "write texts" if paints else "make images"
        raise Refused(f"{given[0]}: is for runs that {sort}; this one learned {learned}.")
    if paints:
        from toolkit.training.generate_images import check_folder, generate_images

        place = check_folder(output)
        start_tensorflow()
        settings = TrainerSettings(strategy=strategy, devices=devices)
        count = n or (1 if one else IMAGES)
        return generate_images(folder, place, count, class_, seed, quiet, settings)
    start_tensorflow()
    from toolkit.training.generate_texts import generate_texts

    draw = Draw(temperature, top_k, top_p, seed)
    return generate_texts(folder, prompt, length, n or TEXTS, draw, quiet)
