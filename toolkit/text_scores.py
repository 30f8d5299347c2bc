"""How near written texts are to references: BLEU and ROUGE as the literature counts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

References = Sequence[Sequence[str]]
"""For each text the versions that are right, at least one."""


def bleu(
    written: Sequence[str],
    references: References,
    *,
    lower: bool = False,
    tokenize: Callable[[str], Sequence[str]] | None = None,
) -> tuple[float, str]:
    """Return the BLEU of a corpus, from 0 to 100, and sacreBLEU's signature of how it was counted.

    Papineni et al., ACL 2002; Post, "A Call for Clarity in Reporting BLEU Scores", 2018,
    arXiv:1804.08771.

    Args:
        written: The texts.
        references: What they should be.
        lower: Whether capital letters count as small ones.
        tokenize: Takes texts apart as a paper did; None leaves it to sacreBLEU (its ``13a``), so
            that figures of different tokenizers can be compared.
    """
    from sacrebleu.metrics import BLEU

    metric = BLEU(lowercase=lower, tokenize="13a" if tokenize is None else "none", force=True)
    if tokenize is not None:
        written = [" ".join(tokenize(text)) for text in written]
        references = [[" ".join(tokenize(text)) for text in versions] for versions in references]
    streams: Any = _streams(references)  # None where a text has fewer versions than others
    score = metric.corpus_score(list(written), streams)
    return float(score.score), str(metric.get_signature())


def rouge(written: Sequence[str], references: References) -> dict[str, float]:
    """Return the mean F-measures of ROUGE-1, ROUGE-2 and ROUGE-L, from 0 to 100.

    Words are stemmed, as Lin's script does with ``-m``. Of several references that with the highest
    score counts, for each measure by itself. The script knows no letters but a to z; where most
    letters of the references are others, words are runs of letters of any kind, Chinese and
    Japanese signs one by one, and are not stemmed.

    Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.

    Args:
        written: The texts.
        references: What they should be.
    """
    from rouge_score.rouge_scorer import RougeScorer

    totals = {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}
    letters = [c for versions in references for text in versions for c in text if c.isalpha()]
    other = 2 * sum(not c.isascii() for c in letters) > len(letters)
    scorer = RougeScorer(list(totals), use_stemmer=True, tokenizer=_AnyWords() if other else None)
    for text, versions in zip(written, references, strict=True):
        found: dict[str, Any] = scorer.score_multi(list(versions), text)
        for name in totals:
            totals[name] += found[name].fmeasure
    return {name: 100 * total / max(len(written), 1) for name, total in totals.items()}


SIGNS = r"\u3040-\u30ff\u3400-\u9fff"
"""Characters that are words: kana and Chinese ones."""


class _AnyWords:
    """Words of any script, as ROUGE's scorer takes them."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text."""
        return re.findall(rf"[{SIGNS}]|[^\W{SIGNS}]+", text.lower())


def _streams(references: References) -> list[list[str | None]]:
    """Return references as sacreBLEU has them: the first of each text, the second, and so on."""
    most = max((len(versions) for versions in references), default=1)
    return [
        [versions[i] if i < len(versions) else None for versions in references] for i in range(most)
    ]
