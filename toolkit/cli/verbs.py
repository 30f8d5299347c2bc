"""What the command line can do: one function a verb, whose keyword arguments are its options.

``train`` is not among them: its options are the configuration. Nothing here imports TensorFlow
before the work begins, so that signatures can be shown and checked at once.
"""

from __future__ import annotations

from typing import Literal

import yaml

from toolkit.cli.quiet import start_tensorflow
from toolkit.errors import Refused
from toolkit.registry import Table
from toolkit.tasks import TASKS
from toolkit.training.run_folder import RunFolder, check_output
from toolkit.types import Count, NonNegative, PositiveInt, Probability

VERBS: Table[str] = Table(
    "verb",
    {
        "train": "toolkit.cli.train:train",
        "evaluate": "toolkit.cli.verbs:evaluate",
        "predict": "toolkit.cli.verbs:predict",
        "generate": "toolkit.cli.verbs:generate",
        "list": "toolkit.cli.listing:show",
        "schema": "toolkit.cli.schema_verb:schema",
    },
)
"""Every verb."""

WORDS = {"list": ("kind", "name")}
"""Options that verbs take as bare words, in this order."""


def evaluate(
    *,
    run: str,
    split: str = "test",
    root: str | None = None,
    batch_size: PositiveInt | None = None,
    plugins: list[str] | None = None,
) -> None:
    """Score a run's best network again on one of its splits.

    Args:
        run: The run's folder.
        split: ``test``, ``valid``, ``train`` or another that the data set has.
        root: Folder of data sets, if it has moved; null takes the run's.
        batch_size: Examples scored at a time; null takes the run's.
        plugins: Modules of yours that the run needs: a run's own are not imported unnamed.
    """
    RunFolder.open(run).need_model()
    start_tensorflow()
    from toolkit.training.evaluate import evaluate as work

    work(run=run, split=split, root=root, batch_size=batch_size)


def predict(
    *,
    run: str,
    input: str,
    output: str | None = None,
    format: Literal["csv", "jsonl"] | None = None,
    batch_size: PositiveInt = 64,
    plugins: list[str] | None = None,
) -> None:
    """Say what a run's best network predicts for new input.

    Args:
        run: The run's folder.
        input: A file, a folder, ``-`` for standard input, or a text itself.
        output: File to write; null prints.
        format: ``csv`` or ``jsonl``; null: by the output's suffix, jsonl where there is none.
        batch_size: Examples at a time; of no influence on the result.
        plugins: Modules of yours that the run needs: a run's own are not imported unnamed.
    """
    RunFolder.open(run).need_model()
    if output is not None:
        check_output(output)
    start_tensorflow()
    from toolkit.training.predict import predict as work

    rows = work(run=run, input=input, output=output, format=format, batch_size=batch_size)
    if output is not None:
        print(f"{len(rows):,} predictions are in {output}")


def generate(
    *,
    run: str,
    prompt: str = "",
    length: PositiveInt = 100,
    n: PositiveInt = 1,
    temperature: NonNegative = 1.0,
    top_k: PositiveInt | None = None,
    top_p: Probability | None = None,
    seed: Count | None = None,
    plugins: list[str] | None = None,
) -> None:
    """Write texts with a run that is a language model.

    Args:
        run: The run's folder.
        prompt: Text to continue; empty starts at the beginning of a line.
        length: Tokens to add.
        n: Texts to write.
        temperature: Below 1 safer, above 1 bolder; 0 always takes the likeliest token.
        top_k: Draw among the k likeliest tokens only; null: among all.
        top_p: Draw among the likeliest tokens that together have this probability; null: among all.
        seed: The same seed gives the same texts; null draws anew.
        plugins: Modules of yours that the run needs: a run's own are not imported unnamed.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    trained_for = (yaml.safe_load(folder.config.read_text("utf-8")) or {}).get("task", {})
    name = trained_for.get("name")
    if name in TASKS and getattr(TASKS[name], "sampler", None) != "streams":
        raise Refused(
            f"run: {folder.path} has learned {name} and is no language model; "
            f"what it can do: predict run={folder.path} input=…"
        )
    start_tensorflow()
    from toolkit.training.generate import generate as work

    work(
        run=run,
        prompt=prompt,
        length=length,
        n=n,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
