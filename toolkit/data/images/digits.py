"""The 8 x 8 digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from toolkit.data.images.arrays import from_arrays
from toolkit.data.spec import Dataset
from toolkit.errors import Refused
from toolkit.types import Fraction

TEST = 360
"""Images held back to test: a fifth, the same ones whatever the seed of a run."""


def digits(*, validation_fraction: Fraction = 0.1, seed: int = 0) -> Dataset:
    """Load the digits of scikit-learn: 1,797 images of 8 x 8 grey pixels, with no download.

    The test part of the UCI set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak
    1998). Grey values 0 to 16 are brought to 0 to 255. There is no customary test part: 360 images
    are held back, the same ones in every run.

    Args:
        validation_fraction: Share of the other images that is held back to choose the best epoch.
        seed: Chooses which.

    Raises:
        Refused: If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise Refused(
            "data=digits comes with scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    found = load_digits()
    images = np.round(found.images * (255 / 16)).astype("uint8")[..., None]
    order = np.random.default_rng(0).permutation(len(images))
    test, train = np.sort(order[:TEST]), np.sort(order[TEST:])
    return from_arrays(
        (images[train], found.target[train]),
        (images[test], found.target[test]),
        tuple("0123456789"),
        validation_fraction=validation_fraction,
        seed=seed,
        notes=[f"test: {TEST} of {len(images):,} images held back, the same ones in every run."],
    )
