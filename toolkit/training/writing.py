"""Texts that a run of an encoder and a decoder writes of new input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder
from toolkit.training.settings import TrainerSettings
from toolkit.training.strategy import strategy_of
from toolkit.types import Count, Positive, PositiveInt, Probability


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How texts are to be written, where it is not as the run's task says.

    Attributes:
        n: Texts for each input.
        beams: Texts that are followed at a time; None: as many as in training, and at least ``n``.
        temperature: Draws tokens, from logits divided by it; None takes the likeliest.
        top_k: Draws among so many of the likeliest only.
        top_p: Draws among the likeliest that together have this probability.
        seed: Of what is drawn; None draws anew.
    """

    n: PositiveInt = 1
    beams: PositiveInt | None = None
    temperature: Positive | None = None
    top_k: PositiveInt | None = None
    top_p: Probability | None = None
    seed: Count | None = None

    @property
    def given(self) -> list[str]:
        """Names of what differs from the defaults."""
        return [f.name for f in fields(self) if getattr(self, f.name) != f.default]

    @property
    def drawn(self) -> bool:
        """Whether tokens are drawn."""
        return self.temperature is not None or self.top_k is not None or self.top_p is not None

    def decoding(self, usual: Any) -> Any:
        """Return the task's way of writing with what is wished.

        Raises:
            Refused: If beams and drawing are asked for together, or fewer beams than texts.
        """
        if self.drawn:
            if self.beams is not None and self.beams > 1:
                raise Refused(
                    "beams: follows the likeliest texts, and temperature, top_k and top_p draw "
                    "tokens; expected the one or the others."
                )
            temperature = 1.0 if self.temperature is None else self.temperature
            return replace(
                usual, beams=1, temperature=temperature, top_k=self.top_k, top_p=self.top_p
            )
        if self.beams is not None and self.beams < self.n:
            raise Refused(f"n={self.n}: expected at most beams={self.beams}, or more beams.")
        return replace(usual, beams=self.beams or max(usual.beams, self.n))


def written(
    folder: RunFolder,
    texts: Sequence[str],
    encoder: Any,
    wishes: Wishes,
    batch_size: int,
    settings: TrainerSettings,
) -> list[dict[str, Any]]:
    """Return what a run writes of each text.

    Args:
        folder: The run's.
        texts: What is read.
        encoder: Turns texts into ids, and what is written into text.
        wishes: How.
        batch_size: Texts at a time.
        settings: Which devices share them.

    Returns:
        A row for each text: ``text``, its ``score`` (log probability; beam search divides it by
        the length penalty), and where several are asked for ``texts``, the best first.
    """
    from toolkit.tasks.writing.written_scores import write_texts
    from toolkit.training.reopen import reopen

    _, trainable, task, _ = reopen(folder, settings=settings)
    trainable.objective.writer.share(strategy_of(settings))
    options = wishes.decoding(task.decoding)
    found = write_texts(
        task, trainable.objective, encoder, texts, options, batch_size, n=wishes.n, seed=wishes.seed
    )
    rows = [[{"text": text, "score": score} for text, score in best] for best in found]
    return [best[0] if wishes.n == 1 else {**best[0], "texts": best} for best in rows]
