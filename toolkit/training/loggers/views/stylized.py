"""The picture as it grows, between those that it is made after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image

from toolkit.training.loggers.views import Exhibit, Predict
from toolkit.training.setup import Setup
from toolkit.training.sheet import as_bytes, colours, sheet


class Stylized:
    """The content picture, the one that is made, and the style picture, side by side.

    Args:
        setup: What is trained; its task has a ``maker`` of one picture.
        predict: Not needed.
        count: Not needed.
    """

    def __init__(self, setup: Setup, predict: Predict, count: int):
        spec, self.task = setup.dataset.spec, setup.task
        example = setup.dataset.valid.decode({})  # type: ignore[misc]
        content, style = (example[n].numpy() for n in (*spec.inputs, *spec.targets))
        height, width = content.shape[:2]
        small = Image.fromarray(colours(as_bytes(style))).resize((width, height))
        self.content, self.style = content, np.asarray(small)

    def __call__(self, epoch: int) -> Sequence[Exhibit]:
        """Show them."""
        made = self.task.maker(self.task.draw(1, 0))[0]
        row = [self.content, made, self.style]
        return [Exhibit("samples/stylized", partial(sheet, [row]))]
