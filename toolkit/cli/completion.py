"""Tab completion: Hydra completes the configuration; verbs and their options are ours."""

from __future__ import annotations

import os

from toolkit.cli.arguments import read
from toolkit.cli.verbs import VERBS, options_schema


def complete() -> bool:
    """Print completions of a verb or its options; hide verb and flags from Hydra.

    The shell gives the line as far as it is typed in ``COMP_LINE``.

    Returns:
        Whether Hydra is to go on with the line.
    """
    line = os.environ.get("COMP_LINE", "")
    program, *words = line.split(" ")
    last = words.pop() if words else ""
    typed = read([word for word in words if word])
    if typed.verb in VERBS and typed.verb != "train":
        options = options_schema(typed.verb).options
        print(" ".join(f"{name}=" for name in options if f"{name}=".startswith(last)))
        return False
    if not typed.verb:
        print(" ".join(verb for verb in VERBS if verb.startswith(last)))
    if line:
        os.environ["COMP_LINE"] = " ".join([program, *typed.overrides, last])
    return True
