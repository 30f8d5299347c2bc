"""The command's entry: from words to a verb's work, and from what happened to an exit code."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from toolkit.cli.arguments import Arguments, read
from toolkit.errors import Refused, Terminated, WorkerLost, did_you_mean

FINISHED, OUR_FAULT, REFUSED, LOST, INTERRUPTED, TERMINATED = 0, 1, 2, 75, 130, 143
"""Exit codes; 75 is sysexits.h's for what is worth another try."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what a command line says.

    Args:
        argv: Its words, the program's name left out; None for this process's.

    Returns:
        The exit code: 0 finished, 1 a fault of the toolkit, 2 refused, 75 another worker is gone,
        130 Ctrl-C, 143 SIGTERM.
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, _terminate)
        dispatch(read(sys.argv[1:] if argv is None else argv))
    except Refused as refusal:
        print("\n".join(refusal.faults), file=sys.stderr)
        return REFUSED
    except WorkerLost as loss:
        print(loss, file=sys.stderr)
        return LOST
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print("terminated", file=sys.stderr)
        return TERMINATED
    except BrokenPipeError:  # `list | head`
        sys.stderr.close()
        return FINISHED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FINISHED if end.code is None else REFUSED
    except Exception:
        traceback.print_exc()
        print(
            "\nThis is a fault of the toolkit and not of what you typed: please report it with the "
            "lines above and your command.",
            file=sys.stderr,
        )
        return OUR_FAULT
    finally:
        signal.signal(signal.SIGTERM, before)
    return FINISHED


def dispatch(arguments: Arguments) -> None:
    """Call the verb.

    Raises:
        Refused: If there is no such verb, or its options are not as it needs them.
    """
    from toolkit.cli.verbs import VERBS
    from toolkit.config.places import names

    verb = arguments.verb or "train"
    if verb not in VERBS:
        if "." in verb or verb in names():
            raise Refused(f"command line: '{verb}': expected key=value")
        raise Refused(f"command line: no verb '{verb}'.{did_you_mean(verb, VERBS)}")
    if "--help" in arguments.flags:
        from toolkit.cli.help import show_help

        return show_help(arguments.verb)
    if verb == "train":
        from toolkit.cli.train import train

        return train(arguments)
    from toolkit.cli.options import options
    from toolkit.config.plugins import import_plugins
    from toolkit.config.schema import as_arguments, schema_of

    given = options(arguments)
    import_plugins(given.get("plugins") or [])
    if "plugins" in given and "plugins" not in schema_of(VERBS[verb]).options:
        del given["plugins"]
    VERBS[verb](**as_arguments(given))


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
