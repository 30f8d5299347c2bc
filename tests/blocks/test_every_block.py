"""Every block: builds, saves, reloads to the same output, trains compiled, in mixed precision."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from toolkit.blocks import BLOCKS
from toolkit.blocks.state import Given
from toolkit.data.spec import Field
from toolkit.lazy import tf
from toolkit.presets.families import FAMILIES

SHAPES = {
    "vector": (6,),
    "sequence": (8, 4),
    "grid": (8, 8, 3),
    "volume": (6, 6, 6, 2),
    "ids": (8,),
}

GOAL = Field("picture", (9, 7, 2), "uint8")

TOKENS = Field("tokens", (None,), "int32", vocabulary=tuple("abcdefgh"), special={"end": 3})

GPU = tf.config.list_physical_devices("GPU")

CASES = [
    ("dense", "vector", {"units": [5, 3], "normalization": "batch", "dropout": 0.1}),
    ("dense", "sequence", {"units": 3, "layers": 2, "l2": 0.01}),
    ("dense", "grid", {"units": 3}),
    ("dropout", "vector", {}),
    ("dropout", "sequence", {"locked": True}),
    ("dropout", "volume", {"rate": 0.2, "locked": True}),
    *[
        ("normalize", layout, {"kind": kind, "groups": 2})
        for layout in ("vector", "sequence", "grid")
        for kind in ("batch", "layer", "group", "rms")
    ],
    ("normalize", "sequence", {"kind": "instance"}),
    ("normalize", "volume", {"kind": "instance"}),
    ("recurrent", "sequence", {"cell": "rnn", "units": 3}),
    ("recurrent", "sequence", {"cell": "lstm", "units": 3, "layers": 2, "dropout": 0.1}),
    ("recurrent", "sequence", {"units": 4, "residual": True, "unroll": False}),
    ("recurrent", "sequence", {"units": 3, "bidirectional": True, "locked_dropout": True}),
    ("conv", "sequence", {"filters": 3, "causal": True, "dilation": 2}),
    ("conv", "sequence", {"filters": 3, "kernels": [2, 3], "dropout": 0.1}),
    ("conv", "sequence", {"filters": [3, 4], "separable": True, "normalization": "layer"}),
    ("conv", "grid", {"filters": [3, 4], "pool": 2, "padding": "valid"}),
    ("conv", "grid", {"filters": 3, "separable": True, "strides": 2, "l2": 0.01}),
    ("conv", "volume", {"filters": 3, "normalization": "batch"}),
    *[
        ("pool", layout, {"kind": kind})
        for layout in ("sequence", "grid", "volume")
        for kind in ("auto", "max", "average", "global_max", "global_average")
    ],
    ("pool", "vector", {"kind": "flatten"}),
    ("residual", "sequence", {"filters": 6, "blocks": 2, "strides": 2}),
    ("residual", "grid", {"filters": 6, "blocks": 1, "shortcut": "projection", "l2": 0.01}),
    ("residual", "volume", {"filters": 3, "blocks": 1, "strides": 2}),
    ("resnet", "sequence", {"depth": 8, "filters": 2}),
    ("resnet", "grid", {"depth": 8, "filters": 2}),
    ("resnet", "grid", {"depth": 18}),
    ("attention", "sequence", {"units": 8, "groups": 2, "causal": True, "positions": "rotary"}),
    ("attention", "sequence", {"units": 4, "positions": "alibi", "attention_dropout": 0.1}),
    ("encoder", "sequence", {"units": 8, "layers": 1, "activation": "swiglu", "init_std": 0.1}),
    ("encoder", "sequence", {"units": 8, "positions": "sinusoidal", "order": "post"}),
    ("decoder", "sequence", {"units": 8, "normalization": "rms", "init_std": 0.02}),
    ("decoder", "sequence", {"units": 8, "layers": 1, "positions": "alibi", "bias": False}),
    ("align", "sequence", {"units": 3, "dropout": 0.1}),
    ("align", "sequence", {"units": 3, "score": "general"}),
    *[
        ("backbone", "ids", {"family": family, "layers": 1, "units": 8, "heads": 2, "positions": 9})
        for family in FAMILIES
    ],
    ("image_encoder", "grid", {"filters": [3, 4]}),
    ("image_encoder", "grid", {"filters": [4], "downsampling": "max_pool"}),
    ("image_encoder", "grid", {"downsampling": "average_pool", "normalization": "instance"}),
    ("image_decoder", "vector", {"filters": [4, 3], "normalization": "batch"}),
    ("image_decoder", "vector", {"filters": [3], "upsampling": "nearest", "kernel": 4}),
    ("image_decoder", "grid", {"filters": [3], "upsampling": "bilinear"}),
    ("generator", "vector", {"filters": [4, 3]}),
    ("generator", "vector", {"filters": [3], "upsampling": "nearest", "condition_units": 2}),
    ("generator", "vector", {"condition_by": "concatenate", "spectral_normalization": True}),
    ("generator", "vector", {"architecture": "resnet", "filters": [4, 3]}),
    (
        "generator",
        "vector",
        {"architecture": "resnet", "upsampling": "bilinear", "spectral_normalization": True},
    ),
    ("generator", "vector", {"architecture": "resnet", "upsampling": "transposed"}),
    ("generator", "grid", {"architecture": "unet", "filters": [4, 5, 6, 7]}),
    ("generator", "grid", {"architecture": "unet", "filters": [3], "condition_by": "concatenate"}),
    ("generator", "grid", {"architecture": "translator", "filters": [3, 4, 5]}),
    (
        "generator",
        "grid",
        {"architecture": "translator", "residual_blocks": 1, "upsampling": "bilinear"},
    ),
    ("discriminator", "grid", {"filters": [3, 4], "dropout": 0.3}),
    ("discriminator", "grid", {"spectral_normalization": True, "condition_by": "concatenate"}),
    ("discriminator", "grid", {"architecture": "resnet", "filters": [3, 4], "dropout": 0.1}),
    ("discriminator", "grid", {"architecture": "resnet", "normalization": "layer"}),
    ("discriminator", "grid", {"architecture": "patch", "filters": [3, 4, 5]}),
    ("discriminator", "grid", {"architecture": "patch", "normalization": "instance"}),
    ("picture", "vector", {}),
    ("sampling", "vector", {"seed": 1}),
    ("sampling", "sequence", {"units": 3, "seed": 1}),
    ("sampling", "grid", {"units": 1, "seed": 1}),
    ("series_linear", "sequence", {"horizon": 3}),
    ("series_linear", "sequence", {"horizon": 3, "decomposition": True, "kernel": 3}),
    ("series_linear", "sequence", {"horizon": 3, "individual": True}),
]


def ids(case: object) -> str:
    return str(case).replace(" ", "")


def build(name: str, layout: str, options: dict, *, saved: bool = False) -> keras.Model:
    """Return a block as a network; of one that draws, as it is ``saved``: without the draw."""
    inputs = x = keras.Input(SHAPES[layout], dtype="int32" if layout == "ids" else None)
    extra = {}
    if layout == "ids":
        extra = {"field": TOKENS}
    elif name == "align":
        extra = {"memory": x}
    elif name in ("image_decoder", "generator", "picture") and layout == "vector":
        extra = {"goal": GOAL}
    if "condition_by" in options:
        inputs = [x, keras.Input((3,))]
        extra["condition"] = inputs[1]
    y = BLOCKS[name](x, **extra, **options)
    if isinstance(y, Given):
        y = y.latent[0] if saved and y.latent else y.x
    return keras.Model(inputs, y[0] if isinstance(y, tuple) else y)


def batch(layout: str, options: dict) -> np.ndarray | list[np.ndarray]:
    random = np.random.default_rng(0)
    if layout == "ids":
        return random.integers(0, 8, (4, 8)).astype("int32")
    x = random.normal(size=(4, *SHAPES[layout])).astype("float32")
    return [x, np.eye(3, dtype="float32")[[0, 1, 2, 0]]] if "condition_by" in options else x


def test_every_block_has_a_case():
    assert {name for name, _, _ in CASES} == set(BLOCKS)


@pytest.mark.parametrize(("name", "layout", "options"), CASES, ids=ids)
def test_it_reloads_to_the_same_output_and_trains(name, layout, options, tmp_path):
    model = build(name, layout, options)
    x = batch(layout, options)
    before = model(x, training=False)
    assert before.shape[1:] == model.output.shape[1:]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False), before)

    model.compile("sgd", "mse", jit_compile=False)
    if model.trainable_variables:
        loss = model.train_on_batch(x, np.zeros(before.shape, "float32"))
        assert np.isfinite(loss)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(("name", "layout", "options"), CASES, ids=ids)
def test_mixed_precision(name, layout, options, policy):
    if (name, layout, policy) == ("pool", "volume", "mixed_float16") and not GPU:
        pytest.skip("TensorFlow has no float16 pooling of volumes on a CPU")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = build(name, layout, options)
        x = batch(layout, options)
        with tf.GradientTape() as tape:
            y = model(x, training=True)
            loss = tf.reduce_mean(tf.cast(y, "float32"))
        assert np.isfinite(float(loss))
        if model.trainable_variables:
            # Pixels are weights: 8 bits of precision would be too few for them.
            assert y.dtype == ("float32" if name == "picture" else policy.removeprefix("mixed_"))
            assert all(v.dtype == "float32" for v in model.trainable_variables)
            assert all(g is not None for g in tape.gradient(loss, model.trainable_variables))
    finally:
        keras.config.set_dtype_policy(before)


def test_saved_networks_open_where_the_toolkit_is_not(tmp_path):
    """Only stock Keras and KerasHub layers: they open in a Python that cannot import toolkit."""
    expected = {}
    for number, (name, layout, options) in enumerate(CASES):
        model = build(name, layout, options, saved=True)
        model.save(tmp_path / f"{number}.keras")
        x = batch(layout, options)
        np.savez(tmp_path / f"{number}.x.npz", *(x if isinstance(x, list) else [x]))
        np.save(tmp_path / f"{number}.y.npy", model(x, training=False))
        expected[number] = name
    script = """
import sys
sys.modules["toolkit"] = None
import keras, numpy as np
for path in sorted(__import__("pathlib").Path(".").glob("*.keras")):
    model = keras.models.load_model(path)
    x = [*np.load(f"{path.stem}.x.npz").values()]
    y = model(x if len(x) > 1 else x[0], training=False)
    np.testing.assert_allclose(y, np.load(f"{path.stem}.y.npy"), atol=1e-6)
    print("same")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(tmp_path), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("same") == len(expected)
