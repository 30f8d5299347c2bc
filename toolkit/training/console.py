"""What a run tells its user: on the terminal and in ``train.log``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console


class Reporter:
    """Prints lines and tables, and keeps them in a file.

    Args:
        log: File that every line is added to; None for none.
        quiet: Print nothing, log only.
    """

    def __init__(self, log: Path | None = None, quiet: bool = False):
        self.console = Console(highlight=False, soft_wrap=True, emoji=False, quiet=quiet)
        self._log = log

    @property
    def is_terminal(self) -> bool:
        """Whether someone watches, so that a bar may be redrawn."""
        return self.console.is_terminal and not self.console.quiet

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, markup=False)
        self.record(text)

    def write(self, text: str) -> None:
        """Print a part of a line at once."""
        if text:
            self.console.print(text, end="", markup=False)

    def record(self, text: str) -> None:
        """Add a line to the log only."""
        if self._log is not None:
            with open(self._log, "a", encoding="utf-8") as file:
                file.write(text + "\n")

    def table(self, title: str, rows: Mapping[str, Any]) -> None:
        """Print names and values in two columns."""
        width = max(map(len, rows), default=0)
        lines = [
            f"  {name:<{width}}  {value if isinstance(value, str) else figure(value)}"
            for name, value in rows.items()
        ]
        self.say("\n".join([title, *lines]))


def figure(value: Any) -> str:
    """Return a number as people read it: four significant digits, more for large ones."""
    if isinstance(value, int) or not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.3e}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"


def describe(logs: Mapping[str, Any]) -> str:
    """Return ``loss 5.1  perplexity 164`` from a mapping of figures, the loss first."""
    names = sorted(logs, key=lambda name: name != "loss")
    return "  ".join(f"{name} {figure(float(logs[name]))}" for name in names)


def duration(seconds: float) -> str:
    """Return seconds as ``1:02:03`` or ``2:03``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
