"""What one epsilon allows: the exact mechanism, (epsilon, delta) alone, and the last-iterate heuristic."""

from dataclasses import dataclass

import numpy as np

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.curves import last_iterate_roc, max_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.results import Allowed
from privaudit.stats.tradeoff import RocCurve, max_tpr_epsilon_delta
from privaudit.training.private.settings import PrivateTraining


@dataclass(frozen=True, eq=False)
class Theory:
    """A mechanism and its curve."""

    mechanism: Mechanism
    accounted: float
    """Epsilon at delta: the smallest bound that is proven."""
    roc: RocCurve
    """The largest TPR at each FPR, all iterates seen."""
    allowed: Allowed


def theory_of(privacy: PrivateTraining, delta: float) -> Theory:
    """What ``privacy`` allows any attack at ``delta``."""
    mechanism = Mechanism.uniform(privacy.noise_multiplier, privacy.sample_rate, privacy.steps)
    epsilon, roc = smallest_epsilon(mechanism, delta), max_roc(mechanism)
    allowed = Allowed(
        auc=roc.auc, auc_region=_region_auc(epsilon, delta), auc_last_iterate=last_iterate_roc(mechanism).auc
    )
    return Theory(mechanism, epsilon, roc, allowed)


def _region_auc(epsilon: float, delta: float) -> float:
    """The area under the (epsilon, delta) region, whose bounds meet at ``(1 - delta) / (1 + e^epsilon)``."""
    fpr = np.array([0.0, (1 - delta) / (1 + np.exp(epsilon)), 1 - delta, 1.0])
    return RocCurve(fpr, max_tpr_epsilon_delta(fpr, epsilon, delta)).auc
