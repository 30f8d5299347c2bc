"""Exports of networks that give images back; a generator is refused."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import small_images as small
import tensorflow as tf

from toolkit.errors import Refused
from toolkit.training.export.export import export


@pytest.mark.parametrize("name", ["variational", "denoising"])
def test_a_saved_model_gives_pixels_back(runs, tmp_path, name, capsys):
    export(run=str(runs[name]), output=str(tmp_path / "e"))
    capsys.readouterr()
    about = json.loads((tmp_path / "e/signature.json").read_text())
    assert [*about["signatures"]["serving_default"]["outputs"]] == ["reconstruction"]
    images = small.pictures().test.arrays["image"][:5]
    arrays = tf.saved_model.load(str(tmp_path / "e/1")).signatures["arrays"]
    network = keras.models.load_model(runs[name] / "model.keras", compile=False)
    found = arrays(image=tf.constant(images))["reconstruction"]
    np.testing.assert_allclose(found, network(images, training=False), atol=1e-3)


def test_a_generator_is_refused(runs, tmp_path):
    with pytest.raises(Refused, match=r"its network takes noise.*model.keras opens in plain Keras"):
        export(run=str(runs["game"]), output=str(tmp_path / "e"))
    assert not (tmp_path / "e").exists()
