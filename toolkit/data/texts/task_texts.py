"""The texts of tasks without their labels, for an encoder to read before it learns them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, get_args

from toolkit.data.files.finding import read_text
from toolkit.data.files.sources import locate
from toolkit.data.labelled.cola import cola_rows
from toolkit.data.labelled.mrpc import mrpc_rows
from toolkit.data.labelled.rte import rte_rows
from toolkit.data.labelled.sst2 import sst2_rows
from toolkit.data.labelled.stsb import stsb_rows
from toolkit.data.questions.asked import read_questions
from toolkit.data.spec import Dataset
from toolkit.data.tables.columns import locate_file
from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.text_streams import text_streams
from toolkit.data.translated.parallel_files import read_pairs
from toolkit.data.translated.summary_rows import read_summaries
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

Glue = Literal["cola", "mrpc", "rte", "sst2", "stsb"]
Task = Literal[Glue, "multi30k", "ptb", "scitldr", "squad"]


def task_texts(
    *,
    root: str | None = None,
    tasks: tuple[Task, ...] = get_args(Glue),
    questions: str | None = None,
    tokenizer: str = "auto",
    lower: bool = True,
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    validation_fraction: Fraction = 0.02,
    seed: int = 0,
) -> Dataset:
    """Load the training texts of several tasks as one stream of tokens, to pretrain on.

    An encoder that has read the texts of a task before it learns its labels learns these better
    (Gururangan et al., "Don't Stop Pretraining", ACL 2020, arXiv:2004.10964). A document is a
    sentence, the two of a pair one after the other, a paper's abstract and its summary, or a
    paragraph and the questions about it; documents are shuffled by the seed. No text of a part that
    scores is read: STS-B's pairs that it shares with MRPC are left out. Of CoLA only the acceptable
    sentences are read, of SST-2 no phrase that is part of another, of Multi30k the English side,
    and of the Penn Treebank the sentences that have no ``<unk>`` and no ``N``.

    Args:
        root: Folder of the tasks' files, as the data sets of these names take it; None for the
            cache folder, where they are downloaded to.
        tasks: Whose texts are read. GLUE's are small; the others make them more.
        questions: File of SQuAD's questions, in SQuAD's form; None for the training part of 1.1.
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
        Refused: If no task is named, or a file that none of them reads.
    """
    if not tasks:
        raise Refused(f"data.tasks: empty; expected one at least of {', '.join(get_args(Task))}.")
    if questions is not None and "squad" not in tasks:
        raise Refused(f"data.questions: {questions}, but data.tasks does not name squad.")
    found = [" ".join(texts) for task in tasks for texts in documents(task, root, questions)]
    random.Random(seed).shuffle(found)
    cut = round(validation_fraction * len(found))
    parts = {"valid": found[:cut], "train": found[cut:]}
    name = f"texts of {', '.join(tasks)}"
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


def documents(
    task: Task, root: str | None, questions: str | None = None
) -> Sequence[Sequence[str]]:
    """Return the texts of a task's training examples; see :func:`task_texts`."""
    match task:
        case "cola":
            return [[text] for text, label in cola_rows(root)["train"].rows if label == "1"]
        case "sst2":
            return [[text] for text in whole([text for text, _ in sst2_rows(root)["train"].rows])]
        case "multi30k":
            found = locate("multi30k", root)
            pairs = read_pairs([found["train.en"], found["train.de"]], "en", "de")
            return [[text] for text in pairs.texts]
        case "ptb":
            lines = read_text(locate("ptb", root)["ptb.train.txt"]).splitlines()
            return [[line.strip()] for line in lines if not {"<unk>", "N"} & set(line.split())]
        case "scitldr":
            papers = read_summaries(locate("scitldr", root)["train.jsonl"], "source", "target")
            each = zip(papers.texts, papers.references, strict=True)
            return [[text, *summaries] for text, summaries in each]
        case "squad":
            return paragraphs(root, questions)
        case "mrpc":
            rows = mrpc_rows(root)["train"].rows
        case "rte":
            rows = rte_rows(root)["train"].rows
        case "stsb":
            rows = stsb_rows(root, leave_out=("MSRpar",))["train"].rows
    return [texts for *texts, _ in rows]


def paragraphs(root: str | None, file: str | None) -> Sequence[Sequence[str]]:
    """Return SQuAD's paragraphs, each with the questions about it."""
    if file is None:
        path = locate("squad", root)["train-v1.1.json"]
    else:
        path = locate_file(file, root, "data.questions", "squad")
    reading = read_questions(path)
    texts = [[context] for context in reading.contexts]
    for question in reading.questions:
        texts[question.context].append(question.text)
    return texts


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
