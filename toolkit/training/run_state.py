"""How far a run came, told from its folder; nothing heavy is imported for it."""

from __future__ import annotations

import json
from typing import Any, Literal

from toolkit.training.run_folder import RunFolder, checkpoints

Progress = Literal["absent", "failed", "begun", "finished"]
"""``absent``: no run here; ``failed``: begun, with nothing to go on from; ``begun``: there is a
checkpoint; ``finished``: it has results."""


LESS = frozenset(
    "loss error perplexity mse mae rmse distance elbo kl bound l1 cycle entropy reconstruction "
    "content style variation penalty norm".split()
)
"""Words in the names of figures that are to be small."""
MORE = frozenset(
    "accuracy auc f1 matthews r2 pearson spearman precision recall match bleu sacrebleu rouge1 "
    "rouge2 rougel score agreement share diversity spacing overlap distinct".split()
)
"""Words in the names of figures that are to be great."""


def progress_of(folder: RunFolder) -> Progress:
    """Return how far a run came."""
    if not folder.config.exists():
        return "absent"
    if results_of(folder) is not None:
        return "finished"
    return "begun" if checkpoints(folder.checkpoints) else "failed"


def results_of(folder: RunFolder) -> dict[str, Any] | None:
    """Return a run's final figures; None where there are none that can be read."""
    try:
        read = json.loads(folder.results.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def monitored(results: dict[str, Any]) -> tuple[str, float] | None:
    """Return the figure that a run is judged by: its monitored score, on the test split if there.

    Example:
        >>> monitored({"valid/perplexity": 116.3, "test/loss": 4.7, "test/perplexity": 111.9})
        ('test/perplexity', 111.9)
    """
    score = next((name for name in results if name.startswith("valid/")), None)
    if score is None:
        return None
    name = f"test/{score.removeprefix('valid/')}"
    name = name if name in results else score
    value = results[name]
    return (name, float(value)) if isinstance(value, (int, float)) else None


def direction(figure: str) -> Literal["min", "max"] | None:
    """Return whether less or more of a figure is better, by the last word of its name that tells.

    Example:
        >>> direction("test/perplexity"), direction("class_accuracy"), direction("colour")
        ('min', 'max', None)
    """
    name = figure.rpartition("/")[2].partition(" ")[0]  # a baseline is named "mse (…)"
    for word in reversed(name.lower().split("_")):
        if word in LESS or word in MORE:
            return "min" if word in LESS else "max"
    return None


def less_is_better(figure: str) -> bool:
    """Return whether a figure, such as ``test/perplexity``, is to be small."""
    return direction(figure) == "min"


def begin_again(folder: RunFolder) -> None:
    """Take away what a failed run left, but for its log, so that a new one can begin here."""
    clear(folder)
    folder.config.unlink(missing_ok=True)


def clear(folder: RunFolder) -> None:
    """Take away what a failed run left, but for its log and its configuration."""
    import shutil

    described = (folder.spec, folder.parts, folder.environment)
    for path in (*described, folder.metrics, folder.results):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder.tensorboard, ignore_errors=True)
