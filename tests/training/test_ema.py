"""Averages of weights, and of the moving statistics that go with them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import toolkit
from toolkit.training.ema import averaged

MOMENTUM = 0.8
BODY = [{"dense": {"units": [8], "normalization": "batch"}}]


class Watch(keras.callbacks.Callback):
    """Averages weights and statistics by hand, from what they are after each step."""

    def __init__(self, kept):
        super().__init__()
        self.kept, self.own = kept, None

    def on_train_batch_end(self, batch, logs=None):
        now = [variable.numpy() for variable in self.kept(self.model)]
        if self.own is None:
            self.own = now
        self.own = [MOMENTUM * a + (1 - MOMENTUM) * b for a, b in zip(self.own, now, strict=True)]


def inference_weights(model):
    return model.network.weights


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_saved_network_has_averages_of_both(points, tmp_path, precision):
    watch = Watch(inference_weights)
    try:
        run = toolkit.train(
            {"body": BODY},
            points,
            optimizer={"name": "sgd", "use_ema": True, "ema_momentum": MOMENTUM},
            epochs=3,
            restore="last",
            precision=precision,
            callbacks=[watch],
            logger="none",
            run_dir=tmp_path / "r",
            quiet=True,
        )
    finally:
        keras.config.set_dtype_policy("float32")
    saved = keras.models.load_model(run.path / "model.keras")
    names = [weight.name for weight in saved.weights]
    assert names.count("moving_mean") == names.count("moving_variance") == 1
    for weight, expected in zip(saved.weights, watch.own, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6, err_msg=weight.name)


def test_statistics_of_a_discriminator_stay_its_own(points, tmp_path):
    """Its optimizer keeps no averages here, so what goes with its weights is not averaged."""
    from toolkit.data.spec import Dataset, Field, Spec, Split

    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1)).astype("uint8")
    split = Split({"image": images})
    data = Dataset(Spec({"image": Field("image", (8, 8, 1), "uint8")}, {}), split, split, None)
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            networks = (self.model.network, self.model.discriminator)
            before = [_moving(network) for network in networks]
            with averaged(self.model):
                within = [_moving(network) for network in networks]
            seen.append([np.array_equal(a, b) for a, b in zip(before, within, strict=True)])

    model = {
        "generator": [{"generator": {"filters": [4], "normalization": "batch"}}],
        "discriminator": [{"discriminator": {"filters": [4, 4], "normalization": "batch"}}],
    }
    toolkit.train(
        {"name": "gan", **model},
        data,
        task={"name": "adversarial", "latent": 3, "discriminator_optimizer": {"use_ema": False}},
        optimizer={"name": "adam", "use_ema": True},
        epochs=1,
        batch_size=8,
        callbacks=[Look()],
        logger="none",
        run_dir=tmp_path / "r",
        quiet=True,
    )
    assert seen == [[False, True]]


def _moving(network):
    found = [weight.numpy() for weight in network.weights if weight.name.startswith("moving_")]
    assert found
    return np.concatenate(found)
