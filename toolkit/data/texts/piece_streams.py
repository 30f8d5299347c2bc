"""From whole texts to streams of pieces of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.data.spec import Dataset, Field, Spec, Split
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.data.subwords.streaming import BEFORE_A_LINE, between, line_marks, stream_ids
from toolkit.data.texts.pieces import pieces
from toolkit.data.texts.stream_parts import refuse_empty, with_validation
from toolkit.data.texts.vocabulary import UNKNOWN, unknown_note

DOCUMENT = "\x1e"
"""Stands between documents: ASCII's record separator. It is the token ``end``."""


def piece_streams(
    texts: Mapping[str, str],
    tokenizer: str,
    *,
    where: Mapping[str, str],
    vocabulary_size: int | None = None,
    lower: bool = False,
    end_of_line: bool = True,
    validation_fraction: float = 0.1,
    marked: bool = False,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the data set of texts that have been read.

    Args:
        texts: ``train``, and ``valid`` and ``test`` where there are any; :data:`DOCUMENT` between
            the documents of a part.
        tokenizer: ``wordpiece``, ``bpe`` or ``sentencepiece``, learned from the training text, or
            the name of one that there is.
        where: The file of each part, for messages.
        vocabulary_size: Most pieces of one that is learned; None for 8,000.
        lower: Whether letters become small in one that is learned.
        end_of_line: Whether the end of each line is a token: ``end``, or with BPE a line feed as
            it is; else it is a blank.
        validation_fraction: Share of the training tokens, the last ones, that becomes the
            validation part where there is none.
        marked: Whether ``<unk>`` in the text is a word that nobody knows, as in the Penn Treebank,
            and not these five characters.
        notes: Sentences for the user that come first.

    Raises:
        Refused: If a part is too short, or there is no such tokenizer.
    """
    texts = {part: _clean(text, end_of_line) for part, text in texts.items()}
    refuse_empty(texts, where)
    plain, _ = between(texts["train"], {DOCUMENT: 0, **({UNKNOWN: 0} if marked else {})})
    made, told = pieces(
        tokenizer,
        [line for part in plain for line in BEFORE_A_LINE.split(part)],
        size=vocabulary_size,
        lower=lower,
        where=where["train"],
    )
    marks = marks_of(made, end_of_line, marked)
    notes = [*notes, *told]
    ids = {}
    for part, text in texts.items():
        ids[part] = stream_ids(made, text, marks)
        unknown = int((ids[part] == made.special.get("unknown", -1)).sum())
        unknown -= text.count(UNKNOWN) if marked else 0
        if unknown:
            notes.append(unknown_note(where[part], unknown, len(ids[part])))
    ids, told = with_validation(ids, where, validation_fraction)
    special = dict(made.special)
    tokens = Field("tokens", (None,), "int32", made.vocabulary, special=special)
    following = Field("next", (None,), "int32", made.vocabulary, special=special)
    splits = {part: Split({"tokens": values}) for part, values in ids.items()}
    encoder = SubwordEncoder(
        made,
        framed=False,
        end_of_line=bool(line_marks(made, end_of_line)),
        begin=begin_of(made, DOCUMENT in texts["train"]),
    )
    return Dataset(
        Spec({"tokens": tokens}, {"next": following}),
        splits["train"],
        splits["valid"],
        splits.get("test"),
        encoder,
        (*notes, *told),
    )


def marks_of(tokenizer: Subwords, end_of_line: bool, marked: bool) -> dict[str, int]:
    """Return the strings of a text that stand for special tokens, with their ids."""
    marks = line_marks(tokenizer, end_of_line)
    if "end" in tokenizer.special:
        marks[DOCUMENT] = tokenizer.special["end"]
    if marked and "unknown" in tokenizer.special:
        marks[UNKNOWN] = tokenizer.special["unknown"]
    return marks


def begin_of(tokenizer: Subwords, documents: bool) -> int:
    """Return the token after which a text begins: what stands before documents, or lines."""
    line_feed = "\u010a"  # as byte-level BPE writes it
    if tokenizer.kind == "bpe" and not documents and line_feed in tokenizer.vocabulary:
        return tokenizer.vocabulary.index(line_feed)
    return tokenizer.special.get("end", 0)


def _clean(text: str, end_of_line: bool) -> str:
    """Return a text with one sort of line end, and one at its end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not end_of_line:
        return text.replace("\n", " ")
    return text if text.endswith("\n") or not text else f"{text}\n"
