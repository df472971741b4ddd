"""From scores to a result: what an attack achieved, on whom, with intervals on every rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from privaudit.attacks.membership.draws import record_rng
from privaudit.attacks.membership.spec import Attack
from privaudit.audits.membership.cost import per_record
from privaudit.audits.membership.units import Units
from privaudit.results import FPRS, ExposedRecord, Interval, Membership, Ppv, Roc, TprAtFpr
from privaudit.results.from_stats import CONFIDENCE, reported
from privaudit.stats.auc import auc_intervals, auc_within
from privaudit.stats.intervals import NotMeasurable, bonferroni
from privaudit.stats.odds import odds_of, odds_table
from privaudit.stats.ranked import RankedScores, empirical_fpr, rank_scores, roc_points
from privaudit.stats.rates import hold_out_threshold, ppv, tpr_at_fpr
from privaudit.stats.roc_band import roc_band
from privaudit.targets.interface import Floats, Ints

PRIORS = (0.01, 0.1, 0.5)
MOST_EXPOSED = 20
_STEP = 1.25
"""The ratio of two FPRs of a curve that is not exceeded, as far as the sample can resolve them."""
_STEPS = 1e6
"""Per unit, to which the limits of a band are rounded: they are many, and need no more digits."""


def evaluate_attack(
    attack: Attack,
    score: Floats,
    units: Units,
    label: Ints,
    *,
    n_attacks: int,
    n_references: int,
    seed: int,
    seconds: float,
) -> Membership:
    """All numbers of one attack.

    Args:
        attack: what was run.
        score: ``[n]`` per record, higher = member, NaN = not scored.
        units: the units of privacy.
        label: ``[n]`` class indices, for the class-conditional AUC.
        n_attacks: how many attacks run together, for ``low_simultaneous``.
        n_references: reference models used.
        seed: root seed.
        seconds: time the attack took.

    Raises:
        DataError: no member or no non-member was scored.
    """
    per_unit = units.scores(score)
    ranked = rank_scores(per_unit, units.member)
    levels = _Levels(ranked, bonferroni(CONFIDENCE, n_attacks))
    rates = tuple(levels.tpr(fpr) for fpr in FPRS)
    gap, balanced = levels.advantage(attack.spec.id, seed)
    cost = per_record(attack.spec)
    return Membership(
        attack=attack.spec.id,
        access=attack.spec.access.value,
        n_members=ranked.n_members,
        n_nonmembers=ranked.n_nonmembers,
        n_references=n_references,
        auc=levels.auc(),
        auc_within_class=levels.within_class(per_unit, units, label),
        tpr_at_fpr=rates,
        advantage=gap,
        balanced_accuracy=balanced,
        ppv=_ppv(rates),
        seconds=seconds,
        roc=roc(ranked),
        parameters={
            "seed": seed,
            "not_scored": ranked.n_unscored,
            "queries": cost.queries,
            "backward_passes": cost.backward_passes,
        },
    )


def roc(ranked: RankedScores) -> Roc:
    """The thinned curve with the band that holds for all thresholds at once, rounded outwards.

    Where many records share a score its thresholds lie far apart. Between them the curve stays at the last
    one, which is said at some rates in between: the band is far narrower there than at the next threshold.
    """
    points = roc_points(ranked)
    fpr = np.union1d(points.fpr, _between(points.fpr, 1 / ranked.n_nonmembers))
    tpr = points.tpr[np.searchsorted(points.fpr, fpr, side="right") - 1]
    band = roc_band(ranked, fpr, CONFIDENCE)
    return Roc(
        fpr=tuple(fpr.tolist()),
        tpr=tuple(tpr.tolist()),
        tpr_low=tuple((np.floor(band.low * _STEPS) / _STEPS).tolist()),
        tpr_high=tuple((np.ceil(band.high * _STEPS) / _STEPS).tolist()),
        confidence=CONFIDENCE,
    )


def _between(fpr: Floats, least: float) -> Floats:
    """Rates evenly spaced on a logarithmic axis, inside every gap of ``fpr`` that is wider than a step."""
    grid = np.geomspace(least, 1.0, 1 + ceil(log(1 / least) / log(_STEP)))
    left = fpr[np.searchsorted(fpr, grid, side="right") - 1]
    right = fpr[np.minimum(np.searchsorted(fpr, grid, side="left"), len(fpr) - 1)]
    return grid[right > _STEP * np.maximum(left, least)]


@dataclass(frozen=True, eq=False)
class _Levels:
    """The statistics of one ranking at the plain and at the simultaneous confidence."""

    ranked: RankedScores
    simultaneous: float

    def auc(self) -> Interval:
        plain, joint = auc_intervals(self.ranked, (CONFIDENCE, self.simultaneous))
        return reported(plain, joint)

    def within_class(self, score: Floats, units: Units, label: Ints) -> Interval:
        if units.group is not None:
            return reported(NotMeasurable("a group of records has no single class"))
        area = auc_within(score, units.member, label)
        return reported(area.interval(CONFIDENCE), area.interval(self.simultaneous))

    def tpr(self, fpr: float) -> TprAtFpr:
        plain, joint = (tpr_at_fpr(self.ranked, fpr, c) for c in (CONFIDENCE, self.simultaneous))
        return TprAtFpr(
            fpr=fpr,
            tpr=plain.tpr,
            low=plain.low,
            high=plain.high,
            low_simultaneous=joint.low,
            measurable=plain.measurable,
        )

    def advantage(self, attack: str, seed: int) -> tuple[Interval, float | None]:
        counts = hold_out_threshold(self.ranked, record_rng(seed, "advantage", attack))
        if isinstance(counts, NotMeasurable):
            return reported(counts), None
        plain = counts.advantage(CONFIDENCE)
        return reported(plain, counts.advantage(self.simultaneous)), plain.balanced_accuracy


def _ppv(rates: Sequence[TprAtFpr]) -> tuple[Ppv, ...]:
    """Positive predictive values at the smallest FPR that the sample can measure."""
    rate = next((r for r in rates if r.tpr is not None), None)
    if rate is None or rate.tpr is None:
        return tuple(Ppv(prior=prior, value=None) for prior in PRIORS)
    return tuple(Ppv(prior=p, value=ppv(rate.tpr, rate.fpr, p), fpr=rate.fpr) for p in PRIORS)


@dataclass(frozen=True, eq=False)
class RecordRisk:
    """What reference models say about single records; see :mod:`privaudit.audits.membership.record_risk`."""

    fpr: Floats
    """``[n]``; NaN for a record that every reference saw."""
    odds: Floats
    """``[n]`` at a prior of one half; NaN where unknown."""


def most_exposed(
    attack: str, score: Floats, units: Units, texts: Sequence[str] | None, risk: RecordRisk | None = None
) -> tuple[ExposedRecord, ...]:
    """The members that ``attack`` singles out most, best first; ties in the order of the records.

    Args:
        attack: its id.
        score: ``[n]`` per record.
        units: the units of privacy.
        texts: ``[n]`` to show, or None to keep them out of the result.
        risk: per-record numbers from references, where there are any and every record is a unit.
    """
    per_unit = units.scores(score)
    ranked = rank_scores(per_unit, units.member)
    inside = np.flatnonzero(units.member & ~np.isnan(per_unit))
    top = inside[np.argsort(-per_unit[inside], kind="stable")[:MOST_EXPOSED]]
    fpr, scored = empirical_fpr(per_unit[top], ranked), ~np.isnan(per_unit)
    table = odds_table(per_unit[scored], units.member[scored])
    odds = odds_of(per_unit[top], table, per_unit[None, top], units.member[None, top])
    return tuple(
        ExposedRecord(
            id=units.ids[i],
            attack=attack,
            score=float(per_unit[i]),
            fpr=float(fpr[k]),
            odds=float(odds[k] if risk is None or np.isnan(risk.odds[i]) else risk.odds[i]),
            record_fpr=None if risk is None or np.isnan(risk.fpr[i]) else float(risk.fpr[i]),
            text=texts[i] if texts is not None and units.group is None else None,
        )
        for k, i in enumerate(top.tolist())
    )
