"""CoNLL-2003: names in news; or words with tags of one's own, in columns."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from toolkit.data.files.finding import find, missing
from toolkit.data.files.part_folders import refuse_twice
from toolkit.data.files.sources import places
from toolkit.data.spec import Dataset, Field, Spec, Split, carve
from toolkit.data.tables.columns import locate_parts
from toolkit.data.tagged.tag_encoder import TagEncoder
from toolkit.data.tagged.tagged_words import Tagged, read_tagged
from toolkit.data.tagged.word_pieces import PiecesOfWords, WholeWords
from toolkit.data.texts.pieces import UNSAID, pieces
from toolkit.data.texts.vocabulary import unknown_note
from toolkit.entities import OUTSIDE, mark_entities
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

FOLDERS = ("conll2003", "conll")
NAMES = (
    {"train": "eng.train", "valid": "eng.testa", "test": "eng.testb"},
    {"train": "train.txt", "valid": "valid.txt", "test": "test.txt"},
)
"""Names under which the files of CoNLL-2003 go."""


def conll(
    *,
    root: str | None = None,
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
    word_column: int = 0,
    tag_column: int = -1,
    delimiter: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    lower: bool = False,
    max_length: PositiveInt = 256,
    stride: PositiveInt = 128,
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load sentences whose words have tags, one word a line.

    Without files of one's own: CoNLL-2003's English part (14,041 sentences to train on, 3,250 to
    choose the best epoch by, 3,453 to report), where its files lie under the root; they cannot be
    downloaded, as the texts are Reuters'. Empty lines end sentences and ``-DOCSTART-`` begins a
    document. Entities may be marked as IOB1, IOB2 (BIO), IOBES or BILOU and are learned as BIO; a
    tag of any other form stays as it is.

    Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003,
    arXiv:cs/0306050.

    Args:
        root: Folder that holds the files in ``conll2003/`` or ``conll/``; files of one's own may
            also lie in itself.
        train: A file of one's own to learn from, plain or ``.gz``.
        valid: The file that chooses the best epoch; None carves it from ``train``: whole documents
            where they are marked, else sentences.
        test: The file that is reported; None for none.
        word_column: Column of the words, from 0; negative numbers count from the end.
        tag_column: Column of the tags, likewise; -1 is the last.
        delimiter: What stands between columns, ``tab`` for tabs; None: blanks or tabs.
        comment: How lines begin that are left out (``#`` in CoNLL-U); None for none.
        encoding: The files' text encoding.
        tokenizer: What one id stands for: a word (``auto``, where no model says otherwise), or a
            piece of one: ``wordpiece``, ``bpe`` and ``sentencepiece`` learn them from the training
            texts, and anything else is the name of a tokenizer that there is.
        vocabulary_size: Most words or pieces that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``; of no effect
            on pieces.
        lower: Whether capital letters become small; a tokenizer that there is does as it was made.
        max_length: Most tokens of a row; a longer sentence is read in several.
        stride: Tokens from the start of one row of a long sentence to the start of the next.
        validation_fraction: Share of the training sentences carved for validation where ``valid``
            is None.
        seed: Chooses what is carved.

    Returns:
        Input ``tokens`` and target ``tags``, a tag at the first token of each word.

    Raises:
        Refused: If a file is missing, or a line has no word or tag, or not as many columns as the
            first.
    """
    parts = {
        part: read_tagged(
            path,
            word_column=word_column,
            tag_column=tag_column,
            delimiter=delimiter,
            comment=comment,
            encoding=encoding,
        )
        for part, path in files(root, {"train": train, "valid": valid, "test": test}).items()
    }
    notes = [note for read in parts.values() for note in read.notes]
    if "valid" not in parts:
        parts |= _carved(parts["train"], validation_fraction, seed)
        notes.append(
            f"{parts['valid'].path}: {len(parts['valid']):,} sentences chosen by seed {seed} are "
            "the validation part; data.valid names none."
        )
    where, words = parts["train"].path, [list(s.words) for s in parts["train"].sentences]
    reader: WholeWords | PiecesOfWords
    if tokenizer in UNSAID:
        reader = WholeWords.of(words, size=vocabulary_size, minimum=minimum_count, lower=lower)
    else:
        texts = [" ".join(sentence) for sentence in words]
        own, told = pieces(tokenizer, texts, size=vocabulary_size, lower=lower, where=where)
        reader, notes = PiecesOfWords(own), notes + told
    classes = _in_order(parts["train"].tags)
    notes += _without_entities(where, classes)
    encoder = TagEncoder(reader, classes, max_length, stride)
    splits = {part: encoder.cut(read.sentences) for part, read in parts.items()}
    for part, read in parts.items():
        notes += _told(read, splits[part], set(classes), reader)
    spec = Spec(
        {"tokens": Field("tokens", (None,), "int32", reader.vocabulary, special=reader.special)},
        {"tags": Field("tags", (None,), "int32", classes=classes)},
    )
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )


def files(root: str | None, given: dict[str, str | None]) -> dict[str, Path]:
    """Return the file of each part: those that are named, or CoNLL-2003's.

    Raises:
        Refused: If one is missing.
    """
    named = locate_parts(given, root, "conll")
    if "train" in named:
        return {part: named[part] for part in given if part in named}
    for place in places(root):
        for names in NAMES:
            found = {part: find(name, place, FOLDERS) for part, name in names.items()}
            if (train := found["train"]) is not None:
                near = {p: f for p, f in found.items() if f and f.parent == train.parent} | named
                refuse_twice({f"data.{part}": path for part, path in near.items()})
                return {part: near[part] for part in given if part in near}
    absent = missing("conll", NAMES[0].values(), [p / FOLDERS[0] for p in places(root)])
    raise Refused(
        absent.replace("Connect to the network, or name", "They cannot be downloaded: name")
        + " Or give files of your own: data.train=FILE data.valid=FILE data.test=FILE."
    )


def _in_order(tags: set[str]) -> tuple[str, ...]:
    """Return tags by what they mark, ``O`` first."""
    mark = mark_entities(tags)
    return tuple(sorted(tags, key=lambda tag: (tag != OUTSIDE, tag[2:] if mark else "", tag)))


def _carved(train: Tagged, fraction: float, seed: int) -> dict[str, Tagged]:
    """Return training and validation part, no document in both where documents are marked."""
    documents = np.array([sentence.document for sentence in train.sentences])
    units = documents if len(train.documents) > 1 else np.arange(len(train))
    numbers = np.unique(units)
    if not fraction or len(numbers) < 2:
        raise Refused(
            f"data.validation_fraction: {fraction}, data.valid names no file, and {train.path} has "
            f"{len(train)} sentences; the best epoch is chosen on others than those learned from: "
            "give either."
        )
    rest, part = carve(Split({"unit": numbers}), fraction, seed)
    return {
        name: train.part(np.flatnonzero(np.isin(units, np.asarray(split.arrays["unit"]))).tolist())
        for name, split in (("train", rest), ("valid", part))
    }


def _told(
    read: Tagged, split: Split, classes: set[str], reader: WholeWords | PiecesOfWords
) -> list[str]:
    """Return what the user is told of a part: long sentences, tags and words that are not known."""
    notes = []
    if len(split) > len(read):
        notes.append(
            f"{read.path}: {len(read):,} sentences are {len(split):,} rows, since some are longer "
            "than data.max_length."
        )
    notes += _unheard(read, classes)
    tokens = split.arrays["tokens"].values  # type: ignore[union-attr]
    unknown = int((tokens == reader.special.get("unknown", -1)).sum())
    return [*notes, unknown_note(read.path, unknown, len(tokens))] if unknown else notes


def _without_entities(path: str, classes: tuple[str, ...]) -> list[str]:
    """Return what is told of training tags of which some mark no entity."""
    odd = [tag for tag in classes if not mark_entities([tag, OUTSIDE]) and tag != OUTSIDE]
    if not odd:
        return []
    return [
        f"{path}: tags such as '{min(odd)}' mark no entities (B-PER, I-PER, O would): all tags are "
        "scored word by word, by accuracy."
    ]


def _unheard(read: Tagged, classes: set[str]) -> list[str]:
    """Return what is told of tags that do not occur in training, and how they are scored."""
    strange = Counter(tag for s in read.sentences for tag in s.tags if tag not in classes)
    entity = mark_entities(classes)
    missed = {tag for tag in strange if entity and mark_entities([tag])}
    kinds = (
        (missed, "their entities count as missed, and "),
        (strange.keys() - missed, "they mark no entities, and " if entity else ""),
    )
    return [
        f"{read.path}: {sum(strange[tag] for tag in tags):,} tags ({', '.join(sorted(tags))}) do "
        f"not occur in training; {scored}accuracy leaves them out."
        for tags, scored in kinds
        if tags
    ]
