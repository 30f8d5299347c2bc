"""``compare``: runs beside each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from toolkit.errors import Refused
from toolkit.training.compare.columns import OVER_SEEDS, of_groups, of_runs
from toolkit.training.compare.contrast import groups, ordered, varied
from toolkit.training.compare.page import MARK, page
from toolkit.training.compare.records import Record, find
from toolkit.training.run_folder import RunFolder, replacing
from toolkit.training.tables import print_table

DRAWN = ("curve-*.png", "values-*.png", "grid-*.png")
"""Pictures that an earlier comparison left."""


def compare(
    *, runs: list[str] | None = None, output: str | None = None, plots: bool = True
) -> list[Record]:
    """Compare runs: what differs between them, their figures, and pictures of both.

    Prints a table, the best run first, and writes pictures (learning curves, scores against what
    was varied) and one HTML page with all of it.

    Args:
        runs: Folders of runs, or of sweeps and others that runs lie in; null: ``runs``.
        output: Folder of the page and the pictures; null: ``compare`` in the sweep's folder where
            one is given, else in this one.
        plots: Whether to draw; without, only the table is printed and nothing is written.

    Returns:
        The runs, the best first.

    Raises:
        Refused: If there is no run, or the output cannot be written.
    """
    given = runs or ["runs"]
    records = ordered(find(given))
    folder = Path(output) if output is not None else _place(given)
    if plots:
        _check_output(folder)
    keys = varied(records)
    grouped = groups(records, keys)
    tables = [("Runs", of_runs(records, keys))]
    if len(grouped) < len(records):
        tables.append((OVER_SEEDS, of_groups(grouped, keys)))
    for title, columns in tables:
        print_table(columns.heads, columns.rows, title=title, right=columns.figures)
    faults = [fault for record in records for fault in record.faults]
    print("\n".join([*faults, ""]) if faults else "", end="")
    if plots:
        from toolkit.training.compare.plots import draw

        folder.mkdir(parents=True, exist_ok=True)
        for pattern in DRAWN:
            for old in folder.glob(pattern):
                old.unlink()
        pictures = draw(grouped, keys, folder)
        title = ", ".join(given) if len(given) < 4 else f"{len(records)} runs"
        with replacing(folder / "index.html") as aside:
            aside.write_text(page(f"Comparison of {title}", tables, pictures, faults), "utf-8")
        print(f"{folder}/index.html, and {len(pictures)} pictures beside it")
    return records


def _place(given: list[str]) -> Path:
    """Return where a comparison is written unless told."""
    alone = Path(given[0])
    several = len(given) > 1 or RunFolder(alone).config.exists()
    return Path("compare") if several else alone / "compare"


def _check_output(folder: Path) -> None:
    """Refuse a folder that cannot be written, or holds a page that is not of a comparison.

    Raises:
        Refused: With what is in the way.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise Refused(
            "compare: pictures need matplotlib: pip install matplotlib, or say plots=false"
        )
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise Refused(f"output: {there} is a file; give another output=FOLDER.")
    index = folder / "index.html"
    if index.exists() and MARK not in index.read_text("utf-8", "replace"):
        raise Refused(f"output: {index} is no comparison; give another output=FOLDER.")
