"""Families of bidirectional encoders, and their sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from toolkit.errors import Refused, did_you_mean
from toolkit.registry import Table

Name = Literal["bert", "roberta", "xlm_roberta", "distilbert", "albert", "electra", "deberta"]
Size = Literal["tiny", "mini", "small", "medium", "base", "large"]
Activation = Literal["gelu", "gelu_tanh", "relu"]

SIZES: dict[str, tuple[int, int]] = {
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
    "large": (24, 1024),
}
"""Layers and width by name, as google-research/bert has them (Turc et al., 2019): heads are 64 wide
and the feed-forward layers four times as wide as the features."""


@dataclass(frozen=True)
class Family:
    """What is known of a family before TensorFlow is imported.

    Attributes:
        path: ``module:class`` of KerasHub's backbone.
        model_type: What Hugging Face calls it in ``config.json``.
        converted: Whether KerasHub reads the weights of Hugging Face's folders.
        tokenizer: The kind of tokenizer that it is made for.
        segments: Whether it has an embedding for first and second text.
        offset: Rows of Hugging Face's position embedding that no position uses.
        epsilon: Added to variances by its layer normalizations.
        activation: Of its feed-forward layers.
        dropout: Share that is dropped in training.
        embedding: Width of its token embedding where that is not the width of its features.
        layers: Share of a size's layers that it has.
        layer: What its layers are called, less the number.
        projection: What the layer is called that widens its embeddings (albert, electra).
    """

    path: str
    model_type: str
    converted: bool = True
    tokenizer: Literal["wordpiece", "bpe", "sentencepiece"] = "wordpiece"
    segments: bool = True
    offset: int = 0
    epsilon: float = 1e-12
    activation: Activation = "gelu_tanh"
    dropout: float = 0.1
    embedding: int | None = None
    layers: float = 1.0
    layer: str = "transformer_layer_"
    projection: str = "embeddings_projection"

    @property
    def folder(self) -> str:
        """Name of the folder of KerasHub's sources that holds it."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=XLM)|(?<=\d)(?=[A-Z])", "_", self.class_name)
        return words.lower().removesuffix("_backbone")

    @property
    def class_name(self) -> str:
        """Name of KerasHub's backbone."""
        return self.path.partition(":")[2]


FAMILIES: Table[Family] = Table(
    "family",
    {
        # Devlin et al., 2018, https://arxiv.org/abs/1810.04805
        "bert": Family("keras_hub.models:BertBackbone", "bert"),
        # Liu et al., 2019, https://arxiv.org/abs/1907.11692
        "roberta": Family(
            "keras_hub.models:RobertaBackbone",
            "roberta",
            tokenizer="bpe",
            segments=False,
            offset=2,
            epsilon=1e-5,
            activation="gelu",
        ),
        # Conneau et al., 2019, https://arxiv.org/abs/1911.02116
        "xlm_roberta": Family(
            "keras_hub.models:XLMRobertaBackbone",
            "xlm-roberta",
            tokenizer="sentencepiece",
            segments=False,
            offset=2,
            epsilon=1e-5,
            activation="gelu",
        ),
        # Sanh et al., 2019, https://arxiv.org/abs/1910.01108
        "distilbert": Family(
            "keras_hub.models:DistilBertBackbone",
            "distilbert",
            segments=False,
            activation="gelu",
            layers=0.5,
        ),
        # Lan et al., 2019, https://arxiv.org/abs/1909.11942
        "albert": Family(
            "keras_hub.models:AlbertBackbone",
            "albert",
            tokenizer="sentencepiece",
            dropout=0.0,
            embedding=128,
            layer="group_",
            projection="embedding_projection",
        ),
        # Clark et al., 2020, https://arxiv.org/abs/2003.10555
        "electra": Family("keras_hub.models:ElectraBackbone", "electra", converted=False),
        # He et al., 2021, https://arxiv.org/abs/2111.09543
        "deberta": Family(
            "keras_hub.models:DebertaV3Backbone",
            "deberta-v2",
            converted=False,
            tokenizer="sentencepiece",
            segments=False,
            epsilon=1e-7,
            activation="gelu",
            layer="disentangled_attention_encoder_layer_",
        ),
    },
)


def by_model_type(model_type: str) -> str:
    """Return the family that Hugging Face calls so.

    Raises:
        Refused: If it is none that is supported, or KerasHub has no converter for it; both by name.
    """
    converted = [name for name in FAMILIES if FAMILIES.row(name).converted]
    for name in FAMILIES:
        family = FAMILIES.row(name)
        if family.model_type == model_type:
            if family.converted:
                return name
            raise Refused(
                f"KerasHub has no converter for Hugging Face folders of the family {name} "
                f"(model_type {model_type}); it has for {', '.join(converted)}. Folders in "
                f"KerasHub's own form work for {name} too."
            )
    raise Refused(
        f"a Hugging Face folder of model_type '{model_type}' is no encoder that is supported."
        f"{did_you_mean(model_type, [FAMILIES.row(name).model_type for name in converted])}"
    )


def by_class(class_name: str) -> str:
    """Return the family of a KerasHub backbone.

    Raises:
        Refused: If it is none that is supported.
    """
    classes = {FAMILIES.row(name).class_name: name for name in FAMILIES}
    if class_name in classes:
        return classes[class_name]
    raise Refused(
        f"a KerasHub preset of class {class_name} is no encoder that is supported."
        f"{did_you_mean(class_name, classes)}"
    )
