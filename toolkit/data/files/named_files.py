"""Files and folders that a data set's options name, looked for before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.data.files.finding import root_folder
from toolkit.data.files.part_folders import refuse_twice
from toolkit.data.images import (
    image_folder,
    paired_images,
    style_pair,
    unlabelled_images,
    unpaired_images,
)
from toolkit.data.music import abc_music
from toolkit.data.records.sound import missing_records
from toolkit.data.subwords.opening import missing_tokenizer
from toolkit.data.tables.columns import locate_file
from toolkit.data.texts import text_folder
from toolkit.data.translated.parallel_files import locate_pairs
from toolkit.errors import Refused

PARTS = ("train", "valid", "test")
FOLDERS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "abc": (abc_music.sources_of, PARTS),
    "image_folder": (image_folder.folders_of, PARTS),
    "text_folder": (text_folder.folders_of, PARTS),
    "unlabelled_images": (unlabelled_images.folders_of, PARTS),
    "paired_images": (paired_images.folders_of, (*PARTS, "a", "b")),
    "unpaired_images": (unpaired_images.folders_of, ("a", "b")),
    "style_pair": (style_pair.files_of, ("content", "style")),
}
"""What finds the folders of data sets that are folders, and the keys that name them."""
OWN_FOLDER = {"squad": "squad", "conll": "conll", "task_texts": "squad"}
"""The folder of the root in which a data set's files may lie too."""


def missing_files(data: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each file or folder that is named and not there, or named twice.

    None is opened.

    Args:
        data: Checked values of config group ``data``, ``name`` with them.
    """
    root = data.get("root")
    if data["name"] == "records":
        return missing_records(data)
    if data["name"] == "tfds":  # whose parts are splits of its own, and its root what it makes
        return []
    try:
        if data["name"] in FOLDERS:
            folders_of, keys = FOLDERS[data["name"]]
            folders_of(root, {key: data[key] for key in keys})
            return missing_tokenizer(data.get("tokenizer"))
        if root is not None:
            root_folder(root)
    except Refused as refusal:
        return refusal.faults
    faults = missing_tokenizer(data.get("tokenizer"))
    folder = OWN_FOLDER.get(data["name"])
    found = {}
    for key in (*PARTS, "file", "questions"):
        if isinstance(file := data.get(key), str):
            try:
                if data["name"] == "parallel":
                    paths = locate_pairs(file, data["source"], data["target"], root, f"data.{key}")
                    found[f"data.{key}"] = paths[0]
                else:
                    found[f"data.{key}"] = locate_file(file, root, f"data.{key}", folder)
            except Refused as refusal:
                faults += refusal.faults
    try:
        refuse_twice(found)
    except Refused as refusal:
        faults += refusal.faults
    return faults
