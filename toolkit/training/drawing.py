"""Which token comes next: the likeliest one, or one that is drawn."""

from __future__ import annotations

import numpy as np

from toolkit.types import Positive


class Draw:
    """Draws tokens from logits.

    Args:
        temperature: The logits are divided by it; 0 always takes the likeliest token.
        top_k: Draw among the k likeliest only; None among all.
        top_p: Draw among the likeliest that together have this probability; None among all.
        seed: The same seed gives the same tokens; None draws anew.
    """

    def __init__(
        self,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ):
        self.temperature, self.top_k, self.top_p = temperature, top_k, top_p
        self.random = np.random.default_rng(seed)

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return one token for each row of ``(n, vocabulary)`` logits, int32."""
        if self.temperature == 0:
            return logits.argmax(-1).astype("int32")
        chances = probabilities(logits, self.temperature, self.top_k, self.top_p)
        return np.array([self.random.choice(len(p), p=p) for p in chances], "int32")


def probabilities(
    logits: np.ndarray,
    temperature: Positive = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Return the distribution to draw from, shape as ``logits``, float64.

    Args:
        logits: Shape ``(n, vocabulary)``.
        temperature: Divides the logits, above 0.
        top_k: Keeps the k highest.
        top_p: Keeps the fewest of the highest whose probabilities sum to at least this.
    """
    logits = logits.astype("float64") / temperature
    order = np.argsort(-logits, axis=-1, kind="stable")
    ranked = np.take_along_axis(logits, order, -1)
    p = np.exp(ranked - ranked[:, :1])
    p /= p.sum(-1, keepdims=True)
    keep = np.ones_like(p, bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        keep &= np.cumsum(p, -1) - p < max(top_p, 1e-12)
    p = np.where(keep, p, 0.0)
    out = np.zeros_like(p)
    np.put_along_axis(out, order, p / p.sum(-1, keepdims=True), -1)
    return out
