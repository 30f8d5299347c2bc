"""The picture of style transfer as a network, from a model's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from toolkit.blocks.picture import LAYER
from toolkit.data.spec import Spec
from toolkit.errors import Refused
from toolkit.models.network import build_network
from toolkit.tasks.built import Built, Sizes, description, saved
from toolkit.tasks.style.objective import StyleObjective
from toolkit.tasks.style.style_transfer import CODE
from toolkit.tasks.units import BYTE


def painting(task: Any, model: Mapping[str, Any], spec: Spec, sizes: Sizes) -> Built:
    """Build the network that is the picture.

    Args:
        task: A ``StyleTransfer`` task that knows the spec.
        model: ``generator``, as a model file has it: block ``picture`` and nothing else.
        spec: The content picture, whose size the picture has, and the style picture.
        sizes: What it is built for.

    Raises:
        Refused: If the generator is something else.
    """
    if [*map(_name, model["generator"])] != [LAYER]:
        raise Refused(
            "model.generator: task style_transfer learns the pixels themselves; expected block "
            f"'{LAYER}' alone (model=picture)."
        )
    entries, features = build_network(
        {"code": CODE},
        **description(model, "generator"),
        goal=spec.input,
    )
    network = keras.Model(entries["code"], features.x, name="network")
    whole = spec.input.dtype == "uint8"
    shown = keras.layers.Rescaling(BYTE, dtype="float32")(features.x) if whole else features.x
    return Built(
        StyleObjective(network, task, spec.target, accumulate=sizes.accumulate),
        saved(model, entries, shown),
        features.stages,
    )


def _name(block: Any) -> str:
    """Return the name of a block as a model file has it."""
    return block if isinstance(block, str) else next(iter(block))
