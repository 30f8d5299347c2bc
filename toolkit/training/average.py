"""One network whose weights are the mean of a run's last checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.training.console import Reporter, figure
from toolkit.training.run_folder import RunFolder, check_output, checkpoints
from toolkit.types import PositiveInt

if TYPE_CHECKING:
    from toolkit.data.spec import Dataset
    from toolkit.training.assemble import Trainable


def average(
    *, run: str, n: PositiveInt = 5, output: str | None = None, root: str | None = None
) -> dict[str, dict[str, float]]:
    """Average the weights of a run's last checkpoints into one network, and score it.

    It often does better than each of them (Polyak and Juditsky, 1992; Vaswani et al., 2017). The
    run has to keep as many: ``trainer.keep=5``. What is averaged are the weights as they were
    trained, and the moving statistics of batch normalizations with them.

    Args:
        run: The run's folder.
        n: How many checkpoints, the newest.
        output: The file to write; null: ``average.keras`` in the run's folder.
        root: Folder of data sets, if it has moved; null takes the run's.

    Returns:
        The scores of both networks: ``best`` and ``average``, by ``split/metric``.

    Raises:
        Refused: If there is no such run, or it has not so many checkpoints.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    paths = checkpoints(folder.checkpoints)
    if not paths:
        raise Refused(f"run: {folder.path} has no checkpoints.")
    if len(paths) < n:
        raise Refused(
            f"n={n}: {folder.path} has checkpoints of {len(paths)} steps only; average those with "
            f"n={len(paths)}, or train with trainer.keep={n}."
        )
    target = folder.path / "average.keras" if output is None else Path(output)
    if target.suffix != ".keras":
        raise Refused(f"output: expected a file that ends in .keras; got {target}")
    check_output(target)
    start_tensorflow()
    from toolkit.training.parts import load_dataset

    config = folder.settings()
    data = config["data"] | ({"root": root} if root is not None else {})
    return average_run(folder, paths[-n:], target, load_dataset(data, config["seed"]))


def average_run(
    folder: RunFolder, paths: list[Path], target: Path, dataset: Dataset
) -> dict[str, dict[str, float]]:
    """Average checkpoints and score the result on a loaded data set; see :func:`average`."""
    from toolkit.training.assemble import save_network
    from toolkit.training.parts import batching_of
    from toolkit.training.reopen import reopen
    from toolkit.training.results import score

    config, trainable, task, _ = reopen(folder)
    splits = [name for name in ("valid", "test", *dataset.more) if name in dataset.splits]

    def scores() -> dict[str, float]:
        found: dict[str, float] = {}
        for name in splits:
            logs = score(trainable, dataset, task, batching_of(config["data"]), name)
            found |= {f"{name}/{key}": value for key, value in logs.items()}
        return found

    best = scores()
    statistics = put_mean(trainable, paths)
    save_network(trainable.inference, target)  # those beside it are the best epoch's
    mean = scores()
    reporter = Reporter()
    reporter.table(
        f"steps {_step(paths[0]):,} to {_step(paths[-1]):,}: the mean of {len(paths)} checkpoints",
        {name: f"{figure(mean[name])}  (best epoch {figure(best[name])})" for name in best},
    )
    if statistics:
        reporter.say(
            f"the moving statistics of {statistics} normalizations are means as well, and not "
            "what the averaged network itself would have gathered"
        )
    reporter.say(f"{target}")
    return {"best": best, "average": mean}


def put_mean(trainable: Trainable, paths: list[Path]) -> int:
    """Give a network the mean of checkpoints' weights.

    Returns:
        How many layers with moving statistics are among them.

    Raises:
        Refused: If a checkpoint is damaged, or of another network.
    """
    import keras
    import numpy as np

    from toolkit.training.state import State

    objective = trainable.objective
    places = {id(variable): place for place, variable in enumerate(objective.variables)}
    beside = [weight for network in trainable.beside.values() for weight in network.weights]
    weights = list({id(w): w for w in (*objective.saved_weights, *beside)}.values())
    sums = [np.zeros(weight.shape, "float64") for weight in weights]
    for path in paths:
        state = State.read(path)
        for total, weight in zip(sums, weights, strict=True):
            value = _value(state.values[places[id(weight)]], weight)
            if value.shape != total.shape:
                raise Refused(f"{path} is of another network than {path.parent.parent}.")
            total += value
    for total, weight in zip(sums, weights, strict=True):
        weight.assign(total / len(paths))
    trainable.settle()
    kinds = [layer.layer for layer in trainable.layers()]
    return sum(isinstance(layer, keras.layers.BatchNormalization) for layer in kinds)


def _value(stored: Any, weight: Any) -> Any:
    """Return a stored value in float64; half precision is stored as whole numbers."""
    dtype = weight.numpy().dtype
    value = stored.view(dtype) if stored.dtype != dtype else stored
    return value.reshape(weight.shape).astype("float64")


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
