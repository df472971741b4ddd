"""What every search shares: a hard text is scored once, the best is kept, each evaluation is on the bill."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.spec import Found, Problem, SearchSettings
from privaudit.errors import UsageError
from privaudit.targets.interface import Floats, Ints

SOFT_STEP = 3
"""Texts that one soft row with its backward pass counts as: a backward pass costs about two forward ones."""


class Budget:
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
                f"A budget of {settings.evaluations} evaluations allows none",
                "Raise --evaluations to 1 or more",
            )
        self.problem = problem
        self.budget = settings.evaluations
        self.spent = 0
        self.best: tuple[int, ...] | None = None
        self.best_score = -np.inf
        self._known: dict[bytes, float] = {}
        self._excluded = {np.array(other, dtype=np.int64).tobytes() for other in problem.excluded}

    @property
    def left(self) -> int:
        """Evaluations that the budget still allows."""
        return self.budget - self.spent

    @property
    def soft_left(self) -> int:
        """What mixtures may use of it: one evaluation stays for the hard text that a search must score."""
        return self.left if self.best is not None else self.left - 1

    @property
    def complete(self) -> bool:
        """Whether every filling has been evaluated."""
        return len(self._known) == self.problem.surface.template.n_fillings

    @property
    def over(self) -> bool:
        """Whether there is nothing left to evaluate, or nothing to pay it with."""
        return self.left <= 0 or self.complete

    def pay(self, evaluations: int) -> None:
        """Put soft evaluations on the bill.

        Raises:
            ValueError: they exceed :attr:`soft_left`: a bug of the search.
        """
        if evaluations > self.soft_left:
            raise ValueError("a search must look at what is left before it spends")
        self.spent += evaluations

    @contextmanager
    def limited(self, evaluations: int) -> Iterator[None]:
        """Inside, no more than so many further evaluations are allowed."""
        whole, self.budget = self.budget, min(self.budget, self.spent + evaluations)
        try:
            yield
        finally:
            self.budget = whole

    def leading(self, n: int) -> Ints:
        """At most ``n`` of the fillings that were scored ``[n, S]``, best first, excluded ones left out."""
        keys = heapq.nlargest(n, self._known.keys() - self._excluded, key=lambda key: (self._known[key], key))
        slots = len(self.problem.surface.template.sizes)
        return np.array([np.frombuffer(key, dtype=np.int64) for key in keys]).reshape(-1, slots)

    def scores(self, fillings: Ints) -> Floats:
        """Objective ``[F]`` of fillings ``[F, S]``; -inf for those that the budget no longer allowed.

        What was scored before is free.
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

        A search that read nothing but excluded fillings gives the best of those that differ from one of them
        in one slot.

        Raises:
            RuntimeError: no filling was scored: a bug of the search.
        """
        if self.best is None and self._known:
            # NOTE: as many as one slot has candidates; that the budget is overdrawn by them is on the bill.
            self.budget = max(self.budget, self.spent + self.problem.surface.template.sizes[-1])
            self.scores(self._beside_excluded())
        if self.best is None:
            raise RuntimeError("a search must score at least one filling")
        return Found(self.best, self.best_score, self.spent, self.complete)

    def _evaluate(self, fillings: Ints, keys: list[bytes]) -> None:
        problem = self.problem
        scores = objective_scores(problem.surface.logits(fillings), problem.label, problem.objective)
        self.spent += len(keys)
        self._known.update(zip(keys, scores.tolist(), strict=True))
        if self._excluded:
            scores = np.where([key in self._excluded for key in keys], -np.inf, scores)
        top = int(scores.argmax())
        if scores[top] > self.best_score:
            self.best, self.best_score = tuple(map(int, fillings[top])), float(scores[top])

    def _beside_excluded(self) -> Ints:
        """The fillings that differ from the first excluded one in the last slot at most."""
        size = self.problem.surface.template.sizes[-1]
        rows = np.tile(np.array(self.problem.excluded[0], dtype=np.int64), (size, 1))
        rows[:, -1] = np.arange(size)
        return rows
