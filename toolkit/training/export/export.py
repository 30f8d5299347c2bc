"""A run's network, taken away to where there is no Keras."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.data.texts.words import Words
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused, did_you_mean
from toolkit.quiet import start_tensorflow
from toolkit.training.export.report import tell
from toolkit.training.run_folder import RunFolder
from toolkit.types import PositiveInt

NEEDS = {
    "saved_model": (),
    "keras": (),
    "onnx": ("tf2onnx", "onnx", "onnxruntime"),
    "litert": ("ai_edge_litert",),
    "preset": (),
}
"""Packages that a format needs besides TensorFlow."""
SIGNATURE = "signature.json"
"""The file that says what the network takes and gives."""


def export(
    *,
    run: str,
    format: Literal["saved_model", "keras", "onnx", "litert", "preset"] = "saved_model",
    part: str | None = None,
    output: str | None = None,
    overwrite: bool = False,
    batch_size: PositiveInt | None = None,
    length: PositiveInt | None = None,
) -> Path:
    """Write a run's network in a form that other programs read.

    What was written is opened again and compared with Keras on batches of several sizes; where
    they differ nothing is kept.

    Args:
        run: The run's folder.
        format: ``saved_model`` takes raw texts, picture files or a table's cells, with all that
            lies between them and the prediction inside; so TensorFlow Serving can serve it. Of a
            network that writes texts it gives them, by beam search as the run's task has it.
            ``keras``, ``onnx`` and ``litert`` take arrays (token ids, pixels, numbers, noise), with
            the vocabulary and the classes in JSON files beside them; ``keras`` opens in plain
            Keras. ``preset`` is the encoder of a model such as ``bert``, for KerasHub's
            ``from_preset``, with its tokenizer where KerasHub's gives the run's ids.
        part: Which of the run's networks: ``reconstruction``, ``encoder`` or ``decoder`` of an
            autoencoder, ``generator`` or ``back`` of a CycleGAN; null: the first, ``model.keras``.
            Pictures are given as ``generate`` and ``predict`` write them, bytes where the data has
            bytes.
        output: Folder to make; null: ``export/<format>`` in the run's, of a part that is named
            ``export/<format>_<part>``.
        overwrite: Whether an export that lies in that folder is replaced.
        batch_size: Examples in a batch of ``litert``; null: free, but one for recurrent networks,
            which LiteRT cannot read with a free batch.
        length: Tokens of each text of ``litert``; null: free.

    Returns:
        The folder.

    Raises:
        Refused: If there is no such run, the folder is in the way, a package is missing, the format
            cannot hold the network, or the run has no such part.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    usual = folder.path / "export" / (format if part is None else f"{format}_{part}")
    place = usual if output is None else Path(output)
    _check(format, place, overwrite, {"batch_size": batch_size, "length": length})
    with _aside(place) as aside:
        from toolkit.training.export.subject import choose_part, open_subject

        chosen = choose_part(folder, part)
        start_tensorflow()
        subject = open_subject(folder, whole=format != "saved_model", part=chosen)
        about, comparison = WRITERS[format](subject, aside, batch_size, length)
        about = {"format": format, **about}
        _write_beside(aside, subject, about)
    tell(folder, format, place, subject, about, comparison)
    return place


def _check(format: str, place: Path, overwrite: bool, only_litert: dict[str, int | None]) -> None:
    """Refuse what can be known before TensorFlow starts, all faults together."""
    if format not in NEEDS:
        raise Refused(f"format: no '{format}'.{did_you_mean(format, NEEDS)}")
    faults = []
    missing = [name for name in NEEDS[format] if importlib.util.find_spec(name) is None]
    if missing:
        faults.append(
            f"format: {format} needs {', '.join(missing)}, which is not installed: "
            'pip install -c constraints.txt -e ".[export]"'
        )
    if place.exists() and not place.is_dir():
        faults.append(f"output: {place} is a file; expected a folder to make.")
    elif place.is_dir() and any(place.iterdir()):
        if not (place / SIGNATURE).is_file():
            faults.append(
                f"output: {place} holds something else than an export, which is not replaced; "
                "give another output=FOLDER."
            )
        elif not overwrite:
            faults.append(
                f"output: {place} holds an export already; say overwrite=true to replace it, or "
                "give another output=FOLDER."
            )
    if format != "litert":
        faults += [
            f"{name}: {format} leaves it free; only litert can have it fixed."
            for name, value in only_litert.items()
            if value is not None
        ]
    if faults:
        raise Refused(*faults)


@contextlib.contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """Give a new folder, which takes its place at the end; on any error nothing has changed."""
    whole = Path(os.path.abspath(place))
    aside = whole.with_name(f".{os.getpid()}-{whole.name}")
    old = whole.with_name(f".{os.getpid()}-old-{whole.name}")
    made = not whole.parent.exists()
    try:
        aside.mkdir(parents=True)
        yield aside
        if whole.exists():
            whole.rename(old)
        try:
            aside.rename(whole)
        except OSError:
            if old.exists():
                old.rename(whole)
            raise
    except OSError as error:
        raise Refused(
            f"output: cannot write to {place} ({error.strerror or error}); give another "
            "output=FOLDER."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        if made:
            with contextlib.suppress(OSError):  # it stays where something lies in it
                whole.parent.rmdir()


def _saved_model(subject: Any, folder: Path, batch_size: None, length: None) -> tuple[Any, Any]:
    from toolkit.training.export import saved_model
    from toolkit.training.export.check import compare_signatures
    from toolkit.training.export.report import readers

    about = {**saved_model.write(subject, folder), "needs": ["tensorflow", *readers(subject)]}
    return about, compare_signatures("saved_model", subject, saved_model.open_written(folder))


def _keras(subject: Any, folder: Path, batch_size: None, length: None) -> tuple[Any, Any]:
    from toolkit.training.export import keras_file
    from toolkit.training.export.check import compare_arrays

    keras_file.write(subject, folder)
    comparison = compare_arrays("keras", subject, keras_file.open_written(folder), subject.shapes)
    return _interface(subject, subject.shapes), comparison


def _onnx(subject: Any, folder: Path, batch_size: None, length: None) -> tuple[Any, Any]:
    from toolkit.training.export import onnx
    from toolkit.training.export.check import compare_arrays

    onnx.write(subject, folder)
    comparison = compare_arrays("onnx", subject, onnx.open_written(folder), subject.shapes)
    return _interface(subject, subject.shapes), comparison


def _litert(
    subject: Any, folder: Path, batch_size: int | None, length: int | None
) -> tuple[Any, Any]:
    from toolkit.training.export import litert
    from toolkit.training.export.check import compare_arrays
    from toolkit.training.export.subject import loops

    free = [name for name, shape in subject.shapes.items() if shape[1:] == (None,)]
    if length is not None and not free:
        told = ", ".join(str(list(shape[1:])) for shape in subject.shapes.values())
        raise Refused(f"length: only texts have one that is free; the network's input is {told}.")
    rows = batch_size or (1 if loops(subject.model) else None)
    shapes = {
        name: (rows, *((length,) if name in free else shape[1:]))
        for name, shape in subject.shapes.items()
    }
    litert.write(subject, folder, shapes)
    comparison = compare_arrays("litert", subject, litert.open_written(folder), shapes)
    return _interface(subject, shapes), comparison


def _preset(subject: Any, folder: Path, batch_size: None, length: None) -> tuple[Any, Any]:
    from toolkit.training.export import preset

    return preset.write(subject, folder)


WRITERS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "saved_model": _saved_model,
    "keras": _keras,
    "onnx": _onnx,
    "litert": _litert,
    "preset": _preset,
}
"""What writes each format and compares it with Keras."""


def _interface(subject: Any, shapes: Any) -> dict[str, Any]:
    inputs = {
        name: {
            "dtype": entry.dtype.name,
            "shape": list(shapes[name]),
            "is": subject.meaning(name),
        }
        for name, entry in subject.entries.items()
    }
    return {"inputs": inputs, "outputs": {subject.output: subject.output_meaning}}


def _write_beside(folder: Path, subject: Any, about: dict[str, Any]) -> None:
    """Write what a reader needs to know besides the network, and is not written yet."""
    spec, encoder = subject.spec, subject.encoder
    if isinstance(encoder, TextEncoder):
        rules = {k: v for k, v in asdict(encoder).items() if k not in ("vocabulary", "input")}
        about["tokenization"] = rules
    elif isinstance(encoder, SubwordEncoder) and "tokenizer" not in about:  # a preset has its own
        about["tokenization"] = _tokenization(encoder, folder)
    elif isinstance(encoder, WritingEncoder):
        about["tokenization"] = _both_sides(encoder, folder)
    content: dict[str, Any] = {SIGNATURE: about}
    content |= {subject.vocabulary_file(name): f.vocabulary for name, f in spec.inputs.items()}
    fields = (spec.target, *spec.inputs.values())
    content["classes.json"] = next((f.classes for f in fields if f.classes), None)
    for name, value in content.items():
        if value is not None and not (folder / name).exists():
            text = json.dumps(value, indent=2, ensure_ascii=False)
            (folder / name).write_text(text + "\n", "utf-8")


def _tokenization(encoder: SubwordEncoder, folder: Path) -> dict[str, Any]:
    """Write a tokenizer of subwords; return what to do with it."""
    tokenizer = encoder.tokenizer
    return {
        **_tokenizer(tokenizer, folder),
        "framed": encoder.framed,
        "ends_between_pairs": tokenizer.pair_ends,
        "end_of_line": encoder.end_of_line,
        "max_length": encoder.max_length,
    }


def _both_sides(encoder: WritingEncoder, folder: Path) -> dict[str, Any]:
    """Write the tokenizers of what is read and of what is written; return what to do with each."""
    source, target = encoder.source, encoder.target
    read = {**_tokenizer(source, folder), "framed": True, "max_length": encoder.max_length}
    before = "" if target == source else "written_"
    return {encoder.input: read, "written": _tokenizer(target, folder, before)}


def _tokenizer(tokenizer: Subwords | Words, folder: Path, before: str = "") -> dict[str, Any]:
    """Write a file that the library of a tokenizer's kind opens, or return the rules of words.

    Args:
        tokenizer: The run's.
        folder: Where the file is written.
        before: What its name begins with.
    """
    if isinstance(tokenizer, Words):
        rules = {k: v for k, v in asdict(tokenizer).items() if k != "vocabulary"}
        return {**rules, "special": tokenizer.special}
    name = f"{before}{tokenizer.engine.file}"
    (folder / name).write_bytes(tokenizer.engine.content())
    return {"kind": tokenizer.kind, "file": name, "special": tokenizer.special}
