"""A user's own modules, which add their parts to the tables."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from toolkit.errors import Refused


def import_plugins(names: Iterable[Any]) -> None:
    """Import modules by name.

    Raises:
        Refused: If one cannot be found or fails.
    """
    for name in names:
        try:
            importlib.import_module(str(name))
        except Refused:
            raise
        except ModuleNotFoundError as error:
            if error.name is None or str(name).partition(".")[0] != error.name.partition(".")[0]:
                raise Refused(f"plugins: {name} needs {error.name}, which is not there") from error
            raise Refused(
                f"plugins: no module '{name}'. It must be installed, or lie where Python looks "
                f"(set PYTHONPATH to its folder)."
            ) from error
        except Exception as error:
            raise Refused(f"plugins: {name} fails: {type(error).__name__}: {error}") from error
