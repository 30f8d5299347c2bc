"""Tasks by name."""

from __future__ import annotations

from toolkit.registry import Table

TASKS: Table[str] = Table(
    "task",
    {
        "language_modelling": "toolkit.tasks.language.language_modelling:LanguageModelling",
        "masked_language_model": "toolkit.tasks.masked.masked_language_model:MaskedLanguageModel",
        "replaced_token_detection": (
            "toolkit.tasks.masked.replaced_token_detection:ReplacedTokenDetection"
        ),
        "classification": "toolkit.tasks.classification:Classification",
        "regression": "toolkit.tasks.regression:Regression",
        "sentence_similarity": "toolkit.tasks.sentence_similarity:SentenceSimilarity",
        "forecast": "toolkit.tasks.forecast:Forecast",
        "sequence_to_sequence": "toolkit.tasks.writing.sequence_to_sequence:SequenceToSequence",
        "span_qa": "toolkit.tasks.answering.span_qa:SpanQA",
        "token_classification": "toolkit.tasks.tagging.token_classification:TokenClassification",
        "reconstruction": "toolkit.tasks.codes.reconstruction:Reconstruction",
        "variational": "toolkit.tasks.codes.variational:Variational",
        "adversarial": "toolkit.tasks.games.adversarial:Adversarial",
        "sequence_adversarial": "toolkit.tasks.games.sequence_adversarial:SequenceAdversarial",
        "image_translation": "toolkit.tasks.games.image_translation:ImageTranslation",
        "style_transfer": "toolkit.tasks.style.style_transfer:StyleTransfer",
    },
)
