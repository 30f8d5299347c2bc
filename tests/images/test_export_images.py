"""Exports of networks that make images: of noise, of codes, of images; and of two inputs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import small_images as small
import tensorflow as tf
import yaml
from PIL import Image

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.training.assemble import assemble
from toolkit.training.export.export import export
from toolkit.training.generate import generate
from toolkit.training.parts import learner
from toolkit.training.predict import predict
from toolkit.training.run_folder import RunFolder
from toolkit.training.saved_spec import write_spec

GREY, COLOUR = Field("image", (8, 8, 1), "uint8"), Field("image", (8, 8, 3), "uint8")
FLOATS = replace(GREY, dtype="float32")
LABEL = Field("label", (), "int32", classes=small.CLASSES)
WORDS = ("<pad>", "<unk>", "<s>", "</s>", "a", "b")
MARKS = {"pad": 0, "unknown": 1, "start": 2, "end": 3}
TOKENS = Field("tokens", (None,), "int32", WORDS, special=MARKS)
TEXT = Field("text", (None,), "int32", (*WORDS, "c"), special=MARKS)
NEXT = Field("next", (None,), "int32", WORDS)
TRANSLATOR = {
    "generator": [{"generator": {"architecture": "unet", "filters": [4, 6], "dropout": 0.5}}],
    "discriminator": [{"discriminator": {"architecture": "patch", "filters": [4, 6]}}],
}
WRITER = {
    "generator": [{"recurrent": {"units": 5}}],
    "discriminator": [{"pool": {"kind": "global_max"}}],
}
SEQ2SEQ = {
    "encoder": [{"encoder": {"layers": 1, "units": 8, "heads": 2, "activation": "relu"}}],
    "decoder": [{"decoder": {"layers": 1, "units": 8, "heads": 2, "activation": "relu"}}],
}
GAME = {"name": "adversarial", "latent": 3}
ON_TEXT = {"stem": {"tokens": {"units": 8}}}
CASES: dict[str, tuple[Any, Any, Spec, Any]] = {
    "cgan": (
        small.GAN,
        GAME | {"labels": "condition"},
        Spec({"image": GREY}, {"label": LABEL}),
        ImageEncoder((8, 8), 1),
    ),
    "gan": (
        small.GAN,
        GAME | {"noise": "uniform"},
        Spec({"image": FLOATS}, {"image": FLOATS}),
        None,
    ),
    "vae": (
        small.VAE,
        {"name": "variational"},
        Spec({"image": GREY}, {"image": GREY}),
        ImageEncoder((8, 8), 1),
    ),
    "pix2pix": (
        TRANSLATOR,
        {"name": "image_translation"},
        Spec({"image": GREY}, {"picture": replace(COLOUR, kind="picture")}),
        ImageEncoder((8, 8), 1),
    ),
    "cyclegan": (
        TRANSLATOR,
        {"name": "image_translation", "method": "cyclegan"},
        Spec({"image": GREY}, {"picture": replace(COLOUR, kind="picture", unpaired=True)}),
        ImageEncoder((8, 8), 1),
    ),
    "sequence_gan": (
        {**WRITER, **ON_TEXT},
        {"name": "sequence_adversarial", "latent": 3, "sequence_length": 4},
        Spec({"tokens": TOKENS}, {"next": NEXT}),
        TextEncoder(WORDS),
    ),
    "seq2seq": (
        {**SEQ2SEQ, **ON_TEXT},
        {"name": "sequence_to_sequence"},
        Spec({"tokens": TOKENS}, {"text": TEXT}),
        None,
    ),
}
"""Model, task, spec and encoder."""


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Make, once each, the folder of a run with networks as random as at the start."""
    made: dict[tuple[str, str], str] = {}

    def run(name: str, precision: str = "float32") -> str:
        if (name, precision) not in made:
            model, task, spec, encoder = CASES[name]
            config = {"model": model, "task": task, "data": {"name": name}, "seed": 1}
            keras.utils.set_random_seed(0)
            keras.config.set_dtype_policy(precision)
            try:
                learned, spec = learner(task, model, spec)
                networks = assemble(model, spec, learned, batch_size=2)
            finally:
                keras.config.set_dtype_policy("float32")
            for network in (networks.inference, *networks.beside.values()):
                for weight in network.weights:
                    noise = np.random.default_rng(len(weight.shape)).normal(size=weight.shape)
                    weight.assign(weight + 0.1 * abs(noise))
            folder = RunFolder.create(tmp_path_factory.mktemp("run") / name)
            folder.config.write_text(yaml.safe_dump(config | {"trainer": {"precision": precision}}))
            write_spec(folder, spec, encoder)
            networks.save(folder.model)
            made[name, precision] = str(folder.path)
        return made[name, precision]

    return run


def network_of(run: str, name: str = "model") -> Any:
    return keras.models.load_model(Path(run, f"{name}.keras"), compile=False)


def taken(run: str, place: Path, format: str, **options: Any) -> Any:
    """Export, and return what it says of itself and a function of what was written, by name."""
    export(run=run, format=format, output=str(place), **options)
    about = json.loads((place / "signature.json").read_text())
    if format == "saved_model":
        loaded = tf.saved_model.load(str(place / "1"))
        signatures = loaded.signatures

        def call(signature: str = "serving_default", **given: Any) -> np.ndarray:
            given = {name: tf.constant(value) for name, value in given.items()}
            (output,) = signatures[signature](**given).values()
            return output.numpy() if loaded else None  # which keeps its variables

        return about, call
    if format == "keras":
        network = keras.models.load_model(place / "model.keras", compile=False)
        return about, lambda **given: next(iter(network(given).values())).numpy()
    if format == "onnx":
        onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is missing")
        session = onnxruntime.InferenceSession(place / "model.onnx")
        return about, lambda **given: session.run(None, given)[0]
    pytest.importorskip("ai_edge_litert", reason="the extra export is missing")
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(place / "model.tflite")).get_signature_runner()
    return about, lambda **given: next(iter(runner(**given).values()))


def pixels_in(folder: Path) -> np.ndarray:
    """Return the pictures in a folder but for the grid, ``(pictures, height, width)``."""
    files = sorted(path for path in folder.glob("*.png") if path.stem != "grid")
    return np.stack([np.asarray(Image.open(path)) for path in files])


FORMATS = ("saved_model", "keras", "onnx", "litert")


@pytest.mark.parametrize("format", FORMATS)
def test_a_generator_makes_the_pictures_that_generate_makes(run_of, tmp_path, format):
    run = run_of("cgan")
    about, network = taken(run, tmp_path / "e", format)
    generate(run=run, n=7, seed=3, output=str(tmp_path / "g"), quiet=True)
    noise = np.asarray(keras.random.normal((500, 3), seed=3))[:7]
    label = (np.arange(7) % 3).astype("int32")
    found = network(noise=noise, label=label)
    assert found.dtype == np.uint8 and found.shape == (7, 8, 8, 1)
    np.testing.assert_allclose(found[..., 0].astype(int), pixels_in(tmp_path / "g"), atol=1)
    assert (found[..., 0] == pixels_in(tmp_path / "g")).mean() > 0.97
    about = about.get("signatures", {}).get("serving_default", about)
    assert about["inputs"]["noise"]["is"] == "noise, drawn standard normal"
    assert about["inputs"]["label"]["is"] == "ids of classes.json, from 0"
    assert json.loads((tmp_path / "e" / "classes.json").read_text()) == list(small.CLASSES)


def test_pictures_that_are_no_bytes_go_from_0_to_1(run_of, tmp_path):
    run = run_of("gan")
    about, network = taken(run, tmp_path / "e", "saved_model")
    noise = np.asarray(keras.random.uniform((500, 3), -1.0, 1.0, seed=3))[:5]
    found = network(noise=noise)
    expected = np.clip(network_of(run)(noise), 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    inputs = about["signatures"]["serving_default"]["inputs"]
    assert inputs["noise"]["is"] == "noise, drawn uniform between -1 and 1"
    assert not (tmp_path / "e" / "classes.json").exists()


@pytest.mark.parametrize("format", ["saved_model", "litert"])
def test_a_decoder_makes_the_pictures_that_generate_makes(run_of, tmp_path, format):
    run = run_of("vae")
    _, network = taken(run, tmp_path / "e", format, part="decoder")
    generate(run=run, n=5, seed=2, output=str(tmp_path / "g"), quiet=True)
    found = network(code=np.asarray(keras.random.normal((500, 2), seed=2))[:5])
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[..., 0].astype(int), pixels_in(tmp_path / "g"), atol=1)


def picture_files(folder: Path, channels: int = 1) -> Path:
    """Write three pictures, and return their folder."""
    folder.mkdir()
    shape = (8, 8) if channels == 1 else (8, 8, channels)
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, shape, "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("name", ["vae", "pix2pix"])
def test_a_saved_model_makes_the_pictures_that_predict_makes(run_of, tmp_path, name):
    run, files = run_of(name), picture_files(tmp_path / "in")
    about, network = taken(run, tmp_path / "e", "saved_model")
    (output,) = about["signatures"]["serving_default"]["outputs"]
    assert output == {"vae": "reconstruction", "pix2pix": "picture"}[name]
    predict(run=run, input=str(files), output=str(tmp_path / "p"))
    content = [path.read_bytes() for path in sorted(files.iterdir())]
    found = network(image_bytes=np.array(content, object)).astype(int)
    expected = pixels_in(tmp_path / "p")
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1)
    unrounded = network_of(run)(pixels_in(files)[..., None])
    np.testing.assert_allclose(found, unrounded, atol=0.51)


def test_an_encoder_reads_pictures_and_gives_codes(run_of, tmp_path):
    run, files = run_of("vae"), picture_files(tmp_path / "in")
    _, network = taken(run, tmp_path / "e", "saved_model", part="encoder")
    assert export(run=run, part="encoder") == Path(run, "export", "saved_model_encoder")
    found = network("arrays", image=pixels_in(files)[..., None])
    expected = network_of(run, "encoder")(pixels_in(files)[..., None])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert found.shape == (3, 2)


@pytest.mark.parametrize("format", ["saved_model", "onnx"])
def test_the_way_back_takes_pictures(run_of, tmp_path, format):
    run, files = run_of("cyclegan"), picture_files(tmp_path / "in", channels=3)
    _, network = taken(run, tmp_path / "e", format, part="back")
    pixels = pixels_in(files)
    if format == "saved_model":
        content = [path.read_bytes() for path in sorted(files.iterdir())]
        found = network(image_bytes=np.array(content, object))
    else:
        found = network(image=pixels)
    assert found.shape == (3, 8, 8, 1) and found.dtype == np.uint8
    np.testing.assert_allclose(found, network_of(run, "back")(pixels), atol=0.51)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("sequence_gan", "saved_model"),
        ("sequence_gan", "onnx"),
        ("seq2seq", "saved_model"),
        pytest.param("seq2seq", "onnx", marks=pytest.mark.slow),
    ],
)
def test_networks_of_two_inputs(run_of, tmp_path, name, format):
    run = run_of(name)
    about, network = taken(run, tmp_path / "e", format)
    given: dict[str, Any] = {"tokens": np.array([[2, 4, 5], [4, 4, 4]], "int32")}
    if name == "sequence_gan":
        given["noise"] = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    else:
        given["written"] = np.array([[2, 6], [2, 4]], "int32")
        words = json.loads((tmp_path / "e" / "written_vocabulary.json").read_text())
        assert words == [*WORDS, "c"]
    expected = network_of(run)(given)
    np.testing.assert_allclose(network(**given), expected, rtol=1e-4, atol=1e-5)
    assert json.loads((tmp_path / "e" / "vocabulary.json").read_text()) == list(WORDS)
    about = about.get("signatures", {}).get("serving_default", about)
    assert about["inputs"].keys() == given.keys() and [*about["outputs"]] == ["logits"]


def test_in_half_precision_a_part_is_built_anew_in_whole(run_of, tmp_path, capsys):
    run = run_of("vae", "mixed_bfloat16")
    about, network = taken(run, tmp_path / "e", "keras", part="decoder")
    assert "float32; the run trained in mixed_bfloat16" in capsys.readouterr().out
    code = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    half = np.asarray(keras.ops.cast(network_of(run, "decoder")(code), "float32"))
    assert about["inputs"]["code"]["dtype"] == "float32"
    np.testing.assert_allclose(network(code=code), half, atol=4)


def test_a_picture_that_differs_by_more_than_rounding_is_refused(run_of, tmp_path, monkeypatch):
    from toolkit.training.export import keras_file

    opened = keras_file.open_written

    def distorted(folder: Path) -> Any:
        run = opened(folder)
        return lambda given: run(given).astype(int) + 1

    monkeypatch.setattr(keras_file, "open_written", distorted)
    with pytest.raises(Refused, match="format: keras cannot hold this network: .* differs from"):
        export(run=run_of("cgan"), format="keras", output=str(tmp_path / "e"))
    assert not (tmp_path / "e").exists()


def test_one_picture_is_nothing_to_export(tmp_path):
    task = {"name": "style_transfer"}
    spec = Spec({"image": COLOUR}, {"style": replace(COLOUR, kind="style")})
    folder = RunFolder.create(tmp_path / "r")
    model = {"generator": [{"picture": {}}]}
    config = {"model": model, "task": task, "data": {"name": "style_pair"}, "trainer": {}}
    folder.config.write_text(yaml.safe_dump(config))
    folder.model.touch()
    write_spec(folder, spec, None)
    with pytest.raises(Refused, match=r"its network is one picture, .*/r/picture\.png, and takes"):
        export(run=str(folder.path), output=str(tmp_path / "e"))


def test_parts_that_are_not_there(run_of, tmp_path):
    place = str(tmp_path / "e")
    with pytest.raises(Refused, match=r"part: no 'decodr' in .*Did you mean decoder or encoder\?"):
        export(run=run_of("vae"), part="decodr", output=place)
    with pytest.raises(Refused, match=r"part: no 'back' in .* There is: generator\."):
        export(run=run_of("pix2pix"), part="back", output=place)
    assert not (tmp_path / "e").exists()


def test_all_networks_of_these_runs_open_in_plain_keras(run_of):
    """In a process that has Keras and cannot find the toolkit."""
    names = ("cgan", "vae", "cyclegan")
    files = [str(p) for name in names for p in sorted(Path(run_of(name)).glob("*.keras"))]
    assert {Path(file).stem for file in files} == {
        *("model", "back", "encoder", "posterior", "decoder"),
        *("discriminator", "back_discriminator"),
    }
    code = (
        "import json, sys\nsys.modules['toolkit'] = None\nimport keras, numpy as np\n"
        "def ones(x): return np.ones([n or 2 for n in x.shape], x.dtype)\n"
        "def run(path):\n"
        "    network = keras.models.load_model(path)\n"
        "    given = keras.tree.map_structure(ones, network.input)\n"
        "    outputs = keras.tree.flatten(network(given))\n"
        "    return [float(keras.ops.mean(keras.ops.cast(x, 'float32'))) for x in outputs]\n"
        "print(json.dumps([run(path) for path in sys.argv[1:]]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for file, found in zip(files, json.loads(done.stdout), strict=True):
        network = keras.models.load_model(file, compile=False)
        given = keras.tree.map_structure(
            lambda x: np.ones([n or 2 for n in x.shape], x.dtype), network.input
        )
        expected = [float(np.mean(x)) for x in keras.tree.flatten(network(given))]
        np.testing.assert_allclose(found, expected, rtol=1e-4, err_msg=file)
