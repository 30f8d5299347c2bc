"""``generate`` of runs that make images."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from PIL import Image

from toolkit.cli.main import main
from toolkit.data.spec import Field
from toolkit.errors import Refused
from toolkit.tasks.judging.maker import Maker
from toolkit.training.generate import generate


def pixels(path):
    return np.asarray(Image.open(path))


def test_a_class_by_name_or_number(runs, tmp_path, capsys):
    words = ["generate", f"run={runs['game']}", "n=5", "seed=3"]
    assert main([*words, "class=left", f"output={tmp_path / 'a'}"]) == 0
    assert "5 images are in" in capsys.readouterr().out
    assert main([*words, "class=1", f"output={tmp_path / 'b'}"]) == 0
    names = [f"{i:04}.png" for i in range(1, 6)]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [*names, "grid.png"]
    network = keras.models.load_model(runs["game"] / "model.keras", compile=False)
    noise = keras.random.normal((500, 3), seed=3)[:5]
    made = network({"noise": noise, "label": keras.ops.ones((5,), "int32")}, training=False)
    for i, name in enumerate(names):
        one = pixels(tmp_path / "a" / name)
        assert one.shape == (8, 8)
        np.testing.assert_allclose(one, np.asarray(made)[i, ..., 0], atol=0.51)
        np.testing.assert_array_equal(one, pixels(tmp_path / "b" / name))
    assert pixels(tmp_path / "a/grid.png").shape == (2 * 10 + 2, 3 * 10 + 2, 3)


def test_without_a_class_each_has_a_column(runs, tmp_path):
    options = {"run": str(runs["game"]), "seed": 3, "quiet": True}
    files = generate(**options, n=6, output=str(tmp_path / "a"))
    assert len(files) == 6 and pixels(tmp_path / "a/grid.png").shape == (22, 32, 3)
    (left,) = generate(**options, n=1, class_="left", output=str(tmp_path / "b"))
    other = generate(**options, n=2, class_="left", output=str(tmp_path / "c"))
    np.testing.assert_array_equal(pixels(left), pixels(other[0]))
    np.testing.assert_array_equal(pixels(files[1]), pixels(other[1]))


def test_codes_are_decoded_and_drawn_anew_without_a_seed(runs, tmp_path):
    one, two = (
        generate(run=str(runs["variational"]), n=4, output=str(tmp_path / name), quiet=True)
        for name in ("a", "b")
    )
    assert any((pixels(a) != pixels(b)).any() for a, b in zip(one, two, strict=True))


def test_no_image_of_a_seed_is_one_of_the_next():
    field = Field("image", (1, 1, 1))
    maker = Maker(
        lambda codes, training: keras.ops.reshape(codes, (-1, 1, 1, 1)),
        field,
        lambda count, seed: keras.random.uniform((count, 1), seed=seed),
    )
    first, second = (np.concatenate(list(maker.batches(1400, seed))).ravel() for seed in (1, 2))
    assert len(first) == 1400 and len(np.intersect1d(first, second)) < 3
    np.testing.assert_array_equal(np.concatenate(list(maker.batches(600, 1))).ravel(), first[:600])


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("game", {}, r"output: must be given: a folder to make for the images"),
        ("game", {"class_": "up"}, r"class: no 'up'. There is: dark, left, right."),
        ("game", {"class_": "3"}, r"class: no '3'"),
        ("game", {"prompt": "a"}, r"prompt: is for runs that write texts; this one learned adv"),
        ("game", {"top_k": 3}, r"top_k: is for runs that write texts"),
        ("variational", {"class_": "left"}, r"class=left: this run was not told classes"),
        ("denoising", {}, r"has learned reconstruction and is no language model, nor does it make"),
    ],
)
def test_what_cannot_be_made(runs, tmp_path, name, options, told):
    if "class_" in options:
        options = {**options, "output": str(tmp_path / "a")}
    with pytest.raises(Refused, match=told):
        generate(run=str(runs[name]), **options)
    assert not (tmp_path / "a").exists()


def test_a_folder_that_holds_something_stays(runs, tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(Refused, match=r"is not empty, and nothing in it is overwritten"):
        generate(run=str(runs["game"]), output=str(tmp_path))
    with pytest.raises(Refused, match=r"a.txt is a file; expected a folder"):
        generate(run=str(runs["game"]), output=str(tmp_path / "a.txt"))
