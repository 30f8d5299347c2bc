"""What a user is told of an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.training.console import Reporter
from toolkit.training.run_folder import RunFolder

TEXT = 'text=tf.constant(["some words"])'
"""How a network that takes texts is called."""


def tell(
    folder: RunFolder, format: str, place: Path, subject: Any, about: Any, comparison: Any
) -> None:
    """Print what was written, how far it is from Keras, and how it is opened."""
    reporter = Reporter()
    files = sorted(p for p in place.rglob("*") if p.is_file())
    sizes = ", ".join(f"{p.relative_to(place)} {_size(p.stat().st_size)}" for p in files)
    inputs = about.get("signatures", {}).get("serving_default", about)["inputs"]
    takes = [f"{name}: {x['dtype']} ({_shape(x['shape'])})" for name, x in inputs.items()]
    least, most = min(comparison.batches), max(comparison.batches)
    rows = {
        "written": f"{place}: {sizes}",
        "takes": ", ".join(takes),
        "compared": f"opened again; {len(comparison.batches)} batches of "
        f"{least if least == most else f'{least} to {most}'}, largest difference from Keras "
        f"{comparison.largest:.1e}{' besides rounding to bytes' if comparison.rounded else ''}",
    }
    if "tokenizer" in about:
        rows["tokenizer"] = about["tokenizer"]
    if isinstance(subject.encoder, WritingEncoder) and subject.writes is None:
        sides = about["tokenization"].values()
        held = dict.fromkeys(side.get("file", "rules in signature.json") for side in sides)
        rows["tokenizer"] = f"not inside, ids go in; beside it: {', '.join(held)}"
    if subject.precision != subject.trained_in:
        rows["precision"] = f"{subject.precision}; the run trained in {subject.trained_in}"
    reporter.table(f"{format} of {folder.path}", rows)
    reporter.say("\n".join(f"    {line}" for line in how_to_load(format, place, subject)))


def readers(subject: Any) -> list[str]:
    """Return the packages, besides TensorFlow, without which a SavedModel cannot be opened."""
    if subject.fills_gaps:
        return []
    if subject.writes is None:
        read, written = getattr(subject.reader, "tokenizer", None), None
    else:
        read, written = subject.encoder.source, subject.encoder.target
    needed = getattr(read, "kind", None) in ("wordpiece", "sentencepiece")
    needed |= getattr(written, "kind", None) == "sentencepiece"
    return ["tensorflow_text"] if needed else []


def how_to_load(format: str, place: Path, subject: Any) -> list[str]:
    """Return lines of Python that open what was written."""
    path = place.resolve()
    if format == "onnx":
        return [
            "import onnxruntime",
            f'network = onnxruntime.InferenceSession("{path}/model.onnx")',
            "network.run(None, {" + ", ".join(f'"{n}": {n}' for n in subject.entries) + "})",
        ]
    if format == "keras":
        given = ", ".join(f'"{n}": {n}' for n in subject.entries)
        return [
            "import keras",
            f'network = keras.models.load_model("{path}/model.keras")',
            f"network({{{given}}})",
        ]
    if format == "litert":
        return [
            "from ai_edge_litert.interpreter import Interpreter",
            f'network = Interpreter("{path}/model.tflite").get_signature_runner()',
            "network(" + ", ".join(f"{n}={n}" for n in subject.entries) + ")",
        ]
    if format == "preset":
        lines = [
            "import keras_hub",
            f'encoder = keras_hub.models.Backbone.from_preset("{path}")',
        ]
        if (path / "tokenizer.json").is_file():  # else the run's is none that KerasHub has
            lines.append(f'tokenizer = keras_hub.tokenizers.Tokenizer.from_preset("{path}")')
        return lines
    example = {
        "TextEncoder": TEXT,
        "SubwordEncoder": f"{subject.name}=tf.constant(ids)" if subject.fills_gaps else TEXT,
        "ImageEncoder": 'image_bytes=tf.constant([open("picture.png", "rb").read()])',
        "TableEncoder": "**cells",
        "WritingEncoder": TEXT,
    }.get(
        type(subject.reader if subject.writes is None else subject.encoder).__name__,
        ", ".join(f"{name}=tf.constant({name})" for name in subject.entries),
    )
    return [
        *(f"import {name}" for name in readers(subject)),
        "import tensorflow as tf",
        f'network = tf.saved_model.load("{path}/1").signatures["serving_default"]',
        f"network({example})",
    ]


def _shape(sizes: list[int | None]) -> str:
    return ", ".join("any" if size is None else str(size) for size in sizes)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
