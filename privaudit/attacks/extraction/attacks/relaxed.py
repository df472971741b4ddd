"""``relaxed``: gradient descent on mixtures of candidates, the method of the paper."""

import numpy as np

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.registry import needs_mixtures, register
from privaudit.attacks.extraction.spec import ExtractionSpec, Found, Problem, SearchSettings
from privaudit.targets.interface import Access


@register(
    ExtractionSpec(
        id="relaxed",
        title="Descent on mixtures of candidates",
        access=Access.WEIGHTS,
        summary=(
            "Every slot becomes a softmax mixture of its candidates; "
            "Adam moves the mixtures, and the largest weights are read."
        ),
        reference="Parikh, Dupuy and Gupta, ACL 2022 short papers (arXiv 2203.13920)",
    ),
    needs_mixtures,
)
def search(problem: Problem, settings: SearchSettings, rng: np.random.Generator) -> Found:
    """Descend from several starts at once; the best of their hard readings wins.

    Every start costs three evaluations a step until it has converged. When the budget is smaller than
    ``restarts`` steps, fewer starts are made.
    """
    # NOTE: torch is loaded when a search needs it; listing the attacks does not.
    from privaudit.attacks.extraction.descent import descend

    budget = Budget(problem, settings)
    budget.scores(descend(budget, settings, rng))
    return budget.found()
