"""From whole texts to the streams of token ids that a language model learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.data.text_encoder import TextEncoder
from toolkit.data.tokenization import Rules
from toolkit.data.vocabulary import ABSENT, END_OF_LINE, PAD, UNKNOWN, Vocabulary, unknown_note
from toolkit.errors import Refused

FEWEST = 4
"""Tokens below which a text is nothing to learn from."""


def streams(
    texts: Mapping[str, str],
    rules: Rules,
    *,
    where: Mapping[str, str],
    vocabulary_size: int | None = None,
    minimum_count: int = 1,
    validation_fraction: float = 0.1,
    notes: Sequence[str] = (),
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

    Raises:
        Refused: If a part is too short, or no word is frequent enough to be known.
    """
    texts = {part: rules.clean(text) for part, text in texts.items()}
    notes = list(notes)
    empty = [part for part in texts if not texts[part].strip()]
    if empty:
        raise Refused(*(f"data.{part}: {where[part]} is empty; expected text." for part in empty))
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
    if "valid" not in ids:
        total = len(ids["train"])
        cut = total - max(round(total * validation_fraction), FEWEST)
        if not validation_fraction:
            raise Refused(
                "data.validation_fraction: 0, and data.valid names no file; the best epoch is "
                "chosen on validation text: give either."
            )
        if cut >= FEWEST:
            ids["train"], ids["valid"] = ids["train"][:cut], ids["train"][cut:]
            notes.append(
                f"{where['train']}: its last {total - cut:,} of {total:,} tokens are the "
                "validation part; data.valid names none."
            )
    for part, tokens in ids.items():
        if len(tokens) < FEWEST or "valid" not in ids:
            raise Refused(_too_short(part, where[part], len(tokens), "valid" in ids))
    token = Field("tokens", (None,), "int32", vocabulary.words)
    spec = Spec({"tokens": token}, {"next": Field("next", (None,), "int32", vocabulary.words)})
    splits = {part: Split({"tokens": tokens}) for part, tokens in ids.items()}
    encoder = TextEncoder(vocabulary.words, **asdict(rules))
    return Dataset(
        spec, splits["train"], splits["valid"], splits.get("test"), encoder, tuple(notes)
    )


def _too_short(part: str, where: str, tokens: int, carved: bool) -> str:
    tokens_text = f"{tokens} token{'' if tokens == 1 else 's'}"
    if carved:
        return f"data.{part}: {where} has only {tokens_text}; expected at least {FEWEST}."
    return (
        f"data.{part}: {where} has only {tokens_text}, too few to learn from and to cut a "
        f"validation part from (at least {2 * FEWEST}); give a longer text."
    )
