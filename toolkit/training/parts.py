"""From names and options in a configuration to the parts of a run."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from toolkit.data import DATA
from toolkit.data.batching import Batching
from toolkit.data.spec import Dataset, Spec
from toolkit.errors import Refused
from toolkit.models.rules import Shape, describe
from toolkit.tasks import TASKS
from toolkit.tasks.meeting import meet

AUTO = "auto"
"""In place of a tokenizer's name: the model's, where it needs one, or else the data set's own."""

_BATCHING = {field.name for field in dataclasses.fields(Batching)}


def suited(data: dict[str, Any], task: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """Return a data set's options, those that are left open chosen by task and model.

    ``target_kind`` is what the task learns. ``tokenizer: auto`` becomes the one that the model
    needs, where it needs one. ``max_length`` becomes the number of positions that the model has.

    Raises:
        Refused: If texts may be longer than the model's positions.
    """
    chosen, learned = dict(data), TASKS[task["name"]]
    kinds = [k for k in ("label", "value") if k in getattr(learned, "targets", ())]
    if "target_kind" in data and data["target_kind"] is None and kinds:
        chosen["target_kind"] = kinds[0]
    if "tokenizer" not in data and "max_length" not in data:
        return chosen
    shape = met(model, "tokens")
    if data.get("tokenizer") == AUTO and shape.tokenizer is not None:
        chosen["tokenizer"] = shape.tokenizer
    longest = shape.longest
    if "max_length" in data and longest is not None:
        if data["max_length"] is None:
            chosen["max_length"] = longest
        elif data["max_length"] > longest:
            raise Refused(
                f"data.max_length={data['max_length']}: model {model.get('name', '')} has "
                f"{longest} positions; expected at most that many tokens of a text."
            )
    if model.get("decoder") and "max_length" in task:
        _hold_writing(chosen, task, model)
    return chosen


def _hold_writing(data: dict[str, Any], task: dict[str, Any], model: dict[str, Any]) -> None:
    """Hold what is written against the decoder's positions, of which the last token needs none.

    Raises:
        Refused: If texts may be longer.
    """
    longest = describe("tokens", model["decoder"], model.get("stem")).longest
    if longest is None:
        return
    if task["max_length"] > longest:
        raise Refused(
            f"task.max_length={task['max_length']}: the decoder has {longest} positions; expected "
            "at most that many tokens of what is written."
        )
    if "max_target_length" in data:
        if data["max_target_length"] is None:
            data["max_target_length"] = longest + 1
        elif data["max_target_length"] > longest + 1:
            raise Refused(
                f"data.max_target_length={data['max_target_length']}: the decoder has {longest} "
                f"positions; expected at most {longest + 1} tokens, the end among them."
            )


def met(model: dict[str, Any], kind: str) -> Shape:
    """Return what a model's first network that reads the data gives for inputs of a kind."""
    names = ("body", "encoder", "discriminator", "generator")
    body = next(model[name] for name in names if model.get(name))
    return describe(kind, body, model.get("stem"))


def learner(task: dict[str, Any], model: dict[str, Any], spec: Spec) -> tuple[Any, Spec]:
    """Return a task that knows the network and the data, and what it makes of the inputs.

    A task may have ``meet(shape)``, which tells it what the network does, and ``shaped(spec)``,
    which gives inputs and targets as the task has them: with one more token for a mask, say.
    """
    made = make(TASKS, task)
    meet(made, met(model, spec.input.kind))
    shaped = getattr(made, "shaped", None)
    return made, spec if shaped is None else shaped(spec)


def load_dataset(data: dict[str, Any], seed: int) -> Dataset:
    """Load the data set that a configuration names."""
    options = {k: v for k, v in data.items() if k not in _BATCHING}
    loader = DATA[options.pop("name")]
    if _draws(loader):
        options["seed"] = seed
    return loader(**options)


def _draws(loader: Callable[..., Dataset]) -> bool:
    """Return whether a loader leaves anything to chance: which examples it holds back, mostly."""
    return "seed" in inspect.signature(loader).parameters


def check_carved(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse to go on with a run whose parts would be carved anew.

    What was trained on would be validated on, and that would flatter.

    Args:
        before: The configuration that the run began with.
        now: The one that it is to go on with.

    Raises:
        Refused: If the seed of a loader that draws by it, or a part's share of the data, changed.
    """
    name, was, data = now["data"]["name"], before["data"], now["data"]
    shares = [key for key in data if key.endswith("_fraction") and key in was]
    changed = [(f"data.{k}", data[k], was[k]) for k in shares if data[k] != was[k]]
    if now["seed"] != before["seed"] and name is not None and _draws(DATA[name]):
        changed.append(("seed", now["seed"], before["seed"]))
    if changed:
        raise Refused(
            *(
                f"{key}={new}: the run's data was shared out with {key}={old}, and what it has "
                f"trained on would be among what is held back; leave {key} out, or train anew with "
                "another run_dir=FOLDER."
                for key, new, old in changed
            )
        )


def make(table: Any, config: dict[str, Any]) -> Any:
    """Call the entry that ``config`` names with the rest of it as its options."""
    options = dict(config)
    return table[options.pop("name")](**options)


def batching_of(data: dict[str, Any]) -> Batching:
    """Return the keys of a data set's configuration that say how it is batched."""
    return Batching(**{k: v for k, v in data.items() if k in _BATCHING})
