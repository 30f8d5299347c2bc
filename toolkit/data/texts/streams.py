"""From whole texts to the streams of token ids that a language model learns from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.data.texts.stream_parts import refuse_empty, with_validation
from toolkit.data.texts.tokenization import Rules
from toolkit.data.texts.vocabulary import (
    ABSENT,
    END_OF_LINE,
    PAD,
    UNKNOWN,
    Vocabulary,
    unknown_note,
)
from toolkit.errors import Refused


class Splitting(Protocol):
    """How texts become tokens: ``tokenization.Rules``, or rules of another writing."""

    def clean(self, text: str) -> str:
        """Return a text in one form."""
        ...

    def count(self, text: str) -> dict[str, int]:
        """Return how often each token of a clean text occurs, in order of appearance."""
        ...

    def encode(self, text: str, vocabulary: Vocabulary, absent: int) -> np.ndarray:
        """Return the ids of a clean text's tokens, int32; ``absent`` for those not known."""
        ...


def streams(
    texts: Mapping[str, str],
    rules: Splitting,
    *,
    where: Mapping[str, str],
    vocabulary_size: int | None = None,
    minimum_count: int = 1,
    validation_fraction: float = 0.1,
    notes: Sequence[str] = (),
    encoder: Callable[[tuple[str, ...]], Any] | None = None,
) -> Dataset:
    """Return the data set of texts that have been read.

    Args:
        texts: ``train``, and ``valid`` and ``test`` where there are any.
        rules: How they become tokens.
        where: The file of each part, for messages.
        vocabulary_size: Most words that are known, the special ones among them; None for no limit.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        validation_fraction: Share of the training tokens, the last ones, that becomes the
            validation part where there is none.
        notes: Sentences for the user that come first.
        encoder: Makes of the vocabulary what reads and writes texts likewise; None for a
            ``TextEncoder`` with the same rules.

    Raises:
        Refused: If a part is too short, or no word is frequent enough to be known.
    """
    texts = {part: rules.clean(text) for part, text in texts.items()}
    notes = list(notes)
    refuse_empty(texts, where)
    counts = rules.count(texts["train"])
    vocabulary = Vocabulary.build(counts, size=vocabulary_size, minimum_count=minimum_count)
    if all(word in (UNKNOWN, END_OF_LINE, PAD) for word in vocabulary.words):
        raise Refused(
            f"{where['train']}: no word is left for the vocabulary (data.vocabulary_size="
            f"{vocabulary_size or 'null'}, data.minimum_count={minimum_count}); its most frequent "
            f"one occurs {max(counts.values())} times. Lower data.minimum_count or raise "
            "data.vocabulary_size."
        )
    absent = ABSENT if vocabulary.unknown is None else vocabulary.unknown
    ids = {part: rules.encode(text, vocabulary, absent) for part, text in texts.items()}
    if any((tokens == ABSENT).any() for tokens in ids.values()):
        # The training text has no unknown words, the others have: they need an id of their own.
        vocabulary = Vocabulary((UNKNOWN, *vocabulary.words))
        ids = {part: tokens + 1 for part, tokens in ids.items()}
        notes.append(
            f"{where['train']} has no {UNKNOWN}, so the network never learns it; a higher "
            f"data.minimum_count than {minimum_count} would read the rarest tokens as such."
        )
    known = len(vocabulary) - (vocabulary.unknown is not None and UNKNOWN not in counts)
    if known < len(counts):
        notes.append(f"Of {len(counts):,} different tokens in training {known:,} are known.")
    for part in ("valid", "test"):
        if part in texts and vocabulary.unknown is not None:
            marked = rules.count(texts[part]).get(UNKNOWN, 0)
            unknown = int((ids[part] == vocabulary.unknown).sum()) - marked
            if unknown:
                notes.append(unknown_note(where[part], unknown, len(ids[part])))
    ids, told = with_validation(ids, where, validation_fraction)
    notes += told
    token = Field("tokens", (None,), "int32", vocabulary.words)
    spec = Spec({"tokens": token}, {"next": Field("next", (None,), "int32", vocabulary.words)})
    splits = {part: Split({"tokens": tokens}) for part, tokens in ids.items()}
    if encoder is None:
        assert isinstance(rules, Rules)  # others bring an encoder
        made: Any = TextEncoder(vocabulary.words, **asdict(rules))
    else:
        made = encoder(vocabulary.words)
    return Dataset(spec, splits["train"], splits["valid"], splits.get("test"), made, tuple(notes))
