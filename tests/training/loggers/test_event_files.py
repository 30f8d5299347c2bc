"""Event files read back: tags, steps and values."""

from __future__ import annotations

import csv
import io
import json
import resource

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from logged import WORDS, cases, read, train
from PIL import Image
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.projector import projector_config_pb2

from toolkit.errors import Refused
from toolkit.training.loggers.event_files import EventFiles
from toolkit.training.loggers.sink import Mark
from toolkit.training.run_folder import RunFolder

NAMES = ["language model", "images", "texts", "forecaster"]


def table(run):
    with open(run / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def picture(png):
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("name", NAMES)
def test_figures_by_epoch_are_those_of_the_table(runs, name):
    train_part, valid_part = (
        read(runs[name] / "tensorboard"),
        read(runs[name] / "tensorboard/valid"),
    )
    rows, checked = table(runs[name]), 0
    for column in rows[0]:
        part, _, figure = column.partition("/")
        if figure:
            scalars = (valid_part if part == "valid" else train_part).scalars[f"epoch/{figure}"]
            assert [step for step, _ in scalars] == [1, 2]
            expected = [float(row[column]) for row in rows]
            np.testing.assert_allclose([value for _, value in scalars], expected, rtol=1e-6)
            checked += 1
    assert checked >= 3
    rates = [float(row["learning_rate"]) for row in rows]
    logged = [value for _, value in train_part.scalars["epoch/learning_rate"]]
    np.testing.assert_allclose(logged, rates, rtol=1e-6)
    unit = "tokens" if name == "language model" else "examples"
    assert all(value > 0 for _, value in train_part.scalars[f"epoch/{unit}_per_second"])


@pytest.mark.parametrize("name", NAMES)
def test_figures_by_step(runs, name):
    found, rows = read(runs[name] / "tensorboard"), table(runs[name])
    ends = [int(row["step"]) for row in rows]
    steps = [s for s in range(1, ends[-1] + 1) if s % 2 == 0 or s in ends]
    unit = "tokens" if name == "language model" else "examples"
    for figure in ("loss", "learning_rate", "gradient_norm", f"{unit}_per_second"):
        assert [step for step, _ in found.scalars[f"step/{figure}"]] == steps
    logged = dict(found.scalars["step/loss"])
    for row in rows:
        assert logged[int(row["step"])] == pytest.approx(float(row["train/loss"]), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_configuration_graph_and_comparison(runs, name):
    found = read(runs[name] / "tensorboard")
    ((step, config),) = found.texts["config"]
    assert step == 0 and (runs[name] / "config.yaml").read_text() in config
    (graph,) = found.graphs
    definition = tf.compat.v1.GraphDef.FromString(graph)
    names = {node.name for node in definition.node}
    assert any(node.op == "Placeholder" for node in definition.node)
    assert {i.split(":")[0] for node in definition.node for i in node.input} <= names
    results = read(runs[name] / "tensorboard/results")
    start = metadata.parse_session_start_info_plugin_data(
        results.hparams[metadata.SESSION_START_INFO_TAG]
    )
    known = {key: value.WhichOneof("kind") for key, value in start.hparams.items()}
    assert known["model"] == known["task"] == "string_value" and known["seed"] == "number_value"
    assert start.hparams["data.batch_size"].number_value == cases()[name].get("batch_size", 32)
    end = metadata.parse_session_end_info_plugin_data(
        results.hparams[metadata.SESSION_END_INFO_TAG]
    )
    assert end.status == 1  # success
    final = json.loads((runs[name] / "results.json").read_text())
    for figure, ((_, value),) in results.scalars.items():
        assert value == pytest.approx(final[figure], rel=1e-6)
    assert {"test/loss", f"valid/{'mse' if name == 'forecaster' else 'loss'}"} & {*results.scalars}


@pytest.mark.parametrize("name", NAMES)
def test_histograms(runs, name):
    found = read(runs[name] / "tensorboard").histograms
    weights = [tag for tag in found if tag.startswith("weights/")]
    network = keras.models.load_model(runs[name] / "model.keras", compile=False)
    assert len(weights) == len(network.trainable_weights)
    for tag in weights:
        assert [step for step, _ in found[tag]] == [1, 2]
    sizes = sorted(int(found[tag][-1][1][:, 2].sum()) for tag in weights)
    assert sizes == sorted(int(np.prod(w.shape)) for w in network.trainable_weights)


def test_a_classifier_of_images_shows_them_and_its_confusions(runs):
    found = read(runs["images"] / "tensorboard")
    assert {tag: [step for step, _ in values] for tag, values in found.images.items()} == {
        "samples/examples": [1, 2],
        "samples/confusion": [1, 2],
    }
    for values in found.images.values():
        for _, (width, height, png) in values:
            assert (int(width), int(height)) == picture(png).size
    first, second = (png for _, (_, _, png) in found.images["samples/examples"])
    assert picture(first).size == (3 * 150 + 4 * 12, 2 * (150 + 3 * 20 + 12) + 12)  # five examples
    pixels, image = np.asarray(picture(second)), cases()["images"]["data"].valid.arrays["image"][0]
    shown = pixels[12:162, 12:162, 0]
    assert shown[9::19, 9::19][:8, :8].shape == (8, 8)
    np.testing.assert_array_equal(shown[9::19, 9::19][:7, :7], image[:7, :7, 0])


def test_a_classifier_of_texts_shows_a_table(runs):
    found = read(runs["texts"] / "tensorboard")
    assert [step for step, _ in found.texts["samples/examples"]] == [1, 2]
    lines = found.texts["samples/examples"][-1][1].splitlines()
    assert lines[0] == "| input | truth | prediction | probability |  |"
    assert len(lines) == 2 + 5
    split = cases()["texts"]["data"].valid
    chosen = [0, 5, 10, 14, 19]
    for line, index in zip(lines[2:], chosen, strict=True):
        text, truth, prediction, probability, mark = (c.strip() for c in line[1:-1].split(" | "))
        assert truth == ("no", "yes")[split.arrays["label"][index]]
        assert 0.5 <= float(probability) <= 1 and mark == ("✓" if truth == prediction else "✗")
        words = [WORDS[i] for i in split.arrays["tokens"][index]]
        marks = {"|": "&#124;", "<b>": "&lt;b&gt;", "*": "\\*", "<unk>": "&lt;unk&gt;"}
        assert text == " ".join(marks.get(word, word) for word in words)


def test_a_language_model_writes_the_same_number_of_words_each_epoch(runs):
    found = read(runs["language model"] / "tensorboard")
    ((one, first), (two, second)) = found.texts["samples/generated"]
    assert (one, two) == (1, 2) and first != second
    for text in (first, second):
        assert len(text.split("\n\n---\n\n")) == 3
        assert all(
            line.startswith("    ")
            for part in text.split("\n\n---\n\n")
            for line in part.split("\n")
        )
        assert {*text.replace("---", "").split()} <= {*"abcdefg"}


def test_a_forecaster_draws_its_forecasts(runs):
    found = read(runs["forecaster"] / "tensorboard")
    assert [step for step, _ in found.images["samples/forecasts"]] == [1, 2]
    (_, (_, _, one)), (_, (_, _, two)) = found.images["samples/forecasts"]
    assert picture(one).size == picture(two).size and one != two
    pixels = np.asarray(picture(two)).astype(int)
    orange = (abs(pixels - [255, 127, 14]).sum(-1) < 60).sum()
    assert orange > 100, "the forecasts"


def test_embeddings_and_a_profile_lie_beside(runs):
    folder = runs["language model"] / "tensorboard"
    config = text_format.Parse(
        (folder / "projector_config.pbtxt").read_text(), projector_config_pb2.ProjectorConfig()
    )
    (embedding,) = config.embeddings
    words = (folder / embedding.metadata_path).read_text().splitlines()
    assert words == ["<eos>", *"abcdefg"]
    values = np.fromfile(folder / embedding.tensor_path, "float32")
    assert values.size == np.prod(embedding.tensor_shape) and list(embedding.tensor_shape) == [8, 6]
    assert list(folder.glob("plugins/profile/*/*.xplane.pb"))


def test_a_projector_needs_embeddings(tmp_path):
    logger = {"name": "tensorboard", "projector": True}
    with pytest.raises(Refused, match=r"logger.projector: the network has no embedding"):
        train(cases()["images"], tmp_path / "r", logger=logger)
    assert not (tmp_path / "r").exists()


class Crash(keras.callbacks.Callback):
    """What a fault of the machine would do: training ends with no checkpoint."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise MemoryError


def test_points_beyond_the_checkpoint_are_written_once(tmp_path):
    from toolkit.training.run import resume

    case = cases()["images"] | {"logger": {"name": "tensorboard", "every": 1}}
    with pytest.raises(MemoryError):  # six steps an epoch
        train(case, tmp_path / "r", checkpoint_every=5, callbacks=[Crash(9)], epochs=3)
    before = read(tmp_path / "r/tensorboard")
    assert [step for step, _ in before.scalars["step/loss"]] == list(range(1, 10))
    folder = RunFolder.open(tmp_path / "r")
    resume(folder, folder.settings(), case["data"], quiet=True)
    after = read(tmp_path / "r/tensorboard")
    steps = -(-40 // 7) * 3
    assert [step for step, _ in after.scalars["step/loss"]] == list(range(1, steps + 1))
    for tag in ("epoch/loss", "epoch/accuracy"):
        assert [step for step, _ in after.scalars[tag]] == [1, 2, 3]
    assert [step for step, _ in after.images["samples/confusion"]] == [1, 2, 3]
    assert len(after.texts["config"]) == len(after.graphs) == 1
    valid = read(tmp_path / "r/tensorboard/valid").scalars["epoch/loss"]
    assert [step for step, _ in valid] == [1, 2, 3]


def test_an_epoch_that_was_cut_short_and_goes_on_has_one_point(tmp_path):
    case = cases()["images"]
    run = train(case, tmp_path / "r", max_steps=8)  # of 6 batches an epoch
    run.resume(quiet=True, max_steps=12)
    points = read(tmp_path / "r" / "tensorboard").scalars["epoch/loss"]
    assert [step for step, _ in points] == [1, 2]


def test_a_record_that_a_kill_cut_short_is_left_out(tmp_path):
    sink = EventFiles(tmp_path)
    for step in range(1, 6):
        sink.step({"loss": 0.5}, step)
    sink.close(False)
    (path,) = tmp_path.glob("events*")
    path.write_bytes(path.read_bytes()[:-7])
    EventFiles(tmp_path).begin("", Mark(3, 0, {}))
    assert [step for step, _ in read(tmp_path).scalars["step/loss"]] == [1, 2, 3]


def test_a_full_disk_is_told_with_the_folder(tmp_path):
    sink = EventFiles(tmp_path / "tensorboard")
    sink.step({"loss": 0.5}, 1)
    sink.state()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(Refused, match=r"cannot write to .*tensorboard \(.+\). Free some space"):
            for epoch in range(1, 4):
                sink.text("long", "x" * 10_000, epoch)
                sink.state()
        sink.close(False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "tensorboard").write_text("a file")
    with pytest.raises(Refused, match=r"cannot write to .*tensorboard"):
        EventFiles(tmp_path / "tensorboard").step({"loss": 0.5}, 1)
