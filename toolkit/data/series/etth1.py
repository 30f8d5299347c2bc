"""ETTh1: oil temperature and load of a transformer, hour by hour (Zhou et al., 2021)."""

from __future__ import annotations

from toolkit.data.files.sources import locate
from toolkit.data.series.rows import Scale, from_values
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import read_columns
from toolkit.errors import Refused

BORDERS = (8640, 11520, 14400)
"""Rows where training, validation and test end: 12, 4 and 4 months of 30 days."""


def etth1(
    *,
    root: str | None = None,
    columns: list[str] | None = None,
    scale: Scale = "standard",
    seed: int = 0,
) -> Dataset:
    """Load ETTh1 with the split and the scaling of the literature.

    Seven variables, hourly from July 2016. Trained on rows 0 to 8640, validated to 11520, tested
    to 14400 (12, 4 and 4 months of 30 days; the rest of the file is not used); standardised by the
    training rows, and errors are measured on standardised values. At horizon 96 that is 2,785
    test windows.

    Zhou et al., "Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting",
    AAAI 2021, arXiv:2012.07436.

    Args:
        root: Folder that holds ``ETTh1.csv``, itself or in ``ett/`` or ``ETT-small/``; None for
            the cache folder, where it is downloaded to.
        columns: Variables that are learned from, of HUFL, HULL, MUFL, MULL, LUFL, LULL and OT;
            None for all seven.
        scale: ``standard`` as in the literature, ``minmax`` or ``none``.
        seed: Without effect: nothing is left to chance here.

    Raises:
        Refused: If the file is missing or not whole, or there is no such variable.
    """
    read = read_columns(locate("etth1", root)["ETTh1.csv"])
    names = list(columns or read.names[1:])
    values = read.numbers(names, "data.columns")
    if len(values) < BORDERS[-1]:
        raise Refused(
            f"{read.path}: {len(values)} rows, but the split of the literature needs "
            f"{BORDERS[-1]}: the file is not whole."
        )
    return from_values(values, names, BORDERS, scale, where=read.path)
