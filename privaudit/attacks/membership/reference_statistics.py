"""What the reference models say about each record, summed up over those that saw it and the others.

A reference that was trained on a record is IN for it, and OUT otherwise. Attacks read a record's IN and OUT
values through two :class:`RecordStatistics`, and one pass over the references serves them all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.transforms import reference_margins
from privaudit.targets.interface import Floats

Bools = NDArray[np.bool_]

RELATIVE_FLOOR = 1e-6
"""No record's variance is taken for less than this share of the pooled one: equal values are luck."""
ABSOLUTE_FLOOR = 1e-12
"""Least variance where nothing varies at all."""
USUAL_DEGREES = 5.0
"""Degrees of freedom of the prior on variances where too few records repeat to estimate it."""
FEWEST_REPEATED = 50
"""Records with two values or more from which the spread of variances is estimated."""


@dataclass(frozen=True, eq=False)
class RecordStatistics:
    """The IN or the OUT values of n records."""

    count: Floats
    """``[n]`` how many values there are, whole numbers."""
    mean: Floats
    """``[n]``; 0 where there is none."""
    squares: Floats
    """``[n]`` sum of squared deviations from the record's own mean."""

    @property
    def some(self) -> Bools:
        """``[n]`` whether there is any value."""
        return self.count > 0

    @property
    def degrees(self) -> Floats:
        """``[n]`` degrees of freedom of the record's own variance."""
        return np.maximum(self.count - 1, 0)

    @property
    def n_values(self) -> float:
        """How many values there are over all records."""
        return float(self.count.sum())

    def grand_mean(self) -> float:
        """Mean over all values, NaN when there is none."""
        return float(self.count @ self.mean) / self.n_values if self.n_values else float("nan")

    def total_variance(self) -> float:
        """Variance over all values of all records, NaN when there is none."""
        if not self.n_values:
            return float("nan")
        spread = self.count @ (self.mean - self.grand_mean()) ** 2
        return float(spread + self.squares.sum()) / self.n_values

    def pooled_variance(self) -> float:
        """Variance within records, pooled over them; NaN when no record has two values."""
        degrees = float(self.degrees.sum())
        return float(self.squares.sum()) / degrees if degrees else float("nan")

    def floored_variance(self) -> float:
        """The pooled variance, kept away from zero; NaN when no record has two values."""
        return max(self.pooled_variance(), ABSOLUTE_FLOOR) if self.degrees.any() else float("nan")

    def variances(self) -> Floats:
        """``[n]`` the records' own unbiased variances; the pooled one with fewer than two values."""
        pooled = self.pooled_variance()
        own = np.full(len(self.count), pooled)
        np.divide(self.squares, self.degrees, out=own, where=self.degrees > 0)
        return floored(own, pooled)


@dataclass(frozen=True, eq=False)
class Prediction:
    """The distribution of one more value of n records: Student's t."""

    mean: Floats
    """``[n]``."""
    variance: Floats
    """``[n]`` squared scale."""
    degrees: Floats
    """``[n]`` degrees of freedom."""

    def log_density(self, value: Floats) -> Floats:
        """Up to a constant, ``[n]``."""
        return log_student(value, self.mean, self.variance, self.degrees)


def floored(variance: Floats | float, pooled: float) -> Floats:
    """Variances kept away from zero; NaN stays NaN."""
    return np.maximum(variance, RELATIVE_FLOOR * pooled + ABSOLUTE_FLOOR)


def side_of(values: Floats, chosen: Bools) -> RecordStatistics:
    """The chosen ones of ``values [k, n]``, in two passes over the references and without a copy."""
    count, total = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for value, mine in zip(values, chosen, strict=True):
        count += mine
        total += np.where(mine, value, 0.0)
    mean, squares = total / np.maximum(count, 1), np.zeros(values.shape[1])
    for value, mine in zip(values, chosen, strict=True):
        squares += np.where(mine, value - mean, 0.0) ** 2
    return RecordStatistics(count, mean, squares)


def membership(signals: Signals) -> Bools:
    """``[k, n]`` which reference was trained on which record.

    Raises:
        ValueError: there are no references.
    """
    if signals.reference_in is None:
        raise ValueError("This attack needs the membership of reference models.")
    return signals.reference_in


def out_margins(signals: Signals) -> RecordStatistics:
    """The OUT margins of every record."""
    return side_of(reference_margins(signals), ~membership(signals))


def out_and_in(signals: Signals) -> tuple[RecordStatistics, RecordStatistics]:
    """The OUT and the IN margins of every record."""
    values, inside = reference_margins(signals), membership(signals)
    return side_of(values, ~inside), side_of(values, inside)


def log_mean_probability(losses: Floats, chosen: Bools) -> Floats:
    """``ln`` of the mean true-class probability over chosen references, ``[n]``; -inf where none is chosen.

    Args:
        losses: ``[k, n]`` cross-entropies.
        chosen: ``[k, n]``.
    """
    total = np.full(losses.shape[1], -np.inf)
    for loss, mine in zip(losses, chosen, strict=True):
        total = np.logaddexp(total, np.where(mine, -loss, -np.inf))
    return np.asarray(total - np.log(np.maximum(chosen.sum(axis=0), 1)))


def variance_degrees(squares: Floats, degrees: Floats, expected: Floats) -> float:
    """How alike records are in variance: the degrees of freedom of an inverse-gamma prior, in [1, 100].

    The spread of ``ln`` of the records' own variances beyond what sampling explains is the trigamma function
    of half the prior's degrees. Source: Smyth, Linear Models and Empirical Bayes Methods, Statistical
    Applications in Genetics and Molecular Biology 3(1), 2004, section 6.2.

    Args:
        squares: ``[n]`` sums of squared deviations.
        degrees: ``[n]`` their degrees of freedom.
        expected: ``[n]`` the variance expected of each record.
    """
    from scipy.special import digamma, polygamma

    use = (degrees > 0) & (squares > 0)
    if use.sum() < FEWEST_REPEATED:
        return USUAL_DEGREES
    half = degrees[use] / 2
    surprise = np.log(squares[use] / degrees[use] / expected[use]) - digamma(half) + np.log(half)
    excess = float(surprise.var() - polygamma(1, half).mean())
    # NOTE: trigamma falls from 4.93 at a half to 0.02 at fifty, the ends of the range: bisection.
    low, high = 0.5, 50.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if polygamma(1, middle) > excess else (low, middle)
    return low + high


def log_normal(value: Floats, mean: Floats, variance: Floats) -> Floats:
    """``ln`` of the normal density without its constant ``-ln(2π)/2``, ``[n]``."""
    return -0.5 * ((value - mean) ** 2 / variance + np.log(variance))


def log_student(value: Floats, mean: Floats, variance: Floats, degrees: Floats) -> Floats:
    """``ln`` of Student's t density with the squared scale ``variance``, without ``-ln(π)/2``, ``[n]``."""
    from scipy.special import gammaln

    constant = gammaln((degrees + 1) / 2) - gammaln(degrees / 2) - 0.5 * np.log(degrees * variance)
    tail: Floats = (degrees + 1) / 2 * np.log1p((value - mean) ** 2 / (degrees * variance))
    return np.asarray(constant - tail)


def as_normal(student: Floats, degrees: Floats) -> Floats:
    """The normal deviate whose tail is nearly that of a t deviate, rising with it and never infinite.

    Source: Wallace, Annals of Mathematical Statistics 30, 1959, 1124-1130.
    """
    size = np.sqrt(degrees * np.log1p(student**2 / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return np.copysign(size, student)
