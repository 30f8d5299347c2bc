"""What blocks hand on besides features: their mask, their embedding, and state between batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolkit.lazy import keras

Tensor = Any
"""A (symbolic) tensor of Keras. Not named by its class, so that signatures read without Keras."""


@dataclass(frozen=True)
class Given:
    """What a stem gives, or a block that holds more than features.

    Attributes:
        x: The features.
        mask: Shape ``(batch, time)``, True at real positions; None where all are.
        embedding: The embedding of tokens that an output layer can share, or None.
        latent: Where ``x`` was drawn from a normal distribution: its mean and the logarithm of its
            variance, each in the shape of ``x``; else None.
    """

    x: Tensor
    mask: Tensor | None = None
    embedding: keras.layers.Layer | None = None
    latent: tuple[Tensor, Tensor] | None = None


class CarriedState:
    """The state inputs and outputs of a network that reads a text in several turns.

    Language models of recurrent layers are trained on streams whose next batch continues the last
    one, and start from the state that the last one ended in (Zaremba et al., 2014). A block that
    carries state asks for its ``initial`` tensors and hands back its ``final`` ones; whoever runs
    the network feeds ``outputs`` of one turn as ``inputs`` of the next, zeros first. Without a
    CarriedState the same blocks start every batch from zeros.

    Who writes a text token by token gives a ``cache``: then attention keeps the keys and values of
    what it has read, so that each turn reads new tokens only, however many at once. Where those
    stand is told by ``positions``; what depends on the memory alone is ``kept``.

    Args:
        batch_size: Number of streams; None leaves it free.
        cache: Positions whose keys and values attention keeps; None keeps none, as in training.

    Attributes:
        inputs: The state inputs, each ``(batch, units)``, or of a cache ``(batch, cache, heads,
            width)``, in the order in which blocks asked.
        outputs: The state after the last step, in the same order, shapes and dtypes.
        positions: The input that tells how many positions were read in earlier turns, int32 of
            shape ``(batch,)``, the same for all rows; None until a block has asked for it.
        kept: Inputs for what is computed once and read at every turn.
        sources: What is to be fed to them, in the same order, computed from the memory.

    Example:
        >>> state = CarriedState(batch_size=20)  # doctest: +SKIP
        >>> inputs, features = build_network(fields, body=body, state=state, mask=False)
        >>> keras.Model([*inputs.values(), *state.inputs], [features.x, *state.outputs])

    References:
        Zaremba, Sutskever and Vinyals, 2014, https://arxiv.org/abs/1409.2329
    """

    def __init__(self, batch_size: int | None = None, cache: int | None = None):
        self.batch_size, self.cache = batch_size, cache
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.positions: Tensor | None = None
        self.kept: list[Tensor] = []
        self.sources: list[Tensor] = []

    def initial(self, shape: int | tuple[int, ...], name: str, dtype: str = "float32") -> Tensor:
        """Return a new state input.

        Args:
            shape: Width of the state, or its shape without the batch.
            name: What it is, for the input's name; a number makes it unique.
            dtype: Of the state. float32 unless said, or half precision would be stored between
                steps.

        Returns:
            An input of shape ``(batch, *shape)``.
        """
        shape = (shape,) if isinstance(shape, int) else shape
        name = f"state_{len(self.inputs)}_{name}"
        self.inputs.append(self._input(shape, dtype, name))
        return self.inputs[-1]

    def final(self, tensor: Tensor) -> None:
        """Record the state after the last step, for the oldest input that has none yet.

        Args:
            tensor: The shape of that input, any float dtype.
        """
        dtype = self.inputs[len(self.outputs)].dtype
        if tensor.dtype != dtype:
            tensor = keras.ops.cast(tensor, dtype)
        self.outputs.append(tensor)

    def position(self) -> Tensor:
        """Return the input that tells how many positions were read in earlier turns.

        There is one for all blocks. Who runs the network adds to it what each turn has read.

        Returns:
            An int32 input of shape ``(batch,)``.
        """
        if self.positions is None:
            self.positions = self._input((), "int32", "state_position")
        return self.positions

    def keep(self, tensor: Tensor, name: str) -> Tensor:
        """Return an input in place of a tensor that is the same at every turn.

        Args:
            tensor: What depends on the memory alone; it goes to ``sources``.
            name: What it is, for the input's name; a number makes it unique.

        Returns:
            An input of its shape and dtype, or the tensor itself where there is no cache.
        """
        if self.cache is None:
            return tensor
        for source, entry in zip(self.sources, self.kept, strict=True):
            if source is tensor:
                return entry
        name = f"kept_{len(self.kept)}_{name}"
        self.sources.append(tensor)
        self.kept.append(self._input(tensor.shape[1:], tensor.dtype, name))
        return self.kept[-1]

    def _input(self, shape: tuple[int | None, ...], dtype: str, name: str) -> Tensor:
        return keras.Input(shape, batch_size=self.batch_size, dtype=dtype, name=name)
