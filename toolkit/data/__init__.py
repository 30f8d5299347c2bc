"""Data sets by name."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.registry import Table


@dataclass(frozen=True)
class Row:
    """A data set's loader and what is known of it before it is loaded.

    Attributes:
        path: ``module:function``.
        kind: Kind of its input; None where an option decides it.
        target: Kind of its target; ``none`` where there is nothing to learn but the input.
        task: The task it is meant for.
        unpaired: Whether its target is no pair with its input, but just another of its sort.
        told: ``module:function`` that gives kind and target from its options, where its files say
            what they are.
    """

    path: str
    kind: str | None
    target: str
    task: str
    unpaired: bool = False
    told: str = ""


def _row(
    module: str,
    kind: str | None,
    target: str,
    task: str,
    function: str = "",
    *,
    unpaired: bool = False,
) -> Row:
    function = function or module.rpartition(".")[2]
    return Row(f"toolkit.data.{module}:{function}", kind, target, task, unpaired)


DATA: Table[Row] = Table(
    "data",
    {
        "python_docs": _row("texts.python_docs", "tokens", "next", "language_modelling"),
        "ptb": _row("texts.ptb", "tokens", "next", "language_modelling"),
        "tiny_shakespeare": _row("texts.tiny_shakespeare", "tokens", "next", "language_modelling"),
        "text": _row("texts.text", "tokens", "next", "language_modelling"),
        "text_folder": _row("texts.text_folder", "tokens", "next", "language_modelling"),
        "task_texts": _row("texts.task_texts", "tokens", "next", "language_modelling"),
        "abc": _row("music.abc_music", "tokens", "next", "language_modelling", "abc"),
        "sst2": _row("labelled.sst2", "tokens", "label", "classification"),
        "cola": _row("labelled.cola", "tokens", "label", "classification"),
        "mrpc": _row("labelled.mrpc", "tokens", "label", "classification"),
        "rte": _row("labelled.rte", "tokens", "label", "classification"),
        "stsb": _row("labelled.stsb", "tokens", "value", "regression"),
        "text_classification": _row(
            "labelled.text_classification", "tokens", "label", "classification"
        ),
        "squad": _row("questions.squad", "tokens", "span", "span_qa"),
        "conll": _row("tagged.conll", "tokens", "tags", "token_classification"),
        "multi30k": _row("translated.multi30k", "tokens", "text", "sequence_to_sequence"),
        "parallel": _row("translated.parallel", "tokens", "text", "sequence_to_sequence"),
        "scitldr": _row("translated.scitldr", "tokens", "text", "sequence_to_sequence"),
        "summaries": _row("translated.summaries", "tokens", "text", "sequence_to_sequence"),
        "digits": _row("images.digits", "image", "label", "classification"),
        "mnist": _row("images.mnist", "image", "label", "classification"),
        "fashion_mnist": _row("images.mnist", "image", "label", "classification", "fashion_mnist"),
        "cifar10": _row("images.cifar10", "image", "label", "classification"),
        "image_folder": _row("images.image_folder", "image", "label", "classification"),
        "unlabelled_images": _row("images.unlabelled_images", "image", "none", "reconstruction"),
        "paired_images": _row("images.paired_images", "image", "picture", "image_translation"),
        "unpaired_images": _row(
            "images.unpaired_images", "image", "picture", "image_translation", unpaired=True
        ),
        "style_pair": _row("images.style_pair", "image", "style", "style_transfer"),
        "camvid": _row("images.camvid", "image", "picture", "image_translation"),
        "etth1": _row("series.etth1", "series", "future", "forecast"),
        "series": _row("series.rows", "series", "future", "forecast", "series"),
        "tabular": _row("tables.tabular", "table", "label", "classification"),
        "synthetic": _row("synthetic", None, "label", "classification"),
        "tfds": _row("tfds", None, "label", "classification"),
        "records": Row(
            "toolkit.data.records.records:records",
            None,
            "",
            "language_modelling",
            told="toolkit.data.records.manifest:facts",
        ),
    },
)
