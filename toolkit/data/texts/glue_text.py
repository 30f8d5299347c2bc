"""The texts of GLUE's tasks without their labels, for an encoder to read before it learns them."""

from __future__ import annotations

import random
from typing import Literal

from toolkit.data.labelled.cola import cola_rows
from toolkit.data.labelled.mrpc import mrpc_rows
from toolkit.data.labelled.rte import rte_rows
from toolkit.data.labelled.sst2 import sst2_rows
from toolkit.data.labelled.stsb import stsb_rows
from toolkit.data.spec import Dataset
from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.text_streams import text_streams
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

GlueTask = Literal["cola", "mrpc", "rte", "sst2", "stsb"]


def glue_text(
    *,
    root: str | None = None,
    tasks: tuple[GlueTask, ...] = ("cola", "mrpc", "rte", "sst2", "stsb"),
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    validation_fraction: Fraction = 0.02,
    seed: int = 0,
) -> Dataset:
    """Load the training texts of GLUE's tasks as one stream of tokens, to pretrain on.

    An encoder that has read the texts of a task before it learns its labels learns these better
    (Gururangan et al., "Don't Stop Pretraining", ACL 2020, arXiv:2004.10964). A document is a
    sentence, or the two of a pair one after the other; documents are shuffled by the seed. No text
    of a part that scores is read: STS-B's pairs that it shares with MRPC are left out. Of CoLA only
    the acceptable sentences are read, and of SST-2 no phrase that is part of another.

    Args:
        root: Folder of the tasks' files, as ``cola``, ``mrpc``, ``rte``, ``sst2`` and ``stsb`` take
            it; None for the cache folder, where they are downloaded to.
        tasks: Whose texts are read.
        tokenizer: ``whitespace`` (or ``auto``, where no model says otherwise) or ``words``,
            punctuation apart; ``wordpiece``, ``bpe`` and ``sentencepiece`` learn pieces of words
            from the training text; anything else is the name of a tokenizer that there is.
        lower: Whether capital letters become small.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often are read as ``<unk>``.
        validation_fraction: Share of the documents that validates.
        seed: Of the order of the documents.

    Returns:
        Input ``tokens`` and target ``next``; each split holds the whole text, shape ``(tokens,)``
        int32.

    Raises:
        Refused: If no task is named.
    """
    if not tasks:
        raise Refused("data.tasks: empty; expected one at least of cola, mrpc, rte, sst2, stsb.")
    found = [" ".join(texts) for task in tasks for texts in documents(task, root)]
    random.Random(seed).shuffle(found)
    cut = round(validation_fraction * len(found))
    parts = {"valid": found[:cut], "train": found[cut:]}
    name = f"GLUE's texts ({', '.join(tasks)})"
    return text_streams(
        {part: DOCUMENT.join(parts[part]) for part in ("train", "valid") if parts[part]},
        tokenizer,
        usual="whitespace",
        where={part: f"{name}, {part} part" for part in parts},
        lower=lower,
        end_of_line=False,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        notes=[f"{name}: {len(parts['train']):,} documents."],
    )


def documents(task: GlueTask, root: str | None) -> list[list[str]]:
    """Return the texts of a task's training examples."""
    match task:
        case "cola":
            return [[text] for text, label in cola_rows(root)["train"].rows if label == "1"]
        case "sst2":
            return [[text] for text in whole([text for text, _ in sst2_rows(root)["train"].rows])]
        case "mrpc":
            rows = mrpc_rows(root)["train"].rows
        case "rte":
            rows = rte_rows(root)["train"].rows
        case "stsb":
            rows = stsb_rows(root, leave_out=("MSRpar",))["train"].rows
    return [texts for *texts, _ in rows]


def whole(phrases: list[str]) -> list[str]:
    """Return those phrases, in their order, whose words are no part of another, each once."""
    kept, parts = set(), set()
    for words in sorted({tuple(phrase.split()) for phrase in phrases}, key=len, reverse=True):
        if words not in parts:
            kept.add(words)
            ends = range(1, len(words) + 1)
            parts |= {words[start:end] for end in ends for start in range(end)}
    found = dict.fromkeys(phrase for phrase in phrases if tuple(phrase.split()) in kept)
    return list(found)
