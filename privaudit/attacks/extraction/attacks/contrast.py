"""``contrast``: of the fillings that the model likes best, the one that needs each of its words."""

import numpy as np

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.contrast import contrast_weight, soft_maximum
from privaudit.attacks.extraction.local_search import LocalSearch
from privaudit.attacks.extraction.objectives import margins_of
from privaudit.attacks.extraction.registry import register
from privaudit.attacks.extraction.spec import ExtractionSpec, Found, Problem, SearchSettings
from privaudit.targets.interface import Access, Ints

LEADING = 10
"""Fillings with the highest margins to start from, and neighbours of each to look at."""


@register(
    ExtractionSpec(
        id="contrast",
        title="Every word needed",
        access=Access.SCORE,
        summary=(
            "After a coordinate search, local search from the best fillings maximises how far the margin "
            "falls when a word is exchanged."
        ),
        reference="Defined here (privaudit), after the pseudo-likelihood of Besag, JRSS B 36 (1974)",
    )
)
def search(problem: Problem, settings: SearchSettings, rng: np.random.Generator) -> Found:
    """Maximise the objective with at most half of the budget, then the contrast from the best fillings.

    The score of the result is its objective, which is at most that of ``coordinate``.
    """
    budget = Budget(problem, settings)
    search = LocalSearch(budget, settings, rng)
    with budget.limited(max(1, budget.left // 2)):
        search.run()
    chosen = _Contrast(budget, search).run(budget.leading(LEADING))
    if chosen is None:
        return budget.found()
    return Found(chosen, budget.score(chosen), budget.spent, complete=False)


class _Contrast:
    """Local search on the contrast, with margins paid from a budget."""

    def __init__(self, budget: Budget, search: LocalSearch) -> None:
        self._budget, self._search = budget, search
        self._slots = len(budget.problem.surface.template.sizes)
        self._known: dict[tuple[int, ...], float] = {}

    def run(self, starts: Ints) -> tuple[int, ...] | None:
        """The filling with the highest contrast; None when the budget did not allow one."""
        for start in starts:
            current, value = start, self.value(start)
            while np.isfinite(value) and not self._budget.over:
                neighbours = self._neighbours(current)
                values = [self.value(filling) for filling in neighbours]
                top = int(np.argmax(values))
                if values[top] <= value:
                    break
                current, value = neighbours[top], values[top]
        finite = {filling: value for filling, value in self._known.items() if np.isfinite(value)}
        return max(finite, key=lambda filling: (finite[filling], filling), default=None)

    def value(self, filling: Ints) -> float:
        """Contrast of a filling; -inf when it is excluded or the budget did not allow all its neighbours."""
        key = tuple(map(int, filling))
        if key not in self._known:
            self._known[key] = -np.inf if key in self._budget.problem.excluded else self._contrast(filling)
        return self._known[key]

    def _contrast(self, filling: Ints) -> float:
        objective = self._budget.problem.objective
        parts = []
        for slot in range(self._slots):
            scores = self._budget.scores(self._search.line(filling, slot))
            if np.isneginf(scores).any():
                return -np.inf
            parts.append(float(soft_maximum(margins_of(scores, objective))[0]))
        (margin,) = margins_of(self._budget.scores(filling[None]), objective)
        return float(margin - contrast_weight(self._slots) * np.mean(parts))

    def _neighbours(self, filling: Ints) -> Ints:
        """Of the neighbours by one slot or by order, those with the highest margins."""
        lines = [self._search.line(filling, slot) for slot in range(self._slots)]
        neighbours = np.unique(np.concatenate([*lines, self._search.rearranged(filling)]), axis=0)
        order = np.argsort(-self._budget.scores(neighbours), kind="stable")
        found: Ints = neighbours[order[:LEADING]]
        return found
