"""Text from a trained language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.vocabulary import END_OF_LINE, UNKNOWN
from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.tasks import TASKS
from toolkit.training.console import Reporter
from toolkit.training.drawing import Draw
from toolkit.training.run_folder import RunFolder
from toolkit.training.unrolling import Unrolling
from toolkit.types import Count, NonNegative, PositiveInt, Probability


def generate(
    *,
    run: str,
    prompt: str = "",
    length: PositiveInt = 100,
    n: PositiveInt = 1,
    temperature: NonNegative = 1.0,
    top_k: PositiveInt | None = None,
    top_p: Probability | None = None,
    seed: Count | None = None,
    quiet: bool = False,
) -> list[str]:
    """Write texts with a run that is a language model, each a continuation of a prompt.

    The first is printed as it is written, token by token, the others when they are whole. Where a
    network has positions for so many tokens only, and they are used up, it reads the last half of
    them again and goes on from there.

    Args:
        run: Folder of a run of the task language_modelling.
        prompt: Text to continue; empty starts at the beginning of a line.
        length: Tokens to add.
        n: Texts to write.
        temperature: The logits are divided by it: below 1 safer, above 1 bolder; 0 always takes
            the likeliest token.
        top_k: Draw among the k likeliest tokens only (Fan et al. 2018, arXiv:1805.04833).
        top_p: Draw among the likeliest tokens that together have this probability (nucleus
            sampling, Holtzman et al. 2020, arXiv:1904.09751).
        seed: The same seed gives the same texts; None draws anew.
        quiet: Return the texts without printing them.

    Returns:
        The texts, each with its prompt.

    Raises:
        Refused: If the run is no language model, or the prompt has no word that it knows.
    """
    folder = RunFolder.open(run)
    folder.need_model()
    learned = folder.settings()["task"]["name"]
    if learned in TASKS and not getattr(TASKS[learned], "writes", False):
        raise Refused(
            f"run: {folder.path} has learned {learned} and is no language model; "
            f"what it can do: predict run={folder.path} input=…"
        )
    start_tensorflow()
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
    writer = TokenWriter(config["model"], spec, task)
    writer.take(trainable.inference)
    reporter = Reporter(quiet=quiet)
    begun = ids if prompt else ids[:0]
    first = Unrolling(encoder.decode)
    reporter.write(first.add(begun))
    written = []
    draw = Draw(temperature, top_k, top_p, seed)
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
