"""``schema``: the configuration as a JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from toolkit.config.json_schema import json_schema
from toolkit.errors import Refused

Group = Literal["model", "data", "task", "optimizer", "schedule", "trainer", "logger"]


def schema(*, group: Group | None = None, output: str | None = None) -> None:
    """Write the configuration as a JSON schema, from which editors complete and check YAML files.

    In an editor with yaml-language-server put
    ``# yaml-language-server: $schema=FILE`` at the top of a recipe.

    Args:
        group: Schema of the files of one group; null: of recipes and whole configurations.
        output: File to write; null prints.
    """
    text = json.dumps(json_schema(group or ""), indent=1, ensure_ascii=False)
    if output is None:
        print(text)
        return
    try:
        Path(output).write_text(text + "\n", "utf-8")
    except OSError as error:
        raise Refused(f"output: cannot write {output} ({error.strerror})") from None
