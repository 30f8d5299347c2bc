"""``plan``: what a configuration would train, what it costs and how long it takes."""

from __future__ import annotations

import json as json_text
import time
from collections.abc import Sequence

from toolkit.config.compose import compose, config_loader
from toolkit.config.validate import check
from toolkit.data.files.named_files import missing_files
from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.training.transfer.source import missing_source
from toolkit.types import Positive


def plan(
    *,
    overrides: Sequence[str] = (),
    seconds: Positive = 10.0,
    json: bool = False,
    config_dir: str | None = None,
    config_name: str = "config",
) -> None:
    """Show what would be trained: layers, cost, data, and the time to the end; trains nothing.

    It takes a whole configuration, as train does: ``plan model=gru data=ptb``, ``plan recipe=…``.
    The time is measured: a few of the run's own steps are made on its own data, with all that a
    run writes in a temporary folder, and thrown away.

    Args:
        overrides: The configuration, as for train.
        seconds: How long training steps are measured; more is surer.
        json: Print everything as JSON.
        config_dir: A folder of configuration files of yours, as Hydra's ``--config-dir``.
        config_name: The primary file.
    """
    begun = time.perf_counter() - time.process_time()  # Python's own start counts too
    settings = check(compose(config_loader(config_dir), config_name, overrides))
    if faults := [*missing_files(settings["data"]), *missing_source(settings["model"])]:
        raise Refused(*faults)
    start_tensorflow()
    from toolkit.training.plan.plan import plan as work
    from toolkit.training.plan.report import report

    for key in ("run_dir", "expect"):
        settings.pop(key, None)
    planned = work(**settings, seconds=seconds, begun=begun)
    if json:
        print(json_text.dumps(planned.json(), indent=2, ensure_ascii=False))
    else:
        print(report(planned))
