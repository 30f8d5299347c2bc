"""Which examples a run's parts hold, so that it is seen where these are others later."""

from __future__ import annotations

import json

from toolkit.data.fingerprint import fingerprint
from toolkit.data.spec import Dataset
from toolkit.errors import Refused
from toolkit.training.run_folder import RunFolder


def write_parts(folder: RunFolder, dataset: Dataset) -> None:
    """Write ``parts.json``: of each split its length and its fingerprint."""
    folder.write_json(
        folder.parts,
        {
            name: {"length": len(split), "fingerprint": fingerprint(split)}
            for name, split in dataset.splits.items()
        },
    )


def changed_parts(folder: RunFolder, dataset: Dataset) -> dict[str, str]:
    """Return what is to be said of each split that is not the one that a run began with.

    Args:
        folder: The run's; of one without ``parts.json``, which an earlier version began, nothing is
            known.
        dataset: The data set as it is now.

    Returns:
        A sentence by the split's name.

    Raises:
        Refused: If the file is damaged.
    """
    if not folder.parts.exists():
        return {}
    try:
        then = json.loads(folder.parts.read_text("utf-8"))
        lengths = {name: int(part["length"]) for name, part in then.items()}
        prints = {name: part["fingerprint"] for name, part in then.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"run: {folder.parts} cannot be read ({error}).") from None
    return {
        name: f"the {name} part is no longer what {folder.path} began with: other examples "
        f"({lengths[name]:,} then, {len(split):,} now)."
        for name, split in dataset.splits.items()
        if name in prints and fingerprint(split) != prints[name]
    }


def check_parts(folder: RunFolder, dataset: Dataset) -> list[str]:
    """Refuse to go on learning from, or choosing the best epoch by, other examples than before.

    Returns:
        What is to be said of other splits that have changed.

    Raises:
        Refused: If the training or validation part has changed; a part that is carved is drawn
            anew from files that were added to or taken away.
    """
    changed = changed_parts(folder, dataset)
    if held := [sentence for name, sentence in changed.items() if name in ("train", "valid")]:
        raise Refused(
            *(f"run: {sentence}" for sentence in held),
            "Put the data back as it was, or begin a run with this one's weights: "
            f"model.init_from={folder.shown}.",
        )
    return list(changed.values())
