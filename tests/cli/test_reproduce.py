"""Recipes with their seeds, held to what they promise, and the table of all of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from toolkit.cli import recipe_results
from toolkit.cli.recipe_results import (
    BEGIN,
    END,
    RecipeResults,
    SeedResult,
    results_path,
    table,
    told,
    write_table,
)
from toolkit.config import files
from toolkit.errors import Refused
from toolkit.training.expect import Expectation

ROOT = Path(__file__).resolve().parents[2]
RECIPE = "vision/mnist_cnn"


@pytest.fixture
def training(trained, monkeypatch):
    """A training whose test accuracy is said beforehand, by seed."""
    run = sys.modules["toolkit.training.run"]  # the fixture's stand-in
    run.accuracy = {1: 0.991, 2: 0.994, 3: 0.995}

    def train(**given):
        trained.append(given)
        folder = Path(given["run_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        config = {key: value for key, value in given.items() if key != "quiet"}
        plain = json.loads(json.dumps(config))
        (folder / "config.yaml").write_text(yaml.safe_dump(plain))
        figures = {"valid/accuracy": 0.99, "test/accuracy": run.accuracy[given["seed"]]}
        counts = {
            "best_epoch": 2,
            "steps": 9,
            "seconds": 61.2,
            "test/accuracy (most frequent)": 0.1,
        }
        (folder / "results.json").write_text(json.dumps(figures | counts))

    monkeypatch.setattr(run, "train", train)
    return run


def test_a_recipe_is_run_with_its_seeds_and_its_median_held_to_the_promise(cli, training, trained):
    said = cli("reproduce", RECIPE)
    assert said.code == 0, said.err
    assert [given["run_dir"] for given in trained] == [
        f"runs/reproduce/{RECIPE}/seed={seed}" for seed in (1, 2, 3)
    ]
    (row,) = [line.split() for line in said.out.splitlines() if "kept" in line]
    assert row == ["test/accuracy", "≥", "0.9920", "0.9940", "0.9910", "to", "0.9950", "kept"]
    again = cli("reproduce", f"recipe={RECIPE}")
    assert again.code == 0, again.err + again.out
    assert len(trained) == 3
    assert "run 1 of 3: seed=1: done already: test/accuracy 0.9910" in again.out


def test_a_promise_that_is_not_kept_makes_the_exit_code_1(cli, training):
    training.accuracy = {1: 0.98, 2: 0.999, 3: 0.991}
    said = cli("reproduce", RECIPE)
    assert said.code == 1
    assert re.search(r"test/accuracy +≥ 0.9920 +0.9910 +0.9800 to 0.9990 +NOT KEPT", said.out)


def test_other_seeds_and_overrides(cli, training, trained):
    said = cli("reproduce", RECIPE, "seeds=[2]", "trainer.threads=1")
    assert said.code == 0, said.err
    assert [(given["seed"], given["trainer"]["threads"]) for given in trained] == [(2, 1)]


def test_results_are_saved_beside_the_recipe(cli, training, tmp_path, monkeypatch):
    monkeypatch.setattr(
        recipe_results, "results_path", lambda recipe: tmp_path / f"{Path(recipe).name}.json"
    )
    said = cli("reproduce", RECIPE, "save=true", "note=beside other work", "seeds=[1,2]")
    assert said.code == 0, said.err
    saved = json.loads((tmp_path / "mnist_cnn.json").read_text())
    assert saved["command"] == f"python -m toolkit reproduce recipe={RECIPE}"
    assert saved["machine"].endswith(", beside other work")
    assert set(saved["versions"]) == {"tensorflow", "keras"}
    assert saved["runs"][1] == {
        "seed": 2,
        "figures": {"valid/accuracy": 0.99, "test/accuracy": 0.994},
        "seconds": 61.2,
    }
    read = RecipeResults.read(RECIPE)
    assert read is not None and read.runs[1] == SeedResult(**saved["runs"][1])


@pytest.mark.parametrize(
    ("words", "told_of"),
    [
        ([], "reproduce: which recipe? Give recipe=FAMILY/NAME, or table=README.md\n"),
        (["vision/mnist_cn"], "recipe: no 'vision/mnist_cn'. Did you mean vision/mnist_cnn"),
        ([RECIPE, "seeds=[]"], "seeds: give at least one: seeds=[1,2,3]\n"),
        ([RECIPE, "trainer.epoch=1"], "command line: trainer.epoch: unknown. Did you mean epochs"),
        (["table=none.md"], "table: cannot read none.md"),
    ],
)
def test_what_cannot_be_reproduced(cli, training, trained, words, told_of):
    said = cli("reproduce", *words)
    assert (said.code, trained) == (2, [])
    assert told_of in said.err


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"seeds": 3}, "expect.seeds: expected a list of whole numbers; got 3"),
        ({"seeds": []}, "expect.seeds: expected a list of whole numbers; got []"),
        ({"seed": [1]}, "expect.seed: expected a figure, such as test/loss. Did you mean seeds?"),
        (
            {"test/mse": 0.3},
            "expect.test/mse: expected {at_most: 112} or {at_least: 0.99}; got 0.3",
        ),
        ({"test/mse": {"at_mots": 1}}, "expect.test/mse: no bound 'at_mots'. Did you mean at_most"),
        ({"test/mse": {"at_most": "1"}}, "expect.test/mse.at_most: expected a number; got '1'"),
    ],
)
def test_blocks_that_promise_nothing_sensible(block, fault):
    with pytest.raises(Refused, match=re.escape(fault)):
        Expectation.of(block)


def test_a_figure_that_was_not_measured_keeps_no_promise():
    promised = Expectation.of({"test/mse": {"at_most": 1.0}})
    (verdict,) = promised.verdicts([{"test/mse": 0.5}, {"test/mae": 0.5}])
    assert (verdict.met, verdict.got) == (False, None)
    (verdict,) = promised.verdicts([{"test/mse": 0.5}, {"test/mse": 0.9}])
    assert (verdict.met, verdict.got, verdict.spread) == (True, 0.7, (0.5, 0.9))


def test_figures_have_the_digits_that_were_kept():
    assert [told("accuracy", value) for value in (0.823, 0.9937, 0.84)] == [
        "82.3 %", "99.37 %", "84.0 %"
    ]  # fmt: skip
    assert (told("perplexity", 111.923), told("mse", 0.3709)) == ("111.92", "0.371")
    assert told("loss", 0.06304) == "0.0630"


def test_a_row_has_what_is_promised_and_says_how_many_seeds_there_are(monkeypatch):
    figures = {"valid/loss": 0.07, "test/mse": 0.5, "test/loss": 0.0612}
    runs = [SeedResult(seed, figures, 61.0) for seed in (1, 2, 3)]
    for made, said in ((runs[:1], "(1 of 3 seeds) |"), (runs, "0.0612, 0.0612, 0.0612) |")):
        held = RecipeResults("", "one core", {}, "2026-11-22", made)
        monkeypatch.setattr(RecipeResults, "read", lambda recipe, held=held: held)
        (row,) = (line for line in table().splitlines() if "recipe=autoencoder/mnist`" in line)
        assert "test loss 0.0612" in row and "valid loss" not in row
        assert said in row


def test_readmes_table_is_the_one_that_the_command_writes(tmp_path):
    readme = (ROOT / "README.md").read_text("utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(readme, "utf-8")
    write_table(copy)
    assert copy.read_text("utf-8") == readme, "run: python -m toolkit reproduce table=README.md"


def test_every_recipe_has_a_row_and_no_results_are_taken_for_recipes():
    rows = [line for line in table().splitlines() if line.startswith("| `")]
    assert len(rows) == len(files.names("recipe"))
    assert not [name for name in files.names("recipe") if "results" in name]
    for name in files.names("recipe"):
        assert any(f"recipe={name}`" in row for row in rows)
    homes = {results_path(name) for name in files.names("recipe")}
    assert set((ROOT / "recipes").rglob("*.json")) <= homes, "results of no recipe"


def test_a_table_needs_its_place(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(f"before\n{END}\n{BEGIN}\n")
    with pytest.raises(Refused, match="table: .* needs a line"):
        write_table(path)
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table(path)
    text = path.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n") and text.endswith(f"{END}\nafter\n")
    assert "old" not in text and "| command |" in text
