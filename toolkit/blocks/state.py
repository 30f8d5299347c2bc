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
    """

    x: Tensor
    mask: Tensor | None = None
    embedding: keras.layers.Layer | None = None


class CarriedState:
    """The state inputs and outputs of a network that is trained on contiguous streams.

    Language models are trained on streams whose next batch continues the last one, and start from
    the state that the last one ended in (Zaremba et al., 2014). A block that carries state asks for
    its ``initial`` tensors and hands back its ``final`` ones; whoever trains the network feeds
    ``outputs`` of one batch as ``inputs`` of the next, zeros first. Without a CarriedState the same
    blocks start every batch from zeros, with the same weights in the same order.

    Args:
        batch_size: Number of streams; None leaves it free.

    Attributes:
        inputs: The state inputs, each ``(batch, units)``, in the order in which blocks asked.
        outputs: The state after the last step, in the same order, shapes and dtypes.

    Example:
        >>> state = CarriedState(batch_size=20)  # doctest: +SKIP
        >>> inputs, features = build_network(fields, body=body, state=state, mask=False)
        >>> keras.Model([*inputs.values(), *state.inputs], [features.x, *state.outputs])

    References:
        Zaremba, Sutskever and Vinyals, 2014, https://arxiv.org/abs/1409.2329
    """

    def __init__(self, batch_size: int | None = None):
        self.batch_size = batch_size
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def initial(self, units: int, name: str) -> Tensor:
        """Return a new state input.

        Args:
            units: Width of the state.
            name: What it is, for the input's name; a number makes it unique.

        Returns:
            A float32 input of shape ``(batch, units)``.
        """
        name = f"state_{len(self.inputs)}_{name}"
        # The name of the dtype is said, or half precision would store half precision between steps.
        self.inputs.append(
            keras.Input((units,), batch_size=self.batch_size, dtype="float32", name=name)
        )
        return self.inputs[-1]

    def final(self, tensor: Tensor) -> None:
        """Record the state after the last step, for the oldest input that has none yet.

        Args:
            tensor: Shape ``(batch, units)``, any float dtype.
        """
        if tensor.dtype != "float32":
            tensor = keras.ops.cast(tensor, "float32")
        self.outputs.append(tensor)
