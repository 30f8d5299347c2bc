"""The training step of networks that play over tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit import replicas
from toolkit.tasks.games.adversarial_losses import boundary, discriminator_loss, generator_loss
from toolkit.tasks.games.game_objective import GameObjective
from toolkit.tasks.games.turns import Told, right, turn


class SequenceGame(GameObjective):
    """A generator that writes windows of tokens, and a discriminator that tells them from a text's.

    One step has a window written for each of the text, from new noise and after the same token,
    and updates the generator by what the discriminator says of them; then the discriminator by the
    same windows. Before the game the generator alone is updated, as a language model.

    Args:
        generator: From ``tokens`` and ``noise`` to the logits of the next token after each.
        begin: From noise to the states that writing begins with.
        writer: The generator from the embedding on, with states in and out, ``Soft``.
        discriminator: From windows to logits that they are real.
        judge: The discriminator from the embedding on, ``Soft``.
        task: A ``SequenceAdversarial`` task.
        target: The ``Field`` that is learned.
        accumulate: Parts of a batch whose gradients are summed before the generator's update.
    """

    def __init__(
        self,
        generator: keras.Model,
        begin: keras.Model,
        writer: Any,
        discriminator: keras.Model,
        judge: Any,
        task: Any,
        target: Any,
        *,
        accumulate: int = 1,
    ):
        super().__init__(generator, task, target, accumulate=accumulate)
        self.discriminator = discriminator
        self.begin_states, self.writer, self.judge = begin, writer, judge
        (self.entry,) = (name for name in generator.input if name != "noise")
        self.size = len(target.vocabulary)
        self.random = keras.random.SeedGenerator()  # its state is part of a checkpoint
        self.step = self.add_weight(
            shape=(), initializer="zeros", dtype="int64", trainable=False, name="step"
        )

    @property
    def sides(self) -> tuple[list[keras.Model], list[keras.Model]]:
        """The generator, and the discriminator."""
        return [self.network], [self.discriminator]

    @property
    def temperature(self) -> Any:
        """The temperature of this step's draws in training, float32."""
        task = self.task
        played = tf.cast(self.step - task.steps_before, "float32") / task.steps_of_game
        share = tf.clip_by_value(played, 0.0, 1.0)
        return task.temperature * (task.final_temperature / task.temperature) ** share

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make an update of the generator and, once the game has begun, of the discriminator."""
        batch = self._prepared(data)
        playing, written = self.step >= self.task.steps_before, []

        def generator_loses(part: Any, drawn: Any) -> tuple[Any, Told]:
            losses, rows = self._generator_losses(part, drawn, playing, training=True)
            written.append(rows)
            return losses, {"loss": losses}

        norm = turn(
            self.optimizer,
            [self.network],
            batch,
            generator_loses,
            self._tell,
            begin=lambda part: self._drawn(tf.shape(part[-1])[0]),
            parts=self.accumulate,
        )
        own = self.further["discriminator"]
        _, _, real, _, weight = batch
        judge_norm = turn(
            own.optimizer,
            [self.discriminator],
            (real, tf.concat(written, 0)[: tf.shape(weight)[0]], weight),  # small batches repeat
            lambda part, _: self._discriminator_losses(part, playing, training=True),
            lambda told, weight: self._tell(told, weight * tf.cast(playing, "float32")),
            parts=own.accumulate,
            when=playing,
        )
        self.step.assign_add(1)
        norms = {"gradient_norm": norm, "discriminator_gradient_norm": judge_norm}
        return {**self.results(training=True), **norms}

    def gather(self, data: Any) -> None:
        """Let the generator's batch norms see a batch as in training."""
        batch = self._prepared(data)
        noise, _ = self._drawn(tf.shape(batch[-1])[0])
        self._cross_entropies(batch, noise, training=True)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Score one batch as in training, and as a language model."""
        batch = self._prepared(data)
        _, _, real, _, weight = batch
        playing = self.step >= self.task.steps_before
        drawn = self._drawn(tf.shape(weight)[0])
        losses, rows = self._generator_losses(batch, drawn, playing, training=False)
        nats = self._cross_entropies(batch, drawn[0], training=False)
        self._tell({"loss": losses, "cross_entropy": nats}, weight)
        found = self._discriminator_losses((real, rows, weight), playing, training=False)
        self._tell(found[1], weight * tf.cast(playing, "float32"))
        if self.shows:
            self.hold((data[0], data[1], tf.argmax(rows, -1), weight))
        return self.results(training=False)

    def write(
        self, prompt: np.ndarray, length: int, *, seed: int, temperature: float = 1.0
    ) -> np.ndarray:
        """Return what the generator writes after a prompt, each row from noise of its own.

        Nothing of a training is touched.

        Args:
            prompt: Token ids, ``(rows, tokens)``, at least one each.
            length: Tokens to write.
            seed: The same one gives the same texts.
            temperature: The logits are divided by it; 0 takes the likeliest token.

        Returns:
            Token ids, ``(rows, length)``, int32.
        """
        tokens = tf.constant(np.asarray(prompt, "int32"))
        seeds = tf.constant([seed % 2**31, 1], "int32")
        written = self._written(tokens, tf.constant(length), seeds, tf.constant(temperature))
        return np.asarray(written)

    def begun(self, noise: Any, training: bool = False) -> list[Any]:
        """Return the states that writing begins with, from noise of shape ``(rows, latent)``."""
        states = self.begin_states(noise, training=training)
        return list(states) if isinstance(states, list | tuple) else [states]

    def read(self, tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Return the logits after the last of tokens ``(rows, time)``, float32, and the states."""
        embedded = tf.gather(tf.convert_to_tensor(self.writer.table), tokens)
        logits, *states = self.writer.network([embedded, *states], training=False)
        return tf.cast(logits[:, -1], "float32"), states

    @cached_property
    def _written(self) -> Callable[..., Any]:
        @tf.function(
            input_signature=[
                tf.TensorSpec((None, None), "int32"),
                tf.TensorSpec((), "int32"),
                tf.TensorSpec((2,), "int32"),
                tf.TensorSpec((), "float32"),
            ]
        )
        def written(prompt: Any, length: Any, seed: Any, temperature: Any) -> Any:
            noise = tf.random.stateless_normal((tf.shape(prompt)[0], self.task.latent), seed)
            logits, states = self.read(prompt, self.begun(noise))

            def step(place: Any, logits: Any, states: Any, tokens: Any) -> Any:
                gumbel = _gumbel(tf.shape(logits), seed, place)
                token = tf.argmax(logits + temperature * gumbel, -1, "int32")
                after, states = self.read(token[:, None], states)
                return place + 1, after, states, tokens.write(place, token)

            tokens = tf.TensorArray("int32", size=length, element_shape=(None,))
            *_, tokens = tf.while_loop(
                lambda place, *_: place < length, step, (0, logits, states, tokens)
            )
            return tf.transpose(tokens.stack())

        return written

    def _prepared(self, data: Any) -> tuple[Any, ...]:
        """Return tokens, the token before each, windows, their weights, and those of the rows."""
        x, y, weight = data
        (before,) = x.values()
        return before[:, :1], before, y, weight, tf.reduce_min(weight, axis=1)

    def _drawn(self, rows: Any) -> tuple[Any, Any]:
        """Return noise, and a seed for the tokens."""
        noise = replicas.drawn_together(
            lambda rows: keras.random.normal((rows, self.task.latent), seed=self.random), rows
        )
        return noise, tf.cast(tf.convert_to_tensor(self.random.next()), "int32")

    def _generator_losses(
        self, batch: Any, drawn: Any, playing: Any, training: bool
    ) -> tuple[Any, Any]:
        """Return what the generator loses by each window, and the windows that it wrote."""
        first, *_, weight = batch
        noise, seed = drawn

        def game() -> tuple[Any, Any]:
            rows = self._soft_rows(first, noise, seed, training)
            verdict = self._judged(rows, training)
            losses = generator_loss(self.task.game, verdict)
            if self.task.likelihood:
                losses += self.task.likelihood * self._cross_entropies(batch, noise, training)
            return losses, rows

        def before() -> tuple[Any, Any]:
            nothing = tf.zeros((tf.shape(weight)[0], self.task.sequence_length, self.size))
            return self._cross_entropies(batch, noise, training), nothing

        if not self.task.pretrain:
            return game()
        return tf.cond(playing, game, before)

    def _discriminator_losses(self, batch: Any, playing: Any, training: bool) -> tuple[Any, Told]:
        """Return what the discriminator loses by each window and a written one."""
        real, rows, weight = batch
        edge = boundary(self.task.game)
        assert edge is not None  # of the games that this task plays

        def game() -> tuple[Any, Any]:
            seen = self.discriminator(real, training=training)
            made = self._judged(rows, training)
            return discriminator_loss(self.task.game, seen, made), right(seen, made, edge)

        def before() -> tuple[Any, Any]:
            return tf.zeros_like(weight), tf.zeros_like(weight)

        losses, accuracy = tf.cond(playing, game, before) if self.task.pretrain else game()
        return losses, {"discriminator_loss": losses, "discriminator_accuracy": accuracy}

    def _cross_entropies(self, batch: Any, noise: Any, training: bool) -> Any:
        """Return the mean cross entropy of each window's tokens, in nats, ``(batch,)``."""
        _, before, after, weight, _ = batch
        logits = self.network({self.entry: before, "noise": noise}, training=training)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(after, tf.cast(logits, "float32"))
        return tf.math.divide_no_nan(tf.reduce_sum(nats * weight, 1), tf.reduce_sum(weight, 1))

    def _soft_rows(self, first: Any, noise: Any, seed: Any, training: bool) -> Any:
        """Return written windows, each position shares of the tokens, ``(batch, time, tokens)``."""
        states = self.begun(noise, training)
        table = tf.convert_to_tensor(self.writer.table)
        length = self.task.sequence_length
        # Scores are those of the end, so that they tell of the networks alone.
        temperature = self.temperature if training else self.task.final_temperature

        def step(place: Any, embedded: Any, states: Any, written: Any) -> Any:
            logits, *states = self.writer.network([embedded, *states], training=training)
            logits = tf.cast(logits[:, 0], "float32")
            gumbel = _gumbel(tf.shape(logits), seed, place)
            row = tf.nn.softmax((logits + gumbel) / temperature)
            if self.task.straight_through:
                token = tf.one_hot(tf.argmax(row, -1), self.size)
                row += tf.stop_gradient(token - row)
            embedded = tf.matmul(row, table)[:, None]
            return place + 1, embedded, states, written.write(place, row)

        begun = tf.gather(table, first)  # (batch, 1, units)
        written = tf.TensorArray("float32", size=length, element_shape=(None, self.size))
        *_, written = tf.while_loop(
            lambda place, *_: place < length,
            step,
            (0, begun, states, written),
            maximum_iterations=length,
        )
        rows = tf.transpose(written.stack(), (1, 0, 2))
        return tf.ensure_shape(rows, (None, length, self.size))

    def _judged(self, rows: Any, training: bool) -> Any:
        """Return logits that written windows are real."""
        embedded = tf.einsum("btv,vu->btu", rows, tf.convert_to_tensor(self.judge.table))
        return self.judge.network(embedded, training=training)


def _gumbel(shape: Any, seed: Any, place: Any) -> Any:
    """Return Gumbel noise for a place in a text, the same for the same seed, of shape (2,).

    The place is hashed into the seed; added to it, it would be the seed of a later step.
    """
    folded = tf.random.experimental.stateless_fold_in(seed, place)
    uniform = tf.random.stateless_uniform(shape, folded, minval=1e-20, maxval=1.0)
    return -tf.math.log(-tf.math.log(uniform))
