"""From rows of texts and labels to the arrays that a classifier learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.data.columns import Columns
from toolkit.data.reading import BETWEEN
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.data.text_encoder import TextEncoder
from toolkit.data.text_labels import classes_of, label_array, read_labels
from toolkit.data.tokenization import Rules
from toolkit.data.vocabulary import PAD, UNKNOWN, Vocabulary, count, unknown_note
from toolkit.errors import Refused

TEXT, LABEL = 0, 1  # where the two columns stand once they are read


@dataclass(frozen=True)
class Texts:
    """How texts become rows of ids.

    Attributes:
        rules: How they become tokens.
        vocabulary_size: Most words that are known; None for all.
        minimum_count: Words that occur less often in training are not known.
        max_length: Most tokens of a text; None for no limit.
    """

    rules: Rules
    vocabulary_size: int | None = None
    minimum_count: int = 1
    max_length: int | None = None

    def split(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        return self.rules.tokens(self.rules.clean(text.replace(BETWEEN, " ")))[: self.max_length]


def labelled_texts(
    parts: Mapping[str, Columns],
    texts: Texts,
    *,
    multi_label: str | None = None,
    classes: Mapping[str, str] | None = None,
    notes: list[str] | None = None,
) -> Dataset:
    """Return the data set of rows that have been read, texts first and labels second.

    Args:
        parts: ``train``, ``valid`` and, where there is one, ``test``.
        texts: How texts become ids.
        multi_label: What stands between the labels of a row; None where each has one.
        classes: Names for the labels; None for the labels themselves.
        notes: Sentences for the user that come first.

    Raises:
        Refused: If a label is missing or not known, or all texts are empty.
    """
    notes = list(notes or ())
    split = {part: [texts.split(row[TEXT]) for row in read.rows] for part, read in parts.items()}
    for part, rows in split.items():
        read, empty = parts[part], sum(not row for row in rows)
        if empty == len(rows):
            raise Refused(
                f"{read.path}: column '{read.names[TEXT]}' has no text in any of its {empty} rows; "
                "is data.text_column the right one?"
            )
        if empty:
            notes.append(f"{read.path}: {empty:,} of {len(rows):,} {part} texts are empty.")
    counts = count(split["train"])
    vocabulary = Vocabulary.build(
        counts,
        size=texts.vocabulary_size,
        minimum_count=texts.minimum_count,
        first=(PAD, UNKNOWN),
    )
    known = sum(word in vocabulary for word in counts)
    if known == 0:
        raise Refused(
            f"{parts['train'].path}: no word is left for the vocabulary (data.vocabulary_size="
            f"{texts.vocabulary_size or 'null'}, data.minimum_count={texts.minimum_count}); raise "
            "the first or lower the second."
        )
    if known < len(counts):
        notes.append(f"Of {len(counts):,} different tokens in training {known:,} are known.")
    for part, read in parts.items():
        total = sum(map(len, split[part]))
        unknown = sum(word not in vocabulary for row in split[part] for word in row)
        if unknown and part != "train":
            notes.append(unknown_note(read.path, unknown, total))
    encoder = TextEncoder(
        vocabulary.words,
        texts.rules.unit,
        texts.rules.tokenizer,
        texts.rules.lower,
        texts.rules.end_of_line,
        texts.max_length,
    )
    labels = {part: read_labels(read, LABEL, multi_label) for part, read in parts.items()}
    names = classes_of(labels["train"])
    several = multi_label is not None
    splits = {
        part: Split(
            {
                **encoder.encode_tokens(split[part]).arrays,
                "label": label_array(read, labels[part], names, several),
            }
        )
        for part, read in parts.items()
    }
    shown = tuple((classes or {}).get(name, name) for name in names)
    label = (
        Field("label", (len(names),), "float32", classes=shown, multi_label=True)
        if several
        else Field("label", (), "int32", classes=shown)
    )
    spec = Spec({"tokens": Field("tokens", (None,), "int32", vocabulary.words)}, {"label": label})
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )
