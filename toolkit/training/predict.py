"""What a finished run says of new input."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np

from toolkit.data.damage import naming_damage
from toolkit.data.images.picture_files import found_in
from toolkit.data.labelled.raw_pairs import raw_pairs
from toolkit.data.labelled.raw_texts import raw_texts
from toolkit.data.pipeline import example_batches
from toolkit.data.shares import shared
from toolkit.data.spec import Ragged, Spec, Split
from toolkit.errors import Refused
from toolkit.lazy import tf
from toolkit.quiet import start_tensorflow
from toolkit.replicas import scope
from toolkit.tasks import TASKS
from toolkit.tasks.part import parts_of
from toolkit.training.embed import embedded, framed
from toolkit.training.generate_images import check_folder
from toolkit.training.limits import limited, told
from toolkit.training.predict_pictures import write_pictures
from toolkit.training.run_folder import RunFolder, check_output, replacing
from toolkit.training.saved_spec import gives_pictures, read_spec
from toolkit.training.settings import Strategy, TrainerSettings
from toolkit.training.strategy import strategy_of
from toolkit.training.workers import number_of
from toolkit.training.writing import Wishes, written
from toolkit.types import Count, Positive, PositiveInt, Probability

SUFFIXES = {".csv", ".jsonl"}
"""Of files that predictions are written to, where they could be pictures."""


def predict(
    *,
    run: str,
    input: str,
    output: str | None = None,
    format: Literal["csv", "jsonl"] | None = None,
    batch_size: PositiveInt = 64,
    embed: bool = False,
    dropout: bool = False,
    n: PositiveInt = 1,
    beams: PositiveInt | None = None,
    temperature: Positive | None = None,
    top_k: PositiveInt | None = None,
    top_p: Probability | None = None,
    seed: Count | None = None,
    strategy: Strategy = "auto",
    devices: PositiveInt | None = None,
) -> list[dict[str, Any]]:
    """Say what a run's best network predicts for new input.

    Args:
        run: The run's folder.
        input: A file, a folder, ``-`` for standard input, or a text itself. Texts: a file with one
            a line, a csv, tsv or jsonl file with the text column that was trained on (else
            ``text``), or a folder of ``.txt`` files. Pairs of texts: a file with one pair a line, a
            tab between, or a csv, tsv or jsonl file with a column for each of the two. Pictures: a
            file or a folder, searched through. Tables and series: a csv file with the columns that
            were trained on.
        output: File to write; None prints. Of a run that gives pictures back, a folder to make for
            them, one PNG file for each, unless the name ends in ``.csv`` or ``.jsonl``.
        format: ``csv`` or ``jsonl``; None: by the output's suffix, jsonl where there is none.
        batch_size: Examples at a time; of no influence on the result.
        embed: Give the vector that the network makes of each example instead: what a classifier's
            head reads, the code of an autoencoder, or the mean over the positions of a language
            model (see ``toolkit.training.embed``).
        dropout: Go on dropping as in training, of a run that makes pictures of pictures: the noise
            of pix2pix (Isola et al. 2017, section 2.1). Other draws give other pictures; off, there
            is one.
        n: Texts for each input, of a run that writes texts (translations, summaries); likewise all
            that follow.
        beams: Texts that are followed at a time; None: as in training, and at least ``n``.
        temperature: Draws tokens, from logits divided by it; None takes the likeliest.
        top_k: Draws among so many of the likeliest tokens only.
        top_p: Draws among the likeliest tokens that together have this probability.
        seed: Of what is drawn, or dropped; the same seed gives the same texts or pictures.
        strategy: Which devices share the examples, as trainer.strategy of a run. One alone writes
            texts whose tokens are drawn, foresees a series, and makes pictures with ``dropout``.
        devices: How many of them, as trainer.devices.

    Returns:
        A row for each input: where it came from and what is predicted, with probabilities where
        the task has them; or its ``embedding``, a list of numbers; or the file (``output``) that
        holds the picture.

    Raises:
        Refused: If there is no such run or input, or the input cannot be read.
    """
    folder = RunFolder.open(run)
    network = folder.need_model()
    config = folder.settings()
    learned = config["task"]["name"]
    if learned in TASKS and not getattr(TASKS[learned], "reads_input", True):
        made, how = "texts of noise", "n=3"
        if getattr(TASKS[learned], "makes_images", False):
            made, how = "images of noise", "n=64 output=…"
        if getattr(TASKS[learned], "makes_one", False):
            made, how = "one picture", "output=…"
        raise Refused(
            f"run: {folder.path} has learned {learned}, which makes {made} and reads none; what it "
            f"can do: generate run={folder.path} {how}"
        )
    paints = False
    if output is not None:
        plain = embed or format is not None or Path(output).suffix.lower() in SUFFIXES
        paints = not plain and gives_pictures(folder)
        (check_folder if paints else check_output)(output)
    start_tensorflow()
    settings = TrainerSettings(strategy=strategy, devices=devices)
    across = strategy_of(settings)
    chief = number_of(across) == 0  # who writes; all workers compute
    from toolkit.training.assemble import open_network
    from toolkit.training.kept_dropout import with_dropout
    from toolkit.training.parts import learner, met

    spec, encoder = read_spec(folder)
    task, spec = learner(config["task"], config["model"], spec)
    if encoder is None:
        raise Refused(
            f"run: the data of {folder.path} has no form in which new input could be read."
        )
    drawn = None if dropout else seed  # for texts
    wishes = Wishes(n=n, beams=beams, temperature=temperature, top_k=top_k, top_p=top_p, seed=drawn)
    writes = hasattr(task, "decoding")
    if dropout and (embed or not getattr(task, "noise_by_dropout", False)):
        raise Refused(
            f"dropout: is for pictures that are made of pictures; {folder.path} has learned "
            f"{learned}{' and is to embed' if embed else ''}."
        )
    if wishes.given and not writes:
        raise Refused(
            f"{wishes.given[0]}: is for runs that write texts; this one learned {learned}."
        )
    if embed and writes:
        raise Refused(f"embed: is for runs of one network; this one learned {learned}.")
    if embed:
        encoder = framed(encoder, getattr(task, "causal", False))
    if embed and getattr(task, "single", False):
        spec = parts_of(task, spec, encoder)["encoder"].spec
    longest = met(config["model"], spec.input.kind).longest
    if embed or not (hasattr(task, "read") or getattr(task, "causal", False)):
        encoder = limited(encoder, longest)
    names, split = read_input(input, spec, encoder, config["data"], None if embed else task)
    if task.sampler in ("streams", "packed"):
        refuse_empty(split)
    limit = getattr(encoder, "max_length", None)
    if (note := told(split, next(iter(spec.inputs)), limit)) is not None:
        print(note, file=sys.stderr)
    with scope(across):
        model = open_network(network)
    if dropout:
        model, batch_size = with_dropout(model, seed), 1  # what is dropped depends on no batch
    compute = shared(None if dropout else across, lambda given: model(given, training=False))
    parts = outputs(compute, split, spec, task, batch_size)
    if paints and chief and output is not None:
        return write_pictures(names, parts, spec.target, Path(output), input)
    if embed:
        rows = embedded(folder, model, split, spec, task, batch_size, settings)
    elif writes:
        rows = written(folder, names, encoder, wishes, batch_size, settings)
    elif (predictions := getattr(task, "predictions", None)) is not None:
        rows = predictions(split, parts)
    else:
        rows = [row for part in parts for row in task.rows(part, spec.target)]
    if task.sampler == "windows" and not embed:  # a row for each time of the one window
        names = names * len(rows)
    rows = [{"input": name, **row} for name, row in zip(names, rows, strict=True)]
    if not chief:
        return rows
    form = format or ("csv" if str(output).endswith(".csv") else "jsonl")
    if output is None:
        write_rows(sys.stdout, rows, form)
    else:
        with (
            replacing(Path(output)) as aside,
            open(aside, "w", newline="", encoding="utf-8") as file,
        ):
            write_rows(file, rows, form)
        print(f"{len(rows):,} predictions are in {output}")
    return rows


def read_input(
    given: str, spec: Spec, encoder: Any, data: dict[str, Any], task: Any
) -> tuple[list[Any], Split]:
    """Return a name for each example, and the examples; both texts of a pair are its name.

    A task may read its input itself, ``read(given, data, encoder, spec)``, or the encoder,
    ``read(given, data)``.
    """
    if (read := getattr(task, "read", None)) is not None:
        return read(given, data, encoder, spec)
    if (read := getattr(encoder, "read", None)) is not None:
        return read(given, data)
    kind = spec.input.kind
    if kind == "tokens" and spec.input.names is not None:
        pairs = raw_pairs(given, spec.input.names, data)
        return [list(pair) for pair in pairs], encoder.encode(pairs)
    if kind == "tokens":
        names = raw_texts(given, data)
        return names, encoder.encode(names)
    path = Path(given)
    if kind == "image":
        if not path.exists():
            raise Refused(f"input: no file or folder {path}.")
        pictures = [path] if path.is_file() else found_in(path, "input")
        return [str(p) for p in pictures], encoder.encode(pictures)
    if given != "-" and not path.is_file():
        raise Refused(f"input: no file {path}.")
    place = "/dev/stdin" if given == "-" else path
    if kind == "series":
        return ["next"], encoder.encode(place, data.get("missing", "refuse"))
    split = encoder.encode(place)
    return [str(i + 1) for i in range(len(split))], split


def refuse_empty(split: Split) -> None:
    """Refuse a text without tokens, of which a language model says nothing."""
    for rows in split.arrays.values():
        if isinstance(rows, Ragged) and (rows.lengths == 0).any():
            number = int(np.argmin(rows.lengths)) + 1
            raise Refused(f"input: text {number} has no token; expected one at least.")


def outputs(
    compute: Callable[[Any], Any], split: Split, spec: Spec, task: Any, batch_size: int
) -> Iterator[np.ndarray]:
    """Yield what a network computes, a batch at a time, in order."""
    (name,) = spec.inputs
    if task.sampler == "windows":
        values, context = np.asarray(split.arrays[name], "float32"), task.window.context
        if len(values) < context:
            raise Refused(
                f"input: a forecast needs task.context={context} rows; there are {len(values)}."
            )
        yield np.asarray(compute(tf.constant(values[None, -context:])))
        return
    if task.sampler in ("streams", "packed"):
        batch_size = 1  # the last token of each text counts, and there is no padding
    batches = example_batches(split, spec, batch_size)
    positions = getattr(task, "positions", None)
    if positions is not None and getattr(task, "sequence_length", None):
        positions = min(positions, task.sequence_length)  # those behind were not trained
    with naming_damage([split]):
        for x, _, _ in batches.once():
            tokens = x[name]
            if positions is not None:  # a language model's next token follows from the last ones
                tokens = tokens[:, -positions:]
            yield np.asarray(compute(tokens))


def write_rows(file: TextIO, rows: list[dict[str, Any]], form: str) -> None:
    """Write rows as csv (nested values flattened as ``probabilities/name``) or as JSON lines."""
    if form == "jsonl":
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    writer = csv.DictWriter(file, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{key}/{inner}": v for inner, v in value.items()}
        elif isinstance(value, list):
            for i, v in enumerate(value, 1):
                flat |= _flat({f"{key}/{i}": v})
        else:
            flat[key] = value
    return flat
