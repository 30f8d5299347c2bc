"""Runs on records: they end as those on the same data in memory, resumed ones too."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.prepare.examples import checksum, prepare_examples
from toolkit.data.prepare.output import Output
from toolkit.data.records.records import records
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.training.largest_batch import _longest

CASES = {
    "windows": {"name": "language_modelling", "sequence_length": 8, "order": "shuffled"},
    "streams": {"name": "language_modelling", "sequence_length": 8},
    "hidden tokens": {"name": "masked_language_model", "sequence_length": 16},
}
MODEL = {
    "name": "lstm",
    "stem": {"tokens": {"units": 8}},
    "body": [{"recurrent": {"units": 8, "dropout": 0.2}}],
}


class StopAt(keras.callbacks.Callback):
    """Ctrl-C after some step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        self.step -= 1
        if self.step == 0:
            raise KeyboardInterrupt


def stored(dataset, folder):
    """Return a data set from records of it."""
    output = Output(folder, {"sources": checksum(dataset)})
    with output.held():
        prepare_examples(dataset, "x", output, workers=1, shard_size=1, say=lambda line: None)
    return records(root=str(folder))


def train(data, task, folder, **more):
    return toolkit.train(
        MODEL,
        data,
        task=task,
        run_dir=folder,
        quiet=True,
        **{"batch_size": 4, "max_steps": 9, "logger": "none", **more},
    )


def weights(run):
    return keras.saving.load_model(run.path / "model.keras").get_weights()


def equal(one, other):
    """Fail unless two runs have the same weights and figures."""
    for key, value in one.results.items():
        assert key == "seconds" or other.results[key] == pytest.approx(value, rel=1e-6), key
    for a, b in zip(weights(one), weights(other), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("case", CASES)
def test_it_ends_as_from_memory_and_resumed(text, tmp_path, case):
    task = CASES[case]
    disk = stored(text, tmp_path / "records")
    memory = train(text, task, tmp_path / "memory")
    whole = train(disk, task, tmp_path / "disk")
    equal(memory, whole)
    with pytest.raises(KeyboardInterrupt):
        train(disk, task, tmp_path / "stopped", callbacks=[StopAt(5)])
    equal(whole, toolkit.Run(tmp_path / "stopped", disk).resume(quiet=True))


def test_auto_tries_the_longest_texts_of_records_too(tmp_path):
    words = tuple("abcdefghi")
    spec = Spec(
        {"text": Field("tokens", (None,), "int32", vocabulary=words)},
        {"label": Field("label", (), "int32", classes=("bad", "good"))},
    )
    rows = Ragged.from_rows([range(1 + 7 * i % 9) for i in range(9)])
    split = Split({"text": rows, "label": np.arange(9, dtype="int32") % 2})
    memory = Dataset(spec, split, split, split)
    disk = stored(memory, tmp_path / "records")
    for found in memory, disk:
        (lengths,) = found.train.lengths  # by which batches are made, and plan counts
        assert lengths.tolist() == [1 + 7 * i % 9 for i in range(9)]
        longest = _longest(found.train, 4).arrays
        assert longest["text"].lengths.tolist() == [9, 8, 7, 6]
        assert longest["label"].tolist() == [1, 1, 0, 0]
