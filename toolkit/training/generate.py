"""Text from a trained language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.errors import Refused
from toolkit.lazy import keras, tf
from toolkit.quiet import start_tensorflow
from toolkit.tasks import TASKS
from toolkit.training.console import Reporter
from toolkit.training.run_folder import RunFolder
from toolkit.types import Count, NonNegative, Positive, PositiveInt, Probability


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

    _, trainable, _, (spec, encoder) = reopen(folder, eval_batch_size=n, length=1)
    split = encoder.encode([prompt])
    ids = np.asarray(split.arrays["tokens"][0], "int32") if prompt else np.zeros(0, "int32")
    vocabulary = spec.input.vocabulary or ()
    if len(ids) == 0:
        if prompt.strip():
            raise Refused(f"prompt: nothing in {prompt!r} is in the run's vocabulary.")
        ids = np.array([first_token(vocabulary, encoder)], "int32")
    unknown = vocabulary.index("<unk>") if "<unk>" in vocabulary else None
    sampler = Sampler(trainable.objective, n, temperature, top_k, top_p)
    written = sampler.run(np.tile(ids, (n, 1)), length, seed)
    texts = []
    reporter = Reporter(quiet=quiet)
    for row in written:
        text = encoder.decode([*(ids if prompt else []), *row])
        texts.append(text)
        reporter.say(text)
    if prompt and unknown is not None and (ids == unknown).any():
        reporter.say("(words of the prompt that the run does not know were read as <unk>)")
    return texts


def first_token(vocabulary: Sequence[str], encoder: Any = None) -> int:
    """Return the token after which a text begins: the end of a line, if there is one."""
    if (begin := getattr(encoder, "begin", None)) is not None:
        return begin
    return next((vocabulary.index(w) for w in ("<eos>", "\n") if w in vocabulary), 0)


class Sampler:
    """Draws tokens from a network that carries state.

    Args:
        objective: A language model's, built for one token at a time.
        n: Texts that are drawn side by side.
        temperature: See :func:`generate`; likewise the others.
        top_k: Likewise.
        top_p: Likewise.
    """

    def __init__(
        self,
        objective: keras.Model,
        n: int,
        temperature: float,
        top_k: int | None = None,
        top_p: float | None = None,
    ):
        self.objective, self.temperature = objective, temperature
        self.top_k, self.top_p = top_k, top_p
        self.states = {
            name: tf.zeros((n, variable.shape[-1]))
            for name, variable in zip(objective.state_names, objective.eval_states, strict=True)
        }
        (self.input,) = (t.name for t in objective.network.inputs if t.name not in self.states)
        self.step = tf.function(self._step)

    def run(self, prompt: np.ndarray, length: int, seed: int | None) -> np.ndarray:
        """Return ``(n, length)`` tokens that follow ``(n, prompt length)`` ones."""
        random = np.random.default_rng(seed)
        states = self.states
        for column in prompt.T[:-1]:
            _, states = self.step(tf.constant(column[:, None]), states)
        token, written = prompt[:, -1], []
        for _ in range(length):
            logits, states = self.step(tf.constant(token[:, None].astype("int32")), states)
            token = self.draw(logits.numpy(), random)
            written.append(token)
        return np.stack(written, axis=1)

    def _step(self, token: object, states: dict[str, object]) -> tuple[object, dict[str, object]]:
        hidden, *new = self.objective.network({self.input: token, **states}, training=False)
        layer = self.objective.output_layer
        tied = not isinstance(layer, keras.layers.Dense)
        logits = layer(hidden, reverse=True) if tied else layer(hidden)
        named = dict(zip(states, (tf.cast(s, "float32") for s in new), strict=True))
        return tf.cast(logits[:, -1], "float32"), named

    def draw(self, logits: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return one token for each row of ``(n, vocabulary)`` logits."""
        if self.temperature == 0:
            return logits.argmax(-1)
        return np.array(
            [
                random.choice(len(p), p=p)
                for p in probabilities(logits, self.temperature, self.top_k, self.top_p)
            ]
        )


def probabilities(
    logits: np.ndarray,
    temperature: Positive = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Return the distribution to draw from, shape as ``logits``, float64.

    Args:
        logits: Shape ``(n, vocabulary)``.
        temperature: Divides the logits, above 0.
        top_k: Keeps the k highest.
        top_p: Keeps the fewest of the highest whose probabilities sum to at least this.
    """
    logits = logits.astype("float64") / temperature
    order = np.argsort(-logits, axis=-1, kind="stable")
    ranked = np.take_along_axis(logits, order, -1)
    p = np.exp(ranked - ranked[:, :1])
    p /= p.sum(-1, keepdims=True)
    keep = np.ones_like(p, bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        keep &= np.cumsum(p, -1) - p < max(top_p, 1e-12)
    p = np.where(keep, p, 0.0)
    out = np.zeros_like(p)
    np.put_along_axis(out, order, p / p.sum(-1, keepdims=True), -1)
    return out
