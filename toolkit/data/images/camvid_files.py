"""Where CamVid's photographs and label maps lie: in folders, or in an archive."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from toolkit.data.files.download import verify_recorded
from toolkit.data.files.finding import read_bytes
from toolkit.data.files.sources import SOURCES, locate, places
from toolkit.errors import Refused

ARCHIVES = ("camvid", "segnet")
"""What the names of archives begin with that are read as they lie."""
INSIDE = ("", "CamVid", "CamVid_half")
"""Folders that may lie between a place that is searched and ``train/``."""
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Found:
    """The files of CamVid.

    Attributes:
        where: The folder or archive, for messages.
        names: Names of a part's photographs and label maps, by stem, for each folder: ``train``,
            ``trainannot``, …
        read: Gives a file's bytes by its name.
    """

    where: Path
    names: dict[str, dict[str, str]]
    read: Callable[[str], bytes] = field(repr=False)

    def pairs(self, part: str) -> Iterator[tuple[str, bytes, bytes]]:
        """Give the stem, photograph and label map of each frame of a part, in order.

        Raises:
            Refused: If a photograph has no label map, a label map no photograph, or there is none.
        """
        photos, maps = self.names.get(part, {}), self.names.get(f"{part}annot", {})
        alone = [f"{part}/{stem}" for stem in sorted(photos.keys() - maps.keys())]
        alone += [f"{part}annot/{stem}" for stem in sorted(maps.keys() - photos.keys())]
        if alone or not photos:
            reason = "no photographs and label maps"
            if alone:
                more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
                reason = f"no partner for {', '.join(alone[:3])}{more}"
            raise Refused(
                f"{self.where}: {reason}; expected a photograph in {part}/ and a label map of the "
                f"same name in {part}annot/ for each frame."
            )
        for stem in sorted(photos):
            yield stem, self.read(photos[stem]), self.read(maps[stem])


def find_camvid(root: str | None) -> Found:
    """Return CamVid's files, downloaded where there are none.

    Args:
        root: Folder that holds them, itself or in one of the usual folders; None for the cache.

    Raises:
        Refused: If they are missing and cannot be downloaded, or the archive is damaged.
    """
    source = SOURCES["camvid"]
    for place in places(root):
        for folder in (place / usual / inside for usual in source.folders for inside in INSIDE):
            if all((folder / name).is_dir() for name in ("train", "trainannot")):
                return _in_folder(folder)
        for folder in (place / usual for usual in source.folders):
            for archive in sorted(folder.glob("*.zip")):
                if archive.name.lower().startswith(ARCHIVES):
                    verify_recorded(archive)
                    return _in_archive(archive)
    (archive,) = locate("camvid", root).values()
    return _in_archive(archive)


def _in_folder(folder: Path) -> Found:
    names = {
        name: {
            path.stem: f"{name}/{path.name}" for path in (folder / name).iterdir() if _picture(path)
        }
        for part in PARTS
        for name in (part, f"{part}annot")
        if (folder / name).is_dir()
    }
    return Found(folder, names, lambda name: read_bytes(folder / name))


def _in_archive(path: Path) -> Found:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path, error) from error
    names: dict[str, dict[str, str]] = {}
    for name in archive.namelist():
        entry = PurePosixPath(name)
        folder = entry.parent.name
        if folder.removesuffix("annot") in PARTS and _picture(entry):
            names.setdefault(folder, {})[entry.stem] = name

    def read(name: str) -> bytes:
        try:
            return archive.read(name)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise _damaged(path, error) from error

    return Found(path, names, read)


def _picture(path: PurePath) -> bool:
    return path.suffix.lower() in (".png", ".jpg", ".jpeg") and not path.name.startswith(".")


def _damaged(path: Path, error: Exception) -> Refused:
    return Refused(f"{path}: damaged ({error}). Delete it and fetch it again.")
