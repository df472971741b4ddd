"""``enumerate``: every filling: nothing can score higher."""

import numpy as np

from privaudit.attacks.extraction.enumeration import LARGEST, all_margins, first_best
from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.registry import register
from privaudit.attacks.extraction.spec import ExtractionSpec, Found, Problem, SearchSettings, Surface
from privaudit.data.canaries.template import numbered
from privaudit.targets.interface import Access


def few_fillings(surface: Surface) -> str | None:
    """Why this surface cannot be enumerated, or None when it can."""
    n = surface.template.n_fillings
    if n <= LARGEST:
        return None
    return f"the template has {n:.3g} fillings, and more than {LARGEST:.0e} are not enumerated"


@register(
    ExtractionSpec(
        id="enumerate",
        title="Every filling",
        access=Access.SCORE,
        summary="All fillings are evaluated; the best of them is the optimum of the objective.",
        reference="Carlini et al., The Secret Sharer, USENIX Security 2019 (arXiv 1802.08232), section 4",
    ),
    few_fillings,
)
def search(problem: Problem, settings: SearchSettings, rng: np.random.Generator) -> Found:
    """Evaluate all fillings; among equals the one with the lowest number is returned.

    The budget does not apply: half an enumeration is no enumeration. Nothing here is random.

    Raises:
        UsageError: there are too many; ``applies`` says so beforehand.
    """
    del settings, rng
    surface = problem.surface
    (margins,) = all_margins(surface, [problem.label])
    best = first_best(margins, problem.excluded_numbers)
    filling = numbered(surface.template, np.array([best]))
    (score,) = objective_scores(surface.logits(filling), problem.label, problem.objective)
    return Found(tuple(map(int, filling[0])), float(score), len(margins) + 1, complete=True)
