"""Predicts with one device and with several, in a process of its own.

``python predicted.py FOLDER STRATEGY DEVICES KIND …``: what each gave lies in ``FOLDER/told.json``,
by kind, of one device first. The runs are trained by the chief of several workers, before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from toolkit.quiet import start_tensorflow

TEXTS = ["a b", "b c a.", "c", "a a b c", "c b. a c. b b.", "b", "a c"]
"""Seven: neither two nor three replicas can share them, nor batches of four, evenly."""
ATTEND = {"units": 8, "layers": 1, "heads": 2, "hidden": 8, "dropout": 0.0}
STEM = {"tokens": {"units": 8, "init_std": 0.3, "tie": True}}
RUNS: dict[str, dict[str, Any]] = {
    "class": {
        "data": ("text_classification", ["text", "label"]),
        "model": {"stem": STEM, "body": [{"encoder": ATTEND}, {"pool": {"kind": "average"}}]},
    },
    "text": {
        "data": ("parallel", ["source", "target"]),
        "model": {"stem": STEM, "encoder": [{"encoder": ATTEND}], "decoder": [{"decoder": ATTEND}]},
        "task": {"name": "sequence_to_sequence", "max_length": 5, "beams": 2},
    },
    "picture": {
        "model": {"encoder": [{"dense": {"units": [4]}}], "decoder": [{"dense": {"units": [6]}}]},
        "task": "reconstruction",
    },
    "noise": {
        "model": {
            "generator": [{"generator": {"filters": [4]}}],
            "discriminator": [{"discriminator": {"filters": [4]}}],
        },
        "task": {"name": "adversarial", "latent": 5, "labels": "condition"},
    },
}


def data_of(kind: str, folder: Path) -> Any:
    """Return a data set whose encoder reads new input."""
    from families import pictures

    import toolkit
    from toolkit.data.images.image_encoder import ImageEncoder

    if "data" not in RUNS[kind]:
        return replace(pictures(), encoder=ImageEncoder((8, 8), 1))
    name, columns = RUNS[kind]["data"]
    rows = [dict(zip(columns, (text, text), strict=True)) for text in TEXTS * 2]
    if "label" in columns:
        rows = [row | {"label": "long" if len(row["text"]) > 4 else "short"} for row in rows]
    files = {part: folder / f"{kind}-{part}.jsonl" for part in ("train", "valid", "test")}
    for file in files.values():
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return toolkit.load_data(name, **{part: str(file) for part, file in files.items()})


def ways(kind: str, run: Path, folder: Path) -> dict[str, Callable[..., Any]]:
    """Return what is asked of a run, by name: functions of where it computes."""
    from PIL import Image

    from toolkit.training.generate import generate
    from toolkit.training.predict import predict

    def predicted(given: Path, **more: Any) -> Callable[..., Any]:
        return partial(predict, run=str(run), input=str(given), batch_size=4, **more)

    def seen(files: list[str]) -> list[str]:
        return [Image.open(file).tobytes().hex() for file in files]

    def pictures(**where: Any) -> list[str]:
        rows = predicted(images, output=mkdtemp(dir=folder))(**where)
        return seen([row["output"] for row in rows if "output" in row])

    def made(**where: Any) -> list[str]:
        place = mkdtemp(dir=folder)
        return seen(generate(run=str(run), n=7, output=place, seed=3, quiet=True, **where))

    texts, images = folder / "texts.txt", folder / "images"
    if kind == "noise":
        return {"made": made}
    if kind == "picture":
        return {"pictures": pictures, "codes": predicted(images, embed=True)}
    if kind == "text":
        drawn = predicted(texts, temperature=2.0, seed=1)
        return {"texts": predicted(texts, n=2), "drawn texts": drawn}
    return {"classes": predicted(texts), "vectors": predicted(texts, embed=True)}


def main(place: str, strategy: str, devices: str, *kinds: str) -> None:
    """Train, and predict in both ways."""
    start_tensorflow()
    import numpy as np
    from PIL import Image

    import toolkit
    from toolkit.training.settings import TrainerSettings
    from toolkit.training.strategy import strategy_of
    from toolkit.training.workers import number_of

    folder = Path(place)
    where = {"strategy": strategy, "devices": int(devices) or None}
    chief = number_of(strategy_of(TrainerSettings(**where))) == 0  # now, before all else
    asked = {}
    for kind in kinds:
        case, run = RUNS[kind], folder / kind
        if chief and not run.exists():
            options = {"task": case.get("task"), "max_steps": 2, "batch_size": 8, "logger": "none"}
            data = data_of(kind, folder)
            toolkit.train(
                case["model"], data, run_dir=run, quiet=True, strategy="one_device", **options
            )
        asked |= ways(kind, run, folder)
    if chief:
        (folder / "texts.txt").write_text("\n".join(TEXTS) + "\n")
        (folder / "images").mkdir(exist_ok=True)
        drawn = np.random.default_rng(0).integers(0, 256, (7, 8, 8), dtype="uint8")
        for number, image in enumerate(drawn):
            Image.fromarray(image).save(folder / "images" / f"{number}.png")
    here = {"strategy": "one_device", "devices": None}
    told = {name: ([ask(**here)] if chief else []) + [ask(**where)] for name, ask in asked.items()}
    if chief:
        (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
