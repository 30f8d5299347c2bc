"""``model.init_from`` and ``model.freeze``: keys that every model has, whatever its blocks."""

from __future__ import annotations

import pytest

from toolkit.config import files
from toolkit.config.json_schema import json_schema
from toolkit.config.model import beginning
from toolkit.config.schema import schema_of

KEYS = set(schema_of(beginning).options)


@pytest.mark.parametrize("name", files.names("model"))
def test_every_model_file_shows_them(name):
    shown = {key.name: key for key in files.keys(files.path("model", name))}
    assert set(shown) >= KEYS and all(shown[key].comment for key in KEYS)


def test_they_are_checked(settings, faults):
    assert settings()["model"]["freeze"] == []
    given = settings("model.init_from=runs/x", "model.freeze=[stem, 'gru*']")["model"]
    assert (given["init_from"], given["freeze"]) == ("runs/x", ["stem", "gru*"])
    (told,) = faults("model.freeze=stem")
    assert "model.freeze: expected a list, each text; got 'stem'" in told
    (told,) = faults("model.frozen=[stem]")
    assert "Did you mean freeze?" in told


def test_rates_of_layers(settings, faults):
    given = settings("optimizer.learning_rates={stem: 0.1, gru*: 2}", "optimizer.layer_decay=0.8")
    assert given["optimizer"]["learning_rates"] == {"stem": 0.1, "gru*": 2.0}
    (told,) = faults("optimizer.learning_rates={stem: -1}")
    assert "optimizer.learning_rates: expected" in told and "got -1" in told
    (told,) = faults("optimizer.layer_decay=0")
    assert "optimizer.layer_decay: expected a number above 0, up to 1; got 0" in told


def test_a_model_file_of_ones_own_has_them(settings, write):
    write("model/mine.yaml", "name: mine\nbody:\n  - dense: {units: [8]}\n")
    given = settings("model=mine", "data=digits", "model.freeze=['body[0]']")["model"]
    assert given["freeze"] == ["body[0]"] and given["init_from"] is None


def test_the_schema_knows_them():
    gru = next(m for m in json_schema("model")["anyOf"] if m["title"] == "gru")
    assert set(gru["properties"]) >= KEYS
    assert "run's folder" in gru["properties"]["init_from"]["description"]
