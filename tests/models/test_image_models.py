"""Models of two networks that read or make images: each file is built and makes a step."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from zoo import model_file

from toolkit.config import files
from toolkit.data.spec import Field, Spec
from toolkit.tasks import TASKS
from toolkit.training.assemble import assemble
from toolkit.training.optimizers import further_updates

NARROW = {"filters": [4, 3], "decoder_filters": [4, 3], "discriminator_filters": [3, 4]}
SPEC = Spec(
    {"image": Field("image", (12, 12, 1), "uint8")},
    {"label": Field("label", (), "int32", classes=("a", "b", "c"))},
)
PAIRS = Spec(SPEC.inputs, {"picture": Field("picture", (12, 12, 1), "uint8")})


def with_own_task() -> dict[str, str]:
    """Return the models whose files choose a task, and its file."""
    found = {}
    for name in files.names("model"):
        for entry in files.values(files.path("model", name)).get("defaults", []):
            if isinstance(entry, dict):
                (found[name],) = entry.values()
    return found


OWN = {
    name: task
    for name, task in with_own_task().items()
    if "image" in TASKS[files.whole("task", task)["name"]].inputs
    and name != "picture"  # whose pixels are its weights: tests/style
}


def test_the_generative_models_are_there():
    assert {"autoencoder", "denoising_autoencoder", "vae", "dcgan", "cgan", "acgan", "wgan_gp"} <= {
        *OWN
    }
    assert {"pix2pix", "cyclegan"} <= {*OWN}


@pytest.mark.parametrize("name", OWN)
def test_it_makes_a_step_and_opens_in_plain_keras(name, tmp_path):
    described = model_file(name)
    described = model_file(name, **{k: v for k, v in NARROW.items() if k in described})
    options = files.whole("task", OWN[name])
    task = TASKS[options.pop("name")](**options)
    spec = task.shaped(PAIRS if task.targets == {"picture"} else SPEC)
    trainable = assemble(described, spec, task, batch_size=4)
    objective = trainable.objective
    objective.compile(optimizer=keras.optimizers.Adam())
    objective.take(further_updates(task, keras.optimizers.Adam(), None, 10, 10))
    random = np.random.default_rng(0)
    count = 4 * getattr(task, "batches_per_step", 1)
    image = random.integers(0, 256, (count, 12, 12, 1)).astype("uint8")
    by_label = next(iter(spec.targets)) == "label"
    y = random.integers(0, 3, count).astype("int32") if by_label else image
    logs = objective.train_on_batch(*({"image": image}, y, np.ones(count, "float32")))
    assert np.isfinite(logs).all()
    trainable.save(tmp_path / "model.keras")
    network = keras.models.load_model(tmp_path / "model.keras", compile=False)
    entries = {
        "image": image[:2],
        "noise": random.normal(size=(2, getattr(task, "latent", 1))).astype("float32"),
        "label": np.array([0, 2], "int32"),
    }
    read = network.input
    given = {k: entries[k] for k in read} if isinstance(read, dict) else entries[read.name]
    made = network(given).numpy()
    assert made.shape == (2, 12, 12, 1) and made.min() >= 0 and made.max() <= 255
    assert {p.stem for p in tmp_path.iterdir()} == {"model", *trainable.beside}
