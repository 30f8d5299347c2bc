"""Functions from raw input (texts, picture files, a table's cells) to what a network says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.music.tune_encoder import TuneEncoder
from toolkit.data.series.series_encoder import SeriesEncoder
from toolkit.data.subwords import SubwordEncoder
from toolkit.data.tables.table_encoder import TableEncoder
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.training.export.subject import Subject, for_all_devices
from toolkit.training.export.subword_graph import SubwordGraph
from toolkit.training.export.text_graph import TextGraph
from toolkit.training.export.written_graph import WrittenGraph, graph_of_read
from toolkit.training.generate_texts import first_token

Named = dict[str, Any]
EACH_TOKEN = ("tags", "span")
"""Targets of which something is said for each token, which the ids are given with."""


@dataclass(frozen=True)
class Signature:
    """A function of named tensors that a SavedModel offers.

    Attributes:
        function: From tensors by name to tensors by name.
        inputs: Type and shape of each tensor.
        meaning: What each tensor is, for a person.
        holds: Objects that the SavedModel must hold.
    """

    function: Callable[[Named], Named]
    inputs: Named
    meaning: dict[str, str]
    holds: tuple[Any, ...] = ()


def signatures(subject: Subject) -> dict[str, Signature]:
    """Return what is offered for raw input and for arrays, the first as ``serving_default``.

    Raises:
        Refused: If the run's encoder is of a plug-in and has no form here.
    """
    encoder = subject.reader
    arrays = Signature(
        lambda given: said(subject, subject(subject.structured(given))),
        subject.entries,
        {name: subject.meaning(name) for name in subject.entries},
    )
    if subject.writes is not None:
        return {"serving_default": _written(subject), "ids": arrays}
    if isinstance(encoder, TextEncoder | SubwordEncoder):
        if subject.fills_gaps:  # of no text that has none
            return {"serving_default": arrays, "ids": arrays}
        texts = _texts(subject, graph_of(encoder, subject))
        if isinstance(encoder, TextEncoder) or not encoder.framed:
            return {"serving_default": texts, "ids": arrays}
        pairs = _texts(subject, graph_of(encoder, subject), pairs=True)
        return {"serving_default": texts, "pairs": pairs, "ids": arrays}
    if isinstance(encoder, ImageEncoder):
        return {"serving_default": _pictures(subject, encoder), "arrays": arrays}
    if isinstance(encoder, TableEncoder):
        return {"serving_default": _cells(subject, encoder), "arrays": arrays}
    if encoder is None or isinstance(encoder, SeriesEncoder | TuneEncoder):
        return {"serving_default": arrays}
    raise Refused(
        f"format: saved_model cannot hold the data's {type(encoder).__name__}, which is no "
        "encoder of this toolkit and has no form in TensorFlow operations; onnx and litert take "
        "what it gives."
    )


def of_arrays(subject: Subject) -> str:
    """Return the name of the signature that takes arrays."""
    encoder = subject.reader
    if isinstance(encoder, TextEncoder | SubwordEncoder) or subject.writes is not None:
        return "ids"
    return "arrays" if isinstance(encoder, ImageEncoder | TableEncoder) else "serving_default"


def said(subject: Subject, outputs: Any) -> Named:
    """Return a network's output, with the classes' names where it has classes."""
    found = {subject.output: outputs}
    target = subject.spec.target
    if target.classes is not None and subject.output == "probabilities":
        classes = tf.constant(list(target.classes), "string")
        if target.multi_label:
            found["labels"] = tf.where(outputs >= 0.5, classes[None], "")
        else:
            found["label"] = tf.gather(classes, tf.argmax(outputs, axis=-1))
    return found


def graph_of(encoder: Any, subject: Subject) -> Any:
    """Return what turns texts into ids in a graph; its ``holds`` must be held."""
    if isinstance(encoder, SubwordEncoder):
        return SubwordGraph(encoder)
    if isinstance(encoder, WritingEncoder):
        return graph_of_read(encoder)
    next_token = subject.spec.target.kind == "next"
    return TextGraph(encoder, first_token(encoder.vocabulary) if next_token else None)


def _texts(subject: Subject, graph: Any, *, pairs: bool = False) -> Signature:
    next_token = subject.spec.target.kind == "next"
    words = tf.constant(list(graph.encoder.vocabulary), "string")

    def texts(given: Named) -> Named:
        ids = graph(given["text"], given["second"]) if pairs else graph(given["text"])
        if next_token and subject.longest is not None:
            ids = ids[:, -subject.longest :]
        padded = ids.to_tensor(subject.spec.input.pad)
        outputs = subject(padded)
        if subject.spec.target.kind in EACH_TOKEN:
            return {**said(subject, outputs), "ids": padded}
        if not next_token:
            return said(subject, outputs)
        last = tf.cast(ids.row_lengths(), "int32") - 1  # what follows cannot change it
        logits = tf.gather(outputs, last, axis=1, batch_dims=1)
        likeliest = tf.gather(words, tf.argmax(logits, axis=-1))
        return {"logits": logits, "probabilities": tf.nn.softmax(logits), "token": likeliest}

    names = ("text", "second") if pairs else ("text",)
    inputs = {name: tf.TensorSpec((None,), "string", name) for name in names}
    meaning = {"text": "texts in UTF-8", "second": "the other text of each pair"}
    return Signature(texts, inputs, {name: meaning[name] for name in names}, graph.holds)


def _written(subject: Subject) -> Signature:
    assert subject.writes is not None
    writer, options = subject.writes
    write, network = writer.function(options)
    for_all_devices(network)
    reads = graph_of(subject.encoder, subject)
    tells = WrittenGraph(subject.encoder.target)

    def written(given: Named) -> Named:
        ids, scores = write(reads(given["text"]).to_tensor(subject.spec.input.pad))
        return {"written": tells(ids[:, 0]), "score": scores[:, 0]}

    inputs = {"text": tf.TensorSpec((None,), "string", "text")}
    holds = (*reads.holds, *tells.holds)
    return Signature(written, inputs, {"text": "texts in UTF-8"}, holds)


def _pictures(subject: Subject, encoder: ImageEncoder) -> Signature:
    decode = encoder.decoder_of_bytes()
    shape = (*encoder.size, encoder.channels)

    def pictures(given: Named) -> Named:
        images = tf.map_fn(
            decode, given["image_bytes"], fn_output_signature=tf.TensorSpec(shape, "uint8")
        )
        return said(subject, subject(images))

    inputs = {"image_bytes": tf.TensorSpec((None,), "string", "image_bytes")}
    return Signature(
        pictures, inputs, {"image_bytes": "files: png, jpeg, webp, gif or bmp, any size"}
    )


def _cells(subject: Subject, encoder: TableEncoder) -> Signature:
    numeric, categorical = len(encoder.numeric), len(encoder.categorical)
    inputs, meaning = {}, {}
    if numeric:
        inputs["numbers"] = tf.TensorSpec((None, numeric), "float64", "numbers")
        meaning["numbers"] = "columns: " + ", ".join(encoder.numeric)
        if encoder.missing != "refuse":
            meaning["numbers"] += "; NaN where a cell is empty"
    if categorical:
        inputs["categories"] = tf.TensorSpec((None, categorical), "string", "categories")
        meaning["categories"] = "columns: " + ", ".join(encoder.categorical)

    def cells(given: Named) -> Named:
        parts = []
        if numeric:
            values = given["numbers"]
            if encoder.missing != "refuse":
                mean = tf.constant(encoder.mean, "float64")
                values = tf.where(tf.math.is_nan(values), mean, values)
            parts.append(tf.cast((values - encoder.mean) / encoder.deviation, "float32"))
        for place, known in enumerate(encoder.categories):
            cell = tf.strings.strip(given["categories"][:, place, None])
            parts.append(tf.cast(tf.equal(cell, tf.constant([list(known)], "string")), "float32"))
        outputs = subject.of_features(tf.concat(parts, axis=1))
        return said(subject, subject.finished(outputs))

    return Signature(cells, inputs, meaning)
