"""Weights of another run to begin with: ``model.init_from``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.training.assemble import Trainable, open_network
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import read_spec
from toolkit.training.transfer.layers import NamedLayer, layers_of
from toolkit.training.transfer.source import source_file

SHOWN = 40
"""Layers up to which those that were taken whole are listed one by one."""

TAKEN, ONLY_HERE = "taken", "only here: starts anew"


@dataclass(frozen=True)
class Fit:
    """What a layer takes of another.

    Attributes:
        text: What is to be said of it.
        values: Its new weights; None where it takes nothing.
        count: How many numbers of them are the other's.
    """

    text: str
    values: list[np.ndarray] | None = None
    count: int = 0


@dataclass(frozen=True)
class Source:
    """Where weights come from.

    Attributes:
        path: The ``.keras`` file.
        layers: Its layers.
        spec: What its run learned from; None where no run lies around the file.
    """

    path: Path
    layers: list[NamedLayer]
    spec: Spec | None

    @classmethod
    def open(cls, init_from: str) -> Source:
        """Read a run's best network, or a ``.keras`` file.

        Raises:
            Refused: If there is none, or it is damaged.
        """
        path = source_file(init_from)
        run = RunFolder(path.parent)
        spec = read_spec(run)[0] if run.spec.is_file() else None
        return cls(path, layers_of(open_network(path)), spec)

    def beside(self, name: str) -> Source | None:
        """Return a network that the run has saved beside this one; None where there is none."""
        path = self.path.with_name(f"{name}.keras")
        if self.spec is None or not path.is_file():
            return None
        return replace(self, path=path, layers=layers_of(open_network(path)))


def take_weights(trainable: Trainable, spec: Spec, init_from: str) -> str:
    """Begin with another network's weights, layer by layer.

    Layers that their block or task named are matched by name, the others by kind and place: the
    first GRU takes what the first GRU had, an embedding what an embedding had. Of embeddings, and
    of an output layer over words or classes, the rows of the words that both know are taken. What
    does not fit starts as it would have. Networks beside it, such as a discriminator, take from
    those that the run has saved under the same names.

    Args:
        trainable: The networks.
        spec: What they will learn from.
        init_from: A run's folder or a ``.keras`` file.

    Returns:
        What was taken and what was not, a line a layer, and one for each network beside it.

    Raises:
        Refused: If there is no such network, or nothing of it fits.
    """
    source = Source.open(init_from)
    fits = _take(trainable.layers(), spec, source)
    rows = {name: fit.text for name, fit in fits.items()}
    there = [layer.name for layer in source.layers if layer.name not in fits]
    if there:
        rows["only there"] = ", ".join([*there[:8], *(["…"] if len(there) > 8 else [])])
    taken = sum(fit.count for fit in fits.values())
    if not taken:
        told = "; ".join(f"{name}: {text}" for name, text in list(rows.items())[:6])
        raise Refused(f"model.init_from: nothing of {source.path} fits this network ({told}).")
    trainable.share()
    total = trainable.inference.count_params()
    for name, layers in trainable.layers_beside().items():
        fit = _take_beside(name, layers, spec, source)
        rows[name], taken = fit.text, taken + fit.count
        total += sum(layer.size for layer in layers)
    if len(rows) > SHOWN:
        whole = [name for name, text in rows.items() if text == TAKEN]
        rows = {f"{len(whole)} layers": TAKEN, **{k: v for k, v in rows.items() if v != TAKEN}}
    width = max(map(len, rows))
    title = f"weights from {source.path}: {taken:,} of {total:,} parameters"
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in rows.items())])


def _take(layers: Sequence[NamedLayer], spec: Spec, source: Source) -> dict[str, Fit]:
    """Give layers the weights of those that they are matched with; return what each has taken."""
    there = {layer.name: layer for layer in source.layers}
    fits: dict[str, Fit] = {}
    for layer in layers:
        other = there.pop(layer.name, None)
        fit = Fit(ONLY_HERE) if other is None else _fit(layer, other, spec, source)
        if fit.values is not None:
            layer.layer.set_weights(fit.values)
        fits[layer.name] = fit
    return fits


def _take_beside(name: str, layers: Sequence[NamedLayer], spec: Spec, source: Source) -> Fit:
    """Give a network beside the saved one the weights of its namesake; return what it has taken."""
    other = source.beside(name)
    if other is None:
        return Fit(ONLY_HERE)
    count = sum(fit.count for fit in _take(layers, spec, other).values())
    size = sum(layer.size for layer in layers)
    return Fit(f"{TAKEN}: {count:,} of {size:,} parameters", count=count)


def _fit(layer: NamedLayer, other: NamedLayer, spec: Spec, source: Source) -> Fit:
    """Return what a layer takes of the one that it is matched with."""
    here, there = layer.layer.get_weights(), other.layer.get_weights()
    theirs = source.spec
    if layer.kind != other.kind or len(here) != len(there):
        return Fit(f"not taken: {layer.kind} here, {other.kind} there")
    if theirs is not None and layer.kind == "embedding":
        return _by_word(here, there, 0, spec.input.vocabulary, theirs.input.vocabulary, "tokens")
    if theirs is not None and layer.name == "head":
        mine, their = spec.target, theirs.target
        if mine.kind != their.kind:
            return Fit(f"not taken: a {mine.kind} is learned here, a {their.kind} there")
        if mine.classes:
            return _by_word(here, there, -1, mine.classes, their.classes, "classes")
        return _by_word(here, there, -1, mine.vocabulary, their.vocabulary, "tokens")
    return _whole(here, there)


def _whole(here: list[np.ndarray], there: list[np.ndarray]) -> Fit:
    for mine, their in zip(here, there, strict=True):
        if mine.shape != their.shape:
            return _misfit(mine, their)
    return Fit(TAKEN, there, sum(their.size for their in there))


def _by_word(
    here: list[np.ndarray],
    there: list[np.ndarray],
    axis: int,
    words: tuple[str, ...] | None,
    theirs: tuple[str, ...] | None,
    what: str,
) -> Fit:
    """Return weights whose slices along an axis are those of the same words."""
    if words == theirs or words is None or theirs is None:
        return _whole(here, there)
    place = {word: i for i, word in enumerate(theirs)}
    common = [(i, place[word]) for i, word in enumerate(words) if word in place]
    if not common:
        return Fit(f"not taken: no {what} in common")
    to, of = (list(side) for side in zip(*common, strict=True))
    values, count = [], 0
    for mine, their in zip(here, there, strict=True):
        new, old = np.moveaxis(mine.copy(), axis, 0), np.moveaxis(their, axis, 0)
        if (len(new), len(old)) != (len(words), len(theirs)) or new.shape[1:] != old.shape[1:]:
            return _misfit(mine, their)
        new[to] = old[of]
        values.append(np.moveaxis(new, 0, axis))
        count += new[to].size
    return Fit(f"{TAKEN}: {len(common):,} of {len(words):,} {what}", values, count)


def _misfit(here: np.ndarray, there: np.ndarray) -> Fit:
    shapes = ["x".join(map(str, array.shape)) for array in (here, there)]
    return Fit(f"not taken: {shapes[0]} here, {shapes[1]} there")
