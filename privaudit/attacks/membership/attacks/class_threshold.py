"""The class-threshold attack: what counts as a high margin depends on the class."""

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.draws import calibration_records
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import margins
from privaudit.targets.interface import Access, Floats

_ID = "class-threshold"

SMALLEST_CALIBRATION = 5
"""Members, and non-members, that a class needs in the calibration half for a threshold of its own."""


@register(
    AttackSpec(
        id=_ID,
        title="Class-calibrated threshold",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The margin is high for its class, judged by others, when the model was trained on it.",
        reference="Song and Mittal, USENIX Security 2021 (arXiv 2003.10595), class-dependent thresholds",
    )
)
def score(signals: Signals, context: AttackContext) -> Floats:
    """Margin minus the class's threshold: ``[n]``, any real number, NaN for the calibration half.

    A random half of each class calibrates (of the groups, where records come in groups): the class's
    threshold is the midpoint between the median margins of the members and of the non-members there. Only
    this half's membership is read, and it is not scored, so no score depends on its own record's or group's
    membership. A class with fewer than :data:`SMALLEST_CALIBRATION` members or non-members in that half
    takes the threshold of all classes together. Where the half lacks members or non-members altogether,
    nothing can be calibrated and every score is NaN.
    """
    margin, label = margins(signals), signals.label
    calibrates = calibration_records(context.seed, _ID, signals.ids, label, signals.groups)
    inside, outside = calibrates & signals.member, calibrates & ~signals.member
    if not (inside.any() and outside.any()):
        return np.full(len(signals), np.nan)
    threshold = np.full(signals.target_logits.shape[1], _midpoint(margin, inside, outside))
    for label_index in np.unique(label):
        of_class = label == label_index
        members, nonmembers = inside & of_class, outside & of_class
        if min(members.sum(), nonmembers.sum()) >= SMALLEST_CALIBRATION:
            threshold[label_index] = _midpoint(margin, members, nonmembers)
    return np.where(calibrates, np.nan, margin - threshold[label])


def _midpoint(margin: Floats, members: NDArray[np.bool_], nonmembers: NDArray[np.bool_]) -> float:
    # NOTE: medians, because a few saturated logits would carry a mean away.
    return float(np.median(margin[members]) + np.median(margin[nonmembers])) / 2
