"""Tokens in records, and the manifest of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from toolkit.data.prepare.output import Output
from toolkit.data.prepare.shard_writer import ShardWriter
from toolkit.data.records.features import Feature
from toolkit.data.records.manifest import Manifest, Part
from toolkit.data.records.shards import Shard, Shards
from toolkit.data.records.tokens import CHUNK, NAME, StoredTokens
from toolkit.data.spec import Spec
from toolkit.data.spec_json import to_json
from toolkit.data.texts.stream_parts import with_validation

TOKENS = {NAME: Feature("int64_list", "int32", (None,))}


class TokenWriter(ShardWriter):
    """Writes a stream of tokens in records of ``CHUNK``."""

    _held = np.zeros(0, "int32")

    def add(self, ids: np.ndarray) -> None:
        """Write tokens that follow those before."""
        self.tokens += len(ids)
        ids = np.concatenate([self._held, ids])
        whole = len(ids) // CHUNK * CHUNK
        for at in range(0, whole, CHUNK):
            self.write({NAME: ids[at : at + CHUNK]})
        self._held = ids[whole:]

    def finish_tokens(self, counts: np.ndarray) -> Shard:
        """Write what is left and close the file; ``counts`` is how often each token occurs."""
        if len(self._held):
            self.write({NAME: self._held})
        return self.finish(counts=counts)


def finish_tokens(
    output: Output,
    made: Mapping[str, tuple[Sequence[Shard], np.ndarray]],
    spec: Spec,
    encoder: Any,
    *,
    where: Mapping[str, str],
    fraction: float,
    notes: Sequence[str],
) -> None:
    """Write the manifest of a text, and what goes with it.

    Args:
        output: The folder.
        made: Shards of each part and how often each token occurs in them.
        spec: Of the data set.
        encoder: Reads and writes texts likewise.
        where: What each part is called in messages.
        fraction: Share of the training tokens, the last ones, that becomes the validation part
            where there is none.
        notes: Sentences for the user.

    Raises:
        Refused: If a part is too short.
    """
    totals = {part: sum(shard.tokens for shard in shards) for part, (shards, _) in made.items()}
    nothing = {part: np.broadcast_to(np.int32(0), total) for part, total in totals.items()}
    ids, told = with_validation(nothing, where, fraction)  # their lengths are all that counts
    parts = {part: Part(part, 0, total) for part, total in totals.items()}
    counts = {part: found for part, (_, found) in made.items()}
    if "valid" not in parts:
        cut, total = len(ids["train"]), totals["train"]
        parts |= {"train": Part("train", 0, cut), "valid": Part("train", cut, total)}
        shards = Shards(output.folder, made["train"][0], output.folder / "train.index")
        end = StoredTokens(shards, cut, total, counts["train"])
        size = len(counts["train"])
        carved = np.zeros(size, "int64")
        for block in end.blocks():
            carved += np.bincount(block, minlength=size)
        counts |= {"train": counts["train"] - carved, "valid": carved}
    for part, found in counts.items():
        output.save(f"{part}.counts", found)
    Manifest(
        kind="tokens",
        spec=to_json(spec, encoder),
        groups={group: tuple(shards) for group, (shards, _) in made.items()},
        parts={part: parts[part] for part in ("train", "valid", "test") if part in parts},
        made_from=output.made_from,
        features=TOKENS,
        notes=(*notes, *told),
        beside=tuple(output.beside),
    ).write(output.folder)
