"""Telling how alike two texts are by the angle between a vector of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from toolkit.data.spec import Field, Spec
from toolkit.errors import Refused
from toolkit.lazy import keras
from toolkit.tasks.apart import apart, together
from toolkit.tasks.part import Part
from toolkit.tasks.pooling import Pooling, to_vector
from toolkit.tasks.regression import Loss, Regression

SHARPNESS = 20.0
"""How much of the order a difference of cosines decides in ``ranking``: that of CoSENT, and of the
softmax over cosines that sentence encoders are pretrained with."""


class SentenceSimilarity(Regression):
    """Learn vectors of texts that lie the closer the more alike the texts are.

    A network reads each text of a pair by itself, and the cosine of the angle between the two
    vectors is the prediction (Sentence-BERT: Reimers and Gurevych, EMNLP 2019, arXiv:1908.10084).
    So texts can be compared that were never read together: ``encoder.keras`` gives a text's vector,
    and ``predict embed=true`` writes those of many. Beside a ``regression``, which reads both texts
    at once, it is quick on many pairs.

    Args:
        pooling: How the positions of a text become its vector; see ``toolkit.tasks.pooling``. The
            mean over them served best in the paper.
        lowest: The value of two texts whose vectors are at right angles.
        highest: The value of two texts whose vectors point the same way. Both are STS-B's.
        loss: ``mse``, ``mae`` or ``huber``, of standardised values; or ``ranking``, which asks only
            that of two pairs of a batch the more alike one has the higher cosine
            (``toolkit.losses.ranking``, of cosines times 20). The values themselves are not
            learned, so that ``rmse`` and ``mae`` say little. It compares a whole batch, which
            therefore cannot be cut into parts.
    """

    inputs: ClassVar = frozenset({"tokens"})
    needs: ClassVar = "sequence"
    single: ClassVar = True  # embed reads one text a row

    def __init__(
        self,
        *,
        pooling: Pooling = "mean",
        lowest: float = 0.0,
        highest: float = 5.0,
        loss: Literal[Loss, "ranking"] = "mse",
    ):
        super().__init__(pooling=pooling, loss="mse" if loss == "ranking" else loss)
        if not lowest < highest:
            raise Refused(
                f"task.highest: {highest:g} is not above task.lowest={lowest:g}; expected the "
                "value of equal texts above that of texts with nothing in common."
            )
        self.lowest, self.highest = lowest, highest
        self.whole_batches = loss == "ranking"  # compares all pairs of a batch

    def shaped(self, spec: Spec) -> Spec:
        """Return the spec as it is, if it has pairs of texts that can be told apart."""
        field, values = spec.input, spec.target.shape
        if field.names is None:
            raise Refused(
                "task=sentence_similarity compares two texts, and the data has single "
                "texts; expected data with pairs: stsb, or text_classification with "
                "data.text_pair_column."
            )
        if not {"start", "end"} <= (field.special or {}).keys():
            raise Refused(
                "task=sentence_similarity needs a tokenizer that marks where texts begin and end; "
                "expected data.tokenizer=wordpiece, bpe, sentencepiece, or a preset's."
            )
        if values not in ((), (1,)):
            raise Refused(
                f"task=sentence_similarity learns one value of a pair; the data has {values[0]}."
            )
        return spec

    def assemble(self, model: Mapping[str, Any], spec: Spec, sizes: Any) -> Any:
        """Return the networks; see ``toolkit.tasks.built``."""
        from toolkit.models.network import build_network
        from toolkit.tasks.built import Built, description, saved
        from toolkit.tasks.objective import Objective

        inputs, features = build_network(spec.inputs, **description(model), rows=apart)
        vectors = to_vector(features, self.pooling)
        values = self.compared(vectors)
        self.bind(spec.target)
        network = keras.Model(inputs, values, name="network")
        return Built(
            Objective(network, self, spec.target, accumulate=sizes.accumulate),
            saved(model, inputs, values),
            features.stages,
            beside={"encoder": keras.Model(features.rows, vectors, name="encoder")},
        )

    def loss(self, y: Any, outputs: Any) -> Any:
        """Return each pair's loss, shape ``(batch,)``; see ``Regression``."""
        if not self.whole_batches:
            return super().loss(y, outputs)
        from toolkit.losses import ranking

        values, true = (keras.ops.reshape(tensor, (-1,)) for tensor in (outputs, y))
        return ranking(true, values * (SHARPNESS / (self.highest - self.lowest)))

    def compared(self, vectors: Any) -> Any:
        """Return the value of each pair, shape ``(batch, 1)``, float32.

        Args:
            vectors: Of all texts, as :func:`toolkit.tasks.apart.apart` puts them.
        """
        first, second = together(keras.ops.cast(vectors, "float32"))
        unit = [keras.ops.normalize(side, axis=-1) for side in (first, second)]
        cosine = keras.ops.sum(unit[0] * unit[1], axis=-1, keepdims=True)
        return self.lowest + (self.highest - self.lowest) * cosine

    def saved_parts(self, spec: Spec, encoder: Any) -> dict[str, Part]:
        """Return what compares pairs, and what reads one text; see ``toolkit.tasks.part``."""
        text = {name: replace(field, names=None) for name, field in spec.inputs.items()}
        vector = {"embedding": Field("code", ())}  # its width is the network's to tell
        return {
            "network": Part(spec, encoder),
            "encoder": Part(Spec(text, vector), encoder, "encoder"),
        }
