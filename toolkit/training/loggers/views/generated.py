"""Text that a language model writes while it is trained."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from toolkit.training.assemble import Trainable, assemble
from toolkit.training.generate import Sampler, first_token
from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.setup import Setup

TEXTS, WORDS, CHARACTERS = 3, 40, 160
TEMPERATURE = 0.8


class Generated:
    """Texts from the beginning of a line, drawn with the same random numbers each time.

    They are written by a network of its own, for one token at a time, which takes the weights that
    are trained: no state, metric or random generator of the training is touched.

    Args:
        setup: What is trained.
        predict: Not needed: it would read all that is written again for each token.
        count: Texts, 3 at most.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        self.setup, self.texts = setup, min(count, TEXTS)
        self.vocabulary = setup.dataset.spec.input.vocabulary or ()
        self.encoder = setup.dataset.encoder
        unit = getattr(self.encoder, "unit", "word")
        self.length = CHARACTERS if unit == "character" else WORDS
        self.twin: Trainable | None = None

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Write."""
        setup = self.setup
        if self.twin is None:
            with undisturbed():
                self.twin = assemble(
                    setup.model, setup.dataset.spec, setup.task, batch_size=1, length=1
                )
            self.sampler = Sampler(self.twin.objective, self.texts, TEMPERATURE)
        weights = setup.objective.saved_weights
        for own, trained in zip(self.twin.objective.saved_weights, weights, strict=True):
            own.assign(trained)
        prompt = np.full((self.texts, 1), first_token(self.vocabulary, self.encoder), "int32")
        written = self.sampler.run(prompt, self.length, seed=0)
        return [Exhibit("samples/generated", partial(quoted, [self._text(ids) for ids in written]))]

    def _text(self, ids: np.ndarray) -> str:
        if self.encoder is not None:
            return self.encoder.decode(ids)
        return " ".join(self.vocabulary[i] for i in ids)


def quoted(texts: Sequence[str]) -> str:
    """Return texts as Markdown that shows each character."""
    blocks = ["\n".join(f"    {line}" for line in text.split("\n")) for text in texts]
    return "\n\n---\n\n".join(blocks)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the process's random generators back where they were."""
    python, numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)
