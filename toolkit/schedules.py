"""How the learning rate changes in the course of a run.

A schedule is called ``schedule(course, *, options)`` and gives a number, a Keras schedule, or a
:class:`Plateau`. Its keyword-only parameters are its options. Lengths carry a unit, ``10 epochs``
or ``500 steps``; a step is one update. Every schedule can begin with a warm-up, a straight line
from zero, and all its other lengths count from the end of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.lengths import Length, PositiveLength, steps_in
from toolkit.registry import Table
from toolkit.types import Count, Fraction, NonNegative, Positive, PositiveInt, Probability

Schedule = Any
"""A float, a Keras ``LearningRateSchedule``, or a :class:`Plateau`."""


@dataclass(frozen=True)
class Course:
    """What a schedule must know of the run.

    Attributes:
        learning_rate: The optimizer's, reached at the end of the warm-up.
        steps_per_epoch: Updates in an epoch.
        total_steps: Updates in the run; None where that is open.
    """

    learning_rate: float
    steps_per_epoch: int
    total_steps: int | None = None

    def steps(self, length: str, key: str, positive: bool = True) -> int:
        """Return how many steps a length has; ``key`` names the option in a refusal."""
        steps = steps_in(length, self.steps_per_epoch, f"schedule.{key}")
        if positive and not steps:
            raise Refused(f"schedule.{key}: expected a length above zero; got {length!r}.")
        return steps


@dataclass(frozen=True)
class Plateau:
    """A learning rate that falls when validation gets no better: data for a callback.

    Attributes:
        learning_rate: Rate after the warm-up, before any fall.
        warmup_steps: Steps of the warm-up, in which the rate is ``learning_rate * step /
            warmup_steps``.
        factor: What the rate is multiplied by at each fall.
        patience: Validations without a better score before it falls.
        min_delta: By how much a score must be better to count.
        cooldown: Validations after a fall that are not counted.
        min_learning_rate: Lowest rate.
    """

    learning_rate: float
    warmup_steps: int
    factor: float
    patience: int
    min_delta: float
    cooldown: int
    min_learning_rate: float


def _warmed_up(then: Schedule, course: Course, warmup: str | None) -> Schedule:
    """Return a schedule that begins with a warm-up, where one is asked for."""
    steps = _warmup_steps(course, warmup)
    if not steps:
        return then
    from toolkit.learning_rates import Lead

    return Lead(0.0, course.learning_rate, steps, then)


def _warmup_steps(course: Course, warmup: str | None) -> int:
    return 0 if warmup is None else course.steps(warmup, "warmup", positive=False)


def _duration(course: Course, decay: str | None, warmup: str | None) -> int:
    """Return the steps of a decay: those given, or the rest of the run after the warm-up."""
    if decay is not None:
        return course.steps(decay, "decay")
    if course.total_steps is None:
        raise Refused(
            "schedule.decay: the length of the run is not known; give the decay's length, such as "
            "'10 epochs'."
        )
    return max(course.total_steps - _warmup_steps(course, warmup), 1)


def constant(course: Course, *, warmup: Length | None = None) -> Schedule:
    """The same learning rate from the warm-up to the end.

    Args:
        course: Learning rate and length of the run.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    return _warmed_up(course.learning_rate, course, warmup)


def step(
    course: Course,
    *,
    start: Length | None = None,
    every: PositiveLength = "10 epochs",
    factor: Positive = 0.1,
    warmup: Length | None = None,
) -> Schedule:
    """Multiplied by a factor every so often, and constant between.

    Zaremba et al. 2014 (arXiv:1409.2329) keep the rate for 4 epochs and then halve it at each
    epoch: ``start: 4 epochs``, ``every: 1 epoch``, ``factor: 0.5``.

    Args:
        course: Learning rate and length of the run.
        start: When the rate first falls; null: after ``every``.
        every: Time from one fall to the next.
        factor: What the rate is multiplied by at each fall.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    from toolkit.learning_rates import Lead

    length = course.steps(every, "every")
    first = length if start is None else course.steps(start, "start", positive=False)
    falls = keras.optimizers.schedules.ExponentialDecay(
        course.learning_rate * factor, length, factor, staircase=True
    )
    level = Lead(course.learning_rate, course.learning_rate, first, falls)
    return _warmed_up(level, course, warmup)


def exponential(
    course: Course,
    *,
    every: PositiveLength = "1 epoch",
    factor: Positive = 0.9,
    warmup: Length | None = None,
) -> Schedule:
    """Smoothly multiplied by a factor in each stretch of time.

    Args:
        course: Learning rate and length of the run.
        every: Time in which the rate is multiplied by ``factor`` once.
        factor: What the rate is multiplied by in that time.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    length = course.steps(every, "every")
    then = keras.optimizers.schedules.ExponentialDecay(course.learning_rate, length, factor)
    return _warmed_up(then, course, warmup)


def cosine(
    course: Course,
    *,
    decay: PositiveLength | None = None,
    end: Probability = 0.0,
    warmup: Length | None = None,
) -> Schedule:
    """Half a cosine wave down (Loshchilov and Hutter 2017, arXiv:1608.03983).

    Args:
        course: Learning rate and length of the run.
        decay: How long the rate falls; null: the rest of the run.
        end: Share of the learning rate that is left then and stays.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    steps = _duration(course, decay, warmup)
    then = keras.optimizers.schedules.CosineDecay(course.learning_rate, steps, alpha=end)
    return _warmed_up(then, course, warmup)


def cosine_restarts(
    course: Course,
    *,
    first: PositiveLength = "10 epochs",
    lengthen: Positive = 2.0,
    lower: Positive = 1.0,
    end: Probability = 0.0,
    warmup: Length | None = None,
) -> Schedule:
    """Half cosine waves one after the other (Loshchilov and Hutter 2017, arXiv:1608.03983).

    Args:
        course: Learning rate and length of the run.
        first: PositiveLength of the first wave.
        lengthen: What each wave is longer by than the one before (Keras's ``t_mul``).
        lower: What the rate at each wave's beginning is multiplied by (Keras's ``m_mul``).
        end: Share of the learning rate that is left at the end of a wave.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    then = keras.optimizers.schedules.CosineDecayRestarts(
        course.learning_rate,
        course.steps(first, "first"),
        t_mul=lengthen,
        m_mul=lower,
        alpha=end,
    )
    return _warmed_up(then, course, warmup)


def polynomial(
    course: Course,
    *,
    decay: PositiveLength | None = None,
    end: Probability = 0.0,
    power: Positive = 2.0,
    warmup: Length | None = None,
) -> Schedule:
    """Falling as a power of the time that is left.

    Args:
        course: Learning rate and length of the run.
        decay: How long the rate falls; null: the rest of the run.
        end: Share of the learning rate that is left then and stays.
        power: The power; 1 is a straight line.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    steps = _duration(course, decay, warmup)
    then = keras.optimizers.schedules.PolynomialDecay(
        course.learning_rate, steps, end_learning_rate=course.learning_rate * end, power=power
    )
    return _warmed_up(then, course, warmup)


def linear(
    course: Course,
    *,
    decay: PositiveLength | None = None,
    end: Probability = 0.0,
    warmup: Length | None = None,
) -> Schedule:
    """A straight line down.

    Args:
        course: Learning rate and length of the run.
        decay: How long the rate falls; null: the rest of the run.
        end: Share of the learning rate that is left then and stays.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    return polynomial(course, decay=decay, end=end, power=1.0, warmup=warmup)


def inverse_sqrt(
    course: Course,
    *,
    timescale: PositiveLength | None = None,
    warmup: Length | None = "4000 steps",
) -> Schedule:
    """Falling as one over the square root of time (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        course: Learning rate and length of the run.
        timescale: The rate is multiplied by ``sqrt(timescale / (timescale + time))``; null: the
            warm-up's length, as in the paper.
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    from toolkit.learning_rates import InverseSquareRoot

    scale = warmup if timescale is None else timescale
    if scale is None:
        raise Refused("schedule.timescale: give it or a warmup, such as '4000 steps'.")
    key = "warmup" if timescale is None else "timescale"
    steps = course.steps(scale, key)
    then = InverseSquareRoot(course.learning_rate, steps)
    return _warmed_up(then, course, warmup)


def plateau(
    course: Course,
    *,
    factor: Fraction = 0.1,
    patience: PositiveInt = 10,
    min_delta: NonNegative = 1e-4,
    cooldown: Count = 0,
    min_learning_rate: NonNegative = 0.0,
    warmup: Length | None = None,
) -> Plateau:
    """Falling when the score in validation gets no better, as Keras's ``ReduceLROnPlateau``.

    The score is the one that the best epoch is chosen by.

    Args:
        course: Learning rate and length of the run.
        factor: What the rate is multiplied by at each fall.
        patience: Validations without a better score before the rate falls.
        min_delta: By how much a score must be better to count.
        cooldown: Validations after a fall that are not counted.
        min_learning_rate: Lowest rate (Keras's ``min_lr``).
        warmup: Length of the straight line from zero at the beginning; null: none.
    """
    return Plateau(
        course.learning_rate,
        _warmup_steps(course, warmup),
        factor,
        patience,
        min_delta,
        cooldown,
        min_learning_rate,
    )


SCHEDULES: Table[str] = Table(
    "schedule",
    {
        name: f"toolkit.schedules:{name}"
        for name in (
            "constant",
            "step",
            "exponential",
            "cosine",
            "cosine_restarts",
            "linear",
            "polynomial",
            "inverse_sqrt",
            "plateau",
        )
    },
)
