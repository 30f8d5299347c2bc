"""Made-up examples that can be learned: for tests, and to measure speed without a download."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from toolkit.data.images.image_encoder import ImageEncoder
from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Ragged, Spec, Split
from toolkit.types import NonNegative, PositiveInt

Array = np.ndarray | Ragged


def synthetic(
    *,
    kind: Literal["image", "tokens", "series", "table"] = "image",
    examples: PositiveInt = 1000,
    classes: PositiveInt = 4,
    noise: NonNegative = 0.5,
    height: PositiveInt = 16,
    width: PositiveInt = 16,
    channels: Literal[1, 3] = 1,
    length: PositiveInt = 24,
    vocabulary: PositiveInt = 100,
    variables: PositiveInt = 4,
    seed: int = 0,
) -> Dataset:
    """Make up labelled examples in which each class has a pattern of its own under noise.

    There are a fifth as many examples again to validate on and to test on. The patterns are the
    same for every seed; the seed draws the examples.

    Args:
        kind: What the examples are: pictures, texts, series or rows of a table.
        examples: How many there are to train on.
        classes: How many classes; at least 2 make sense.
        noise: Size of the noise, in standard deviations of the pattern; for texts, how many words
            of no class there are for each word of the class. 0 for none.
        height: Pixels of a picture from top to bottom.
        width: Pixels of a picture from left to right.
        channels: 1 for grey pictures, 3 for coloured ones.
        length: Steps of a series; largest length of a text (the shortest has half of it).
        vocabulary: Number of different words; the ids 0 and 1 are padding and the unknown word.
        variables: Columns of a series or table.
        seed: Draws the examples.
    """
    shape: tuple[int | None, ...]
    fixed, drawn = np.random.default_rng(0), np.random.default_rng([seed, 1])
    facts: dict[str, Any] = {}
    if kind == "tokens":
        shape = (None,)
        words = tuple(f"w{i}" for i in range(2, max(vocabulary, 2 + classes)))
        facts = {"dtype": "int32", "vocabulary": ("<pad>", "<unk>", *words)}
    else:
        shapes = {
            "image": (height, width, channels),
            "series": (length, variables),
            "table": (variables,),
        }
        shape = shapes[kind]
        facts = {"dtype": "uint8"} if kind == "image" else {"names": _names(variables)}
        patterns = fixed.normal(size=(classes, *shapes[kind]))

    def split(count: int) -> Split:
        label = drawn.integers(0, classes, count).astype("int32")
        values: Array
        if kind == "tokens":
            values = _texts(label, drawn, length, len(facts["vocabulary"]), classes, noise)
        else:
            exact = patterns[label] + noise * drawn.normal(size=(count, *shapes[kind]))
            values = _pixels(exact, noise) if kind == "image" else exact.astype("float32")
        return Split({kind: values, "label": label})

    names = tuple(f"class {i}" for i in range(classes))
    spec = Spec(
        {kind: Field(kind, shape, **facts)}, {"label": Field("label", (), "int32", classes=names)}
    )
    rest = max(1, examples // 5)
    encoder: Any = None
    if kind == "image":
        encoder = ImageEncoder((height, width), channels)
    elif kind == "tokens":
        encoder = TextEncoder(facts["vocabulary"])
    return Dataset(
        spec, split(examples), split(rest), split(rest), encoder, ("synthetic: made-up examples.",)
    )


def _names(variables: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(variables))


def _pixels(values: np.ndarray, noise: float) -> np.ndarray:
    """Return values of that spread as grey values around 128."""
    return np.clip(np.round(128 + 40 * values / np.hypot(1, noise)), 0, 255).astype("uint8")


def _texts(
    labels: np.ndarray,
    random: np.random.Generator,
    length: int,
    vocabulary: int,
    classes: int,
    noise: float,
) -> Ragged:
    """Return texts in which some words are the class's own: those whose id has its remainder."""
    lengths = random.integers(max(1, length // 2), length + 1, len(labels))
    starts = np.zeros(len(labels) + 1, "int64")
    np.cumsum(lengths, out=starts[1:])
    words = random.integers(2, vocabulary, starts[-1])
    own = np.repeat(labels, lengths)
    # The nearest id at or below with the class's remainder, or above where that is no word.
    mine = words - (words - 2 - own) % classes
    mine = np.where(mine < 2, own + 2, mine)
    values = np.where(random.random(len(words)) < 1 / (1 + noise), mine, words)
    return Ragged(values.astype("int32"), starts)
