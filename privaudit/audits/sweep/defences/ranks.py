"""What the models of one defence know of their secrets, read from their logits on the fillings.

The attack is the enumeration of all fillings by their margin, which no search can beat. Where they are too
many, a uniform sample stands for all, which gives a rank but no answer to compare with the secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log2
from typing import Literal

import numpy as np

from privaudit.attacks.extraction.enumeration import tie_range
from privaudit.attacks.extraction.ranking import Margins, Pool
from privaudit.audits.sweep.defences.variants import Variant
from privaudit.data.canaries.template import numbered
from privaudit.results import nothing
from privaudit.results.from_stats import CONFIDENCE, reported, reported_mean
from privaudit.results.sweep import MeanOverModels, SweepDefence, SweepFinding
from privaudit.stats.exposure import match_rate
from privaudit.stats.over_models import combined_p_value
from privaudit.targets.interface import Floats, Ints
from privaudit.training.references.plan import Singles

MARGIN_BITS = 1.0
"""A defence that leaves less than this has removed the risk: one bit is a guess that hits twice as often."""


@dataclass(frozen=True, eq=False)
class ScoredTexts:
    """What every model of a sweep is asked: the fillings, then the held-out records."""

    pool: Pool
    """The fillings: all of them by number, or a sample and then the secrets. Secret i is that of model i."""
    label: int
    """Class index of the canary."""
    holdout_label: Ints
    """``[h]`` class indices of the held-out records."""

    @property
    def fillings(self) -> Ints:
        """``[F, S]`` in the order in which they are asked."""
        return self.pool.asked

    @property
    def n_ranked(self) -> int:
        """Fillings among which a secret is ranked, itself included."""
        return self.pool.template.n_fillings if self.pool.sample is None else len(self.pool.sample) + 1

    @property
    def ceiling(self) -> float:
        """Exposure of rank 1, in bits."""
        return log2(self.n_ranked)

    def margins(self, logits: Singles) -> Margins:
        """Of the fillings, from the logits of all texts."""
        return self.pool.read(logits[: len(logits) - len(self.holdout_label)].astype(np.float64), self.label)

    def ranks(self, margins: Margins) -> list[int]:
        """Rank of every secret; what ties with it stands before it."""
        return [self.pool.rank(margins, secret).rank for secret in range(len(self.pool.secrets))]

    def hamming(self, margins: Margins, model: int) -> float:
        """Share of the slots in which the favourite differs from the model's secret, mean over ties.

        NaN where only a sample was asked, whose favourite is not that of all.
        """
        if not self.pool.exact:
            return np.nan
        best = np.flatnonzero(margins.pool >= tie_range(float(margins.pool.max()))[0])
        favourites = numbered(self.pool.template, best)
        return float((favourites != self.pool.secrets[model]).mean())

    def accuracy(self, logits: Singles) -> float:
        """Share of the held-out records that are classified correctly."""
        chosen = logits[len(logits) - len(self.holdout_label) :].argmax(axis=1)
        return float((chosen == self.holdout_label).mean())


@dataclass(frozen=True, eq=False)
class RankedSecrets:
    """The models of one defence."""

    ranks: Ints
    """``[M]`` of each model's own secret."""
    control_ranks: Ints
    """``[J, M]`` of the same secrets under each control."""
    hamming: Floats
    """``[M]``; NaN where only a sample was asked."""
    accuracy: Floats
    """``[M]``."""


def rank_secrets(planted: Iterable[Singles], clean: Iterable[Singles], texts: ScoredTexts) -> RankedSecrets:
    """Rank the secrets of M planted models, under those and under J controls.

    Args:
        planted: logits ``[F + h, C]`` of model 0, 1, …
        clean: the same of the controls.
        texts: what the rows are.
    """
    ranks, hamming, accuracy = [], [], []
    for model, logits in enumerate(planted):
        margins = texts.margins(logits)
        ranks.append(texts.ranks(margins)[model])
        hamming.append(texts.hamming(margins, model))
        accuracy.append(texts.accuracy(logits))
    controls = [texts.ranks(texts.margins(logits)) for logits in clean]
    return RankedSecrets(
        np.array(ranks, dtype=np.int64),
        np.array(controls, dtype=np.int64).reshape(len(controls), len(ranks)),
        np.array(hamming),
        np.array(accuracy),
    )


def describe_defence(
    variant: Variant, found: RankedSecrets, texts: ScoredTexts, seconds: float
) -> SweepDefence:
    """The numbers of one defence, all models being there.

    The controls saw no secret, so given them the secrets' ranks are independent and uniform: Student's
    interval over the secrets needs no allowance for the few controls that all secrets share.
    """
    m, exact = len(found.ranks), int((found.ranks == 1).sum())
    exposure = texts.ceiling - np.log2(found.ranks)
    control = (
        (texts.ceiling - np.log2(found.control_ranks)).mean(axis=0) if len(found.control_ranks) else None
    )
    complete = texts.pool.exact
    unknown = None if complete else "only a sample of the fillings was ranked"
    without = "no control was trained"
    return SweepDefence(
        defence=variant.name,
        changes=dict(variant.changes),
        n_models=m,
        n_controls=len(found.control_ranks),
        exact_matches=exact if complete else None,
        exact_match_rate=reported(match_rate(exact, m, CONFIDENCE)) if complete else nothing(unknown),
        hamming=float(found.hamming.mean()) if complete else None,
        exposure_bits=reported_mean(exposure, lowest=0.0, highest=texts.ceiling),
        control_exposure_bits=nothing(without)
        if control is None
        else reported_mean(control, lowest=0.0, highest=texts.ceiling),
        difference_bits=nothing(without)
        if control is None
        else reported_mean(exposure - control, lowest=-texts.ceiling, highest=texts.ceiling),
        accuracy=MeanOverModels(
            value=float(found.accuracy.mean()),
            standard_deviation=float(found.accuracy.std(ddof=1)) if m > 1 else None,
        ),
        p_value=combined_p_value(found.ranks / texts.n_ranked),
        ranks=tuple(found.ranks.tolist()),
        control_ranks=tuple(map(tuple, found.control_ranks.tolist())),
        seconds=seconds,
        reason=unknown,
    )


def unfinished(variant: Variant, n_models: int, n_controls: int, seconds: float, reason: str) -> SweepDefence:
    """A defence whose models are not all there: no number, because fewer models are another measurement."""
    return SweepDefence(
        defence=variant.name,
        changes=dict(variant.changes),
        n_models=n_models,
        n_controls=n_controls,
        exact_match_rate=nothing(reason),
        exposure_bits=nothing(reason),
        control_exposure_bits=nothing(reason),
        difference_bits=nothing(reason),
        accuracy=MeanOverModels(value=None),
        seconds=seconds,
        reason=reason,
    )


def find_removal(row: SweepDefence) -> SweepFinding | None:
    """Whether the defences combined remove the risk; None if the difference was not measured.

    Args:
        row: of the variant with every defence on.
    """
    low, high, value = row.difference_bits.low, row.difference_bits.high, row.difference_bits.value
    if low is None or high is None or value is None:
        return None
    status: Literal["removed", "remains", "undecided"]
    if low > 0:
        status, said = "remains", "The defences combined do not remove the risk"
    elif high <= MARGIN_BITS:
        status, said = "removed", f"The defences combined remove the risk up to {MARGIN_BITS:g} bit"
    else:
        status, said = "undecided", "Whether the defences combined remove the risk is open, train more models"
    found = row.exact_matches
    whole = "" if found is None else f"{found} of {row.n_models} secrets come out whole, and "
    sentence = (
        f"{said}: {whole}secrets stand out by {value:.1f} bits more than in models that never saw them (95 % "
        f"interval {low:.1f} to {high:.1f})."
    )
    return SweepFinding(status=status, defence=row.defence, margin_bits=MARGIN_BITS, sentence=sentence)
