"""A data set of any kind to sharded files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from toolkit.data.batching import Batching
from toolkit.data.prepare.examples import checksum, prepare_examples, refuse
from toolkit.data.prepare.output import Output
from toolkit.data.prepare.raw_text import RAW, RawText
from toolkit.data.prepare.text import prepare_text
from toolkit.data.records.manifest import read_manifest
from toolkit.data.records.tokens import CHUNK
from toolkit.training.parts import load_dataset


def prepare(
    data: dict[str, Any],
    output: str,
    *,
    seed: int = 0,
    workers: int = 1,
    sample: int = 64,
    shard_size: int = 64,
    say: Callable[[str], None] = print,
) -> None:
    """Write a data set as sharded files; see the verb ``prepare``.

    Args:
        data: ``name`` and options of its loader; those of ``Batching`` are passed over.
        output: Folder to write to.
        seed: Chooses validation parts that are carved.
        workers: Processes.
        sample: MiB of text that a tokenizer is learned from.
        shard_size: MiB of a shard.
        say: Takes progress, a line at a time.

    Raises:
        Refused: If the data cannot be read or prepared, or the folder not be written or holds
            something else.
    """
    batching = {field.name for field in dataclasses.fields(Batching)}
    options = {key: value for key, value in data.items() if key not in batching}
    made_from: dict[str, Any] = {"data": options, "seed": seed, "shard_size": shard_size}
    if raw := data["name"] in RAW:
        text = RawText.of(options, seed)
        made_from |= {"sample": sample, "record": CHUNK, "sources": text.checksum()}
    else:
        dataset = load_dataset(data, seed)
        refuse(dataset, data["name"])
        made_from |= {"record": CHUNK, "sources": checksum(dataset)}
    folder = Output(output, made_from)
    with folder.held() as finished:
        if finished:
            say(f"{folder.folder}: is prepared already")
        elif raw:
            prepare_text(
                text, folder, workers=workers, shard_size=shard_size, sample=sample, say=say
            )
        else:
            prepare_examples(
                dataset, data["name"], folder, workers=workers, shard_size=shard_size, say=say
            )
    manifest = read_manifest(folder.folder)
    unit = "tokens" if manifest.kind == "tokens" else "examples"
    for name, part in manifest.parts.items():
        say(f"{name}: {part.last - part.first:,} {unit}")
    say(f"train on it: python -m toolkit data=records data.root={output}")
