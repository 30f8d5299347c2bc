"""What a result depends on besides its configuration."""

from __future__ import annotations

import platform
import sys
import time
from importlib import metadata
from typing import Any


def environment() -> dict[str, Any]:
    """Return what else a result depends on: versions and the machine."""
    packages = ("tensorflow", "keras", "keras-hub", "numpy", "hydra-core")
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in packages},
    }
