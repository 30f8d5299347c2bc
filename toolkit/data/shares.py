"""Which part of a batch each replica computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from toolkit import replicas
from toolkit.lazy import tf

Cut = Literal["shared", "once", "alike"]
"""What is done about a batch that does not give each replica as many rows.

``shared``: shares differ by a row at most; of a batch with fewer rows than replicas each computes
all rows, which count one part in so many, so that means and batch statistics are as on one device.
``once``: the same, but a share without rows has one that counts nothing, so that what is gathered
again has each row once. ``alike``: all shares have as many rows, filled up with rows that count
nothing, as carried states need it.
"""


@dataclass(frozen=True)
class Shares:
    """How batches are cut among replicas.

    Attributes:
        replicas: How many there are, on all workers.
        first: Number of this worker's first, from 0.
        here: How many this worker has.
        cut: What is done about uneven batches.
        parts: What a step takes one after the other lies end to end, and each part is cut by
            itself, so that all replicas are at the same part at a time. Replicas find the edges
            again in their own rows: exactly where there are four at most or the parts divide
            evenly, else to a row.
    """

    replicas: int
    first: int
    here: int
    cut: Cut = "shared"
    parts: int = 1

    def of(self, batches: Any) -> Any:
        """Return a ``tf.data.Dataset`` of the shares of batches: of each, one a replica here."""
        if self.replicas == 1:
            return batches
        if self.here == 1:
            return batches.map(lambda *batch: self.share(batch, self.first))

        def shares(*batch: Any) -> Any:
            numbers = tf.data.Dataset.range(self.first, self.first + self.here)
            return numbers.map(lambda number: self.share(batch, number))

        return batches.flat_map(shares)

    def share(self, batch: Any, number: Any) -> Any:
        """Return a replica's share of a batch.

        Args:
            batch: Nested tensors over its rows; the weight comes last.
            number: The replica's, from 0.
        """
        number = tf.cast(number, "int32")
        static = tf.nest.flatten(batch)[0].shape[0]
        size = static if static is not None else tf.shape(tf.nest.flatten(batch)[0])[0]
        if self.cut == "alike":
            return self._filled(batch, number, size)
        edges = [size * part // self.parts for part in range(self.parts + 1)]
        spans = list(zip(edges, edges[1:], strict=False))
        own = tf.concat([self._rows(start, stop, number) for start, stop in spans], 0)
        if self.cut == "once":
            none = tf.equal(tf.size(own), 0)
            rows = tf.cond(none, lambda: tf.zeros((1,), "int32"), lambda: own)
            *rest, weight = _taken(batch, rows)
            return (*rest, tf.where(none, 0.0, weight))
        few = tf.reduce_any([stop - start < self.replicas for start, stop in spans])
        *rest, weight = _taken(batch, tf.cond(few, lambda: tf.range(size), lambda: own))
        return (*rest, tf.where(few, weight / self.replicas, weight))

    def _rows(self, start: Any, stop: Any, number: Any) -> Any:
        """Return the places of a replica's rows in a part of a batch."""
        first, after = ((stop - start) * at // self.replicas for at in (number, number + 1))
        return tf.range(start + first, start + after)

    def _filled(self, batch: Any, number: Any, size: Any) -> Any:
        each = -(-size // self.replicas)
        rows = number * each + tf.range(each)
        *rest, weight = _taken(batch, tf.minimum(rows, size - 1))
        real = tf.cast(rows < size, weight.dtype)
        return (*rest, weight * tf.reshape(real, [-1] + [1] * (weight.shape.rank - 1)))


def spread(strategy: Any, make: Any, cut: Cut, parts: int = 1, *, endless: bool = False) -> Any:
    """Return batches as replicas take them; without a strategy as they are made.

    Every worker makes whole batches and takes its replicas' shares of them, so that what is drawn
    for a batch is what one device would draw.

    Args:
        strategy: A ``tf.distribute.Strategy``, or None.
        make: Makes the ``tf.data.Dataset``.
        cut: See ``Cut``.
        parts: See ``Shares``.
        endless: Whether there is no last batch, so that workers need not ask each other for one.
    """
    if strategy is None:
        return _untuned(make())
    _untune_devices()

    def here(context: Any) -> Any:
        each = context.num_replicas_in_sync // context.num_input_pipelines
        first = context.input_pipeline_id * each
        shares = Shares(context.num_replicas_in_sync, first, each, cut, parts)
        made = shares.of(make())
        if endless:
            endlessly = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
            made = made.apply(endlessly)
        return _untuned(made.prefetch(tf.data.AUTOTUNE))

    return strategy.distribute_datasets_from_function(here)


def _untuned(dataset: Any) -> Any:
    """Return a data set for which nothing looks for the best number of threads as it goes.

    The thread that would do so sleeps for up to a minute, and whoever drops the iterator may have
    to wait for it (TensorFlow 2.21). It uses all cores from the start in place of that.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _untune_devices() -> None:
    """Have the buffers that TensorFlow makes for each of several devices be untuned as well."""
    from tensorflow.python.data.ops import multi_device_iterator_ops as devices

    make = devices._create_device_dataset
    if not hasattr(make, "__wrapped__"):
        devices._create_device_dataset = wraps(make)(lambda *given: _untuned(make(*given)))


def shared(strategy: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a batch whose rows replicas share, and which gives all in their order.

    Args:
        strategy: A ``tf.distribute.Strategy``, in whose scope the variables of ``compute`` were
            made; None leaves ``compute`` as it is.
        compute: From tensors over the rows of a batch to nested tensors over as many; no row may
            depend on the others.
    """
    if strategy is None:
        return compute
    number = strategy.num_replicas_in_sync
    cut = Shares(number, 0, number, "once")

    @tf.function(reduce_retracing=True, autograph=False)
    def together(*batch: Any) -> Any:
        weight = tf.ones(tf.shape(batch[0])[:1])

        def own() -> Any:
            context = tf.distribute.get_replica_context()
            *rows, real = cut.share((*batch, weight), context.replica_id_in_sync_group)
            return compute(*rows), real

        with strategy.scope():
            found, _ = replicas.joined(strategy, strategy.run(own))
        return found

    return together


def _taken(batch: Any, rows: Any) -> Any:
    return tf.nest.map_structure(lambda t: tf.gather(t, rows), batch)
