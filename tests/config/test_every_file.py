"""Every file in conf/ and recipes/ composes, passes the check, and shows every key there is."""

from __future__ import annotations

import pytest
from presets.hf_folders import preset_for

from toolkit.config import files
from toolkit.config.groups import GROUPS
from toolkit.config.pairs import data_and_task, kind_of, models, network_and_task
from toolkit.data import DATA
from toolkit.models.rules import form_of

NEEDED = {
    "series": ["data.file=x.csv"],
    "tabular": ["data.train=x.csv", "data.target=y"],
    "text": ["data.train=x.txt"],
    "parallel": ["data.train=x"],
    "summaries": ["data.train=x.csv"],
    "text_classification": ["data.train=x.csv"],
    "image_folder": ["data.folder=x"],
    "tfds": ["data.dataset=mnist"],
    "records": ["data.root=x"],
}
"""Keys that a user has to give."""

CHOICES = [(g, n) for g in GROUPS if g != "trainer" for n in files.names(g)]


def words(group: str, name: str) -> list[str]:
    """Return what chooses a file, and parts that can meet with it."""
    if group == "data":
        return [f"data={name}", f"model={_able(name, DATA.row(name).task)}", *_kept(name)]
    if group == "task":
        row = files.whole(group, name)["name"]
        meant = [n for n in DATA if DATA.row(n).task == row]
        data = next(n for n in [*meant, *DATA] if data_and_task({"name": n}, row) is None)
        return [f"task={name}", f"data={data}", f"model={_able(data, row)}", *_kept(data)]
    return [f"{group}={name}"]


def own_task(model: str) -> str | None:
    """Return the task that a model's file chooses, where the architecture is its objective."""
    for entry in files.values(files.path("model", model)).get("defaults", []):
        for key, name in entry.items() if isinstance(entry, dict) else ():
            if "task" in key:
                return files.whole("task", name)["name"]
    return None


def _able(data: str, task: str) -> str:
    """Return a model that can learn a task from a data set, as their files have them."""
    kind = kind_of({"name": data}) or "image"
    described = models()
    first = [m for m in ("mlp", "gru") if m in described]
    able = (m for m in [*first, *described] if not network_and_task(kind, described[m], task))
    return next(able)


def _kept(name: str) -> list[str]:
    given = files.values(files.path("data", name))
    keys = {key for key, value in given.items() if value == "???"}
    return [word for word in NEEDED.get(name, []) if word.split(".")[1].split("=")[0] in keys]


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_a_file_passes_the_check(settings, group, name):
    assert settings(*words(group, name))[group]["name"] == files.whole(group, name).get(
        "name", name
    )


@pytest.mark.parametrize(("group", "name"), [*CHOICES, ("trainer", "default")])
def test_a_file_shows_every_option(group, name):
    keys = files.whole(group, name)
    assert set(keys) - {"name"} == set(GROUPS[group].schema(keys.get("name", "")).options)


@pytest.mark.parametrize(("group", "name"), [*CHOICES, ("trainer", "default")])
def test_every_key_has_a_comment(group, name):
    plain = [key.name for key in files.keys(files.path(group, name)) if key.name != "name"]
    without = [k.name for k in files.keys(files.path(group, name)) if not k.comment]
    assert set(without) & set(plain) == set()


@pytest.mark.parametrize("name", files.names("model"))
def test_a_model_passes_the_check(settings, name):
    described, own = models()[name], own_task(name)

    def meets(data: str) -> bool:
        task = own or DATA.row(data).task
        kind = kind_of({"name": data}) or "image"
        return not (network_and_task(kind, described, task) or data_and_task({"name": data}, task))

    data = next(data for data in ("digits", "etth1", "sst2", *DATA) if meets(data))
    given = settings(f"model={name}", f"data={data}")
    assert given["model"]["name"] == name
    assert given["task"]["name"] == (own or DATA.row(data).task)


@pytest.mark.parametrize("name", files.names("recipe"))
def test_a_recipe_passes_the_check(settings, name, tmp_path):
    text = files.path("recipe", name).read_text("utf-8")
    assert text.startswith("# @package _global_")
    assert "python -m toolkit" in text and f"recipe={name}" in text
    given = settings(f"recipe={name}", *preset_for(name, tmp_path / "encoder"))
    assert form_of(given["model"])


@pytest.mark.parametrize("name", files.names("debug"))
def test_a_debug_mode_passes_the_check(settings, name):
    assert settings(f"debug={name}")
