"""How the steps of an objective are compiled and run: on one device, or on replicas together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas

WISHES = ("save", "stop")
"""What a worker may ask the others to do between two steps: write a checkpoint; stop."""


class Together(keras.Model):
    """A Keras model whose steps replicas and workers make together.

    Keras's own functions serve one device. Under a strategy they reduce the figures of replicas as
    if these were batches, which several workers cannot (keras issue 20585), and take means where
    metrics hold sums; so steps are compiled here.

    Args:
        **options: Those of a Keras model.

    Attributes:
        shows: Whether batches that are scored are kept, for :meth:`shown`.
        taken: Where there are several workers, the seconds that each replica's own part of the last
            step took, before it had to wait for the others; else empty.
    """

    jit_compile: Any  # Keras's own, as the next two; said here since they are set below
    train_function: Any
    test_function: Any

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._wishes, self._agreed = dict.fromkeys(WISHES, False), dict.fromkeys(WISHES, False)
        self.taken: list[Any] = []
        self.shows = False
        self._share: Any = ()
        self._shown: tuple[list[Any], Any] | None = None

    def results(self, training: bool) -> dict[str, Any]:
        """Return the running figures by name."""
        raise NotImplementedError

    @property
    def strategy(self) -> Any:
        """The ``tf.distribute.Strategy`` in whose scope this was built, or None."""
        return self._distribute_strategy

    def show_batches(self) -> None:
        """Keep what each scored batch held and gave, for :meth:`shown`."""
        if not self.shows:
            self.shows, self._shown, self.test_function = True, None, None

    def shown(self) -> Any:
        """Return inputs, target, raw outputs and weight of the batch scored last, as arrays."""
        assert self._shown is not None, "no batch was scored since show_batches"
        variables, structure = self._shown
        return tf.nest.pack_sequence_as(structure, [v.numpy() for v in variables])

    def hold(self, batch: Any) -> None:
        """Keep a batch's inputs, target, outputs and weight for :meth:`shown`."""
        if self.strategy is not None:
            self._share = batch  # joined where the replicas' results are
            return
        tensors = [tf.convert_to_tensor(t) for t in tf.nest.flatten(batch)]
        if self._shown is None:  # batches differ in shape, so the variables have none
            shapes = [tf.TensorShape([None] * t.shape.rank) for t in tensors]
            with tf.init_scope():
                variables = [
                    tf.Variable(tf.zeros([0] * s.rank, t.dtype), trainable=False, shape=s)
                    for t, s in zip(tensors, shapes, strict=True)
                ]
            self._shown = variables, tf.nest.map_structure(lambda t: None, batch)
        for variable, tensor in zip(self._shown[0], tensors, strict=True):
            variable.assign(tensor)

    def make_train_function(self, force: bool = False) -> None:
        """Compile the training step, under a strategy for all replicas together."""
        if self.strategy is None:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = self._together(self.train_step, training=True)

    def make_test_function(self, force: bool = False) -> None:
        """Compile the test step likewise; XLA cannot keep what has no fixed shape."""
        if self.strategy is not None:
            if self.test_function is None or force:
                self.test_function = self._together(self.test_step, training=False)
            return
        jit = self.jit_compile
        self.jit_compile = jit and not self.shows
        try:
            super().make_test_function(force)
        finally:
            self.jit_compile = jit

    def _together(self, step: Callable[[Any], Any], training: bool) -> Callable[[Any], Any]:
        """Return a function from an iterator to the figures of its next batch over all replicas."""
        strategy, shows = self.strategy, self.shows and not training
        summed = [v for metric in self.metrics for v in metric.variables]

        def each(data: Any, wishes: Any) -> Any:
            with replicas.own_time() as own:
                told = step(data)
            # All that replicas tell each other of a step, in one meeting: each takes a while.
            counted = [tf.identity(v.value) for v in summed]
            message = counted, tf.identity(wishes), replicas.side_by_side(own)
            return told, self._share if shows else (), replicas.total(message)

        @tf.function(reduce_retracing=True, autograph=False)
        def all_together(iterator: Any, wishes: Any) -> Any:
            with replicas.own_draws(), strategy.scope():
                told, held, message = strategy.run(each, args=(next(iterator), wishes))
                own = (told, message)
                told, (sums, wishes, taken) = tf.nest.map_structure(replicas.first, own)
                with keras.StatelessScope(zip(summed, sums, strict=True)):
                    figures = self.results(training)
                held = replicas.joined(strategy, held) if held else ()
            return {**told, **figures}, wishes, held, taken

        def function(iterator: Any) -> Any:
            wishes = tf.constant(list(self._wishes.values()), "float32")
            told, agreed, held, taken = all_together(iterator, wishes)
            self.taken = [seconds.numpy() for seconds in taken]
            if held:
                self._shown = tf.nest.flatten(held), held
            self._agreed = dict(zip(WISHES, agreed.numpy() > 0, strict=True))
            return told

        return function

    def wish(self, what: str) -> None:
        """Ask all workers to do something after a step: one of ``WISHES``."""
        self._wishes[what] = True
        if not replicas.several_workers(self.strategy):
            self._agreed[what] = True

    def agreed(self, what: str) -> bool:
        """Return whether a worker has asked for it, which all learn after the same step.

        The wish is forgotten then.
        """
        agreed, self._agreed[what] = self._agreed[what], False
        if agreed:
            self._wishes[what] = False
        return agreed

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Do nothing: all is built, and Keras's way of building fails with several workers."""
