"""A generator of texts that writes token by token, from noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


class NoiseWriter:
    """Reads a prompt at once and then each token as it is drawn, each text with noise of its own.

    Args:
        objective: A ``toolkit.tasks.games.sequence_game.SequenceGame``.
        random: Draws the noise.
    """

    def __init__(self, objective: Any, random: np.random.Generator):
        self.objective, self.random = objective, random
        self._turn = tf.function(objective.read, reduce_retracing=True)

    def write(
        self,
        prompt: np.ndarray,
        length: int,
        draw: Callable[[np.ndarray], np.ndarray],
    ) -> Iterator[np.ndarray]:
        """Give the tokens that follow a prompt, one step after another.

        Args:
            prompt: Shape ``(n, tokens)``, at least one token.
            length: Steps.
            draw: From logits ``(n, vocabulary)`` to tokens ``(n,)``.

        Yields:
            Shape ``(n,)``, int32.
        """
        new = np.asarray(prompt, "int32")
        noise = self.random.normal(size=(len(new), self.objective.task.latent))
        states = self.objective.begun(tf.constant(noise, "float32"))
        for _ in range(length):
            logits, states = self._turn(tf.constant(new), states)
            tokens = draw(logits.numpy())
            new = tokens[:, None].astype("int32")
            yield tokens
