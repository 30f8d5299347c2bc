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

MODELS = sorted(path.stem for path in CONF.glob("*.yaml"))


def model_file(name: str, **knobs: Any) -> dict[str, Any]:
    """Return a model file with some knobs changed and all references resolved."""
    config = OmegaConf.create({"model": OmegaConf.load(CONF / f"{name}.yaml")})
    for key, value in knobs.items():
        assert key in config.model, f"conf/model/{name}.yaml has no {key}"
        config.model[key] = value
    return OmegaConf.to_container(config, resolve=True)["model"]
