"""Model, data and warnings of a membership audit as a result states them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from privaudit.attacks.membership.signals import Signals
from privaudit.audits.describe import describe_opened, described_files
from privaudit.audits.inputs import OpenedInputs
from privaudit.audits.membership.units import Units
from privaudit.results import BlindBaseline, Data, Duplicates, Membership, Model
from privaudit.targets.interface import Access


def describe_model(opened: OpenedInputs, path: Path, signals: Signals) -> Model:
    """The audited model, with its accuracy on both sides: the gap is the plainest sign of overfitting."""
    correct = signals.target_logits.argmax(axis=1) == signals.label
    return describe_opened(
        opened.source,
        path,
        opened.trained_by,
        accuracy_members=float(correct[signals.member].mean()),
        accuracy_nonmembers=float(correct[~signals.member].mean()),
    )


def describe_data(opened: OpenedInputs, units: Units, baseline: BlindBaseline, near_duplicates: int) -> Data:
    """The audited records."""
    audit_set = opened.audit_set
    n_members = int(np.count_nonzero(audit_set.member))
    return Data(
        source=audit_set.source,
        files=described_files(audit_set.files),
        n_members=n_members,
        n_nonmembers=len(audit_set.member) - n_members,
        n_groups=None if units.group is None else len(units.ids),
        holdout=audit_set.holdout,
        split_seed=audit_set.split_seed,
        duplicates=Duplicates(exact_removed=audit_set.exact_removed, near=near_duplicates),
        blind_baseline=baseline,
    )


def warnings(
    opened: OpenedInputs, units: Units, baseline: BlindBaseline, membership: Sequence[Membership]
) -> Iterator[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    if baseline.comparable is False and not baseline.gates:
        why = (
            "the split's own coins are recorded"
            if opened.audit_set.randomised
            else "--accept-shift was given"
        )
        yield (
            f"The texts alone tell members from non-members (AUC {baseline.auc.value:.3f}); "
            f"this does not gate because {why}."
        )
    if baseline.comparable is None:
        yield f"Whether the two sets can be compared is unknown: {baseline.reason}."
    if not any(m.n_references for m in membership):
        yield "No reference models were used: leakage at low false-positive rates may be understated."
    if opened.access is Access.LABEL:
        yield "The model gives labels only: attacks that need scores could not run."
    if units.group is not None:
        yield f"Membership is counted over {len(units.ids)} groups, not over records."
