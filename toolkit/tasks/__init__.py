"""Tasks by name."""

from __future__ import annotations

from toolkit.registry import Table

TASKS: Table[str] = Table(
    "task",
    {
        "language_modelling": "toolkit.tasks.language_modelling:LanguageModelling",
        "masked_language_model": "toolkit.tasks.masked_language_model:MaskedLanguageModel",
        "replaced_token_detection": (
            "toolkit.tasks.replaced_token_detection:ReplacedTokenDetection"
        ),
        "classification": "toolkit.tasks.classification:Classification",
        "regression": "toolkit.tasks.regression:Regression",
        "sentence_similarity": "toolkit.tasks.sentence_similarity:SentenceSimilarity",
        "forecast": "toolkit.tasks.forecast:Forecast",
        "sequence_to_sequence": "toolkit.tasks.sequence_to_sequence:SequenceToSequence",
        "span_qa": "toolkit.tasks.span_qa:SpanQA",
        "token_classification": "toolkit.tasks.token_classification:TokenClassification",
        "reconstruction": "toolkit.tasks.reconstruction:Reconstruction",
        "variational": "toolkit.tasks.variational:Variational",
        "adversarial": "toolkit.tasks.adversarial:Adversarial",
        "sequence_adversarial": "toolkit.tasks.sequence_adversarial:SequenceAdversarial",
        "image_translation": "toolkit.tasks.image_translation:ImageTranslation",
        "style_transfer": "toolkit.tasks.style_transfer:StyleTransfer",
    },
)
