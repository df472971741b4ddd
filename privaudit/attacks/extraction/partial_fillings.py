"""Partial fillings and what they are worth: a search slot by slot needs a completion for the rest.

A *partial filling* ``[S]`` has :data:`OPEN` where a slot is still undecided. White-box, an open slot is the
uniform mixture of its candidates. Black-box, a partial filling is worth the mean over a few completions,
drawn once: two partial fillings are compared on the same ones.
"""

import numpy as np

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.spec import OPEN, Partials, SoftSurface
from privaudit.data.canaries.template import draw_fillings
from privaudit.targets.interface import Floats, Ints

COMPLETIONS = 4
"""Random completions of a partial filling on a black-box surface."""


def partials_of(budget: Budget, rng: np.random.Generator) -> Partials:
    """Mixtures where the surface has them, else random completions."""
    surface = budget.problem.surface
    if isinstance(surface, SoftSurface):
        # NOTE: torch is loaded when a search needs it; listing the attacks does not.
        from privaudit.attacks.extraction.mixtures import Mixtures

        return Mixtures(budget, surface)
    return Completions(budget, draw_fillings(surface.template, COMPLETIONS, rng))


class Completions:
    """Mean objective over the same completions for all.

    Args:
        budget: scores the completed fillings.
        completions: ``[K, S]``; what they have where a partial filling is open completes it.
    """

    def __init__(self, budget: Budget, completions: Ints) -> None:
        self._budget, self._completions = budget, completions
        self.price = len(completions)

    def scores(self, partials: Ints) -> Floats:
        """See :class:`Partials`."""
        filled = np.where(partials[:, None] == OPEN, self._completions, partials[:, None])
        scores = self._budget.scores(filled.reshape(-1, filled.shape[2]))
        means: Floats = scores.reshape(len(partials), self.price).mean(1)
        return means

    def gradients(self, partials: Ints) -> list[Floats] | None:
        """None: a black box has none."""
        del partials
        return None
