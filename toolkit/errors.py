"""What a user did that cannot work, said in one message."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class Refused(Exception):
    """A request that cannot be carried out, with every fault found in it.

    The command line prints the faults, one a line, and exits with code 2. Functions of the Python
    interface raise it as it is. Anything else that reaches the user is a fault of the toolkit.

    Args:
        *faults: One sentence each: where (key, or file and line), what was expected, what was
            given, and what to do next.
    """

    def __init__(self, *faults: str):
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that ends an error message about an unknown name.

    Args:
        name: What was given.
        known: The names there are.

    Returns:
        `` Did you mean units?`` where something near is known, and else the sorted list of names.
    """
    known = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.6) or [
        whole for whole in known if "".join(re.findall(r"(?:^|_)(.)", whole)) == str(name)
    ]  # lr: learning_rate
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" There is: {', '.join(known)}." if known else ""


class Terminated(BaseException):
    """SIGTERM came."""


class WorkerLost(Exception):
    """Another worker of the run is gone; it can go on from its last checkpoint."""
