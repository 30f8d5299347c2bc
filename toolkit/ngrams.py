"""Runs of tokens that texts share with one another."""

from __future__ import annotations

import numpy as np


def runs(windows: np.ndarray, length: int, size: int) -> np.ndarray:
    """Return every run of neighbouring tokens in windows, each as one whole number.

    Args:
        windows: Token ids, shape ``(windows, tokens)``; a text is one window, ``(1, tokens)``.
        length: Tokens of a run.
        size: Of the vocabulary; ``size ** length`` must be below 2 ** 63.

    Returns:
        Shape ``(windows * (tokens - length + 1),)``, int64; empty where windows are shorter.
    """
    tokens = np.asarray(windows, "int64")
    count = max(tokens.shape[1] - length + 1, 0)
    codes = np.zeros((len(tokens), count), "int64")
    for place in range(length):
        codes = codes * size + tokens[:, place : place + count]
    return codes.ravel()


def overlap(written: np.ndarray, known: np.ndarray) -> float:
    """Return the share of runs that are among those of another text; 0 where there are none."""
    return float(np.isin(written, known).mean()) if len(written) else 0.0


def distinct(written: np.ndarray) -> float:
    """Return how many different runs there are, as a share of all (Li et al. 2016, "distinct-n").

    Li et al., "A diversity-promoting objective function for neural conversation models", 2016,
    arXiv:1510.03055.
    """
    return len(np.unique(written)) / len(written) if len(written) else 0.0
