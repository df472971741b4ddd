"""What every search shares: hard texts are scored once, the best is kept, and every evaluation is on the bill."""

from collections.abc import Sequence

import numpy as np

from privaudit.attacks.inversion.interface import Found, Problem, SearchSettings
from privaudit.attacks.inversion.objectives import objective_scores
from privaudit.errors import UsageError
from privaudit.targets.interface import Floats, Ints

SOFT_STEP = 3
"""Texts that one soft row with its backward pass counts as: a backward pass costs about two forward ones."""


class Ledger:
    """Scores fillings on hard tokens within a budget, remembers them, and never forgets the best.

    Args:
        problem: what is searched.
        settings: the budget is read.

    Raises:
        UsageError: the budget does not allow one evaluation.
    """

    def __init__(self, problem: Problem, settings: SearchSettings) -> None:
        if settings.evaluations < 1:
            raise UsageError(
                "a budget of at least one evaluation", str(settings.evaluations), "Raise --evaluations"
            )
        self.problem = problem
        self.budget = settings.evaluations
        self.spent = 0
        self.best: tuple[int, ...] | None = None
        self.best_score = -np.inf
        self._known: dict[bytes, float] = {}

    @property
    def left(self) -> int:
        """Evaluations that the budget still allows."""
        return self.budget - self.spent

    @property
    def complete(self) -> bool:
        """Whether every filling has been evaluated."""
        return len(self._known) == self.problem.surface.template.n_fillings

    @property
    def over(self) -> bool:
        """Whether there is nothing left to evaluate, or nothing to pay it with."""
        return self.left <= 0 or self.complete

    def pay(self, evaluations: int) -> bool:
        """Put soft evaluations on the bill; False, and nothing is charged, when they cannot be afforded."""
        if evaluations > self.left:
            return False
        self.spent += evaluations
        return True

    def scores(self, fillings: Ints) -> Floats:
        """Objective ``[F]`` of fillings ``[F, S]``; known ones are free, and -inf stands for those that the
        budget no longer allowed.
        """
        fillings = np.ascontiguousarray(fillings, dtype=np.int64)
        keys = [row.tobytes() for row in fillings]
        new: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key not in self._known and len(new) < self.left:
                new.setdefault(key, position)
        if new:
            self._evaluate(fillings[list(new.values())], list(new))
        return np.array([self._known.get(key, -np.inf) for key in keys])

    def score(self, filling: Sequence[int] | Ints) -> float:
        """Objective of one filling."""
        return float(self.scores(np.asarray(filling, dtype=np.int64)[None])[0])

    def found(self) -> Found:
        """What the search came back with.

        Raises:
            RuntimeError: no filling was scored: a bug of the search.
        """
        if self.best is None:
            raise RuntimeError("a search must score at least one filling")
        return Found(self.best, self.best_score, self.spent, self.complete)

    def _evaluate(self, fillings: Ints, keys: list[bytes]) -> None:
        problem = self.problem
        scores = objective_scores(problem.surface.logits(fillings), problem.label, problem.objective)
        self.spent += len(keys)
        self._known.update(zip(keys, scores.tolist(), strict=True))
        top = int(scores.argmax())
        if scores[top] > self.best_score:
            self.best, self.best_score = tuple(map(int, fillings[top])), float(scores[top])
