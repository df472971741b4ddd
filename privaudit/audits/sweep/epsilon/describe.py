"""The words of a sweep over epsilon: what was trained on, what was found, and what it does not mean."""

import math
from collections.abc import Iterator, Sequence

from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan
from privaudit.audits.sweep.shared import data_file
from privaudit.results import AttackOverModels, Data, Duplicates, EpsilonSweepRow, no_baseline
from privaudit.results.epsilon import EpsilonVerdict

_WORST_FIRST: tuple[EpsilonVerdict, ...] = ("violated", "inconclusive", "consistent", "no-claim")
CANARIES = (
    "a word of its own that the data do not have, repeated to the data's median length, under a random class"
)
SCORE = (
    "the canary's margin under its class, ln p - ln(1 - p), less what the other models' margins predict of"
    " it; no coin enters"
)
THREAT_MODEL = "scores of the final models for the canaries; no iterate and no gradient is seen"


def worst_verdict(rows: Sequence[EpsilonSweepRow]) -> EpsilonVerdict:
    """The verdict of the sweep; ``inconclusive`` where a row with a claim has none."""
    found = {
        row.bound.verdict if row.bound is not None else "inconclusive"
        for row in rows
        if row.bound is not None or math.isfinite(row.epsilon)
    }
    return next((verdict for verdict in _WORST_FIRST if verdict in found), "no-claim")


def sentence_of(rows: Sequence[EpsilonSweepRow]) -> str:
    """The finding in words that say what it does not mean."""
    measured = [row for row in rows if row.attacks]
    private = [row for row in measured if math.isfinite(row.epsilon)]
    broken = [
        f"{row.epsilon:g}" for row in private if row.bound is not None and row.bound.verdict == "violated"
    ]
    if broken:
        return (
            f"At epsilon {', '.join(broken)} the models give away more than the configured mechanism permits:"
            " the training, the accounting or an assumption of the audit is broken."
        )
    if not private:
        return "No epsilon was tested."
    parts = [_reached(row) for row in (max(private, key=_epsilon), min(private, key=_epsilon))]
    ordinary = [row for row in measured if math.isinf(row.epsilon)]
    if ordinary and (best := strongest(ordinary[0])) is not None:
        parts.insert(0, f"{best.auc.value:.2f} without privacy")
    return (
        "No violation of a configured mechanism was found. The strongest attack reached AUC "
        f"{'; '.join(dict.fromkeys(parts))}. That is no proof of privacy against attacks that were not run."
    )


def strongest(row: EpsilonSweepRow) -> AttackOverModels | None:
    """The attack with the largest mean AUC, to be named and not to be judged by."""
    measured = [attack for attack in row.attacks if attack.auc.value is not None]
    return max(measured, key=lambda attack: attack.auc.value or 0.0, default=None)


def warnings_of(plan: EpsilonSweepPlan) -> Iterator[str]:
    """What a reader must know beside the table."""
    request = plan.request
    yield (
        "The class list is that of the data and counts as public; hyper-parameters that were chosen on the"
        " same data cost privacy that no epsilon here counts."
    )
    if any(math.isfinite(planned.epsilon) for planned in plan.epsilons):
        yield (
            "Noise and batches follow from --seed, so these models can be trained again: they are for"
            " measuring, not for release."
        )
    if request.models < 2:
        yield "One model has no references and no interval: give --models 2 or more."


def describe_data(plan: EpsilonSweepPlan) -> Data:
    """The records: each is in about half of the models."""
    request = plan.request
    return Data(
        source="coin-split",
        files=(data_file(request.data),),
        n_members=plan.n_records,
        n_nonmembers=0,
        holdout=0.5,
        split_seed=request.run.seed,
        duplicates=Duplicates(exact_removed=plan.duplicates_removed),
        blind_baseline=no_baseline("recorded coins decide who is in which model, so texts cannot tell"),
    )


def _epsilon(row: EpsilonSweepRow) -> float:
    return row.epsilon


def _reached(row: EpsilonSweepRow) -> str:
    best = strongest(row)
    if best is None or row.allowed is None:
        return f"nothing measurable at epsilon {row.epsilon:g}"
    return f"{best.auc.value:.2f} at epsilon {row.epsilon:g}, which allows {row.allowed.auc:.2f}"
