"""Losses of style transfer against NumPy's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from two_pictures import looker, pair

from toolkit.tasks.style.losses import content_loss, gram, style_loss, variation
from toolkit.tasks.style.style_transfer import StyleTransfer

RANDOM = np.random.default_rng(1)


def numbers(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def gram_of(seen):
    """Gatys's, equation 3, one entry at a time, as a mean over positions."""
    channels = seen.shape[-1]
    found = np.zeros((channels, channels))
    for i in range(channels):
        for j in range(channels):
            found[i, j] = (seen[..., i].astype("float64") * seen[..., j]).mean()
    return found


def apart_of(made, wanted):
    return ((made - wanted) ** 2).sum() / (wanted**2).sum()


def test_a_gram_matrix_of_each_picture():
    seen = numbers(2, 5, 3, 4)
    found = np.asarray(gram(keras.ops.array(seen)))
    assert found.shape == (2, 4, 4)
    for one, other in zip(found, seen, strict=True):
        np.testing.assert_allclose(one, gram_of(other), rtol=1e-4, atol=1e-6)


def test_a_gram_matrix_knows_no_place():
    seen = numbers(1, 4, 6, 3)
    moved = RANDOM.permutation(seen.reshape(24, 3)).reshape(1, 6, 4, 3)
    np.testing.assert_allclose(gram(seen), gram(moved), atol=1e-5)


def test_losses_are_shares_of_what_is_wanted():
    made = {"a": numbers(2, 4, 4, 3), "b": numbers(2, 2, 2, 5)}
    wanted = {"a": numbers(2, 4, 4, 3), "b": numbers(2, 2, 2, 5)}
    grams = {name: np.stack([gram_of(one) for one in seen]) for name, seen in wanted.items()}
    content = [np.mean([apart_of(made[n][i], wanted[n][i]) for n in ("a", "b")]) for i in range(2)]
    np.testing.assert_allclose(content_loss(made, wanted), content, rtol=1e-4)
    weights = {"a": 1.0, "b": 3.0}
    style = [
        sum(w * apart_of(gram_of(made[n][i]), grams[n][i]) for n, w in weights.items()) / 4
        for i in range(2)
    ]
    held = {name: value.astype("float32") for name, value in grams.items()}
    np.testing.assert_allclose(style_loss(made, held, weights), style, rtol=1e-4)


def test_gatys_formula_differs_by_a_factor_of_the_layer_alone():
    """E = sum((G - A)^2) / (4 N^2 M^2), of sums over positions (equation 4)."""
    wanted, factors = numbers(1, 4, 5, 3), []
    grams = {"a": gram_of(wanted[0])[None].astype("float32")}
    for _ in range(3):
        made = numbers(1, 4, 5, 3)
        whole = [20 * gram_of(seen[0]) for seen in (made, wanted)]
        gatys = ((whole[0] - whole[1]) ** 2).sum() / (4 * 3**2 * 20**2)
        factors.append(gatys / float(style_loss({"a": made}, grams, {"a": 1.0})[0]))
    np.testing.assert_allclose(factors, factors[0], rtol=1e-4)


def test_variation():
    image = numbers(2, 4, 5, 3)
    expected = [
        np.abs(np.diff(one, axis=0)).mean() + np.abs(np.diff(one, axis=1)).mean() for one in image
    ]
    np.testing.assert_allclose(variation(keras.ops.array(image)), expected, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["own", "average"])
def test_a_loss_is_that_of_what_the_saved_network_sees(tmp_path, pooling):
    """Its own graph, at its own size; content of a layer after the pooling that is put in."""
    path = looker(tmp_path / "looks.keras")
    data = pair(tmp_path, size=(8, 8))
    task = StyleTransfer(
        features=path,
        content_layers=["middle"],
        style_layers=["near", "between"],
        layer_weights=[1.0, 3.0],
        content_weight=2.0,
        style_weight=5.0,
        variation_weight=0.5,
        pooling=pooling,
    )
    task.check(data)
    model = keras.models.load_model(path)
    names = ("near", "nearer", "middle", "between")
    own = keras.Model(model.input, {name: model.get_layer(name).output for name in names})
    example = data.train.decode({})
    image, style = example["image"].numpy()[None], example["style"].numpy()[None]
    made = RANDOM.integers(0, 256, (1, 8, 8, 3)).astype("uint8")

    def seen(pixels):
        found = {name: np.asarray(value) for name, value in own(pixels).items()}
        if pooling == "average":
            x = found["nearer"].reshape(1, 4, 2, 4, 2, 4).mean(axis=(2, 4))
            for name in ("middle", "between"):
                x = found[name] = np.asarray(model.get_layer(name)(x))
        return found

    a, b, c = seen(made), seen(image), seen(style)
    content = apart_of(a["middle"], b["middle"])
    shares = {"near": 0.25, "between": 0.75}
    manner = sum(w * apart_of(gram_of(a[n][0]), gram_of(c[n][0])) for n, w in shares.items())
    rough = float(variation((made / 255).astype("float32"))[0])
    parts = task.parts((made / 255).astype("float32"), task.wanted(image, style))
    np.testing.assert_allclose(parts["content"], [content], rtol=1e-3)
    np.testing.assert_allclose(parts["style"], [manner], rtol=1e-3)
    whole = task.loss(None, parts)
    np.testing.assert_allclose(whole, [2 * content + 5 * manner + 0.5 * rough], rtol=1e-3)
