"""Keras's optimizers as functions, with Keras's own argument names and defaults.

Each function's keyword-only parameters are its options. The options that all optimizers share are
written once, in :func:`common`, and joined to each signature. A function returns an
:class:`Update`; tests hold the signatures to Keras's.
"""

# No `from __future__ import annotations`: the joined signatures need the types themselves.
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.schedules import Plateau
from toolkit.training.one_pass import OnePass
from toolkit.training.schedule_free import ScheduleFree
from toolkit.training.transfer.optimizer import OwnRates
from toolkit.types import (
    Count,
    Fraction,
    NonNegative,
    Pattern,
    Positive,
    PositiveInt,
    Probability,
)

Share = Annotated[float, Field(gt=0, le=1)]
"""A number above 0, up to 1."""


@dataclass(frozen=True)
class Update:
    """How a batch's gradients change the weights.

    Attributes:
        optimizer: The Keras optimizer.
        accumulate: Parts that a batch is cut into, whose gradients are summed before the update.
            Keras's own accumulation fails under distribution strategies, so the training step does
            it.
        plateau: How the learning rate follows the validation's score; None where it does not.
        layer_decay: Factor of the learning rate from each layer to the one below it.
        learning_rates: Factors of the learning rate by patterns of layers.
        undecayed: Patterns of the names of weights that do not decay.
        beside_muon: Patterns of the paths of weights that Muon leaves to AdamW.
    """

    optimizer: Any
    accumulate: int = 1
    plateau: Plateau | None = None
    layer_decay: float = 1.0
    learning_rates: Mapping[str, float] | None = None
    undecayed: Sequence[str] = ()
    beside_muon: Sequence[str] = ()


def common(
    *,
    clipnorm: Positive | None = None,
    clipvalue: Positive | None = None,
    global_clipnorm: Positive | None = None,
    use_ema: bool = False,
    ema_momentum: Probability = 0.99,
    ema_overwrite_frequency: PositiveInt | None = None,
    loss_scale_factor: Positive | None = None,
    gradient_accumulation_steps: PositiveInt | None = None,
    exclude_from_weight_decay: list[Pattern] | None = None,
    layer_decay: Share = 1.0,
    learning_rates: dict[str, NonNegative] | None = None,
) -> None:
    """Options of every optimizer.

    Args:
        clipnorm: Highest norm of each weight's gradient; null: no bound.
        clipvalue: Highest size of each number in a gradient; null: no bound.
        global_clipnorm: Highest norm of all gradients together; null: no bound.
        use_ema: Whether to keep a moving average of the weights, which is what is scored and saved.
        ema_momentum: What the average keeps of itself at each step.
        ema_overwrite_frequency: Steps after which the weights become the average; null: never in
            training.
        loss_scale_factor: What the loss is multiplied by for the gradient's sake; null: nothing, or
            a dynamic scale in mixed_float16.
        gradient_accumulation_steps: Parts that a batch is cut into, whose gradients are summed
            before one update, in less memory. The numbers are those of the batch in one, but where
            there is batch norm, whose statistics are each part's own, and dropout draws other
            units. null: the batch in one.
        exclude_from_weight_decay: Patterns (regular expressions) of the names of weights that do
            not decay, such as ``[bias, gamma, beta]``; null: all decay. One that fits no weight is
            refused, but for these, ``kernel`` and ``embeddings``, which not every network has.
        layer_decay: Factor of the learning rate (and of weight decay) from each layer to the one
            below it, as fine-tuning has it (Clark et al. 2020: 0.8); all of a Transformer layer is
            one. 1: the same for all.
        learning_rates: Factors of the learning rate by layers, named as in ``model.freeze``, such
            as ``{stem: 0.1, head: 10}``; they come on top of ``layer_decay``. null: none. Networks
            beside the one that is saved as ``model.keras``, such as a discriminator, keep the rate.
    """


def _with_common(own: Callable[..., str]) -> Callable[..., Update]:
    """Turn a function that names a Keras class into one that makes the optimizer."""
    shared = inspect.signature(common).parameters
    signature = inspect.signature(own)
    both = {**signature.parameters, **shared}
    rest = (inspect.getdoc(common) or "").partition("Args:\n")[2]

    @functools.wraps(own)
    def make(**options: Any) -> Update:
        signature_of_both.bind(**options)
        chosen = {name: p.default for name, p in both.items()} | options
        for name, value in chosen.items():  # Keras wants floats where it has floats
            if type(value) is int and isinstance(both[name].default, float):
                chosen[name] = float(value)
        return _make(own(), chosen)

    signature_of_both = signature.replace(parameters=list(both.values()), return_annotation=Update)
    make.__signature__ = signature_of_both  # type: ignore[attr-defined]
    make.__annotations__ = {n: p.annotation for n, p in both.items()} | {"return": Update}
    make.__doc__ = f"{(inspect.getdoc(own) or '').rstrip()}\n{rest}"
    del make.__wrapped__
    return make


def contradictions(options: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each pair of options that exclude each other; needs no TensorFlow."""
    clips = [k for k in ("clipnorm", "clipvalue", "global_clipnorm") if options.get(k) is not None]
    if len(clips) < 2:
        return []
    return [f"{' and '.join(clips)} exclude each other; set one, and null the others."]


def _make(kind: str, options: dict[str, Any]) -> Update:
    """Return the optimizer of a Keras class with options that are complete."""
    if faults := contradictions(options):
        raise Refused(*(f"optimizer: {fault}" for fault in faults))
    if kind == "ScheduleFreeAdamW" and options["use_ema"]:
        raise Refused("optimizer.use_ema: schedule_free_adamw averages by itself; leave it out.")
    accumulate = options.pop("gradient_accumulation_steps") or 1
    undecayed = options.pop("exclude_from_weight_decay") or ()
    decay, rates = options.pop("layer_decay"), options.pop("learning_rates")
    bases = [getattr(keras.optimizers, kind)]
    if kind in ("Adam", "AdamW"):
        bases.insert(0, OnePass)
    if kind == "ScheduleFreeAdamW":
        bases.insert(0, ScheduleFree)
    if decay != 1.0 or rates:
        bases.insert(0, OwnRates)
    made = type(kind, tuple(bases), {}) if bases[1:] else bases[0]
    optimizer = made(**options)
    if undecayed:
        optimizer.exclude_from_weight_decay(var_names=list(undecayed))
    return Update(
        optimizer,
        accumulate,
        layer_decay=decay,
        learning_rates=rates,
        undecayed=undecayed,
        beside_muon=options.get("exclude_layers") or (),
    )


@_with_common
def sgd(
    *,
    learning_rate: Positive = 0.01,
    momentum: Probability = 0.0,
    nesterov: bool = False,
    weight_decay: NonNegative | None = None,
) -> str:
    """Stochastic gradient descent, with momentum if wanted.

    Args:
        learning_rate: Size of a step.
        momentum: What a step keeps of the one before it.
        nesterov: Whether to look ahead along the momentum (Sutskever et al. 2013).
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "SGD"


@_with_common
def rmsprop(
    *,
    learning_rate: Positive = 0.001,
    rho: Fraction = 0.9,
    momentum: Fraction = 0.0,
    epsilon: Positive = 1e-7,
    centered: bool = False,
    weight_decay: NonNegative | None = None,
) -> str:
    """Steps divided by a running root mean square of the gradient (Hinton 2012).

    Args:
        learning_rate: Size of a step.
        rho: What the mean square keeps of itself at each step.
        momentum: What a step keeps of the one before it.
        epsilon: Added to the root, against division by zero.
        centered: Whether to divide by the gradient's deviation from its mean instead.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "RMSprop"


@_with_common
def adam(
    *,
    learning_rate: Positive = 0.001,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-7,
    amsgrad: bool = False,
    weight_decay: NonNegative | None = None,
) -> str:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980).

    Args:
        learning_rate: Size of a step.
        beta_1: What the gradient's running mean keeps of itself at each step.
        beta_2: What its running mean square keeps.
        epsilon: Added to the root of the mean square, against division by zero.
        amsgrad: Whether to divide by the largest mean square so far (Reddi et al. 2018).
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Adam"


@_with_common
def adamw(
    *,
    learning_rate: Positive = 0.001,
    weight_decay: NonNegative = 0.004,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-7,
    amsgrad: bool = False,
) -> str:
    """Adam with weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101).

    Args:
        learning_rate: Size of a step.
        weight_decay: Share of each weight taken off, times the learning rate.
        beta_1: What the gradient's running mean keeps of itself at each step.
        beta_2: What its running mean square keeps.
        epsilon: Added to the root of the mean square, against division by zero.
        amsgrad: Whether to divide by the largest mean square so far (Reddi et al. 2018).
    """
    return "AdamW"


@_with_common
def nadam(
    *,
    learning_rate: Positive = 0.001,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative | None = None,
) -> str:
    """Adam with Nesterov momentum (Dozat 2016).

    Args:
        learning_rate: Size of a step.
        beta_1: What the gradient's running mean keeps of itself at each step.
        beta_2: What its running mean square keeps.
        epsilon: Added to the root of the mean square, against division by zero.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Nadam"


@_with_common
def adamax(
    *,
    learning_rate: Positive = 0.001,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative | None = None,
) -> str:
    """Adam with the largest gradient in place of the mean square (Kingma and Ba 2015).

    Args:
        learning_rate: Size of a step.
        beta_1: What the gradient's running mean keeps of itself at each step.
        beta_2: What the running maximum keeps of itself.
        epsilon: Added to the maximum, against division by zero.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Adamax"


@_with_common
def adagrad(
    *,
    learning_rate: Positive = 0.001,
    initial_accumulator_value: NonNegative = 0.1,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative | None = None,
) -> str:
    """Steps divided by the root of all squared gradients so far (Duchi et al. 2011).

    Args:
        learning_rate: Size of a step.
        initial_accumulator_value: What the sum of squares starts from.
        epsilon: Added to the root, against division by zero.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Adagrad"


@_with_common
def adadelta(
    *,
    learning_rate: Positive = 0.001,
    rho: Fraction = 0.95,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative | None = None,
) -> str:
    """Steps scaled by running means of squared steps and gradients (Zeiler 2012, arXiv:1212.5701).

    Args:
        learning_rate: Size of a step; the paper's is 1.0.
        rho: What the means keep of themselves at each step.
        epsilon: Added to both means.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Adadelta"


@_with_common
def adafactor(
    *,
    learning_rate: Positive = 0.001,
    beta_2_decay: float = -0.8,
    epsilon_1: Positive = 1e-18,
    epsilon_2: Positive = 1e-3,
    clip_threshold: Positive = 1.0,
    relative_step: bool = True,
    weight_decay: NonNegative | None = None,
) -> str:
    """Mean squares held by rows and columns, in little memory (Shazeer and Stern 2018).

    Args:
        learning_rate: Size of a step.
        beta_2_decay: Power of the step's number by which the mean square forgets.
        epsilon_1: Added to squared gradients. Where inputs and units are dead, its square is what a
            step is divided by; that of the paper's and Keras's 1e-30 is 0 in float32.
        epsilon_2: Lowest scale of a weight.
        clip_threshold: Highest root mean square of an update.
        relative_step: Whether the learning rate falls as one over the root of the step's number.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Adafactor"


@_with_common
def ftrl(
    *,
    learning_rate: Positive = 0.001,
    learning_rate_power: Annotated[float, Field(le=0)] = -0.5,
    initial_accumulator_value: NonNegative = 0.1,
    l1_regularization_strength: NonNegative = 0.0,
    l2_regularization_strength: NonNegative = 0.0,
    l2_shrinkage_regularization_strength: NonNegative = 0.0,
    beta: NonNegative = 0.0,
    weight_decay: NonNegative | None = None,
) -> str:
    """Follow the regularized leader, for wide and sparse models (McMahan et al. 2013).

    Args:
        learning_rate: Size of a step.
        learning_rate_power: Power of the sum of squares by which steps shrink; at most 0.
        initial_accumulator_value: What the sum of squares starts from.
        l1_regularization_strength: Pull towards exact zeros.
        l2_regularization_strength: Pull towards small weights.
        l2_shrinkage_regularization_strength: The same, within the loss's gradient only.
        beta: Added to the root, as in the paper.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Ftrl"


@_with_common
def lamb(
    *,
    learning_rate: Positive = 0.001,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative | None = None,
) -> str:
    """Adam with steps scaled to each layer's weights, for large batches (You et al. 2020).

    Args:
        learning_rate: Size of a step.
        beta_1: What the gradient's running mean keeps of itself at each step.
        beta_2: What its running mean square keeps.
        epsilon: Added to the root of the mean square, against division by zero.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Lamb"


@_with_common
def lion(
    *,
    learning_rate: Positive = 0.001,
    beta_1: Annotated[float, Field(gt=0, lt=1)] = 0.9,
    beta_2: Fraction = 0.99,
    weight_decay: NonNegative | None = None,
) -> str:
    """The sign of a running mean of the gradient (Chen et al. 2023, arXiv:2302.06675).

    It wants a learning rate 3 to 10 times smaller than Adam's, and so much more weight decay.

    Args:
        learning_rate: Size of a step.
        beta_1: What a step keeps of the mean against the present gradient.
        beta_2: What the mean keeps of itself at each step.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "Lion"


@_with_common
def muon(
    *,
    learning_rate: Positive = 0.001,
    adam_beta_1: Fraction = 0.9,
    adam_beta_2: Fraction = 0.999,
    adam_weight_decay: NonNegative = 0.004,
    epsilon: Positive = 1e-7,
    weight_decay: NonNegative = 0.004,
    exclude_layers: list[Pattern] | None = None,
    exclude_embeddings: bool = True,
    muon_a: float = 3.4445,
    muon_b: float = -4.775,
    muon_c: float = 2.0315,
    adam_lr_ratio: Positive = 1.0,
    momentum: Fraction = 0.95,
    ns_steps: PositiveInt = 5,
    nesterov: bool = True,
    rms_rate: Positive | None = 0.2,
) -> str:
    """Orthogonal steps for matrices, AdamW for all else (Jordan et al. 2024, arXiv:2502.16982).

    Args:
        learning_rate: Size of a step.
        adam_beta_1: AdamW's: what the gradient's running mean keeps of itself at each step.
        adam_beta_2: AdamW's: what its running mean square keeps.
        adam_weight_decay: AdamW's: share of each weight taken off, times the learning rate.
        epsilon: AdamW's: added to the root of the mean square, against division by zero.
        weight_decay: Share of each matrix taken off, times the learning rate.
        exclude_layers: Patterns (regular expressions) of the names of layers that AdamW updates,
            the output layer usually: ``[head]``; null: none.
        exclude_embeddings: Whether AdamW updates embeddings.
        muon_a: First coefficient of the Newton-Schulz iteration.
        muon_b: Second coefficient.
        muon_c: Third coefficient.
        adam_lr_ratio: AdamW's learning rate over this one.
        momentum: What a step keeps of the one before it.
        ns_steps: Newton-Schulz iterations in a step.
        nesterov: Whether to look ahead along the momentum.
        rms_rate: Root mean square that a step is scaled to, so that AdamW's learning rates serve;
            null: not scaled.
    """
    return "Muon"


@_with_common
def schedule_free_adamw(
    *,
    learning_rate: Positive = 0.0025,
    beta_1: Fraction = 0.9,
    beta_2: Fraction = 0.999,
    epsilon: Positive = 1e-8,
    warmup_steps: Count = 0,
    weight_decay: NonNegative | None = None,
) -> str:
    """AdamW that averages weights and needs no schedule (Defazio et al. 2024, arXiv:2405.15682).

    The average is what is scored and saved. Keras 3.15 has this optimizer with a fault; see
    ``toolkit.training.schedule_free``.

    Args:
        learning_rate: Size of a step; leave the schedule constant.
        beta_1: Share of the average in the point at which gradients are taken.
        beta_2: What the gradient's running mean square keeps of itself at each step.
        epsilon: Added to the root of the mean square, against division by zero.
        warmup_steps: Steps in which the rate rises from zero.
        weight_decay: Share of each weight taken off, times the learning rate; null: none.
    """
    return "ScheduleFreeAdamW"
