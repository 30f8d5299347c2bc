"""Which of command line, recipe, model file and data set names the task, and other order."""

from __future__ import annotations

import pytest

from toolkit.config import files
from toolkit.data import DATA
from toolkit.tasks import TASKS

MODEL = """
defaults:
  - override /task@_global_.task: regression
name: mine
units: 8
body:
  - dense: {units: "${model.units}"}
"""
RECIPE = """# @package _global_
defaults:
  - override /data: digits
  - override /model: mine
  - override /task: forecast
"""


@pytest.mark.parametrize("name", files.names("data"))
def test_every_data_file_names_its_rows_task(name):
    (default,) = files.values(files.path("data", name))["defaults"]
    ((key, task),) = default.items()
    assert key == "override /task@_global_.task"
    assert files.whole("task", task)["name"] == DATA.row(name).task


def test_the_data_set_names_the_task(settings):
    assert settings("data=digits")["task"]["name"] == "classification"
    assert settings("data=etth1")["task"]["name"] == "forecast"


def test_a_task_key_needs_no_task_choice(settings):
    assert settings("task.pooling=max", "data=digits")["task"]["pooling"] == "max"


def test_the_model_file_counts_more_than_the_data_set(faults, write):
    write("model/mine.yaml", MODEL)
    (fault,) = faults("data=digits", "model=mine")
    assert fault.startswith("data=digits task=regression: regression learns a value")


def test_a_recipe_counts_more_than_the_model_file(faults, write):
    write("model/mine.yaml", MODEL)
    write("recipe/mine.yaml", RECIPE)
    (fault,) = faults("recipe=mine")
    assert fault.startswith("data=digits task=forecast: forecast reads series")


def test_the_command_line_counts_most(settings, write):
    write("model/mine.yaml", MODEL)
    write("recipe/mine.yaml", RECIPE)
    assert settings("recipe=mine", "task=classification")["task"]["name"] == "classification"
    assert settings("recipe=mine", "data=etth1")["data"]["name"] == "etth1"


def test_debug_counts_more_than_a_recipe(settings):
    trainer = settings("recipe=lm/ptb_gru", "debug=fast")["trainer"]
    assert (trainer["epochs"], trainer["steps_per_epoch"]) == (1, 3)
    assert settings("recipe=lm/ptb_gru", "debug=fast", "trainer.epochs=2")["trainer"]["epochs"] == 2


def test_a_data_file_without_task_says_what_to_do(faults, write):
    write("data/mine.yaml", "name: digits\n")
    (fault,) = faults("data=mine")
    assert fault == (
        "task: none is chosen, and data/mine names none; say task=NAME. "
        f"There is: {', '.join(sorted(TASKS))}."
    )
