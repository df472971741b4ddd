"""Whether members and non-members can be compared at all, before any attack is believed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.data.blind_baseline import blind_baseline
from privaudit.data.duplicates import count_near_duplicates_across, near_duplicate_clusters
from privaudit.results import BlindBaseline, Interval, no_baseline

NO_TEXTS = "the score table has no texts, so the sets cannot be compared"


def check_comparability(
    texts: Sequence[str],
    member: NDArray[np.bool_],
    *,
    groups: Sequence[str] | None,
    randomised: bool,
    accept_shift: bool,
    seed: int,
) -> tuple[BlindBaseline, int]:
    """Run the blind baseline and count near-duplicates across the membership line.

    Args:
        texts: n texts.
        member: ``[n]``.
        groups: unit of privacy per record, or None.
        randomised: membership was decided by recorded coins: reported, does not gate.
        accept_shift: the user takes responsibility for a difference: reported, does not gate.
        seed: of folds and permutations.

    Returns:
        The blind baseline, and how many non-members have a near-duplicate among the members.
    """
    clusters = near_duplicate_clusters(texts, seed=seed)
    found = blind_baseline(texts, member, clusters=clusters, groups=groups, seed=seed)
    baseline = BlindBaseline(
        auc=Interval(value=found.value, low=found.low, high=found.high, reason=found.reason),
        p_value=found.p_value,
        comparable=found.comparable,
        gates=not (randomised or accept_shift),
        reason=found.reason,
        parameters={
            "permutations": found.permutations,
            "confidence": found.confidence,
            "records": found.n_used,
        },
    )
    return baseline, count_near_duplicates_across(clusters, member)


def without_texts() -> BlindBaseline:
    """The baseline of a table that holds no texts: undecided, and said so."""
    return no_baseline(NO_TEXTS)
