"""MLflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.errors import Refused
from toolkit.training.loggers.hparams import hparams
from toolkit.training.loggers.sink import Mark
from toolkit.types import Count, PositiveInt

if TYPE_CHECKING:
    import keras

    from toolkit.training.run_folder import RunFolder
    from toolkit.training.setup import Setup


def mlflow(
    setup: Setup,
    folder: RunFolder,
    config_text: str,
    *,
    every: PositiveInt = 50,
    samples: Count = 12,
    experiment: str = "toolkit",
    uri: str | None = None,
) -> list[keras.callbacks.Callback]:
    """Log to MLflow.

    Args:
        setup: What is trained.
        folder: The run's; it names the run there.
        config_text: The configuration, as YAML.
        every: Steps from one point of the curves by step to the next.
        samples: Validation examples that are shown with their predictions at each epoch's end, with
            a confusion matrix, forecasts, generated text or images, reconstructions, as the task
            has them; 0: nothing of it.
        experiment: Experiment that the run belongs to.
        uri: Where runs are kept, e.g. ``sqlite:///mlflow.db``; None: what the variable
            MLFLOW_TRACKING_URI says, else MLflow's default.
    """
    from toolkit.training.callbacks.figures import Figures
    from toolkit.training.callbacks.samples import Samples
    from toolkit.training.loggers.views import Predict, views_of

    sink = MlflowRun(folder.path, experiment, uri)
    watch: list[keras.callbacks.Callback] = [Figures(sink, setup, config_text, every)]
    if samples:
        watch.append(Samples(sink, views_of(setup, Predict(setup), samples)))
    return watch


class MlflowRun:
    """A run of MLflow: a sink.

    A training that is resumed goes on as the same run there.

    Args:
        folder: The run's.
        experiment: Experiment that it belongs to.
        uri: Where runs are kept; None: MLflow's choice.
    """

    name = "mlflow"

    def __init__(self, folder: Path, experiment: str, uri: str | None):
        self.folder, self.experiment, self.uri = folder, experiment, uri
        self.client: Any = None
        self.id = ""

    def begin(self, config_text: str, mark: Mark | None) -> None:
        """Begin, or go on with the run of that id.

        Raises:
            Refused: If MLflow cannot, with what it says.
        """
        from mlflow import MlflowClient
        from mlflow.entities import Param
        from mlflow.exceptions import MlflowException

        try:
            self.client = MlflowClient(self.uri)
            if mark is not None:
                self.id = mark.sink["id"]
                self.client.update_run(self.id, "RUNNING")
            else:
                self.id = self._new()
                params = [Param(key, str(value)) for key, value in hparams(config_text).items()]
                self.client.log_batch(self.id, params=params)
            self.client.log_text(self.id, config_text, "config.yaml")
        except (MlflowException, OSError) as error:
            raise Refused(f"logger=mlflow: {error}") from error

    def _new(self) -> str:
        found = self.client.get_experiment_by_name(self.experiment)
        place = found.experiment_id if found else self.client.create_experiment(self.experiment)
        name = "/".join(self.folder.resolve().parts[-2:])
        return self.client.create_run(place, run_name=name).info.run_id

    def step(self, figures: Mapping[str, float], step: int) -> None:
        """Log figures after a step."""
        self._log({f"step/{name}": value for name, value in figures.items()}, step)

    def epoch(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log an epoch's figures."""
        self._log(figures, epoch)

    def text(self, name: str, markdown: str, epoch: int) -> None:
        """Log a text."""
        self.client.log_text(self.id, markdown, f"{name}/epoch-{epoch:04}.md")

    def picture(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """Log a picture."""
        self.client.log_image(self.id, pixels, f"{name}/epoch-{epoch:04}.png")

    def results(self, figures: Mapping[str, float]) -> None:
        """Log the final figures."""
        self._log({name: value for name, value in figures.items() if "valid/" not in name}, 0)

    def state(self) -> dict[str, Any]:
        """Return the run's id."""
        return {"id": self.id}

    def close(self, succeeded: bool) -> None:
        """End the run."""
        self.client.set_terminated(self.id, "FINISHED" if succeeded else "FAILED")

    def _log(self, figures: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in figures.items()]
        self.client.log_batch(self.id, metrics=metrics)
