"""Writing texts that cannot be told from real ones: a game of two networks over tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.tasks.games.sides import Own, won
from toolkit.tasks.part import Part
from toolkit.types import Count, NonNegative, Positive, PositiveInt

RUN = 3
"""Tokens of the runs by which texts are compared."""


class SequenceAdversarial:
    """Learn to write by a game of two networks, on windows of a text, words or notes.

    A generator writes token by token, from noise that its state begins with; a discriminator tells
    what it wrote from windows of the text. Tokens are drawn, which lets no gradient through, so
    what the discriminator reads of a generated window are the softmax of the logits with Gumbel
    noise, at a temperature: the nearer it is to 0 the nearer they are to tokens (Jang et al. 2017,
    arXiv:1611.01144; Kusner and Hernandez-Lobato 2016, arXiv:1611.04051, in such a game). It goes
    from ``temperature`` to ``final_temperature`` by equal factors while the game is played.

    A game over tokens hardly begins from nothing, since all that is written at first is easily told
    from a text: ``pretrain`` epochs learn the next token first, as a language model does, and
    ``likelihood`` goes on with it beside the game.

    ``optimizer`` and ``schedule`` are the generator's, and the discriminator's too but for what is
    said here. ``loss`` is what the generator loses, at first as a language model. ``model.keras``
    takes tokens and noise and gives the logits of the next token after each; ``generate`` writes.

    Args:
        game: What the networks lose, see ``toolkit.tasks.games.adversarial_losses``.
        sequence_length: Tokens of a window.
        latent: Numbers of noise.
        temperature: Of the draws when the game begins.
        final_temperature: Of the draws when training ends, and in validation and test; null: as it
            begins.
        straight_through: Whether the discriminator reads tokens, and the gradient is that of the
            softmax; else it reads the softmax itself, which real windows never look like.
        pretrain: Epochs before the game.
        likelihood: Weight of a language model's loss in the game, nats a token.
        judged: Windows that are written to be compared with the text, at each validation.
        discriminator_optimizer: Options of the discriminator's optimizer that differ from
            ``optimizer``; with ``name`` another one.
        discriminator_schedule: The same of its schedule.
    """

    inputs: ClassVar = frozenset({"tokens"})
    targets: ClassVar = frozenset({"next"})
    needs: ClassVar = "any"
    causal: ClassVar = False
    form: ClassVar = ("generator", "discriminator")
    draws: ClassVar = False
    sampler: ClassVar = "packed"
    monitor: ClassVar = "ngram_overlap"
    mode: ClassVar = "max"
    restore: ClassVar = "last"  # who writes one good line only has the best overlap
    views: ClassVar[tuple[str, ...]] = ("written",)
    writes: ClassVar = True
    reads_input: ClassVar = False

    def __init__(
        self,
        *,
        game: Literal["non_saturating", "least_squares", "hinge"] = "non_saturating",
        sequence_length: PositiveInt = 20,
        latent: PositiveInt = 32,
        temperature: Positive = 1.0,
        final_temperature: Positive | None = None,
        straight_through: bool = True,
        pretrain: Count = 0,
        likelihood: NonNegative = 0.0,
        judged: PositiveInt = 500,
        discriminator_optimizer: dict[str, Any] | None = None,
        discriminator_schedule: dict[str, Any] | None = None,
    ):
        self.game, self.sequence_length, self.latent = game, sequence_length, latent
        self.temperature = temperature
        self.final_temperature = temperature if final_temperature is None else final_temperature
        self.straight_through, self.pretrain, self.likelihood = (
            straight_through,
            pretrain,
            likelihood,
        )
        self.judged = judged
        own = Own(discriminator_optimizer or {}, discriminator_schedule or {})
        self.optimizers = {"discriminator": own}
        self.steps_before, self.steps_of_game = 0, 1
        if sequence_length < RUN:
            raise Refused(
                f"task.sequence_length={sequence_length}: texts are compared by runs of {RUN} "
                f"tokens; expected at least {RUN}."
            )

    @staticmethod
    def suits(shapes: Mapping[str, Any]) -> str | None:
        """Return why networks of such shapes cannot be used; None if they can.

        Args:
            shapes: What ``toolkit.models.rules`` says of each network, by name.
        """
        shape = shapes["generator"]
        if shape.causal and shape.carries:
            return None
        why = shape.looks_ahead or "it carries no state from one token to the next"
        return f"its generator cannot write token by token: {why}"

    def lasts(self, steps_per_epoch: int, total_steps: int) -> None:
        """Take note of how long training is, for the epochs before the game and the temperature."""
        self.steps_before = self.pretrain * steps_per_epoch
        self.steps_of_game = max(total_steps - self.steps_before, 1)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of what validation tells, but for the loss."""
        return (*self.told(training=False), "ngram_overlap", "distinct")

    def told(self, training: bool) -> tuple[str, ...]:
        """Return what a step tells besides ``loss``."""
        names = ("discriminator_loss", "discriminator_accuracy")
        return names if training else (*names, "cross_entropy")

    def check(self, dataset: Any) -> None:
        """Refuse a text with less than a window, or more words than runs can be counted of."""
        short = [n for n, split in dataset.splits.items() if len(split) < self.sequence_length]
        if short:
            raise Refused(
                *(
                    f"data.{n}: {len(dataset.splits[n])} tokens are fewer than "
                    f"task.sequence_length={self.sequence_length}."
                    for n in short
                )
            )

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.tasks.games.sequence_networks import sequence_networks

        return sequence_networks(self, model, spec, sizes)

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Part]:
        """Return the generator; see ``toolkit.tasks.part``."""
        inputs = {**spec.inputs, "noise": Field("code", (self.latent,))}
        meanings = {"noise": "noise, drawn standard normal, one row for each text"}
        return {"generator": Part(Spec(inputs, spec.targets), encoder, meanings=meanings)}

    def metrics(self, target: Any) -> dict[str, Any]:
        """Return none: the step tells what there is to tell."""
        return {}

    def concerns(self, logs: Mapping[str, float]) -> list[str]:
        """Return what has gone wrong in an epoch, in sentences.

        Args:
            logs: The epoch's figures by name.
        """
        return won(logs, "more epochs of task.pretrain, task.likelihood or dropout")

    def observers(self, dataset: Any, split: Any) -> list[Any]:
        """Return what compares written windows with the text."""
        from toolkit.tasks.games.written_runs import WrittenRuns

        return [WrittenRuns(self, dataset, split)]

    def baselines(self, dataset: Any, split: Any) -> dict[str, float]:
        """Return what words drawn by their frequency come to, and windows of the training text."""
        from toolkit.tasks.games.written_runs import baselines

        return baselines(self, dataset, split)

    def rows(self, outputs: np.ndarray, target: Any) -> list[dict[str, Any]]:
        """Return nothing: no text is read by what is saved but to write on."""
        return [{} for _ in outputs]
