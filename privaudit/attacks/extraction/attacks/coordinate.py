"""``coordinate``: change one or two slots at a time for the better, exactly evaluated, from many starts."""

import numpy as np

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.local_search import LocalSearch
from privaudit.attacks.extraction.registry import register
from privaudit.attacks.extraction.spec import ExtractionSpec, Found, Problem, SearchSettings
from privaudit.targets.interface import Access


@register(
    ExtractionSpec(
        id="coordinate",
        title="Greedy coordinate search",
        access=Access.SCORE,
        summary=(
            "From several starts, the best change of one slot, of the order or of two slots is taken "
            "until none helps."
        ),
        reference="After GCG (arXiv 2307.15043) and ARCA (arXiv 2303.04381); shifts and pairs are our own",
    )
)
def search(problem: Problem, settings: SearchSettings, rng: np.random.Generator) -> Found:
    """Climb until ``restarts`` starts in a row found nothing better; the best filling on the way wins.

    No step ever lowers the objective.
    """
    budget = Budget(problem, settings)
    LocalSearch(budget, settings, rng).run()
    return budget.found()
