"""Beginning with another run's weights, and layers that keep theirs."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

import toolkit
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.errors import Refused
from toolkit.tasks import TASKS
from toolkit.training.assemble import Trainable, assemble
from toolkit.training.transfer.freeze import chosen, freeze
from toolkit.training.transfer.source import missing_source, source_file
from toolkit.training.transfer.weights import take_weights

WORDS = ("<eos>", "a", "b", "c", "d", "e", "f", "g")
OTHER_WORDS = ("<pad>", "<unk>", "c", "a", "new", "b")
GRU = [{"recurrent": {"cell": "gru", "units": 8, "layers": 2}}]


def model(body: Any, *, tie: bool = False, **keys: Any) -> dict[str, Any]:
    return {"name": "m", "stem": {"tokens": {"units": 8, "tie": tie}}, "body": body, **keys}


@pytest.fixture(scope="module")
def language_model(tmp_path_factory) -> toolkit.Run:
    """A run of a language model with tied embeddings."""
    field = Field("tokens", (None,), "int32", vocabulary=WORDS)
    spec = Spec({"tokens": field}, {"next": replace(field, kind="next")})
    random = np.random.default_rng(0)
    parts = (Split({"tokens": random.integers(0, 8, n).astype("int32")}) for n in (120, 40, 40))
    return toolkit.train(
        model(GRU, tie=True),
        Dataset(spec, *parts),
        task={"name": "language_modelling", "sequence_length": 5},
        max_steps=2,
        batch_size=4,
        run_dir=tmp_path_factory.mktemp("runs") / "lm",
        quiet=True,
    )


@pytest.fixture
def reviews() -> Dataset:
    """Texts of other words, in three classes."""
    random = np.random.default_rng(1)

    def split(n: int) -> Split:
        rows = [random.integers(1, 6, random.integers(3, 9)).tolist() for _ in range(n)]
        labels = random.integers(0, 3, n).astype("int32")
        return Split({"tokens": Ragged.from_rows(rows), "label": labels})

    tokens = Field("tokens", (None,), "int32", vocabulary=OTHER_WORDS)
    label = Field("label", (), "int32", classes=("x", "y", "z"))
    return Dataset(Spec({"tokens": tokens}, {"label": label}), split(20), split(8), split(8))


def build(body: Any, spec: Spec, task: str = "classification", **keys: Any) -> Trainable:
    made: Any = TASKS[task]()
    return assemble(model(body, **keys), spec, made, batch_size=2)


def table(classes: tuple[str, ...]) -> Spec:
    label = Field("label", (), "int32", classes=classes)
    return Spec({"x": Field("table", (4,))}, {"label": label})


BODY = [
    {"conv": {"filters": [4, 4], "kernel": 2, "normalization": "batch"}},
    {"pool": {"kind": "flatten"}},
    {"dense": {"units": [6, 6]}},
]
SERIES = Spec({"x": Field("series", (8, 2))}, table(("a", "b", "c")).targets)


def saved(trainable: Trainable, tmp_path, spec: Spec | None = None) -> str:
    """Save a network, as a run where its spec is given."""
    from toolkit.training.run_folder import RunFolder
    from toolkit.training.saved_spec import write_spec

    run = RunFolder(tmp_path / "source")
    run.path.mkdir()
    trainable.save(run.model)
    if spec is not None:
        write_spec(run, spec, None)
    return str(run.path if spec is not None else run.model)


def test_a_classifier_begins_with_a_language_model(language_model, reviews, tmp_path, capsys):
    source = tmp_path / "lm"
    shutil.copytree(language_model.path, source)
    keys = {"init_from": str(source), "freeze": ["embedding", "gru"]}
    run = toolkit.train(
        model(GRU, **keys),
        reviews,
        optimizer={"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.5},
        batch_size=4,
        epochs=1,
        run_dir=tmp_path / "r",
    )
    told = capsys.readouterr().out
    assert "model.keras: 888 of 939 parameters" in told  # 3 words of 8, and two layers of 432
    for line in ("embedding  taken: 3 of 6 tokens", "gru_1      taken", "head       only here"):
        assert line in told
    assert "m: 459 trainable and 480 frozen parameters" in told
    theirs, ours = language_model.model.get_weights(), run.model.get_weights()
    np.testing.assert_array_equal(ours[0][[2, 3, 5]], theirs[0][[3, 1, 2]])
    for mine, their in zip(ours[1:4], theirs[1:4], strict=True):
        np.testing.assert_array_equal(mine, their)  # neither steps nor weight decay
    assert np.abs(ours[4] - theirs[4]).max() > 0.01, "the second layer was trained"
    shutil.rmtree(source)
    assert run.resume(epochs=2, quiet=True).results["steps"] == 10
    assert "weights from" not in capsys.readouterr().out


def test_a_language_model_begins_with_another_in_both_of_its_forms(language_model):
    field = Field("tokens", (None,), "int32", vocabulary=("b", "<eos>", "other"))
    spec = Spec({"tokens": field}, {"next": replace(field, kind="next")})
    made: Any = TASKS["language_modelling"](sequence_length=5)
    trainable = assemble(model(GRU, tie=True), spec, made, batch_size=2)
    told = take_weights(trainable, spec, str(language_model.path))
    assert "embedding  taken: 2 of 3 tokens" in told
    theirs = language_model.model.get_weights()
    trained = [w.numpy() for w in trainable.objective.saved_weights]
    for weights in (trainable.inference.get_weights(), trained):
        np.testing.assert_array_equal(weights[0][:2], theirs[0][[2, 0]])
        np.testing.assert_array_equal(weights[1], theirs[1])
    freeze(trainable, ["gru*"])
    assert [v.path for v in trainable.objective.trainable_variables] == [
        trainable.objective.saved_weights[0].path
    ]
    assert trainable.frozen == 2 * 432


def test_a_head_over_other_classes_is_told_and_shared_ones_are_taken(tmp_path):
    body = [{"dense": {"units": [5]}}]
    source = build(body, spec := table(("red", "green", "blue")))
    path = saved(source, tmp_path, spec)
    theirs = source.inference.get_weights()

    few = build(body, table(("cat", "dog", "cow", "pig")))
    told = take_weights(few, table(("cat", "dog", "cow", "pig")), path)
    assert "head   not taken: no classes in common" in told and "dense  taken" in told
    np.testing.assert_array_equal(few.inference.get_weights()[0], theirs[0])

    spec = table(("blue", "violet", "red"))
    some = build(body, spec)
    before = some.inference.get_weights()
    assert "head   taken: 2 of 3 classes" in take_weights(some, spec, path)
    kernel, bias = some.inference.get_weights()[2:]
    np.testing.assert_array_equal(kernel[:, [0, 2]], theirs[2][:, [2, 0]])
    np.testing.assert_array_equal(kernel[:, 1], before[2][:, 1])
    assert bias.shape == (3,)


def test_a_file_alone_is_matched_by_shape(tmp_path):
    source = build([{"dense": {"units": [5, 6]}}], table(tuple("abc")))
    path = saved(source, tmp_path)
    spec = table(tuple("abcd"))
    target = build([{"dense": {"units": [5, 7]}}], spec)
    told = take_weights(target, spec, path).splitlines()
    assert told[1:] == [
        "  dense    taken",
        "  dense_1  not taken: 5x7 here, 5x6 there",
        "  head     not taken: 7x4 here, 6x3 there",
    ]
    other = build([{"conv": {"filters": [3], "kernel": 2}}], SERIES)
    with pytest.raises(Refused, match=r"nothing of .* fits this network \(conv1d: only here"):
        take_weights(other, SERIES, path)


def test_a_text_reads_from_both_ends_with_a_language_model_from_one(language_model, reviews):
    body = [{"recurrent": {"cell": "gru", "units": 8, "layers": 1, "bidirectional": True}}]
    trainable = build(body, reviews.spec)
    told = take_weights(trainable, reviews.spec, str(language_model.path))
    assert [layer.name for layer in trainable.layers()] == [
        "embedding",
        "gru",
        "gru_backward",
        "head",
    ]
    assert "gru           taken" in told and "gru_backward  only here" in told
    assert "only there    gru_1" in told


def game(filters: int = 4, method: str = "") -> tuple[Trainable, Spec]:
    """Two networks that play, or by a method of image translation."""
    image = Field("image", (8, 8, 1), "uint8")
    picture = replace(image, kind="picture", unpaired=method == "cyclegan")
    made: Any = TASKS["image_translation"](method=method) if method else TASKS["adversarial"]()
    spec = made.shaped(Spec({"image": image}, {"picture": picture}))
    networks = {
        "name": "gan",
        "generator": [
            {"generator": {"architecture": "unet" if method else "dcgan", "filters": [4]}}
        ],
        "discriminator": [{"discriminator": {"filters": [filters]}}],
    }
    return assemble(networks, spec, made, batch_size=2), spec


def sides(trainable: Trainable) -> list[keras.Model]:
    """Return all networks of a game."""
    generators, discriminators = trainable.objective.sides
    return [*generators, *discriminators]


@pytest.mark.parametrize("method", ["", "pix2pix", "cyclegan"])
def test_all_networks_of_a_game_are_taken(method, tmp_path):
    (theirs, spec), (ours, _) = game(method=method), game(method=method)
    told = take_weights(ours, spec, saved(theirs, tmp_path, spec))
    size = sum(network.count_params() for network in sides(ours))
    assert f"model.keras: {size:,} of {size:,} parameters" in told
    assert [*ours.layers_beside()] == [*ours.beside]
    for name, layers in ours.layers_beside().items():
        count = f"{sum(layer.size for layer in layers):,}"
        assert re.search(f"  {name} +taken: {count} of {count} parameters", told)
    for one, other in zip(sides(theirs), sides(ours), strict=True):
        for mine, their in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, their)


def test_a_discriminator_takes_what_fits_and_begins_anew_without_a_file(tmp_path):
    theirs, spec = game()
    path, (ours, _) = saved(theirs, tmp_path, spec), game(filters=6)
    size = ours.objective.discriminator.count_params()
    told = take_weights(ours, spec, path)
    assert re.search(f"  discriminator +taken: 0 of {size} parameters", told)
    (tmp_path / "source" / "discriminator.keras").unlink()
    told = take_weights(ours, spec, path)
    assert re.search("  discriminator +only here: starts anew", told)


def test_a_discriminator_is_no_layer():
    with pytest.raises(Refused, match="'discriminator' is a network of its own, and layers of mod"):
        freeze(game()[0], ["discriminator"])


@pytest.fixture(scope="module")
def deep() -> Trainable:
    return build(BODY, SERIES)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("conv", "conv1d batch_normalization conv1d_1 batch_normalization_1"),
        ("body[0]", "conv1d batch_normalization conv1d_1 batch_normalization_1"),
        ("body[0:2]", "conv1d batch_normalization conv1d_1 batch_normalization_1"),
        ("body[-1]", "dense dense_1"),
        ("body[1:]", "dense dense_1"),
        ("body", "conv1d batch_normalization conv1d_1 batch_normalization_1 dense dense_1"),
        ("head", "head"),
        ("batch*", "batch_normalization batch_normalization_1"),
        ("conv1d_1", "conv1d_1"),
        ("dense", "dense"),
    ],
)
def test_what_a_pattern_chooses(deep, pattern, names):
    fits = chosen(deep, [pattern], "model.freeze")
    found = [layer.name for layer, row in zip(deep.layers(), fits, strict=True) if any(row)]
    assert found == names.split()


def parted(spec: Spec, task: Any, stem: dict[str, Any] | None = None, **networks: Any) -> Trainable:
    """Return networks of a model file of several parts."""
    return assemble({"name": "m", "stem": stem, **networks}, spec, task, batch_size=2)


def translator() -> Trainable:
    tokens = Field("tokens", (None,), "int32", WORDS, special={"pad": 0, "start": 1, "end": 2})
    stack = {"units": 4, "layers": 1, "heads": 2}
    return parted(
        Spec({"tokens": tokens}, {"text": replace(tokens, kind="text")}),
        TASKS["sequence_to_sequence"](),
        stem={"tokens": {"units": 4}},
        encoder=[{"recurrent": {"cell": "gru", "units": 4}}, {"encoder": stack}],
        decoder=[{"decoder": stack}],
    )


def coder() -> Trainable:
    task: Any = TASKS["variational"]()
    return parted(
        task.shaped(Spec({"x": Field("table", (4,))}, {})),
        task,
        encoder=[{"dense": {"units": [6]}}, {"sampling": {"units": 2}}],
        decoder=[{"dense": {"units": [6, 5]}}],
    )


@pytest.mark.parametrize(
    ("make", "pattern", "kinds"),
    [
        (translator, "stem", "embedding"),
        (translator, "encoder[0]", "gru"),
        (translator, "encoder[1:]", "position_embedding layer_normalization dense"),
        (translator, "encoder", "gru position_embedding layer_normalization dense"),
        (translator, "decoder", "position_embedding layer_normalization dense"),
        (translator, "head", "head"),
        (coder, "encoder[0]", "dense"),
        (coder, "encoder", "dense"),
        (coder, "decoder", "dense"),
        (lambda: game()[0], "generator", "dense batch_normalization conv2d_transpose"),
    ],
)
def test_parts_of_a_model_file_that_has_several(make, pattern, kinds):
    trainable, part = make(), pattern.partition("[")[0]
    fits = chosen(trainable, [pattern], "model.freeze")
    found = [layer for layer, row in zip(trainable.layers(), fits, strict=True) if any(row)]
    assert {re.sub(r"_\d+$", "", layer.name) for layer in found} == set(kinds.split())
    assert {layer.part.partition("[")[0] for layer in found} == {part}
    freeze(trainable, [pattern])
    assert trainable.frozen == sum(layer.size for layer in found)


def test_patterns_that_choose_nothing_are_refused(deep):
    with pytest.raises(Refused) as told:
        chosen(deep, ["conv1", "body[1]", "stem", "body[9]", "head"], "model.freeze")
    for name, fault in zip(("conv1", "body[1]", "stem", "body[9]"), told.value.faults, strict=True):
        assert fault.startswith(f"model.freeze: no layer with weights is called '{name}'.")
    assert "Did you mean conv1d" in told.value.faults[0]
    with pytest.raises(Refused, match="every layer would be frozen; nothing is left to train"):
        freeze(deep, ["body", "head"])


def test_a_frozen_normalization_uses_its_moving_statistics():
    trainable = build(BODY, SERIES)
    freeze(trainable, ["body[0]"])
    before = trainable.inference.get_weights()
    trainable.objective.compile(optimizer=keras.optimizers.AdamW(0.1, weight_decay=0.5))
    x = np.random.default_rng(0).normal(3, 2, (16, 8, 2)).astype("float32")
    data = ({"x": x}, np.arange(16, dtype="int32") % 3, np.ones(16, "float32"))
    trainable.objective.train_on_batch(*data)
    after = trainable.inference.get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert changed == [False] * 10 + [True] * 6
    assert trainable.frozen == sum(w.size for w in before[:10])


def test_sources_that_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "gru-ptb" / "one"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("seed: 1")
    with pytest.raises(Refused, match="has no model.keras yet: no epoch of it was finished"):
        source_file("runs/gru-ptb/one")
    (told,) = missing_source({"init_from": "runs/gru-ptb/onne"})
    assert told == (
        "model.init_from: expected a run's folder or a .keras file; runs/gru-ptb/onne is neither. "
        "Did you mean runs/gru-ptb/one?"
    )
    (run / "model.keras").write_bytes(b"")
    assert source_file("runs/gru-ptb/one").name == "model.keras"
    assert missing_source({}) == missing_source({"init_from": None}) == []
