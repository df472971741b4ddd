"""All attacks on one set of signals: what each achieved, on whom, and which could not be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from privaudit.attacks.membership.registry import find_attack
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Attack, AttackContext, Signal
from privaudit.attacks.membership.transforms import margins, reference_margins
from privaudit.audits.inputs import OpenedInputs
from privaudit.audits.membership.evaluate import RecordRisk, evaluate_attack, most_exposed
from privaudit.audits.membership.plan import MembershipPlan
from privaudit.audits.membership.record_risk import (
    agreement_across_seeds,
    membership_odds,
    record_fpr,
    reference_scores,
)
from privaudit.audits.membership.slices import Grouping, by_length, slices
from privaudit.audits.membership.units import Units, units_of
from privaudit.progress import Progress
from privaudit.results import ExposedRecord, Membership, NotRun, SeedAgreement, Slice
from privaudit.stopwatch import Stopwatch
from privaudit.targets.interface import Floats

_RISK_ATTACK = "lira-eb"
"""Cheap enough to run once more on every reference."""
PRIMARY = ("lira-multi", "lira-eb", "lira-eb-offline", "loss", "margin", "confidence", "label-only")
"""Slices and exposed records come from the first of these that ran: declared, not picked by result."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What the attacks found."""

    units: Units
    scores: Mapping[str, Floats]
    """Per attack ``[n]``."""
    membership: tuple[Membership, ...]
    unmeasured: tuple[NotRun, ...]
    slices: tuple[Slice, ...]
    records: tuple[ExposedRecord, ...]
    agreement: SeedAgreement | None = None


def find(plan: MembershipPlan, attacks: Sequence[Attack], signals: Signals, progress: Progress) -> Findings:
    """Score ``attacks`` on ``signals`` and measure what they achieve.

    Args:
        plan: the audit; the number of its attacks sets the level of the simultaneous intervals.
        attacks: those whose signals are there.
        signals: the evidence.
        progress: told once per attack.
    """
    records, context = plan.opened.audit_set.records, AttackContext(plan.request.run.seed)
    units = units_of(signals.ids, signals.member, records.groups)
    scores: dict[str, Floats] = {}
    membership: list[Membership] = []
    unmeasured: list[NotRun] = []
    progress.start("scoring", len(attacks))
    for attack in attacks:
        watch = Stopwatch()
        score = scores[attack.spec.id] = attack.score(signals, context)
        if _has_both_kinds(units, score):
            found = evaluate_attack(
                attack,
                score,
                units,
                signals.label,
                n_attacks=len(plan.attacks),
                n_references=_n_references(attack, signals),
                seed=context.seed,
                seconds=watch.seconds,
            )
            membership.append(found)
        else:
            unmeasured.append(NotRun(attack=attack.spec.id, reason="It scored no member or no non-member."))
        progress.advance(1, attack.spec.id)
    measured = [m.attack for m in membership]
    primary = next((a for a in (*PRIMARY, *measured) if a in measured), None)
    if primary is None:
        return Findings(units, scores, (), tuple(unmeasured), (), ())
    texts = records.texts if plan.request.show_texts else None
    risk, agreement = _record_risk(signals, units, context)
    return Findings(
        units,
        scores,
        tuple(membership),
        tuple(unmeasured),
        slices(primary, scores[primary], signals.member, _groupings(plan.opened, signals)),
        most_exposed(primary, scores[primary], units, texts or None, risk),
        agreement,
    )


def _record_risk(
    signals: Signals, units: Units, context: AttackContext
) -> tuple[RecordRisk | None, SeedAgreement | None]:
    """Per-record numbers where at least two references saw some of the records and others did not."""
    inside = signals.reference_in
    if inside is None or len(inside) < 2 or inside.all() or not inside.any() or units.group is not None:
        return None, None
    attack = find_attack(_RISK_ATTACK)
    score, references = attack.score(signals, context), reference_scores(attack, signals, context)
    odds = membership_odds(score, references, inside)
    risk = RecordRisk(record_fpr(margins(signals), reference_margins(signals), inside), odds)
    found = agreement_across_seeds(score, signals.member, references, inside)
    if found is None or np.isnan(found.rank_correlation):
        return risk, None
    return risk, SeedAgreement(attack=_RISK_ATTACK, n_models=len(inside), **vars(found))


def _has_both_kinds(units: Units, score: Floats) -> bool:
    inside = units.member[~np.isnan(units.scores(score))]
    return bool(inside.any() and not inside.all())


def _n_references(attack: Attack, signals: Signals) -> int:
    if Signal.REFERENCES not in attack.spec.needs or signals.reference_logits is None:
        return 0
    return len(signals.reference_logits)


def _groupings(opened: OpenedInputs, signals: Signals) -> list[Grouping]:
    """Class, correctness and length; none of them when the unit is a group of records."""
    records = opened.audit_set.records
    if records.groups is not None:
        return []
    correct = (signals.target_logits.argmax(axis=1) == signals.label).astype(np.int64)
    found = [
        Grouping("class", opened.labels, signals.label),
        Grouping("prediction", ("wrong", "right"), correct),
    ]
    return [*found, by_length(records.texts)] if len(records.texts) else found
