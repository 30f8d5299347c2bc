"""What a training step asks of the replicas that it runs on; on one device nothing is different."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from toolkit.lazy import keras, tf

SENT_AS = {
    "bool": "int32",
    "int8": "int32",
    "uint8": "int32",
    "int16": "int32",
    "uint16": "int32",
    "bfloat16": "float32",
}
"""Types that workers cannot send each other, and what they are sent as."""


def count() -> int:
    """Return how many replicas compute a step together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def several() -> bool:
    """Return whether this is one of several replicas."""
    return count() > 1 and tf.distribute.get_replica_context() is not None


def several_workers(strategy: Any) -> bool:
    """Return whether other processes take part in a strategy's steps."""
    return strategy is not None and strategy.extended._in_multi_worker_mode()


def scope(strategy: Any) -> Any:
    """Return the context in which networks and optimizers are built; None is one device."""
    return nullcontext() if strategy is None else strategy.scope()


def total(tensors: Any) -> Any:
    """Return tensors summed over all replicas: nested as given, None where there is none."""
    if not several():
        return tensors
    flat = tf.nest.flatten(tensors, expand_composites=False)
    add_up = tf.distribute.get_replica_context().all_reduce
    for dtype in dict.fromkeys(t.dtype for t in flat if t is not None):  # sent together
        places = [i for i, t in enumerate(flat) if t is not None and t.dtype == dtype]
        for i, summed in zip(places, add_up("SUM", [flat[i] for i in places]), strict=True):
            flat[i] = summed
    return tf.nest.pack_sequence_as(tensors, flat)


def first(each: Any) -> Any:
    """Return what the first replica here gave, of what each gave."""
    (held, *_) = tf.distribute.get_strategy().experimental_local_results(each)
    return held


def side_by_side(numbers: list[Any]) -> list[Any]:
    """Return for each scalar a vector with it in this replica's place, whose ``total`` has all."""
    if not several():
        return [number[None] for number in numbers]
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return [tf.one_hot(number, count(), held, dtype=held.dtype) for held in numbers]


_ready: list[Any] = []
"""When replicas were ready for their first meeting, while a step is traced."""


def meet(tensors: Any) -> Any:
    """Return ``total`` of gradients, and note when this replica had its own."""
    if several() and several_workers(tf.distribute.get_strategy()):
        held = [t for t in tf.nest.flatten(tensors) if t is not None]
        with tf.control_dependencies(held):
            _ready.append(tf.timestamp())
    return total(tensors)


@contextmanager
def own_time() -> Iterator[list[Any]]:
    """Give a list that holds, after the block, the seconds until this replica was ready to meet.

    It is empty where there is one worker, and of a step without gradients.
    """
    found: list[Any] = []
    _ready.clear()
    begun = tf.timestamp()
    yield found
    if _ready:
        found.append(tf.cast(_ready[0] - begun, "float32"))
        _ready.clear()


def whole(rows: Any) -> tuple[Any, Any]:
    """Return the rows of all replicas, in their order, and where this one's begin.

    Args:
        rows: A tensor whose first axis may differ from replica to replica.
    """
    if not several():
        return rows, 0
    context = tf.distribute.get_replica_context()
    counts = context.all_gather(tf.shape(rows)[:1], axis=0)
    number = context.replica_id_in_sync_group
    return context.all_gather(rows, axis=0), tf.reduce_sum(counts[:number])


def drawn_together(draw: Callable[[Any], Any], rows: Any) -> Any:
    """Return this replica's rows of what is drawn for all at once, as one device would.

    Args:
        draw: From a number of rows to as many.
        rows: How many rows this replica has, an int32 scalar.
    """
    if not several():
        return draw(rows)
    every, begin = whole(tf.zeros((rows,), "int32"))
    with draws_alike():
        return draw(tf.shape(every)[0])[begin : begin + rows]


_together = False
"""Whether what is drawn just now is the same on all replicas."""


@contextmanager
def own_draws() -> Iterator[None]:
    """Let replicas that run in a block draw numbers of their own.

    Keras's generators hold one seed for all replicas, so that layers would drop the same units of
    each replica's examples. The first replica draws what one device would.
    """
    generator = keras.random.SeedGenerator
    alike = generator.next

    def own(self: Any, ordered: bool = True) -> Any:
        seed, context = alike(self, ordered), tf.distribute.get_replica_context()
        if context is None or _together:
            return seed
        number = tf.cast(context.replica_id_in_sync_group, seed.dtype)
        return seed + tf.stack([number * 0x9E3779B1, tf.zeros_like(number)])

    generator.next = own
    try:
        yield
    finally:
        generator.next = alike


@contextmanager
def draws_alike() -> Iterator[None]:
    """Let replicas draw the same in a block, in which they must not meet."""
    global _together
    _together = True
    try:
        yield
    finally:
        _together = False


def apply_if(condition: Any, optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
    """Update variables where a condition holds, which is the same on all replicas.

    Args:
        condition: A bool tensor.
        optimizer: Applies the gradients.
        gradients: The same on all replicas.
        variables: As many.
    """
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    kept = [v for _, v in pairs]

    def apply(gradients: Any) -> None:
        optimizer.apply_gradients(zip(gradients, kept, strict=True))

    gradients = [g for g, _ in pairs]
    if not tf.distribute.has_strategy():
        tf.cond(condition, lambda: apply(gradients), lambda: None)
        return

    # Replicas cannot meet inside a condition, and an update is a meeting: the condition is stated
    # where they have met.
    def across(strategy: Any, condition: Any, gradients: Any) -> None:
        each = strategy.extended.call_for_each_replica
        tf.cond(first(condition), lambda: each(apply, args=(gradients,)), lambda: None)

    tf.distribute.get_replica_context().merge_call(across, args=(condition, gradients))


def sums_no_more(optimizer: Any) -> None:
    """Have an optimizer take gradients that are summed over the replicas already.

    Keras's optimizers sum what each replica has clipped; clipping is of the sum.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner._all_reduce_sum_gradients = lambda pairs: pairs


def joined(strategy: Any, held: Any) -> Any:
    """Return the rows that replicas gave, in their order; those that count nothing are left out.

    Args:
        strategy: Under which they ran.
        held: Nested tensors over rows; the weight comes last.
    """

    def gathered(each: Any) -> Any:
        dtype = first(each).dtype
        sent = SENT_AS.get(dtype.name)
        if sent is None:
            return strategy.gather(each, axis=0)
        wide = strategy.run(lambda tensor: tf.cast(tensor, sent), args=(each,))
        return tf.cast(strategy.gather(wide, axis=0), dtype)

    *rest, weight = tf.nest.map_structure(gathered, held)
    counts = tf.reduce_any(tf.reshape(weight, (tf.shape(weight)[0], -1)) > 0, axis=1)
    real = tf.where(counts)[:, 0]
    return tf.nest.map_structure(lambda t: tf.gather(t, real), (*rest, weight))
