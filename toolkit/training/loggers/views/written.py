"""Texts that a generator writes of noise while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from toolkit.training.generate_texts import first_token
from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.loggers.views.generated import quoted
from toolkit.training.setup import Setup

TEXTS, SEED = 6, 1


class Written:
    """Texts from the beginning of a line, from the same noise each time.

    Args:
        setup: What is trained.
        predict: Not needed: it would read all that is written again for each token.
        count: Texts, 6 at most.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        self.setup, self.encoder = setup, setup.dataset.encoder
        self.vocabulary = setup.dataset.spec.input.vocabulary or ()
        begin = first_token(self.vocabulary, self.encoder)
        self.prompt = np.full((min(count, TEXTS), 1), begin, "int32")

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Write."""
        length = self.setup.task.sequence_length
        objective = self.setup.objective
        rows = objective.write(self.prompt, length, seed=SEED)
        return [Exhibit("samples/written", partial(quoted, [self._text(row) for row in rows]))]

    def _text(self, ids: np.ndarray) -> str:
        if self.encoder is not None:
            return self.encoder.decode(ids)
        return " ".join(self.vocabulary[i] for i in ids)
