"""Text that a language model writes while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from toolkit.training.drawing import Draw
from toolkit.training.generate_texts import first_token
from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.setup import Setup
from toolkit.training.token_writer import TokenWriter

TEXTS, WORDS, CHARACTERS = 3, 40, 160
TEMPERATURE = 0.8


class Generated:
    """Texts from the beginning of a line, drawn with the same random numbers each time.

    They are written by a network of its own, token by token, which takes the weights that are
    trained: no state, metric or random generator of the training is touched.

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
        self.writer: TokenWriter | None = None

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Write."""
        setup = self.setup
        if self.writer is None:
            self.writer = TokenWriter(setup.model, setup.dataset.spec, setup.task)
        setup.trainable.settle()
        self.writer.take(setup.trainable.inference)
        prompt = np.full((self.texts, 1), first_token(self.vocabulary, self.encoder), "int32")
        written = [*self.writer.write(prompt, self.length, Draw(TEMPERATURE, seed=0))]
        texts = [self._text(ids) for ids in np.stack(written, axis=1)]
        return [Exhibit("samples/generated", partial(quoted, texts))]

    def _text(self, ids: np.ndarray) -> str:
        if self.encoder is not None:
            return self.encoder.decode(ids)
        return " ".join(self.vocabulary[i] for i in ids)


def quoted(texts: Sequence[str]) -> str:
    """Return texts as Markdown that shows each character."""
    blocks = ["\n".join(f"    {line}" for line in text.split("\n")) for text in texts]
    return "\n\n---\n\n".join(blocks)
