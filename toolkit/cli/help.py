"""``--help``: what can be typed, in one screen."""

from __future__ import annotations

import textwrap

from toolkit.cli.listing import entry
from toolkit.cli.verbs import VERBS, options_schema
from toolkit.config import docs, files, wording
from toolkit.config.schema import REQUIRED

GROUPS = ("model", "data", "task", "optimizer", "schedule", "recipe", "debug", "logger")

EXAMPLES = """\
  python -m toolkit                                  a GRU on English that ships with Python
  python -m toolkit model=lstm data=ptb model.units=400 trainer.epochs=20
  python -m toolkit -m model=rnn,lstm,gru seed=1,2   a run for each combination
  python -m toolkit generate run=RUN prompt="the market"
  tensorboard --logdir runs"""

FLAGS = {
    "-m, --multirun": "a run for each combination of values with commas; all are checked first",
    "-c, --cfg job": "print the configuration and train nothing (--resolve follows references)",
    "-cd, --config-dir DIR": "a folder of your own with model/, data/, recipe/ … beside ours",
    "-h, --help": "this; after a verb: its options",
    "--info, --hydra-help, -sc": "Hydra's own: where a config comes from, its help, completion",
}


def show_help(verb: str = "") -> None:
    """Print the help of the command, or of a verb."""
    if verb in VERBS and verb != "train":
        print(f"python -m toolkit {verb} [KEY=VALUE …]\n\n{docs.body(VERBS[verb])}\n")
        for option in options_schema(verb).options.values():
            default = "  (required)"
            if option.default is not REQUIRED:
                default = f" = {wording.value(option.default)}"
            entry(option.name, wording.short(option.kind), default, option.text)
        return
    print("python -m toolkit [VERB] [GROUP=NAME …] [KEY=VALUE …] [FLAGS]     in any order")
    print("\nVERB (train where there is none)")
    for name in VERBS:
        print(f"  {name:<10}{docs.summary(VERBS[name])}")
    print("\nGROUP=NAME (see `list`)")
    for group in GROUPS:
        print(_wrapped(group, ", ".join(map(_counted, files.by_family(group)))))
    print("\nKEY=VALUE (see `list models gru`, `list trainer`, `--cfg job`)")
    print("  seed, run_dir, plugins, and every GROUP.KEY: model.units=400 trainer.epochs=20 …")
    print("\nFLAGS")
    for flag, text in FLAGS.items():
        print(_wrapped(flag, text, 28))
    print(f"\nExamples\n{EXAMPLES}")


def _counted(names: str) -> str:
    """Return ``bert/… (9)`` for the names of a family; a name by itself stays."""
    family, _, members = names.partition("/")
    return f"{family}/… ({members.count(',') + 1})" if members.startswith("{") else names


def _wrapped(name: str, text: str, wide: int = 12) -> str:
    first = f"  {name}".ljust(wide)
    return textwrap.fill(text, 100, initial_indent=first, subsequent_indent=" " * wide)
