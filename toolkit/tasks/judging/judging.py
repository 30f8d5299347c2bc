"""Figures of generated images, by what a judge sees in them and in real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from toolkit.data.pipeline import example_batches
from toolkit.data.spec import Spec, Split
from toolkit.errors import Refused
from toolkit.image_scores import (
    Moments,
    class_agreement,
    class_shares,
    classifier_score,
    frechet_distance,
)
from toolkit.tasks.judging.judge import Judge
from toolkit.tasks.judging.maker import BATCH, in_turn

IN_VALIDATION = 2000
"""Images, at most, that are made after each epoch."""
LEFT_OUT = 0.1
"""Share of the images that a class would have if all had as many, below which it is left out."""
A_CLASS = 10
"""Images of a class that there have to be, on average, for a share to tell anything."""
SEED = 1
"""Of the codes, the same each time."""


class Judging:
    """Holds generated images against real ones.

    Args:
        name: The judge, see ``toolkit.tasks.judging.judge``.
        count: Images that are made of a split, and real ones of it at most.
        weights: The judge's, where it takes any.
    """

    def __init__(self, name: str, count: int, weights: str | None = None):
        self.name, self.count, self.weights = name, count, weights
        self._known: list[tuple[Split, Moments, dict[str, float]]] = []

    @cached_property
    def judge(self) -> Judge:
        """Who judges; a run that has a judge can be used without it for all else."""
        return Judge(self.name, self.weights)

    def check(self, dataset: Any, *known: Any) -> None:
        """Refuse a judge that cannot look at the images, and fewer images than have a covariance.

        Args:
            dataset: Its validation and test splits are scored.
            known: What the judge's own check takes: the ``Field`` of the images, and classes.

        Raises:
            Refused: If that is so.
        """
        self.judge.check(*known)
        sizes = {
            f"{part} has": len(next(iter(split.arrays.values())))
            for part, split in (("validation", dataset.valid), ("test", dataset.test))
            if split is not None
        }
        for what, count in {"task.judged makes": self.count, **sizes}.items():
            if count < 2:
                raise Refused(f"task.judge: {what} one image; expected two or more to be judged.")

    @property
    def score(self) -> str:
        """Name of the score by the judge's classes."""
        return "inception_score" if self.judge.inception else "classifier_score"

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that there can be."""
        if self.judge.classes:
            return ("frechet_distance", self.score, "least_class_share", "class_agreement")
        return ("frechet_distance", self.score)[: 1 + self.judge.inception]

    def real(self, split: Split, spec: Spec) -> tuple[Moments, dict[str, float]]:
        """Return moments of a split's images, and what scores real images have; looked at once."""
        for known, moments, scores in self._known:
            if known is split:
                return moments, scores
        features, chances = self._seen(_images(split, spec, self.count))
        scores = {} if chances is None else {self.score: classifier_score(chances)}
        self._known.append((split, Moments.of(features), scores))
        return self._known[-1][1:]

    def made(self, task: Any, dataset: Any, split: Split, count: int) -> dict[str, float]:
        """Return figures of images that a task's network makes, against those of a split.

        Args:
            task: Has a ``maker``.
            dataset: Of which the split is one.
            split: What they are held against.
            count: How many are made; of each class as many, where classes can be asked for.
        """
        maker = task.maker
        features, chances = self._seen(maker.batches(count, SEED))
        real, _ = self.real(split, dataset.spec)
        found = {"frechet_distance": frechet_distance(real, features)}
        if chances is not None:
            found[self.score] = classifier_score(chances)
        if chances is not None and self.judge.classes:
            found["least_class_share"] = float(class_shares(chances).min())
            if maker.classes:
                places = np.array([self.judge.classes.index(name) for name in maker.classes])
                asked = places[in_turn(count, len(places))]
                found["class_agreement"] = class_agreement(chances, asked)
        return found

    def concerns(self, logs: Mapping[str, float]) -> list[str]:
        """Return a sentence where hardly any image is of one of the judge's classes.

        Args:
            logs: An epoch's figures by name, those of validation with ``val_`` before.
        """
        share, classes = logs.get("val_least_class_share"), len(self.judge.classes)
        if share is None or min(self.count, IN_VALIDATION) < A_CLASS * classes:
            return []
        if share >= LEFT_OUT / classes:
            return []
        return [
            f"Generated images leave out a class (mode collapse): the rarest of the judge's "
            f"{classes} has {share:.2%} of them."
        ]

    def baselines(self, dataset: Any, split: Split) -> dict[str, float]:
        """Return what real images come to: as many training images in place of generated ones."""
        real, scores = self.real(split, dataset.spec)
        distance = frechet_distance(real, self.real(dataset.train, dataset.spec)[0])
        found = {"frechet_distance (real against real)": distance}
        return found | {f"{name} (real images)": value for name, value in scores.items()}

    def remarks(self) -> dict[str, str]:
        """Return who judges, and how well."""
        judge, told = self.judge, f"{self.count:,} images"
        if judge.accuracy is not None:
            name, value = judge.accuracy
            told = f"{told}, {name} {value:.2%}"
        return {"judge": f"{judge.name}, {told}"}

    def _seen(self, batches: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return features and probabilities of all images."""
        seen = [self.judge(images) for images in batches]
        features = np.concatenate([one for one, _ in seen])
        chances = [other for _, other in seen if other is not None]
        return features, np.concatenate(chances) if chances else None


class JudgedImages:
    """Tells, once a split is scored, how near generated images come to the split's.

    Args:
        task: Has ``judging``, and a ``maker`` once its networks are built.
        dataset: Of which the split is one.
        split: What is scored.
    """

    def __init__(self, task: Any, dataset: Any, split: Any):
        self.task, self.dataset, self.split = task, dataset, split

    def reset(self) -> None:
        """Begin; nothing is kept."""

    def figures(self) -> dict[str, float]:
        """Return the figures."""
        judging = self.task.judging
        within = self.split is self.dataset.valid
        count = min(judging.count, IN_VALIDATION) if within else judging.count
        return judging.made(self.task, self.dataset, self.split, count)


def _images(split: Split, spec: Spec, count: int) -> Iterator[np.ndarray]:
    """Yield images of a split, evenly spread over it, a batch at a time."""
    chosen = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(int))
    inputs = Spec(spec.inputs, {})
    for x, _, _ in example_batches(split.take(chosen), inputs, BATCH).once():
        (images,) = x.values()
        yield images.numpy()
