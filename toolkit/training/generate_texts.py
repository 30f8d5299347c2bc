"""Texts that a language model writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
    unknown = (spec.input.special or {}).get("unknown")
    if unknown is None and UNKNOWN in vocabulary:
        unknown = vocabulary.index(UNKNOWN)
    if prompt and unknown is not None and (ids == unknown).any():
        name = vocabulary[unknown]
        reporter.say(f"(words of the prompt that the run does not know were read as {name})")
    return texts


def first_token(vocabulary: Sequence[str], encoder: Any = None) -> int:
    """Return the token after which a text begins: the end of a line, if there is one."""
    if (begin := getattr(encoder, "begin", None)) is not None:
        return begin
    return next((vocabulary.index(w) for w in (END_OF_LINE, "\n") if w in vocabulary), 0)
