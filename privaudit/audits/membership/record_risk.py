"""How exposed one record is, judged by reference models whose membership is known.

A rate over all records hides that some are far easier to find than others. References give every record a
comparison of its own: attack each of them as if it were the target. Those that did not see the record show
how often it would be accused wrongly; those that did and those that did not, over all records, turn a score
into odds. The target's own membership is never read.

Worst classes and length groups are in the result's slices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.reference_statistics import Bools, membership
from privaudit.attacks.membership.signals import PerReference, Signals
from privaudit.attacks.membership.spec import Attack, AttackContext
from privaudit.attacks.membership.transforms import reference_margins
from privaudit.stats.odds import odds_of, odds_table
from privaudit.targets.interface import Floats, Ints


def as_target(signals: Signals, index: int) -> Signals:
    """The signals that one has with reference ``index`` in the target's place, and the others as references.

    What is known of the target alone (features, gradients, perturbed copies) is left out.

    Raises:
        ValueError: there are fewer than two references.
    """
    logits, inside = signals.reference_logits, membership(signals)
    if logits is None or len(inside) < 2:
        raise ValueError("Attacking a reference takes another one to compare with.")
    others = np.delete(np.arange(len(inside)), index)
    extras = signals.reference_extras
    margin = reference_margins(signals)
    return Signals(
        ids=signals.ids,
        member=inside[index],
        label=signals.label,
        target_logits=np.asarray(logits[index], dtype=np.float64),
        groups=signals.groups,
        word_counts=signals.word_counts,
        reference_logits=_Some(logits, others),
        reference_in=inside[others],
        reference_extras=None if extras is None else _Some(extras, others),
        target_extras=None if extras is None else extras[index],
        cache={"reference-margins": margin[others], "margin": margin[index]},
    )


def reference_scores(attack: Attack, signals: Signals, context: AttackContext) -> Floats:
    """The attack's scores of every record under every reference in the target's place: ``[k, n]``."""
    count = len(membership(signals))
    return np.stack([attack.score(as_target(signals, k), context) for k in range(count)])


def record_fpr(score: Floats, references: Floats, inside: Bools) -> Floats:
    """The share of models that did not see the record and score it as the target does or higher: ``[n]``.

    The target counts among them: ``(1 + #{k OUT: s_k >= s}) / (1 + #{k OUT})``, in (0, 1]. It is the p-value
    of a permutation test of "the target did not see this record" for that single record: exact for a score
    that reads no reference, and nearly so for one that does: a reference is attacked with one fewer.
    With m OUT references it cannot fall below ``1 / (m + 1)``. NaN for a record that is not scored or has no
    OUT reference that is.

    Args:
        score: ``[n]`` under the target.
        references: ``[k, n]`` under the references, from :func:`reference_scores`.
        inside: ``[k, n]``.
    """
    usable = ~inside & ~np.isnan(references)
    count = usable.sum(axis=0)
    above = (usable & (np.where(usable, references, -np.inf) >= score)).sum(axis=0)
    return np.where((count > 0) & ~np.isnan(score), (1 + above) / (1 + count), np.nan)


def membership_odds(score: Floats, references: Floats, inside: Bools, prior: float = 0.5) -> Floats:
    """The odds that the target saw the record, given the share ``prior`` of members: ``[n]``.

    How likely a score is for a member is read off all references and records (:mod:`privaudit.stats.odds`),
    so the scale of a score does not matter. The record's own values do not count. NaN: not scored.

    Args:
        score: ``[n]`` under the target.
        references: ``[k, n]`` under the references.
        inside: ``[k, n]``.
        prior: in (0, 1).

    Raises:
        ValueError: no score of a member or none of a non-member, or a prior outside (0, 1).
    """
    usable = ~np.isnan(references)
    table = odds_table(references[usable], inside[usable])
    return odds_of(score, table, references, inside, prior)


@dataclass(frozen=True)
class Agreement:
    """How far several models of one recipe expose the same records."""

    rank_correlation: float
    """Mean of Spearman's correlation over pairs of models, in [-1, 1]; NaN when scores do not vary."""
    overlap: float
    """Mean over pairs of the Jaccard index of their most exposed records, in [0, 1]."""
    expected_overlap: float
    """The same for rankings that have nothing to do with each other."""
    fraction: float
    """The share of the records that counts as most exposed."""


def agreement(scores: Floats, fraction: float = 0.01) -> Agreement:
    """Whether seeds agree on who is exposed: rankings mostly do, lists of the most exposed less.

    Args:
        scores: ``[m, n]`` of the same n records under m models, with NaN where they are not to be compared
            (records that one model saw and another did not differ for that reason alone).
        fraction: of the records that all models score.

    Raises:
        ValueError: fewer than two models, or fewer than two records that all score.
    """
    common = scores[:, ~np.isnan(scores).any(axis=0)]
    m, n = common.shape
    if m < 2 or n < 2 or not 0 < fraction <= 1:
        raise ValueError("Agreement needs two models, two records and a fraction in (0, 1].")
    size = max(1, round(fraction * n))
    ranks = np.stack([_ranks(row) for row in common])
    top = [set(np.argsort(-row, kind="stable")[:size].tolist()) for row in common]
    pairs = [(a, b) for a in range(m) for b in range(a)]
    return Agreement(
        rank_correlation=float(np.mean([_correlation(ranks[a], ranks[b]) for a, b in pairs])),
        overlap=float(np.mean([len(top[a] & top[b]) / len(top[a] | top[b]) for a, b in pairs])),
        expected_overlap=(size / n) / (2 - size / n),
        fraction=fraction,
    )


def agreement_across_seeds(
    score: Floats, member: Bools, references: Floats, inside: Bools, fraction: float = 0.05
) -> Agreement | None:
    """Whether the members that the target exposes are those that another seed would have exposed.

    The target is compared with each reference on the records that both saw; a reference has a seed and other
    records of its own.

    Args:
        score: ``[n]`` under the target.
        member: ``[n]`` of the target.
        references: ``[k, n]`` under the references, from :func:`reference_scores`.
        inside: ``[k, n]``.
        fraction: of those records that counts as most exposed.

    Returns:
        The mean over references; None if they share fewer than ``1 / fraction`` records with the target.
    """
    found = []
    for row, seen in zip(references, inside, strict=True):
        both = member & seen & ~np.isnan(score) & ~np.isnan(row)
        if both.sum() >= 1 / fraction:
            found.append(agreement(np.stack([score[both], row[both]]), fraction))
    if not found:
        return None
    return Agreement(
        rank_correlation=float(np.mean([one.rank_correlation for one in found])),
        overlap=float(np.mean([one.overlap for one in found])),
        expected_overlap=float(np.mean([one.expected_overlap for one in found])),
        fraction=fraction,
    )


@dataclass(frozen=True)
class _Some:
    """Some of the references, each read when asked for."""

    every: PerReference
    chosen: Ints

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int, /) -> NDArray[np.floating]:
        return self.every[int(self.chosen[index])]


def _ranks(values: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)


def _correlation(a: Floats, b: Floats) -> float:
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
