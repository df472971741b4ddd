"""Rank fillings by evidence that models with other planted secrets taught to read.

A filling's score adds up what speaks for each choice of each slot, and a term for how its choices repeat:

    score(f) = Σ_s w_s · e[s, f_s] + v[pattern(f)],     P(f) = softmax over all fillings of score(f)

``e[s, c]`` is the evidence for candidate c in slot s, k numbers on the scale of the models that were learned
from: standardised per slot and candidate, because a candidate that is frequent in everybody's data looks
planted to anyone who does not know that, and centred over the candidates, because a model that is loud
overall is no evidence. ``pattern(f)`` is the way in which choices repeat (2, 1, 1 for 7 3 7 0): evidence that
a word occurs at all would else be counted once for every slot that repeats it.

This is McFadden's conditional logit ("Conditional logit analysis of qualitative choice behavior", 1974,
section II) with all fillings as alternatives; the penalty makes its likelihood strictly concave, so that the
fit has one solution. It knows no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from privaudit.targets.interface import Floats, Ints

PENALTY = 3.0
"""On the squares of the weights. Exposure in cross-validation was 8.5 bits with 1 and 3, 8.4 with 10."""
TIE = 4.0
"""How much dearer a weight's difference between slots is than what the slots share."""
REPETITION_PENALTY = 0.1
"""On the squares of the terms for repetition: only there to make them identifiable."""
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class LearnedRanking:
    """What was learned of models whose planted filling is known."""

    centre: Floats
    """Mean evidence ``[S, m, k]``."""
    scale: Floats
    """Standard deviation ``[S, m, k]``, halfway to its mean over the candidates."""
    weights: Floats
    """``[S, k]``."""
    repetition: Floats
    """A term for each of the patterns of repetition."""

    def scores(self, evidence: Floats) -> Floats:
        """Scores ``[n, m^S]`` of all fillings by number (the last slot runs fastest); higher = more likely.

        Args:
            evidence: ``[n, S, m, k]`` of n models, each scored by itself.
        """
        standard = _standardised(evidence, self.centre, self.scale)
        slots = np.einsum("nsmk,sk->nsm", standard, self.weights)
        return _additive(slots) + self.repetition[repetition_patterns(*slots.shape[1:])]


def learn_ranking(evidence: Floats, secrets: Ints, *, penalty: float = PENALTY) -> LearnedRanking:
    """Fit the ranking to models with secrets of one's own.

    Their training data should be like the target's, and their recipe the same. The target is not among them.

    Args:
        evidence: ``[n, S, m, k]``, finite: of n models, S slots with the same m candidates, k numbers each.
        secrets: ``[n, S]``, the fillings that were planted.
        penalty: on the squares of the weights, above 0.

    Raises:
        ValueError: fewer than two models, shapes that do not fit, or evidence that is not finite.
    """
    n, slots, _, width = evidence.shape
    if n < 2 or secrets.shape != (n, slots) or not np.isfinite(evidence).all() or penalty <= 0:
        raise ValueError("needs finite evidence of two models or more, a secret of each, and a penalty")
    centre, spread = evidence.mean(0), evidence.std(0)
    scale = (spread + spread.mean(1, keepdims=True)) / 2 + _TINY
    fit = _Likelihood(_standardised(evidence, centre, scale), secrets, penalty)
    start = np.zeros((slots + 1) * width + fit.n_patterns)
    found = minimize(fit, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    weights, repetition = fit.unpack(found.x)
    return LearnedRanking(centre, scale, weights, repetition)


def repetition_patterns(n_slots: int, n_candidates: int) -> Ints:
    """Which pattern of repetition each filling has, ``[m^S]`` by number; 0, 1, … in no particular order.

    Two fillings have one pattern when the numbers of times that their choices occur agree.
    """
    fillings = np.stack(np.unravel_index(np.arange(n_candidates**n_slots), (n_candidates,) * n_slots), axis=1)
    same = (fillings[:, :, None] == fillings[:, None, :]).sum(2)
    _, pattern = np.unique(np.sort(same, axis=1), axis=0, return_inverse=True)
    return pattern.reshape(-1).astype(np.int64)


class _Likelihood:
    """Minus the penalised log-likelihood, with its gradient, in one vector of parameters.

    The weights of slot s are what all slots share plus a difference of its own.
    """

    def __init__(self, standard: Floats, secrets: Ints, penalty: float) -> None:
        n, slots, candidates, self._width = standard.shape
        self._standard, self._secrets, self._penalty = standard, secrets, penalty
        self._pattern = repetition_patterns(slots, candidates)
        self.n_patterns = int(self._pattern.max()) + 1
        self._planted = np.ravel_multi_index(tuple(secrets.T), (candidates,) * slots)
        self._chosen = standard[np.arange(n)[:, None], np.arange(slots), secrets]
        patterns = np.bincount(self._pattern[self._planted], minlength=self.n_patterns)
        self._chosen_patterns = patterns.astype(np.float64)

    def unpack(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Weights ``[S, k]`` and the terms for repetition."""
        shared, own, repetition = self._parts(parameters)
        return shared + own, repetition

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        shared, own, repetition = self._parts(parameters)
        slots = np.einsum("nsmk,sk->nsm", self._standard, shared + own)
        scores = _additive(slots) + repetition[self._pattern]
        total = logsumexp(scores, axis=1, keepdims=True)
        likelihood = float((scores[np.arange(len(scores)), self._planted] - total[:, 0]).sum())
        share = np.exp(scores - total)
        expected = np.einsum("nsm,nsmk->sk", _marginals(share, slots.shape[2]), self._standard)
        by_slot = expected - self._chosen.sum(0)
        by_pattern = np.bincount(self._pattern, share.sum(0), self.n_patterns) - self._chosen_patterns
        price = self._penalty * ((shared**2).sum() + TIE * (own**2).sum())
        price += REPETITION_PENALTY * (repetition**2).sum()
        gradient = (
            by_slot.sum(0) + 2 * self._penalty * shared,
            (by_slot + 2 * self._penalty * TIE * own).ravel(),
            by_pattern + 2 * REPETITION_PENALTY * repetition,
        )
        return price - likelihood, np.concatenate(gradient)

    def _parts(self, parameters: Floats) -> tuple[Floats, Floats, Floats]:
        end = len(parameters) - self.n_patterns
        shared, own = parameters[: self._width], parameters[self._width : end].reshape(-1, self._width)
        return shared, own, parameters[end:]


def _standardised(evidence: Floats, centre: Floats, scale: Floats) -> Floats:
    standard = (evidence - centre) / scale
    centred: Floats = standard - standard.mean(2, keepdims=True)
    return centred


def _additive(slots: Floats) -> Floats:
    """Sums ``[n, m^S]`` of one choice per slot out of ``[n, S, m]``."""
    total = np.zeros((len(slots), 1))
    for s in range(slots.shape[1]):
        total = (total[:, :, None] + slots[:, s, None, :]).reshape(len(slots), -1)
    return total


def _marginals(share: Floats, candidates: int) -> Floats:
    """``[n, S, m]``: per slot, the share of all fillings with a candidate, of shares ``[n, m^S]``."""
    shape = _cube(share.shape[1], candidates)
    sums = []
    for s in range(len(shape)):
        folded = share.reshape(len(share), prod(shape[:s]), candidates, prod(shape[s + 1 :]))
        sums.append(folded.sum((1, 3)))
    return np.stack(sums, axis=1)


def _cube(fillings: int, candidates: int) -> Sequence[int]:
    """``(m, …, m)`` with product ``fillings``."""
    shape = [candidates]
    while prod(shape) < fillings:
        shape.append(candidates)
    return shape
