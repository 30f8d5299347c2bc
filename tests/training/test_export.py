"""Runs taken away: what was written is opened as a stranger would and compared with Keras."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.series.series_encoder import SeriesEncoder
from toolkit.data.spec import Field, Spec
from toolkit.data.tables.table_encoder import TableEncoder
from toolkit.errors import Refused
from toolkit.training.export import export as verb
from toolkit.training.export.export import export

WORDS = ("<pad>", "<unk>", "the", "a", "dog", "do", "n't", "'s", ".", "été", "日本語")
STREAM = ("<eos>", "<unk>", *WORDS[2:])
LABEL = Field("label", (), "int32", classes=("no", "yes", "maybe"))
SERIES = {"names": ("load", "oil"), "offset": (100.0, 5.0), "scale": (10.0, 0.5)}

DATA: dict[str, tuple[Spec, Any, dict[str, Any]]] = {
    "texts": (
        Spec({"tokens": Field("tokens", (None,), "int32", WORDS)}, {"label": LABEL}),
        TextEncoder(WORDS, tokenizer="words", lower=True, end_of_line=False, max_length=30),
        {"name": "classification"},
    ),
    "streams": (
        Spec(
            {"tokens": Field("tokens", (None,), "int32", STREAM)},
            {"next": Field("next", (None,), "int32", STREAM)},
        ),
        TextEncoder(STREAM, tokenizer="words"),
        {"name": "language_modelling"},
    ),
    "images": (
        Spec({"image": Field("image", (28, 28, 1), "uint8")}, {"label": LABEL}),
        ImageEncoder((28, 28), 1, "pad"),
        {"name": "classification"},
    ),
    "series": (
        Spec(
            {"series": Field("series", (None, 2), **SERIES)},
            {"future": Field("future", (None, 2), **SERIES)},
        ),
        SeriesEncoder(("load", "oil")),
        {"name": "forecast", "context": 12, "horizon": 4},
    ),
    "table": (
        Spec(
            {"features": Field("table", (4,))},
            {"value": Field("value", (1,), names=("price",), offset=(1e5,), scale=(1e4,))},
        ),
        TableEncoder(("size", "age"), (1e6, 40.0), (10.0, 20.0), ("town",), (("x", "y"),), "mean"),
        {"name": "regression"},
    ),
    "tags": (
        Spec(
            {"tokens": Field("tokens", (None,), "int32", WORDS)},
            {"label": Field("label", (3,), "float32", classes=LABEL.classes, multi_label=True)},
        ),
        TextEncoder(WORDS, unit="character"),
        {"name": "classification"},
    ),
}
"""Spec, encoder and task."""


def recurrent(cell: str, **options: Any) -> list[dict]:
    return [{"recurrent": {"cell": cell, "units": 6, **options}}]


BODIES: dict[str, list[dict]] = {
    "mlp": [{"dense": {"units": [8]}}],
    "cnn": [{"conv": {"filters": [6], "kernel": 3, "pool": 2}}, {"pool": {"kind": "auto"}}],
    "lenet": [
        {"conv": {"filters": 3, "kernel": 5, "padding": "same", "activation": "tanh"}},
        {"pool": {"kind": "average"}},
        {"pool": {"kind": "auto"}},
        {"dense": {"units": [8]}},
    ],
    "resnet": [{"resnet": {"depth": 8, "filters": 4}}, {"pool": {"kind": "global_average"}}],
    "rnn": recurrent("rnn"),
    "lstm": recurrent("lstm", bidirectional=True, unroll=False),
    "gru": recurrent("gru", unroll=False),
    "linear": [{"series_linear": {"horizon": 4}}],
}
PAIRS = [
    ("mlp", "texts"),
    ("cnn", "texts"),
    ("lstm", "texts"),
    ("cnn", "tags"),
    ("gru", "streams"),
    ("lenet", "images"),
    ("resnet", "images"),
    ("rnn", "images"),
    ("gru", "series"),
    ("linear", "series"),
    ("mlp", "table"),
]
"""Models and what they were trained on."""


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make, once each, a run's folder with a network as random as at the start of a training."""
    from toolkit.tasks import TASKS
    from toolkit.training.assemble import assemble
    from toolkit.training.parts import make
    from toolkit.training.run_folder import RunFolder
    from toolkit.training.saved_spec import write_spec

    made: dict[tuple[str, str, str], Path] = {}

    def run(model: str, data: str, precision: str = "float32") -> Path:
        if (model, data, precision) not in made:
            import keras

            spec, encoder, task = DATA[data]
            stem = {"tokens": {"units": 6, "tie": data == "streams"}}
            config = {"model": {"stem": stem, "body": BODIES[model]}, "task": task}
            config |= {"data": {"name": data}, "trainer": {"precision": precision}}
            keras.utils.set_random_seed(0)
            keras.config.set_dtype_policy(precision)
            try:
                network = assemble(config["model"], spec, make(TASKS, task), batch_size=2)
                for weight in network.inference.weights:  # some start as zeros
                    noise = np.random.default_rng(len(weight.shape)).normal(size=weight.shape)
                    weight.assign(weight + 0.1 * abs(noise))
                folder = RunFolder.create(tmp_path_factory.mktemp("run") / f"{model}-{data}")
                folder.config.write_text(yaml.safe_dump(config))
                write_spec(folder, spec, encoder)
                network.inference.save(folder.model)
            finally:
                keras.config.set_dtype_policy("float32")
            made[model, data, precision] = folder.path
        return made[model, data, precision]

    return run


def network_of(run: Path) -> Any:
    import keras

    return keras.models.load_model(run / "model.keras", compile=False)


@pytest.mark.parametrize(("model", "data"), PAIRS[::2])
def test_saved_model(run_of, tmp_path, capsys, model, data):
    place = export(run=str(run_of(model, data)), output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())
    assert about["signatures"]["serving_default"]["inputs"].keys() in (
        {"text"},
        {"image_bytes"},
        {"series"},
        {"numbers", "categories"},
    )
    assert (place / "1" / "saved_model.pb").is_file()
    assert "largest difference from Keras" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [place]


def test_a_stranger_reads_texts(run_of, tmp_path):
    """A SavedModel takes strings in a process that has TensorFlow and nothing of ours."""
    run = run_of("mlp", "texts")
    place = export(run=str(run), output=str(tmp_path / "out"))
    texts = ["The DOG don't.", "été's 日本語 nothing\nelse", ""]
    ids = np.array([[2, 4, 5, 6, 8], [9, 7, 10, 1, 1], [1, 0, 0, 0, 0]])
    code = (
        "import sys, json, tensorflow as tf\n"
        f"run = tf.saved_model.load({str(place / '1')!r}).signatures['serving_default']\n"
        f"out = run(text=tf.constant({texts!r}))\n"
        "print(json.dumps([out['probabilities'].numpy().tolist(),"
        " [x.decode() for x in out['label'].numpy()], 'toolkit' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    probabilities, labels, ours = json.loads(done.stdout)
    expected = np.asarray(network_of(run)(ids))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)
    assert labels == [LABEL.classes[i] for i in expected.argmax(-1)]
    assert not ours


def test_language_model_says_what_follows(run_of, tmp_path):
    import tensorflow as tf

    run = run_of("gru", "streams")
    place = export(run=str(run), output=str(tmp_path / "out"))
    signatures = tf.saved_model.load(str(place / "1")).signatures
    out = signatures["serving_default"](text=tf.constant(["the dog", "", "a\ndo"]))
    network = network_of(run)
    rows = [[2, 4], [0], [3, 0, 5]]  # no text is read as the beginning of a line
    expected = np.concatenate([np.asarray(network(np.array([row])))[:, -1] for row in rows])
    np.testing.assert_allclose(out["logits"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(tf.reduce_sum(out["probabilities"], -1), [1, 1, 1], rtol=1e-5)
    likeliest = [STREAM[i] for i in expected.argmax(-1)]
    assert [word.decode() for word in out["token"].numpy()] == likeliest
    ids = signatures["ids"](tokens=tf.constant([[2, 4]]))
    np.testing.assert_allclose(ids["logits"][:, -1], expected[:1], rtol=1e-4, atol=1e-6)


def test_table_takes_cells(run_of, tmp_path):
    import tensorflow as tf

    run = run_of("mlp", "table")
    place = export(run=str(run), output=str(tmp_path / "out"))
    serve = tf.saved_model.load(str(place / "1")).signatures["serving_default"]
    numbers = np.array([[1e6 + 5, np.nan], [1e6 - 10, 60]])
    out = serve(numbers=tf.constant(numbers), categories=tf.constant([[" y "], ["z"]]))
    features = np.array([[0.5, 0, 0, 1], [-1, 1, 0, 0]], "float32")
    np.testing.assert_allclose(out["values"], network_of(run)(features), rtol=1e-6)


def test_labels_of_several_classes(run_of, tmp_path):
    import tensorflow as tf

    run = run_of("cnn", "tags")
    place = export(run=str(run), output=str(tmp_path / "out"))
    out = tf.saved_model.load(str(place / "1")).signatures["ids"](
        tokens=tf.constant(np.random.default_rng(0).integers(1, 10, (9, 6)), "int32")
    )
    for labels, shares in zip(out["labels"].numpy(), out["probabilities"].numpy(), strict=True):
        chosen = [c if p >= 0.5 else "" for c, p in zip(LABEL.classes, shares, strict=True)]
        assert [label.decode() for label in labels] == chosen


@pytest.mark.parametrize(("model", "data"), PAIRS)
def test_onnx(run_of, tmp_path, model, data):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    run = run_of(model, data)
    place = export(run=str(run), format="onnx", output=str(tmp_path / "out"))
    session = onnxruntime.InferenceSession(place / "model.onnx")
    about = json.loads((place / "signature.json").read_text())
    ((name, given),) = about["inputs"].items()
    x = np.ones([3 if size is None else size for size in given["shape"]], given["dtype"])
    (output,) = about["outputs"]
    (found,) = session.run([output], {name: x})
    if data == "table":
        x = (x - np.array([1e6, 40, 0, 0])) / np.array([10, 20, 1, 1])
    np.testing.assert_allclose(found, network_of(run)(x), rtol=1e-4, atol=1e-6)
    assert (place / "vocabulary.json").exists() == (data in ("texts", "tags", "streams"))
    if data == "texts":
        assert json.loads((place / "classes.json").read_text()) == list(LABEL.classes)
        assert json.loads((place / "vocabulary.json").read_text()) == list(WORDS)
        assert about["tokenization"]["max_length"] == 30


@pytest.mark.parametrize(("model", "data"), PAIRS)
def test_litert(run_of, tmp_path, model, data):
    pytest.importorskip("ai_edge_litert", reason="the extra export is not installed")
    from ai_edge_litert.interpreter import Interpreter

    run = run_of(model, data)
    place = export(run=str(run), format="litert", output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())
    ((name, given),) = about["inputs"].items()
    looped = model in ("lstm", "gru")
    assert given["shape"][0] == (1 if looped else None)
    x = np.ones([5 if size is None else size for size in given["shape"]], given["dtype"])
    found = Interpreter(str(place / "model.tflite")).get_signature_runner()(**{name: x})
    if data == "table":
        x = (x - np.array([1e6, 40, 0, 0])) / np.array([10, 20, 1, 1])
    (output,) = about["outputs"]
    np.testing.assert_allclose(found[output], network_of(run)(x), rtol=1e-4, atol=1e-6)


def test_litert_of_a_fixed_size(run_of, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the extra export is not installed")
    run, out = str(run_of("lstm", "texts")), str(tmp_path / "out")
    place = export(run=run, format="litert", output=out, batch_size=3, length=7)
    about = json.loads((place / "signature.json").read_text())
    assert about["inputs"]["tokens"]["shape"] == [3, 7]
    with pytest.raises(Refused, match="length: only texts have one that is free"):
        export(run=str(run_of("mlp", "table")), format="litert", output=f"{out}2", length=7)


def test_half_precision_becomes_whole(run_of, tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    run = str(run_of("lenet", "images", "mixed_bfloat16"))
    export(run=run, output=str(tmp_path / "a"))
    assert "trained in" not in capsys.readouterr().out
    export(run=run, format="onnx", output=str(tmp_path / "b"))
    assert "float32; the run trained in mixed_bfloat16" in capsys.readouterr().out


def broken(monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], Any]) -> None:
    """Put an operation between a network and its output."""
    from toolkit.training.export.subject import Subject

    of_features = Subject.of_features
    monkeypatch.setattr(Subject, "of_features", lambda self, x: function(of_features(self, x)))


def test_what_onnx_cannot_hold(run_of, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    import tensorflow as tf

    broken(monkeypatch, tf.math.bessel_i0e)
    with pytest.raises(Refused, match="format: onnx cannot hold this network: .*BesselI0e"):
        export(run=str(run_of("mlp", "table")), format="onnx", output=str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
    assert logging.getLogger("tf2onnx").propagate


def test_what_litert_cannot_hold(run_of, tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert", reason="the extra export is not installed")
    import tensorflow as tf

    broken(monkeypatch, tf.math.bessel_i0e)
    with pytest.raises(Refused, match="litert cannot hold this network: 'tf.BesselI0e' op is"):
        export(run=str(run_of("mlp", "table")), format="litert", output=str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_recurrent_network_of_free_batch_in_litert(run_of, tmp_path):
    """What the default of one example a batch is there for."""
    pytest.importorskip("ai_edge_litert", reason="the extra export is not installed")
    from toolkit.training.export import litert
    from toolkit.training.export.subject import open_subject
    from toolkit.training.run_folder import RunFolder

    subject = open_subject(RunFolder.open(run_of("gru", "streams")), whole=True)
    with pytest.raises(Refused, match="litert cannot hold this network: 'tf.TensorListReserve' op"):
        litert.write(subject, tmp_path, {"tokens": (None, None)})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda y: y + 0.01, "differs from Keras by 0.01"),
        (lambda y: y * np.nan, "differs from Keras by nan"),
        (lambda y: y[:, :1], "gives the shape"),
    ],
)
def test_a_difference_keeps_nothing(run_of, tmp_path, monkeypatch, wrong, told):
    from toolkit.training.export import saved_model

    opened = saved_model.open_written

    def distorted(folder: Path) -> Any:
        run = opened(folder)
        return lambda *given: {k: wrong(v) for k, v in run(*given).items() if k == "probabilities"}

    monkeypatch.setattr(saved_model, "open_written", distorted)
    kept = tmp_path / "out" / "signature.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    with pytest.raises(Refused, match=told):
        export(run=str(run_of("mlp", "texts")), output=str(kept.parent), overwrite=True)
    assert list(tmp_path.rglob("*")) == [kept.parent, kept]
    with pytest.raises(Refused, match=told):
        export(run=str(run_of("mlp", "texts")), output=str(tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()


def test_a_split_that_differs_is_refused(run_of, tmp_path, monkeypatch):
    from toolkit.training.export import text_graph

    monkeypatch.setattr(text_graph, "BLANKS", "[ ]")
    with pytest.raises(Refused, match="cannot hold how this run splits texts: .* is read as"):
        export(run=str(run_of("mlp", "texts")), output=str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"format": "onxx"}, "format: no 'onxx'. Did you mean onnx?"),
        ({"format": "onnx", "length": 3}, "length: onnx leaves it free; only litert can have"),
        ({"batch_size": 3}, "batch_size: saved_model leaves it free; only litert can have"),
        ({"output": "model.keras"}, "output: model.keras is a file; expected a folder to make."),
        ({"output": "."}, "output: . holds something else than an export, which is not replaced"),
        (
            {"output": ".", "overwrite": True},
            "output: . holds something else than an export, which is not replaced",
        ),
        ({"output": "model.keras/x"}, "output: cannot write to model.keras/x (Not a directory)"),
        ({"output": "old"}, "output: old holds an export already; say overwrite=true to replace"),
    ],
)
def test_refusals_come_first(run_of, tmp_path, monkeypatch, options, told):
    for name in ("config.yaml", "model.keras", "old/signature.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verb, "start_tensorflow", lambda: pytest.fail("TensorFlow would start"))
    with pytest.raises(Refused) as refusal:
        export(run=".", **options)
    assert told in str(refusal.value)


def test_no_network_and_no_package(run_of, tmp_path, monkeypatch):
    (tmp_path / "config.yaml").touch()
    with pytest.raises(Refused, match="has no model.keras: no epoch of it was finished"):
        export(run=str(tmp_path))
    monkeypatch.setattr(verb.importlib.util, "find_spec", lambda name: None)
    told = "format: onnx needs tf2onnx, onnx, onnxruntime, which is not installed: pip install .*"
    with pytest.raises(Refused, match=told + r'-e "\.\[export\]"'):
        export(run=str(run_of("mlp", "table")), format="onnx")


def test_beside_the_run_from_another_folder(run_of, tmp_path, monkeypatch):
    run = tmp_path / "copy"
    shutil.copytree(run_of("mlp", "table"), run)
    monkeypatch.chdir(tmp_path)
    assert export(run="copy") == Path("copy/export/saved_model")
    before = (run / "export/saved_model/1/saved_model.pb").stat().st_mtime_ns
    export(run="copy", overwrite=True)
    assert (run / "export/saved_model/1/saved_model.pb").stat().st_mtime_ns > before
    assert [p.name for p in (run / "export").iterdir()] == ["saved_model"]
