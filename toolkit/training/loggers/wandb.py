"""Weights & Biases."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toolkit.errors import Refused
from toolkit.training.loggers.hparams import hparams
from toolkit.training.loggers.sink import Mark
from toolkit.types import Count, PositiveInt

if TYPE_CHECKING:
    import keras

    from toolkit.training.run_folder import RunFolder
    from toolkit.training.setup import Setup


def wandb(
    setup: Setup,
    folder: RunFolder,
    config_text: str,
    *,
    every: PositiveInt = 50,
    samples: Count = 12,
    project: str = "toolkit",
    group: str | None = None,
    mode: Literal["online", "offline", "disabled"] | None = None,
) -> list[keras.callbacks.Callback]:
    """Log to Weights & Biases.

    Args:
        setup: What is trained.
        folder: The run's; what is kept here lies in its ``wandb/``.
        config_text: The configuration, as YAML.
        every: Steps from one point of the curves by step to the next.
        samples: Validation examples that are shown with their predictions at each epoch's end, with
            a confusion matrix, forecasts, generated text or images, reconstructions, as the task
            has them; 0: nothing of it.
        project: Project that the run belongs to.
        group: Name that runs belonging together share, such as those of a sweep.
        mode: Whether it is sent at once, kept for ``wandb sync``, or left; None: what the variable
            WANDB_MODE says, else ``online``.
    """
    from toolkit.training.callbacks.figures import Figures
    from toolkit.training.callbacks.samples import Samples
    from toolkit.training.loggers.views import Predict, views_of

    sink = WandbRun(folder.path, project=project, group=group, mode=mode)
    watch: list[keras.callbacks.Callback] = [Figures(sink, setup, config_text, every)]
    if samples:
        watch.append(Samples(sink, views_of(setup, Predict(setup), samples)))
    return watch


class WandbRun:
    """A run of Weights & Biases: a sink.

    A training that is resumed goes on as the same run there.

    Args:
        folder: The run's.
        options: Of ``wandb.init``.
    """

    name = "wandb"

    def __init__(self, folder: Path, **options: Any):
        self.folder, self.options = folder, options
        self.run: Any = None

    def begin(self, config_text: str, mark: Mark | None) -> None:
        """Begin, or go on with the run of that id.

        Raises:
            Refused: If it cannot, as without a key.
        """
        import wandb

        known = {"id": mark.sink["id"], "resume": "allow"} if mark is not None else {}
        name = "/".join(self.folder.resolve().parts[-2:])
        try:
            self.run = wandb.init(
                name=name,
                dir=str(self.folder),
                config=hparams(config_text),
                settings=wandb.Settings(silent=True),
                **known,
                **self.options,
            )
        except (wandb.Error, OSError) as error:
            raise Refused(
                f"logger=wandb: {error} (logger.mode=offline keeps everything here)"
            ) from error
        for pattern, axis in (("step/*", "step/step"), ("*", "epoch")):
            self.run.define_metric(pattern, step_metric=axis)

    def step(self, figures: Mapping[str, float], step: int) -> None:
        """Log figures after a step."""
        named = {f"step/{name}": value for name, value in figures.items()}
        self.run.log({**named, "step/step": step})

    def epoch(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log an epoch's figures."""
        self.run.log({**figures, "epoch": epoch})

    def text(self, name: str, markdown: str, epoch: int) -> None:
        """Log a text."""
        import wandb

        page = wandb.Html(f"<pre>{html.escape(markdown)}</pre>")
        self.run.log({name: page, "epoch": epoch})

    def picture(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """Log a picture."""
        import wandb

        self.run.log({name: wandb.Image(pixels), "epoch": epoch})

    def results(self, figures: Mapping[str, float]) -> None:
        """Put the final figures into the run's summary, which its table shows."""
        self.run.summary.update(dict(figures))

    def state(self) -> dict[str, Any]:
        """Return the run's id."""
        return {"id": self.run.id}

    def close(self, succeeded: bool) -> None:
        """End the run."""
        self.run.finish(exit_code=0 if succeeded else 1)
