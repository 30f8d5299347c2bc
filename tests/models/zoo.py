"""Model files, resolved as they would be in a run, and fields of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from toolkit.data.spec import Field

CONF = Path(__file__).resolve().parents[2] / "conf" / "model"

WORDS = tuple(f"word{n}" for n in range(20))

FIELDS = {
    "tokens": Field("tokens", (None,), "int32", vocabulary=WORDS),
    "image": Field("image", (8, 8, 1), "uint8"),
    "series": Field("series", (12, 3)),
    "table": Field("table", (5,)),
}

MODELS = sorted(path.stem for path in CONF.glob("*.yaml") if "\nbody:" in path.read_text("utf-8"))
"""Models of one body."""

ENCODER = {"layers": 1, "units": 8, "heads": 2, "positions": 30}

SMALL = {
    "mlp": {"units": 4, "embedding": 4},
    "cnn": {"filters": [3, 4], "embedding": 4},
    "lenet": {"units": [5, 4], "embedding": 4},
    "resnet": {"depth": 8, "filters": 2, "embedding": 4},
    "rnn": {"units": 4},
    "lstm": {"units": 4},
    "gru": {"units": 4},
    "linear": {"kernel": 5},
    "bert": ENCODER,
    "roberta": ENCODER,
    "xlm_roberta": ENCODER,
    "distilbert": ENCODER,
    "albert": {**ENCODER, "embedding": 4},
    "electra": {**ENCODER, "embedding": 4},
    "deberta": {**ENCODER, "buckets": 8},
    "transformer": {"units": 8, "layers": 1, "max_length": 30},
    "gpt": {"units": 8, "layers": 1, "context": 30},
}
"""Knobs of each model that make it small."""

ONLY = {
    "linear": ("series",),
    **{name: ("tokens",) for name in SMALL if {**SMALL[name], **ENCODER} == SMALL[name]},
}
"""The kinds of input that a model reads, of those that do not read all."""

EACH = [(name, kind) for name in MODELS for kind in FIELDS if kind in ONLY.get(name, FIELDS)]
"""Every model with every kind of input that it reads."""


def model_file(name: str, **knobs: Any) -> dict[str, Any]:
    """Return a model file with some knobs changed and all references resolved."""
    config = OmegaConf.create({"model": OmegaConf.load(CONF / f"{name}.yaml")})
    for key, value in knobs.items():
        assert key in config.model, f"conf/model/{name}.yaml has no {key}"
        config.model[key] = value
    return OmegaConf.to_container(config, resolve=True)["model"]
