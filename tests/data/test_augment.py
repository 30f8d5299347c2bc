"""Augmentation: true to its name, and the same whatever the batch."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.images.augment import AUGMENTATIONS, Augmentation
from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused

N = 40


def spec_of(kind="image", shape=(8, 6, 3), **target):
    classes = target.pop("classes", ("a", "b", "c"))
    label = Field("label", (), "int32", classes=classes, **target)
    return Spec({kind: Field(kind, shape, "uint8")}, {"label": label})


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (N, 8, 6, 3), "uint8")


@pytest.fixture(scope="module")
def labels():
    return (np.arange(N) % 3).astype("int32")


def apply(steps, batch, indices, *, seed=1, epoch=0, spec=None):
    """Augment the examples at ``indices`` as one batch."""
    import tensorflow as tf

    plan = Augmentation(steps, N, spec or spec_of())
    drawn = {k: tf.gather(v, indices) for k, v in plan.draws(seed, epoch).items()}
    out = plan({k: tf.constant(v[indices]) for k, v in batch.items()}, drawn)
    return {k: v.numpy() for k, v in out.items()}


STEPS = {
    "flip": {"horizontal": True, "vertical": True},
    "jitter": {"scale": 1.5},
    "crop": {"padding": 2},
    "shift": {"height": 0.3, "width": 0.3},
    "cutout": {"size": 3},
    "noise": {"stddev": 0.1},
}


@pytest.mark.parametrize("name", [*STEPS, "all"])
def test_same_picture_whatever_the_batch(name, images, labels):
    steps = STEPS if name == "all" else {name: STEPS[name]}
    batch = {"image": images, "label": labels}
    whole = apply(steps, batch, np.arange(N))["image"]
    order = np.random.default_rng(1).permutation(N)
    for part in (order[:7], order[7:8], order[8:]):
        np.testing.assert_array_equal(apply(steps, batch, part)["image"], whole[part])
    assert whole.dtype == np.uint8 and whole.shape == images.shape
    assert not np.array_equal(whole, images)
    np.testing.assert_array_equal(apply(steps, batch, np.arange(N))["image"], whole)
    for other in ({"epoch": 1}, {"seed": 2}):
        assert not np.array_equal(apply(steps, batch, np.arange(N), **other)["image"], whole)


def test_a_further_step_leaves_the_draws_of_the_others(images):
    one = Augmentation({"flip": {}}, N, spec_of()).draws(3, 4)["flip"]
    two = Augmentation({"crop": {}, "flip": {}}, N, spec_of()).draws(3, 4)["flip"]
    np.testing.assert_array_equal(one, two)


def test_draws_inside_a_graph_with_the_epoch_as_a_tensor():
    import tensorflow as tf

    plan = Augmentation({name: None for name in STEPS} | {"mixup": None}, N, spec_of())
    eager = plan.draws(1, 5)
    graph = tf.function(lambda epoch: plan.draws(1, epoch))(tf.constant(5, "int64"))
    assert list(eager) == [*STEPS, "mixup"]
    for name in eager:
        np.testing.assert_array_equal(eager[name], graph[name])


def test_flip_is_a_true_flip_of_about_half(images, labels):
    out = apply({"flip": {}}, {"image": images, "label": labels}, np.arange(N))["image"]
    same = np.all(out == images, axis=(1, 2, 3))
    mirrored = np.all(out == images[:, :, ::-1], axis=(1, 2, 3))
    assert np.all(same ^ mirrored)
    assert 8 <= mirrored.sum() <= 32


def test_crop_is_a_window_of_the_padded_image(images):
    out = apply({"crop": {"padding": 2}}, {"image": images}, np.arange(N))["image"]
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    places = set()
    for before, after in zip(padded, out, strict=True):
        windows = {(i, j): before[i : i + 8, j : j + 6] for i in range(5) for j in range(5)}
        (place,) = [at for at, window in windows.items() if np.array_equal(window, after)]
        places.add(place)
    assert len(places) > 10


@pytest.mark.parametrize("fill,mode", [("nearest", "edge"), ("reflect", "reflect")])
def test_what_is_filled_in(images, fill, mode):
    out = apply({"crop": {"padding": 2, "fill": fill}}, {"image": images}, np.arange(N))["image"]
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode)
    for before, after in zip(padded, out, strict=True):
        assert any(
            np.array_equal(before[i : i + 8, j : j + 6], after) for i in range(5) for j in range(5)
        )


def test_cutout_blanks_a_square_of_at_most_its_size():
    ones = np.full((N, 8, 6, 1), 200, "uint8")
    out = apply({"cutout": {"size": 3}}, {"image": ones}, np.arange(N), spec=spec_of())["image"]
    blank = (out == 0).sum(axis=(1, 2, 3))
    assert blank.max() == 9 and blank.min() >= 1
    assert set(np.unique(out)) == {0, 200}


def test_noise_has_its_size_and_does_not_wrap():
    grey = np.full((N, 30, 30, 1), 128, "uint8")
    out = apply({"noise": {"stddev": 0.1}}, {"image": grey}, np.arange(N))["image"]
    assert abs(out.astype(float).std() / 25.5 - 1) < 0.05
    white = apply({"noise": {"stddev": 0.1}}, {"image": grey * 0 + 255}, np.arange(N))["image"]
    assert white.min() > 100


def test_noise_on_series_keeps_their_units():
    series = np.zeros((N, 50, 2), "float32")
    spec = spec_of("series", (50, 2))
    out = apply({"noise": {"stddev": 0.5}}, {"series": series}, np.arange(N), spec=spec)["series"]
    assert out.dtype == np.float32 and abs(out.std() - 0.5) < 0.03


def test_mixup_blends_picture_and_label_alike(images, labels):
    out = apply({"mixup": {"alpha": 1.0}}, {"image": images, "label": labels}, np.arange(N))
    soft = out["label"]
    assert soft.shape == (N, 3) and soft.dtype == np.float32
    np.testing.assert_allclose(soft.sum(-1), 1, atol=1e-6)
    for i in range(N):
        j = N - 1 - i
        if labels[i] != labels[j]:
            kept = soft[i, labels[i]]
            assert kept >= 0.5
            expected = kept * images[i] + (1 - kept) * images[j]
            np.testing.assert_allclose(out["image"][i], expected, atol=0.51)


def test_beta_has_the_moments_of_its_distribution():
    plan = Augmentation({"mixup": {"alpha": 0.2}}, 20_000, spec_of())
    share = plan.draws(1, 0)["mixup"].numpy()
    assert np.isfinite(share).all() and abs(share.mean() - 0.5) < 0.02
    assert abs(share.var() - 1 / (4 * (2 * 0.2 + 1))) < 0.01


def test_word_dropout_leaves_padding():
    tokens = np.tile(np.array([5, 6, 7, 0, 0], "int32"), (N, 1))
    spec = spec_of("tokens", (None,))
    steps = {"word_dropout": {"rate": 0.5}}
    out = apply(steps, {"tokens": tokens}, np.arange(N), spec=spec)["tokens"]
    assert (out[:, 3:] == 0).all()
    assert 0.3 < (out[:, :3] == 1).mean() < 0.7


def test_word_dropout_puts_in_the_unknown_word_of_the_data():
    field = Field(
        "tokens", (None,), "int32", special={"start": 0, "pad": 1, "end": 2, "unknown": 3}
    )
    spec = Spec({"tokens": field}, {"label": Field("label", (), "int32", classes=("a", "b"))})
    tokens = np.tile(np.array([0, 5, 6, 7, 2, 1, 1], "int32"), (N, 1))
    steps = {"word_dropout": {"rate": 0.5}}
    out = apply(steps, {"tokens": tokens}, np.arange(N), spec=spec)["tokens"]
    np.testing.assert_array_equal(out[:, [0, 4, 5, 6]], tokens[:, [0, 4, 5, 6]])
    dropped = out[:, 1:4] != tokens[:, 1:4]
    assert 0.3 < dropped.mean() < 0.7 and (out[:, 1:4][dropped] == 3).all()
    bare = Field("tokens", (None,), "int32", special={"end": 2})
    with pytest.raises(Refused, match="word_dropout.unknown: must be given, the id of a token"):
        Augmentation(steps, N, Spec({"tokens": bare}, spec.targets))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5])
def test_jitter_is_a_window_of_the_enlarged_image(images, interpolation, scale):
    import tensorflow as tf

    steps = {"jitter": {"scale": scale, "interpolation": interpolation}}
    out = apply(steps, {"image": images}, np.arange(N))["image"].astype(int)
    height, width = round(8 * scale), round(6 * scale)
    large = tf.image.resize(images, (height, width), method=interpolation).numpy().round()
    places = set()
    for before, after in zip(large, out, strict=True):
        windows = [(i, j) for i in range(height - 7) for j in range(width - 5)]
        found = [
            (i, j)
            for i, j in windows
            if np.abs(before[i : i + 8, j : j + 6] - after).max() <= (interpolation == "bilinear")
        ]
        assert len(found) == 1
        places.add(found[0])
    rows, columns = (set(side) for side in zip(*places, strict=True))
    assert rows == set(range(height - 7)) and columns == set(range(width - 5))


# === pictures as targets ===


def picture_spec(*, unpaired=False, palette=None, made=(8, 6, 3)):
    image = Field("image", (8, 6, 3), "uint8", palette=palette)
    return Spec({"image": image}, {"picture": Field("picture", made, "uint8", unpaired=unpaired)})


@pytest.mark.parametrize("steps", [["flip"], ["jitter"], ["crop"], ["shift"], list(STEPS)[:4]])
def test_pairs_are_moved_alike(images, steps):
    steps = {name: STEPS[name] for name in steps}
    batch = {"image": images, "picture": images}
    out = apply(steps, batch, np.arange(N), spec=picture_spec())
    np.testing.assert_array_equal(out["image"], out["picture"])
    assert not np.array_equal(out["image"], images)
    alone = apply(steps, {"image": images}, np.arange(N))
    np.testing.assert_array_equal(out["image"], alone["image"])


def test_what_moves_nothing_is_done_to_the_image_alone(images):
    steps = {"noise": {}, "cutout": {"size": 3}}
    out = apply(steps, {"image": images, "picture": images}, np.arange(N), spec=picture_spec())
    np.testing.assert_array_equal(out["picture"], images)
    assert not np.array_equal(out["image"], images)


def test_label_maps_are_never_blended():
    palette = ((10, 0, 0), (250, 0, 0))
    labels = np.array(palette, "uint8")[np.random.default_rng(0).integers(0, 2, (N, 8, 6))]
    spec = picture_spec(palette=palette)
    out = apply({"jitter": {}}, {"image": labels, "picture": labels}, np.arange(N), spec=spec)
    assert set(np.unique(out["image"][..., 0])) == {10, 250}
    assert len(np.unique(out["picture"][..., 0])) > 50


def test_pictures_that_are_no_pairs_have_draws_of_their_own(images):
    spec = picture_spec(unpaired=True)
    plan = Augmentation({"flip": {}, "noise": {}}, N, spec)
    drawn = plan.draws(3, 4)
    assert set(drawn) == {"flip", "noise", ("picture", "flip"), ("picture", "noise")}
    others = np.random.default_rng(0).permutation(N)
    import tensorflow as tf

    own = {
        k: tf.gather(v, np.arange(N) if isinstance(k, str) else others) for k, v in drawn.items()
    }
    out = plan({"image": tf.constant(images), "picture": tf.constant(images[others])}, own)
    assert not np.array_equal(out["image"].numpy()[others], out["picture"])
    flipped = np.abs(out["picture"].numpy().astype(int) - images[others, :, ::-1]).mean((1, 2, 3))
    same = np.abs(out["picture"].numpy().astype(int) - images[others]).mean((1, 2, 3))
    assert (np.minimum(flipped, same) < 20).all() and 8 <= (flipped < same).sum() <= 32
    # A picture is changed by what is drawn for it, wherever it stands.
    alike = {k: drawn[k] for k in drawn}
    again = plan({"image": tf.constant(images), "picture": tf.constant(images)}, alike)
    np.testing.assert_array_equal(again["picture"].numpy()[others], out["picture"])


def test_pairs_that_cannot_be_changed():
    with pytest.raises(Refused) as refused:
        Augmentation({"jitter": {}, "noise": {}, "mixup": {}}, N, picture_spec(made=(4, 6, 3)))
    assert refused.value.faults == [
        "data.augment: 'jitter' moves image and picture alike, and these are of 8 x 6 and 4 x 6 "
        "pixels.",
        "data.augment: 'mixup' needs a label or value to blend.",
    ]
    spec = Spec(picture_spec().inputs, {})
    with pytest.raises(Refused, match="'mixup' needs a label or value to blend"):
        Augmentation({"mixup": {}}, N, spec)


def test_images_without_a_target_are_changed(images):
    spec = Spec(picture_spec().inputs, {})
    out = apply({"flip": {}}, {"image": images}, np.arange(N), spec=spec)["image"]
    np.testing.assert_array_equal(
        out, apply({"flip": {}}, {"image": images}, np.arange(N))["image"]
    )


def test_all_faults_at_once():
    with pytest.raises(Refused) as refused:
        Augmentation({"flop": {}, "crop": {"pading": 1}}, N, spec_of())
    assert refused.value.faults == [
        "data.augment: no 'flop'. Did you mean flip?",
        "data.augment.crop: no option 'pading'. Did you mean padding?",
    ]
    with pytest.raises(Refused) as refused:
        Augmentation({"flip": {}}, N, spec_of("series", (5, 2)))
    assert refused.value.faults == [
        "data.augment: 'flip' changes image, and this data set's input is series; for that there "
        "is noise, mixup."
    ]


def test_every_step_has_options_with_text():
    import inspect

    for name in AUGMENTATIONS:
        parameters = inspect.signature(AUGMENTATIONS[name]).parameters.values()
        for option in (p for p in parameters if p.kind is p.KEYWORD_ONLY):
            assert f"{option.name}:" in inspect.getdoc(AUGMENTATIONS[name]), (name, option)
