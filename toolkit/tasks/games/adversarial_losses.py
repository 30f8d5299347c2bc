"""What a discriminator and a generator lose, by the name of the game that they play.

Logits have the shape ``(batch, …)``, several for an image where a discriminator judges patches;
losses one number for each example, shape ``(batch,)``, float32.
"""

from __future__ import annotations

from typing import Any, Literal

from toolkit.lazy import tf

Game = Literal["minimax", "non_saturating", "least_squares", "hinge", "wasserstein"]
"""``minimax`` and ``non_saturating``: Goodfellow et al. 2014, arXiv:1406.2661 (the first as it is
analysed, the second as it is trained); ``least_squares``: Mao et al. 2017, arXiv:1611.04076;
``hinge``: Lim and Ye 2017, arXiv:1705.02894; ``wasserstein``: Arjovsky et al. 2017,
arXiv:1701.07875."""


def discriminator_loss(game: Game, real: Any, fake: Any, smoothing: float = 0.0) -> Any:
    """Return what the discriminator loses by real examples and as many generated ones.

    Args:
        game: Which game.
        real: Logits of the real examples.
        fake: Logits of the generated ones.
        smoothing: How far the label of a real example falls short of one, in the games that have
            labels (Salimans et al. 2016, arXiv:1606.03498, smooth that side only).
    """
    real, fake = _float(real), _float(fake)
    if game == "wasserstein":
        return _mean(fake) - _mean(real)
    if game == "hinge":
        return _mean(tf.nn.relu(1 - real)) + _mean(tf.nn.relu(1 + fake))
    label = 1 - smoothing
    if game == "least_squares":
        return (_mean(tf.square(real - label)) + _mean(tf.square(fake))) / 2
    as_real = label * tf.nn.softplus(-real) + smoothing * tf.nn.softplus(real)
    return _mean(as_real) + _mean(tf.nn.softplus(fake))


def generator_loss(game: Game, fake: Any) -> Any:
    """Return what the generator loses by examples that the discriminator has judged.

    Args:
        game: Which game.
        fake: Logits of the generated examples.
    """
    fake = _float(fake)
    if game == "minimax":
        return -_mean(tf.nn.softplus(fake))
    if game == "non_saturating":
        return _mean(tf.nn.softplus(-fake))
    if game == "least_squares":
        return _mean(tf.square(fake - 1)) / 2
    return -_mean(fake)


def boundary(game: Game) -> float | None:
    """Return the logit above which an example is taken for real; None where none is meant."""
    return {"least_squares": 0.5, "wasserstein": None}.get(game, 0.0)


def gradient_penalty(critic: Any, real: Any, fake: Any, share: Any) -> Any:
    """Return how far the norm of a critic's gradient is from one, squared, shape ``(batch,)``.

    It is taken between each real example and a generated one (Gulrajani et al. 2017,
    arXiv:1704.00028).

    Args:
        critic: From examples to logits.
        real: Shape ``(batch, …)``.
        fake: Likewise.
        share: How near to the real one, from 0 to 1, shape ``(batch,)``.
    """
    real, fake = _float(real), _float(fake)
    share = tf.reshape(share, (-1, *[1] * (real.shape.rank - 1)))
    between = share * real + (1 - share) * fake
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(between)
        logits = tf.reduce_sum(_mean(_float(critic(between))))
    gradient = _float(tape.gradient(logits, between))
    squares = tf.reduce_sum(tf.square(gradient), range(1, gradient.shape.rank))
    return tf.square(tf.sqrt(squares + 1e-12) - 1)


def _float(values: Any) -> Any:
    return tf.cast(values, "float32")


def _mean(values: Any) -> Any:
    """Return the mean over all axes but the first."""
    return tf.reduce_mean(tf.reshape(values, (tf.shape(values)[0], -1)), axis=1)
