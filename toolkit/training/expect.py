"""What a recipe promises, its ``expect:`` block, and whether results keep it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.errors import Refused, did_you_mean

BOUNDS = {"at_most": "≤", "at_least": "≥"}
"""What a figure can be held to, and its sign."""


@dataclass(frozen=True)
class Verdict:
    """A promise and what came of it.

    Attributes:
        figure: ``test/accuracy``.
        bound: ``at_most`` or ``at_least``.
        value: What is promised.
        got: The median over the seeds; None where the figure was not measured.
        spread: The least and the greatest over the seeds.
    """

    figure: str
    bound: str
    value: float
    got: float | None
    spread: tuple[float, float] | None

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        if self.got is None:
            return False
        return self.got <= self.value if self.bound == "at_most" else self.got >= self.value


@dataclass(frozen=True)
class Expectation:
    """An ``expect:`` block.

    Attributes:
        seeds: The seeds that a reproduction is run with.
        published: What others have published, in words.
        bounds: For each figure its bounds.
    """

    seeds: tuple[int, ...]
    published: str
    bounds: dict[str, dict[str, float]]

    @classmethod
    def of(cls, block: Mapping[str, Any] | None, seed: int = 0) -> Expectation:
        """Read a block.

        Args:
            block: ``seeds``, ``published``, and bounds by figure; None promises nothing.
            seed: The recipe's, for a block without ``seeds``.

        Raises:
            Refused: With every fault.
        """
        rest = dict(block or {})
        seeds, published = rest.pop("seeds", [seed]), rest.pop("published", "")
        faults = []
        if not _are_seeds(seeds):
            faults.append(f"expect.seeds: expected a list of whole numbers; got {seeds!r}")
        if not isinstance(published, str):
            faults.append(f"expect.published: expected text; got {published!r}")
        for figure, bounds in rest.items():
            if "/" not in figure:
                hint = did_you_mean(figure, ("seeds", "published"))
                faults.append(f"expect.{figure}: expected a figure, such as test/loss.{hint}")
            elif not isinstance(bounds, Mapping) or not bounds:
                example = "{at_most: 112} or {at_least: 0.99}"
                faults.append(f"expect.{figure}: expected {example}; got {bounds!r}")
            else:
                faults += _wrong_bounds(figure, bounds)
        if faults:
            raise Refused(*faults)
        return cls(tuple(seeds), published, {name: dict(given) for name, given in rest.items()})

    def verdicts(self, results: Sequence[Mapping[str, Any]]) -> list[Verdict]:
        """Hold results, one mapping of figures for each seed, to what is promised."""
        found = []
        for figure, bounds in self.bounds.items():
            values = [float(result[figure]) for result in results if figure in result]
            whole = len(values) == len(results) > 0
            got = statistics.median(values) if whole else None
            spread = (min(values), max(values)) if whole else None
            found += [Verdict(figure, bound, v, got, spread) for bound, v in bounds.items()]
        return found


def _are_seeds(seeds: Any) -> bool:
    return isinstance(seeds, (list, tuple)) and bool(seeds) and all(type(s) is int for s in seeds)


def _wrong_bounds(figure: str, bounds: Mapping[str, Any]) -> list[str]:
    faults = []
    for bound, value in bounds.items():
        if bound not in BOUNDS:
            faults.append(f"expect.{figure}: no bound '{bound}'.{did_you_mean(bound, BOUNDS)}")
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            faults.append(f"expect.{figure}.{bound}: expected a number; got {value!r}")
    return faults
