"""Texts that a language model writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.labelled.text_encoder import TextEncoder
from toolkit.data.spec import Spec
from toolkit.data.texts.vocabulary import END_OF_LINE, UNKNOWN
from toolkit.errors import Refused
from toolkit.training.console import Reporter
from toolkit.training.drawing import Draw
from toolkit.training.run_folder import RunFolder
from toolkit.training.unrolling import Unrolling


def generate_texts(
    folder: RunFolder,
    prompt: str,
    length: int,
    n: int,
    draw: Draw,
    quiet: bool,
) -> list[str]:
    """Return texts that continue a prompt, and print them; see ``toolkit.training.generate``.

    Args:
        folder: A run of the task language_modelling, or of sequence_adversarial, which writes each
            text from noise of its own.
        prompt: Text to continue.
        length: Tokens to add.
        n: Texts to write.
        draw: Chooses the tokens.
        quiet: Whether nothing is printed.

    Raises:
        Refused: If the prompt has no word that the run knows.
    """
    from toolkit.training.noise_writer import NoiseWriter
    from toolkit.training.reopen import reopen
    from toolkit.training.token_writer import TokenWriter

    config, trainable, task, (spec, encoder) = reopen(folder)
    if encoder is None:
        raise Refused(
            f"run: {folder.path}: its data has no encoder that turns a prompt into tokens, and "
            "tokens into text; give the data set one (Dataset.encoder)."
        )
    split = encoder.encode([prompt])
    ids = np.asarray(split.arrays["tokens"][0], "int32") if prompt else np.zeros(0, "int32")
    vocabulary = spec.input.vocabulary or ()
    if len(ids) == 0:
        if prompt.strip():
            raise Refused(f"prompt: nothing in {prompt!r} is in the run's vocabulary.")
        ids = np.array([first_token(vocabulary, encoder)], "int32")
    writer: TokenWriter | NoiseWriter
    if hasattr(trainable.objective, "begun"):
        writer = NoiseWriter(trainable.objective, draw.random)
    else:
        writer = TokenWriter(config["model"], spec, task)
        writer.take(trainable.inference)
    reporter = Reporter(quiet=quiet)
    begun = ids if prompt else ids[:0]
    first = Unrolling(encoder.decode)
    reporter.write(first.add(begun))
    written = []
    for tokens in writer.write(np.tile(ids, (n, 1)), length, draw):
        written.append(tokens)
        reporter.write(first.add(tokens[:1]))
    reporter.write(first.rest() + "\n")
    texts = [encoder.decode([*begun, *row]) for row in np.stack(written, axis=1)]
    for text in texts[1:]:
        reporter.say(text)
    if prompt and (note := not_known(prompt, ids, spec, encoder)) is not None:
        reporter.say(note)
    return texts


def not_known(prompt: str, ids: np.ndarray, spec: Spec, encoder: Any) -> str | None:
    """Return the sentence that says what of a prompt a run does not know; None where it knows all.

    Args:
        prompt: The text.
        ids: Its ids.
        spec: The run's; where it has a token for what is not known, that is read.
        encoder: The run's; where there is no such token, what it splits off is left out.
    """
    vocabulary = spec.input.vocabulary or ()
    unknown = (spec.input.special or {}).get("unknown")
    if unknown is None and UNKNOWN in vocabulary:
        unknown = vocabulary.index(UNKNOWN)
    if unknown is not None:
        if not (ids == unknown).any():
            return None
        return (
            f"(words of the prompt that the run does not know were read as {vocabulary[unknown]})"
        )
    tokens = encoder.split(prompt) if isinstance(encoder, TextEncoder) else []
    if lost := sorted(set(tokens) - set(vocabulary)):
        shown = " ".join(map(repr, lost))
        return f"(left out of the prompt, which the run does not know: {shown})"
    return None


def first_token(vocabulary: Sequence[str], encoder: Any = None) -> int:
    """Return the token after which a text begins: the end of a line, if there is one."""
    if (begin := getattr(encoder, "begin", None)) is not None:
        return begin
    return next((vocabulary.index(w) for w in (END_OF_LINE, "\n") if w in vocabulary), 0)
