"""The quantile attack: is the margin high for such a record, judged by non-members alone?

No reference models. A regression predicts the distribution of non-members' margins from what a record is
like: its class, its length, and how evenly the model spreads what it gives to the wrong classes. The score is
how far the margin lies above that.
"""

import numpy as np

from privaudit.attacks.membership.draws import calibration_records
from privaudit.attacks.membership.reference_statistics import Bools
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import margins, wrong_class_entropies
from privaudit.targets.interface import Access, Floats

_ID = "quantile"

CLASS_RECORDS = 10.0
"""Records that the common level counts for in a class's own: small classes lean on all records."""


@register(
    AttackSpec(
        id=_ID,
        title="Quantile of a regression on non-members",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The margin is high for a record of that class and length, judged by the margins of "
        "non-members.",
        reference="Bertran et al., NeurIPS 2023 (arXiv 2307.03694), Gaussian form, on features that need no "
        "second model",
        # NOTE: it scores half of the records, and the loss attack with references is stronger.
        default=False,
    )
)
def score(signals: Signals, context: AttackContext) -> Floats:
    """Standardised margin ``(φ - m(x)) / s(x)``: ``[n]``, any real number, NaN for the calibration half.

    ``m`` and ``ln s²`` are ridge regressions on the non-members of a random half of each class. That half is
    not scored, and no other membership is read, so no score depends on its own record's membership. Fitting
    on other folds and scoring all would not do: a record then serves as a non-member for those it is compared
    with. NaN everywhere when that half has no non-member.
    """
    calibrates = calibration_records(context.seed, _ID, signals.ids, signals.label, signals.groups)
    fit = calibrates & ~signals.member
    if not fit.any():
        return np.full(len(signals), np.nan)
    margin, design = margins(signals), _design(signals, fit)
    level = _ridge(design, margin, fit)
    residual = margin - level
    floor = 1e-6 * float(np.mean(residual[fit] ** 2)) + 1e-12
    log_variance = _ridge(design, np.log(residual**2 + floor), fit)
    deviate = residual * np.exp(-0.5 * np.clip(log_variance, np.log(floor), None))
    return np.where(calibrates, np.nan, deviate)


def _design(signals: Signals, fit: Bools) -> Floats:
    """Numbers of each record ``[n, p]``, standardised over the non-members that are fitted, and its class."""
    columns = [wrong_class_entropies(signals)]
    if signals.word_counts is not None:
        columns.append(np.log1p(signals.word_counts.astype(np.float64)))
    numbers = np.stack(columns, axis=1)
    spread = numbers[fit].std(axis=0)
    numbers = (numbers - numbers[fit].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    numbers = np.clip(numbers, -5.0, 5.0)
    return np.concatenate([np.ones((len(numbers), 1)), numbers, signals.label[:, None]], axis=1)


def _ridge(design: Floats, value: Floats, fit: Bools) -> Floats:
    """Fitted values ``[n]``: a common linear part, and a level per class that leans on zero."""
    linear, label = design[:, :-1], design[:, -1].astype(np.int64)
    known, classes = linear[fit], np.arange(int(label.max()) + 1)
    of_class = label[fit][:, None] == classes
    weight = of_class.sum(axis=0) + CLASS_RECORDS
    sums, total = of_class.T @ known, of_class.T @ value[fit]
    shrunk = sums / weight[:, None]
    gram = known.T @ known - sums.T @ shrunk + 1e-6 * np.eye(linear.shape[1])
    slopes = np.linalg.solve(gram, known.T @ value[fit] - shrunk.T @ total)
    levels = (total - sums @ slopes) / weight
    return np.asarray(linear @ slopes + levels[label])
