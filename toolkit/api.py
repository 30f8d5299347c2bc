"""The toolkit from Python: the same parts as from the command line, with no config file.

Example:
    >>> import toolkit  # doctest: +SKIP
    >>> data = toolkit.load_data("python_docs")
    >>> model = toolkit.model("gru", units=128, layers=1)
    >>> run = toolkit.train(model, data, optimizer="adamw", batch_size=20, epochs=2)
    >>> run.generate(prompt="The", length=20)
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from toolkit.data.spec import Dataset
from toolkit.errors import Refused, did_you_mean
from toolkit.models.rules import NETWORKS
from toolkit.tasks import TASKS


def load_data(name: str, *, seed: int = 0, **options: Any) -> Dataset:
    """Load a data set.

    Args:
        name: A row of ``toolkit.data.DATA``: ``"ptb"``, ``"mnist"``, ``"text"``, …
        seed: Carves a validation part, where the data has none.
        **options: Of its loader; ``python -m toolkit list data NAME`` shows them.
    """
    from toolkit.training.parts import load_dataset

    return load_dataset({"name": name, **options}, seed)


def model(name: str, **knobs: Any) -> dict[str, Any]:
    """Return the description of a model: a mapping whose ``body`` lists blocks and their options.

    Args:
        name: A model file's name: ``"gru"``, ``"cnn"``, … You may as well write such a mapping
            yourself: ``{"body": [{"dense": {"units": [128]}}]}``.
        **knobs: Its knobs, such as ``units``.

    Raises:
        Refused: If there is no such model or knob.
    """
    from omegaconf import OmegaConf

    from toolkit.config.places import CONF

    files = {path.stem: path for path in (Path(CONF) / "model").glob("*.yaml")}
    if name not in files:
        raise Refused(f"model: no '{name}'.{did_you_mean(name, files)}")
    described = OmegaConf.load(files[name])
    unknown = [knob for knob in knobs if knob not in described]
    if unknown:
        known = [key for key in described if key not in ("name", "stem", *NETWORKS)]
        raise Refused(
            *(
                f"model.{knob}: {name} has no such knob.{did_you_mean(knob, known)}"
                for knob in unknown
            )
        )
    whole = OmegaConf.create({"model": OmegaConf.merge(described, knobs)})
    resolved: Any = OmegaConf.to_container(whole, resolve=True)
    return resolved["model"]


def train(
    model: dict[str, Any],
    data: Dataset,
    *,
    task: str | dict[str, Any] | None = None,
    optimizer: str | dict[str, Any] | Any = "adamw",
    schedule: str | dict[str, Any] = "constant",
    batch_size: int | Literal["auto"] = 32,
    batching: dict[str, Any] | None = None,
    logger: str | dict[str, Any] = "tensorboard",
    seed: int = 0,
    run_dir: str | Path | None = None,
    quiet: bool = False,
    callbacks: Sequence[Any] = (),
    **trainer: Any,
) -> Run:
    """Train a model on data, score it, and return the run.

    Args:
        model: What :func:`model` gives, or a mapping of your own with ``body``.
        data: What :func:`load_data` gives, or a ``Dataset`` of your own.
        task: Name, or ``name`` with knobs; None for the one that the data's target is made for.
        optimizer: Name, ``name`` with options, or a Keras optimizer, which keeps its own learning
            rate or schedule and is taken for each network of a game.
        schedule: Name, or ``name`` with options.
        batch_size: Examples of an update; streams, for a language model. ``auto``: the largest that
            fits into the memory.
        batching: Further options of ``toolkit.data.batching.Batching``.
        logger: Name, or ``name`` with options.
        seed: Of weights, order, dropout and augmentation.
        run_dir: A new folder; None for ``runs/<model>-python/<time>``.
        quiet: Print nothing.
        callbacks: Keras callbacks of your own; see :meth:`Run.resume`.
        **trainer: Options of ``toolkit.training.settings.TrainerSettings``: ``epochs=5``, …

    Raises:
        Refused: With every option that is unknown, of another type or out of range.
    """
    from toolkit.config.from_python import check
    from toolkit.training.run import train_on

    named = {"name": "model", **model} if isinstance(model, dict) else model
    config = check(
        {
            "model": named,
            "data": {"name": None, "batch_size": batch_size, **(batching or {})},
            "task": _named(task or default_task(data)),
            "optimizer": _named(optimizer),
            "schedule": _named(schedule),
            "trainer": trainer,
            "logger": _named(logger),
            "seed": seed,
            "plugins": [],
        }
    )
    moment = time.strftime("%Y-%m-%d_%H-%M-%S")
    place = run_dir or Path("runs") / f"{config['model']['name']}-python" / moment
    folder = train_on(data, {**config, "run_dir": str(place)}, quiet=quiet, callbacks=callbacks)
    return Run(folder.path, data)


def default_task(data: Dataset) -> str:
    """Return the task that a data set's target is made for."""
    kinds = {field.kind for field in data.spec.targets.values()} or {"none"}
    tasks: dict[str, Any] = dict(TASKS)
    return next(name for name, task in tasks.items() if kinds <= task.targets)


@dataclass
class Run:
    """A finished run.

    Attributes:
        path: Its folder.
        data: The data set it was trained on, where that is at hand.
    """

    path: Path
    data: Dataset | None = None

    def __post_init__(self) -> None:
        """Take text for a path."""
        self.path = Path(self.path)

    @cached_property
    def results(self) -> dict[str, float]:
        """Final figures, as ``split/metric``."""
        return json.loads((self.path / "results.json").read_text("utf-8"))

    @property
    def model(self) -> Any:
        """The best network, as Keras opens it."""
        import keras

        return keras.models.load_model(self.path / "model.keras", compile=False)

    def evaluate(self, split: str = "test", **options: Any) -> dict[str, float]:
        """Score the best network on a split; see ``toolkit.training.evaluate``."""
        from toolkit.training.evaluate import evaluate, score_run
        from toolkit.training.run_folder import RunFolder

        if self.data is None:
            return evaluate(run=str(self.path), split=split, **options)
        return score_run(RunFolder.open(self.path), split, self.data, **options)

    def resume(self, *, quiet: bool = False, callbacks: Sequence[Any] = (), **trainer: Any) -> Run:
        """Go on from the newest checkpoint; see ``toolkit.training.run.resume``.

        Args:
            quiet: Print nothing.
            callbacks: Keras callbacks of your own. One that has ``state()``, which gives JSON, and
                ``restore(state)`` finds the state again that it had in the checkpoint.
            **trainer: Changed options of ``TrainerSettings``: ``epochs=20`` to train longer.

        Raises:
            Refused: If it was trained on data of yours, and ``data`` is None; with every wrong
                option; and as ``resume``.
        """
        from toolkit.config.from_python import check
        from toolkit.training.run import resume
        from toolkit.training.run_folder import RunFolder

        folder = RunFolder.open(self.path)
        config = folder.settings()
        if self.data is None and config["data"]["name"] is None:
            raise Refused(
                f"run: {self.path} was trained on data that no configuration names; give it: "
                "toolkit.Run(path, data).resume()"
            )
        changed = check({**config, "trainer": {**config["trainer"], **trainer}})
        resume(folder, changed, self.data, quiet=quiet, callbacks=callbacks)
        return Run(self.path, self.data)

    def predict(self, input: str, **options: Any) -> list[dict[str, Any]]:
        """Predict for new input; see ``toolkit.training.predict``."""
        from toolkit.training.predict import predict

        return predict(run=str(self.path), input=str(input), **options)

    def generate(self, prompt: str = "", **options: Any) -> list[str]:
        """Continue a text, or write images to files; see ``toolkit.training.generate``."""
        from toolkit.training.generate import generate

        return generate(run=str(self.path), prompt=prompt, **options)


def _named(given: str | dict[str, Any] | Any) -> Any:
    return {"name": given} if isinstance(given, str) else given
