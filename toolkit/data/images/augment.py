"""Augmentation that depends on (seed, epoch, index) alone."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused, did_you_mean
from toolkit.lazy import tf
from toolkit.registry import Table


@dataclass(frozen=True)
class Row:
    """An augmentation and what is known of it before it is loaded.

    Attributes:
        path: ``module:function``. Its keyword-only parameters are the options.
        kinds: Kinds of input that it can change.
        draws: What it needs drawn for each example: that many uniform numbers, ``seed`` (two whole
            numbers that seed further draws), or ``beta`` (a share, by its option ``alpha``).
        labels: Whether it changes the label too.
        moves: Whether it moves what an image shows. A picture that is to be made of the image moves
            alike.
    """

    path: str
    kinds: tuple[str, ...] = ("image",)
    draws: int | Literal["seed", "beta"] = 2
    labels: bool = False
    moves: bool = False


def _row(name: str, *facts: Any, **more: Any) -> Row:
    return Row(f"toolkit.data.images.augmentations:{name}", *facts, **more)


AUGMENTATIONS: Table[Row] = Table(
    "data.augment",
    {
        "flip": _row("flip", moves=True),
        "jitter": _row("jitter", moves=True),
        "crop": _row("crop", moves=True),
        "shift": _row("shift", moves=True),
        "cutout": _row("cutout", draws=2),
        "noise": _row("noise", ("image", "series", "table"), "seed"),
        "mixup": _row("mixup", ("image", "series", "table"), "beta", labels=True),
        "word_dropout": _row("word_dropout", ("tokens",), "seed"),
    },
)
"""What ``data.augment`` can name."""


class Augmentation:
    """Steps of augmentation for the examples of one split.

    What happens to an example in an epoch is drawn for its index, before batches are made. So it is
    the same picture whatever the batch size, the order, the number of workers, or the step at which
    a run was resumed, and adding a step does not change what the others draw. (``mixup`` blends an
    example with another of its batch: which one depends on the batch, how much does not.)

    Where a picture is to be made of an image, both are moved alike, and what does not move anything
    (``noise``, ``cutout``) is done to the image alone. Where image and picture are no pair, each is
    an example of its own: all steps are done to both, with draws for each.

    Args:
        steps: Options by name, in the order in which they are applied:
            ``{"flip": {"horizontal": True}, "crop": {"padding": 4}}``. None for no options.
        n: How many examples there are.
        spec: What they are: the kind of the input, and the classes where labels are mixed.

    Raises:
        Refused: If there is no such step, it has no such option, or it cannot change such data.

    Example:
        >>> plan = Augmentation({"flip": {}}, len(split), spec)  # doctest: +SKIP
        >>> drawn = plan.draws(seed=1, epoch=0)  # once an epoch
        >>> batch = plan(batch, {k: tf.gather(v, indices) for k, v in drawn.items()})
    """

    def __init__(self, steps: Mapping[str, Mapping[str, Any] | None], n: int, spec: Spec):
        faults = [fault for name in steps for fault in _faults(name, steps[name] or {}, spec)]
        if faults:
            raise Refused(*faults)
        self.steps = {name: dict(options or {}) for name, options in steps.items()}
        self.n = n
        self.spec = spec
        self.input = next(iter(spec.inputs))
        self.target = next(iter(spec.targets), "")
        pictures = {name: f for name, f in spec.targets.items() if f.kind == "picture"}
        self.paired = [name for name, field in pictures.items() if not field.unpaired]
        self.unpaired = [name for name, field in pictures.items() if field.unpaired]

    def draws(self, seed: int, epoch: Any) -> dict[Any, Any]:
        """Draw what an epoch needs.

        Args:
            seed: The run's seed.
            epoch: The epoch, an integer or a scalar integer tensor.

        Returns:
            A tensor for each step, the first axis the examples; and ``(target, step)`` for pictures
            that are examples of their own.
        """
        base = tf.stack([tf.cast(seed, "int64"), tf.cast(epoch, "int64")])
        return {
            key: self._draw(AUGMENTATIONS.row(name).draws, options, _salted(base, str(key)))
            for name, options in self.steps.items()
            for key in (name, *((picture, name) for picture in self.unpaired))
        }

    def _draw(self, what: int | str, options: dict[str, Any], seed: Any) -> Any:
        if what == "seed":
            limits = {"minval": None, "maxval": None, "dtype": "int32"}
            return tf.random.stateless_uniform([self.n, 2], seed, **limits, alg="philox")
        if what == "beta":
            alpha = options.get("alpha", _default(AUGMENTATIONS["mixup"], "alpha"))
            pair = tf.random.stateless_gamma([self.n, 2], seed, alpha=alpha, dtype="float64")
            share = tf.math.divide_no_nan(pair[:, :1], tf.reduce_sum(pair, -1, keepdims=True))
            return tf.cast(share, "float32")
        return tf.random.stateless_uniform([self.n, what], seed, alg="philox")

    def __call__(self, batch: dict[str, Any], drawn: Mapping[Any, Any]) -> dict[str, Any]:
        """Augment a batch.

        Args:
            batch: Inputs and targets by name, the first axis the examples.
            drawn: The rows of ``draws`` that belong to these examples.

        Returns:
            The batch, of the same shapes and types; after ``mixup`` the labels are shares of each
            class, ``(batch, classes)`` float32, in place of ids ``(batch,)``.
        """
        batch = dict(batch)
        for name, options in self.steps.items():
            row, x = AUGMENTATIONS.row(name), batch[self.input]
            if row.labels:
                y = self._shares(batch[self.target])
                batch[self.input], batch[self.target] = AUGMENTATIONS[name](
                    x, y, drawn[name], **options
                )
                continue
            batch[self.input] = self._step(name, x, drawn[name], self.spec.input)
            for picture in self.paired if row.moves else ():
                field = self.spec.targets[picture]
                batch[picture] = self._step(name, batch[picture], drawn[name], field)
            for picture in self.unpaired:
                field, own = self.spec.targets[picture], drawn[picture, name]
                batch[picture] = self._step(name, batch[picture], own, field)
        return batch

    def _step(self, name: str, x: Any, drawn: Any, field: Field) -> Any:
        """Carry out one step on an input, or on a picture."""
        options = self.steps[name]
        if field.palette is not None and "interpolation" in _options(name):
            options = {**options, "interpolation": "nearest"}
        if field.special is None or field.kind != "tokens":
            return AUGMENTATIONS[name](x, drawn, **options)
        if "unknown" in _options(name) and options.get("unknown") is None:
            options = {**options, "unknown": field.special["unknown"]}
        special = tf.constant(list(field.special.values()), x.dtype)
        kept = tf.reduce_any(x[..., None] == special, axis=-1)
        return tf.where(kept, x, AUGMENTATIONS[name](x, drawn, **options))

    def _shares(self, y: Any) -> Any:
        """Return labels as a share of each class."""
        classes = self.spec.target.classes
        if classes is not None and not self.spec.target.multi_label:
            return tf.one_hot(tf.cast(y, "int32"), len(classes))
        return tf.cast(y, "float32")


def _salted(seed: Any, name: str) -> Any:
    return tf.random.experimental.stateless_fold_in(seed, zlib.crc32(name.encode()))


def _options(name: str) -> list[str]:
    """Return the names of a step's options."""
    parameters = inspect.signature(AUGMENTATIONS[name]).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _default(function: Any, option: str) -> Any:
    return inspect.signature(function).parameters[option].default


def _faults(name: str, options: Mapping[str, Any], spec: Spec) -> list[str]:
    if name not in AUGMENTATIONS:
        return [f"data.augment: no '{name}'.{did_you_mean(name, AUGMENTATIONS)}"]
    known = _options(name)
    faults = [
        f"data.augment.{name}: no option '{option}'.{did_you_mean(option, known)}"
        for option in options
        if option not in known
    ]
    row, kind = AUGMENTATIONS.row(name), next(iter(spec.inputs.values())).kind
    if kind not in row.kinds:
        can = [other for other in AUGMENTATIONS if kind in AUGMENTATIONS.row(other).kinds]
        faults.append(
            f"data.augment: '{name}' changes {' and '.join(row.kinds)}, and this data set's input "
            f"is {kind}; for that there is {', '.join(can)}."
        )
    elif "unknown" in known and options.get("unknown") is None:
        special = spec.input.special
        if special is not None and "unknown" not in special:
            faults.append(
                f"data.augment.{name}.unknown: must be given, the id of a token to put in: the "
                "data's vocabulary has none for unknown words."
            )
    target = next(iter(spec.targets.values()), None)
    if row.labels and (target is None or target.kind not in ("label", "value")):
        faults.append(f"data.augment: '{name}' needs a label or value to blend.")
    if row.moves and target is not None and target.kind == "picture" and not target.unpaired:
        sizes = [field.shape[:2] for field in (spec.input, target)]
        if sizes[0] != sizes[1]:
            faults.append(
                f"data.augment: '{name}' moves image and picture alike, and these are of "
                f"{' and '.join(f'{h} x {w}' for h, w in sizes)} pixels."
            )
    return faults
