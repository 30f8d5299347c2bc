"""Files and folders that a data set's options name, looked for before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.data.columns import locate_file
from toolkit.data.files import root_folder
from toolkit.data.image_folder import folders_of
from toolkit.errors import Refused

PARTS = ("train", "valid", "test")


def missing_files(data: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each file or folder that is named and not there; none is opened.

    Args:
        data: Checked values of config group ``data``, ``name`` with them.
    """
    root = data.get("root")
    try:
        if data["name"] == "image_folder":
            folders_of(root, {part: data[part] for part in PARTS})
            return []
        if root is not None:
            root_folder(root)
    except Refused as refusal:
        return refusal.faults
    faults = []
    for key in (*PARTS, "file"):
        if isinstance(file := data.get(key), str):
            try:
                locate_file(file, root, f"data.{key}")
            except Refused as refusal:
                faults += refusal.faults
    return faults
