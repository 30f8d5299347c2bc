"""A layer that draws from normal distributions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("toolkit")
class Sampling(keras.layers.Layer):
    """Draw from a normal distribution so that gradients flow to its mean and variance.

    What is given is ``mean + exp(log_variance / 2) * noise`` with standard normal noise (Kingma and
    Welling, 2014), in training and elsewhere: who wants no noise reads the mean. The sum is done in
    float32, as exp leaves the range of half precision soon.

    The state of its generator is among the variables of a network, so a checkpoint that holds these
    goes on with the same noise.

    Args:
        seed: Of the noise; None draws one from Python's generator.

    Call arguments:
        inputs: Mean and logarithm of the variance, two tensors of one shape.

    Returns:
        That shape, in the compute dtype of the layer.

    References:
        Kingma and Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __init__(self, seed: int | None = None, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Return a draw for each number."""
        mean, log_variance = (ops.cast(x, "float32") for x in inputs)
        noise = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.seed_generator)
        return ops.cast(mean + ops.exp(log_variance / 2) * noise, self.compute_dtype)

    def compute_output_spec(self, inputs: tuple[Any, Any]) -> Any:
        """Return the shape of the mean, without a draw."""
        return keras.KerasTensor(inputs[0].shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "seed": self.seed}
