"""What all streams of tokens have in common: a validation part, and enough in each part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toolkit.errors import Refused

FEWEST = 4
"""Tokens below which a text is nothing to learn from."""


def refuse_empty(texts: Mapping[str, str], where: Mapping[str, str]) -> None:
    """Refuse parts in which nothing stands.

    Args:
        texts: The text of each part.
        where: The file of each part.
    """
    empty = [part for part in texts if not texts[part].strip()]
    if empty:
        raise Refused(*(f"data.{part}: {where[part]} is empty; expected text." for part in empty))


def with_validation(
    ids: Mapping[str, np.ndarray], where: Mapping[str, str], fraction: float
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Cut a validation part from the end of training where there is none.

    Args:
        ids: The tokens of each part.
        where: The file of each part.
        fraction: Share of the training tokens that is cut off.

    Returns:
        The tokens of each part, ``valid`` among them, and what is to be said of it.

    Raises:
        Refused: If a part is too short.
    """
    ids, notes = dict(ids), []
    if "valid" not in ids:
        total = len(ids["train"])
        cut = total - max(round(total * fraction), FEWEST)
        if not fraction:
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
    return ids, notes


def _too_short(part: str, where: str, tokens: int, carved: bool) -> str:
    tokens_text = f"{tokens} token{'' if tokens == 1 else 's'}"
    if carved:
        return f"data.{part}: {where} has only {tokens_text}; expected at least {FEWEST}."
    return (
        f"data.{part}: {where} has only {tokens_text}, too few to learn from and to cut a "
        f"validation part from (at least {2 * FEWEST}); give a longer text."
    )
