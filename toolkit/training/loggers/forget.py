"""Events of a run that was killed, taken back to where it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.summary.writer.record_writer import RecordWriter

from toolkit.training.run_folder import replacing


def forget(folder: Path, step: int, epochs: int) -> None:
    """Take from event files what was written after some place in the training.

    A run that was killed has written points that lie beyond its last checkpoint, and the run that
    goes on from there writes them again: without this, curves would turn back. What is written
    again as a whole (configuration, graph, results) is taken away too, and so is the last record
    where a kill has cut it short.

    Args:
        folder: Of event files.
        step: The last step that stays, in ``step/…``.
        epochs: The last epoch that stays, in all others.
    """
    for path in sorted(folder.rglob("*tfevents*")):
        if path.parent.name == "results":
            path.unlink()
            continue
        if path.stat().st_size == 0:
            continue
        events = list(LegacyEventFileLoader(str(path)).Load())
        with replacing(path) as aside, open(aside, "wb") as file:
            records = RecordWriter(file)
            for event in events:
                if _stays(event, step, epochs):
                    records.write(event.SerializeToString())


def _stays(event: Any, step: int, epochs: int) -> bool:
    if event.HasField("file_version"):
        return True
    if not event.HasField("summary"):
        return False
    tags = [value.tag for value in event.summary.value]
    if "config" in tags:
        return False
    return event.step <= (step if any(tag.startswith("step/") for tag in tags) else epochs)
