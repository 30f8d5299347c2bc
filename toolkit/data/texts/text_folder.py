"""Folders of documents, for pretraining on raw text of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.files.finding import read_text
from toolkit.data.files.part_folders import part_folders, refuse_shared, refuse_twice
from toolkit.data.spec import Dataset, Split, carve
from toolkit.data.texts.piece_streams import DOCUMENT
from toolkit.data.texts.text_streams import text_streams
from toolkit.data.texts.tokenization import Unit
from toolkit.errors import Refused
from toolkit.types import Fraction, PositiveInt

ENDINGS = (".txt", ".txt.gz")
"""Ends of the names of files that are read."""
Documents = Literal["file", "blank_line", "line"]
BREAKS: dict[str, str] = {"blank_line": r"\n[ \t]*\n", "line": r"\n"}


def text_folder(
    *,
    root: str | None = None,
    train: str | None = None,
    valid: str | None = None,
    test: str | None = None,
    documents: Documents = "file",
    unit: Unit = "word",
    tokenizer: str = "auto",
    vocabulary_size: PositiveInt | None = None,
    minimum_count: PositiveInt = 1,
    lower: bool = False,
    end_of_line: bool = False,
    encoding: str = "utf-8",
    validation_fraction: Fraction = 0.1,
    seed: int = 0,
) -> Dataset:
    """Load folders of ``.txt`` and ``.txt.gz`` files, searched through, as one stream of tokens.

    Documents stand one after the other in the order of their files' names, with a token between
    them (``end`` with pieces of words, ``<eos>`` with words, a line feed with characters), so that
    a network can learn where they begin.

    Args:
        root: Folder that holds ``train/`` and, where there are any, ``valid/`` and ``test/``; or
            the documents themselves. None where ``train`` names a folder.
        train: The folder that is learned from; None for ``root``'s ``train``, or ``root`` itself.
        valid: The folder that chooses the best epoch; None for ``root``'s ``valid``, ``val``,
            ``dev`` or ``validation``, and where there is none, documents carved from ``train``.
        test: The folder that is reported; None for ``root``'s ``test``, or none.
        documents: Whether each ``file`` is a document, or each stretch between blank lines
            (``blank_line``, as BERT's own input has them), or each ``line``.
        unit: Whether tokens are words or characters; ``character`` needs no tokenizer.
        tokenizer: ``whitespace`` (or ``auto``, where no model says otherwise) or ``words``,
            punctuation apart; ``wordpiece``, ``bpe`` and ``sentencepiece`` learn pieces of words
            from the training text; anything else is the name of a tokenizer that there is.
        vocabulary_size: Most tokens that are known; None for all words, or 8,000 pieces.
        minimum_count: Words that occur less often in training are read as ``<unk>``.
        lower: Whether capital letters become small.
        end_of_line: Whether the end of each line is a token too; else it is a blank.
        encoding: The files' text encoding.
        validation_fraction: Share of the training documents carved for validation where there is no
            such part; of a single document, the end.
        seed: Chooses the documents that are carved.

    Returns:
        Input ``tokens`` and target ``next``; each split holds the whole text, shape ``(tokens,)``
        int32.

    Raises:
        Refused: If a folder is missing, named twice or holds no such file, or a file is in two
            parts or no text in ``encoding``.
    """
    folders = folders_of(root, {"train": train, "valid": valid, "test": test})
    files = {part: files_in(folder) for part, folder in folders.items()}
    refuse_shared(files.values())
    parts = {
        part: [document for path in paths for document in _read(path, encoding, documents)]
        for part, paths in files.items()
    }
    where = {part: str(folder) for part, folder in folders.items()}
    empty = [part for part in parts if not parts[part]]
    if empty:
        raise Refused(
            *(
                f"data.{part}: all files in {where[part]} are empty; expected text."
                for part in empty
            )
        )
    notes = [f"{where[part]}: {len(found):,} {part} documents." for part, found in parts.items()]
    if "valid" not in parts and validation_fraction and len(parts["train"]) > 1:
        rows = Split({"document": np.arange(len(parts["train"]))})
        split = carve(rows, validation_fraction, seed)
        rest, carved = (np.asarray(part.arrays["document"]).tolist() for part in split)
        whole = parts["train"]
        parts["train"], parts["valid"] = [whole[i] for i in rest], [whole[i] for i in carved]
        where["valid"] = where["train"]
        notes.append(
            f"{where['train']}: {len(carved):,} documents chosen by seed {seed} are the validation "
            "part; data.valid names none."
        )
    return text_streams(
        {part: DOCUMENT.join(found) for part, found in parts.items()},
        tokenizer,
        usual="whitespace",
        where=where,
        unit=unit,
        lower=lower,
        end_of_line=end_of_line,
        vocabulary_size=vocabulary_size,
        minimum_count=minimum_count,
        validation_fraction=validation_fraction,
        notes=notes,
    )


def folders_of(root: str | None, given: dict[str, str | None]) -> dict[str, Path]:
    """Return the folder of each part that there is.

    Raises:
        Refused: If one that is named is missing, none is named, or one is named twice.
    """
    which = (
        "data=text_folder: which folder? Give data.train=FOLDER, or data.root=FOLDER with train/ "
        "or .txt files in it."
    )
    folders = part_folders(root, given, which=which, expected="your texts")
    refuse_twice({f"data.{part}": folder for part, folder in folders.items()})
    return folders


def files_in(folder: Path) -> list[Path]:
    """Return the text files in a folder and those within it, in a fixed order.

    Raises:
        Refused: If there is none.
    """
    files = sorted(p for p in folder.rglob("*") if p.name.endswith(ENDINGS) and p.is_file())
    if not files:
        raise Refused(f"'{folder}': no files that end in {' or '.join(ENDINGS)} in it.")
    return files


def _read(path: Path, encoding: str, documents: Documents) -> list[str]:
    """Return the documents of a file that hold anything."""
    text = read_text(path, encoding).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace(DOCUMENT, " ")
    parts = [text] if documents == "file" else re.split(BREAKS[documents], text)
    return [part.strip("\n") for part in parts if part.strip()]
