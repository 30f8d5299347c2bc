"""What was written, opened again and compared with the network that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.subwords import SubwordEncoder
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.tasks.units import BYTE
from toolkit.training.export import samples
from toolkit.training.export.raw_inputs import graph_of, of_arrays
from toolkit.training.export.subject import Subject

TOLERANCE = {"float64": 1e-6, "float32": 1e-4}
ROUNDED = 0.5
"""How far a byte may be from what it is rounded from."""
HALF = 3e-2
"""Largest difference that may be, as a share of the largest output; this one in half precision."""


@dataclass
class Comparison:
    """Differences seen so far.

    Attributes:
        form: What was written, for messages.
        tolerance: Share of the largest output that a difference may be.
        rounded: Whether what was written gives bytes; Keras's outputs are compared unrounded.
        batches: How many rows each batch had.
        largest: The largest difference.
    """

    form: str
    tolerance: float
    rounded: bool = False
    batches: list[int] = field(default_factory=list)
    largest: float = 0.0

    def add(self, found: Any, expected: Any) -> None:
        """Compare one batch.

        Raises:
            Refused: If shapes differ, or values by more than rounding.
        """
        found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
        if found.shape != expected.shape:
            raise Refused(
                f"format: {self.form} cannot hold this network: opened again it gives the shape "
                f"{found.shape}, and Keras {expected.shape}. Nothing was kept."
            )
        distances = np.abs(found - expected)
        if self.rounded:
            distances = np.maximum(np.abs(found - np.clip(expected, 0.0, BYTE)) - ROUNDED, 0.0)
        difference = float(distances.max(initial=0.0))
        limit = 1e-6 + self.tolerance * float(np.abs(expected).max(initial=0.0))
        if not difference <= limit:  # NaN is above it too
            raise Refused(
                f"format: {self.form} cannot hold this network: opened again it differs from "
                f"Keras by {difference:.3g} where at most {limit:.3g} is rounding. Nothing was "
                "kept."
            )
        self.batches.append(len(expected))
        self.largest = max(self.largest, difference)


def compare_arrays(
    form: str,
    subject: Subject,
    run: Callable[[dict[str, np.ndarray]], Any],
    shapes: Mapping[str, Sequence[int | None]],
) -> Comparison:
    """Compare what takes arrays with the network, on batches of several sizes.

    Raises:
        Refused: If they differ.
    """
    tolerance = TOLERANCE.get(subject.precision, HALF)
    comparison = Comparison(form, tolerance, subject.gives_bytes)
    for given in samples.arrays(subject, shapes):
        comparison.add(run(given), subject.predict(subject.scaled(subject.structured(given))))
    return comparison


def compare_signatures(form: str, subject: Subject, run: Callable[..., Any]) -> Comparison:
    """Compare what takes raw input, and arrays besides, with the network.

    Raises:
        Refused: If they differ.
    """
    comparison = compare_arrays(
        form,
        subject,
        lambda given: run(of_arrays(subject), given)[subject.output],
        subject.shapes,
    )
    if isinstance(subject.reader, TextEncoder | SubwordEncoder):
        check_tokens(subject, subject.encoder)
    if subject.writes is not None:
        check_tokens(subject, subject.encoder.source)
        compare_written(comparison, subject, partial(run, "serving_default"))
    for given, expected in samples.raw(subject):
        signature = "pairs" if "second" in given else "serving_default"
        comparison.add(run(signature, given)[subject.output], expected)
    return comparison


def compare_written(
    comparison: Comparison, subject: Subject, run: Callable[[dict[str, np.ndarray]], Any]
) -> None:
    """Compare the texts that are written of texts, and their scores, with what the run writes.

    Raises:
        Refused: If they differ.
    """
    assert subject.writes is not None
    encoder, (writer, options) = subject.encoder, subject.writes
    for batch in samples.batches(samples.texts(encoder.source)):
        found = run({"text": np.array(batch, object)})
        ids, scores = writer(encoder.encode(batch), options, batch_size=len(batch))
        comparison.add(found["score"], scores[:, 0])
        for given, new, best in zip(batch, found["written"], ids, strict=True):
            if (text := encoder.decode(best[0])) != new.decode():
                raise Refused(
                    f"format: {comparison.form} cannot hold how this run writes texts: of "
                    f"{given!r} it makes {new.decode()!r} and not {text!r}. Nothing was kept."
                )


def check_tokens(subject: Subject, tokenizer: Any) -> None:
    """Refuse a tokenization that TensorFlow operations do not repeat.

    Args:
        subject: The network.
        tokenizer: What has the vocabulary of what is read, and makes text of its ids.

    Raises:
        Refused: With a text that is read differently.
    """
    encoder = subject.encoder
    start = samples.start(subject)
    all_texts = samples.texts(tokenizer)
    ids = graph_of(encoder, subject)(tf.constant(all_texts)).to_list()
    rows = encoder.encode(all_texts).arrays[encoder.input]
    for i, text in enumerate(all_texts):
        expected = rows[i].tolist() or ([] if start is None else [start])
        if ids[i] != expected:
            raise Refused(
                "format: saved_model cannot hold how this run splits texts: "
                f"{text!r} is read as {ids[i]} and not as {expected}."
            )
