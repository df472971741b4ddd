"""``beam``: fill one slot after the other and keep the best partial fillings."""

import numpy as np

from privaudit.attacks.extraction.budget import SOFT_STEP, Budget
from privaudit.attacks.extraction.partial_fillings import partials_of
from privaudit.attacks.extraction.registry import register
from privaudit.attacks.extraction.spec import OPEN, ExtractionSpec, Found, Partials, Problem, SearchSettings
from privaudit.data.canaries.template import draw_fillings
from privaudit.targets.interface import Access, Ints


@register(
    ExtractionSpec(
        id="beam",
        title="Beam over partial fillings",
        access=Access.SCORE,
        summary=(
            "Slots are filled one by one, left to right and most certain first; "
            "the best partial fillings go on."
        ),
        reference="Beam search (Lowerre, Carnegie Mellon 1976); open slots as mean mixtures are our own",
    )
)
def search(problem: Problem, settings: SearchSettings, rng: np.random.Generator) -> Found:
    """Search in both orders, the first with at most half of the budget; the best complete filling wins."""
    budget = Budget(problem, settings)
    budget.scores(draw_fillings(problem.surface.template, 1, rng))
    partials = partials_of(budget, rng)
    run_beam(budget, partials, settings, rng, limit=budget.left // 2, certain_first=False)
    run_beam(budget, partials, settings, rng, limit=budget.left, certain_first=True)
    return budget.found()


def run_beam(
    budget: Budget,
    partials: Partials,
    settings: SearchSettings,
    rng: np.random.Generator,
    *,
    limit: int,
    certain_first: bool,
) -> Ints:
    """Fill all slots of a beam; complete fillings are scored on hard tokens.

    What is left of ``limit`` is spread evenly over the slots that are still open, by expanding fewer partial
    fillings or fewer candidates of each.

    Returns:
        The complete fillings of the last beam ``[P, S]``, best first.
    """
    sizes = budget.problem.surface.template.sizes
    stop = budget.spent + limit
    beam = np.full((1, len(sizes)), OPEN, dtype=np.int64)
    for depth in range(len(sizes)):
        allowance = (min(stop, budget.budget) - budget.spent) // (len(sizes) - depth)
        open_slots = np.flatnonzero(beam[0] == OPEN)
        slot = int(open_slots[0])
        if certain_first and len(open_slots) > 1:
            slot, used = _most_certain(partials, beam[:1], open_slots, sizes, allowance // 4)
            allowance -= used
        price = 1 if len(open_slots) == 1 else partials.price
        children = _expand(partials, beam, slot, sizes[slot], settings, allowance // price, rng)
        if len(children) == 0:
            return children
        scores = budget.scores(children) if len(open_slots) == 1 else partials.scores(children)
        best = np.argsort(-scores, kind="stable")[: settings.beam_width]
        beam = children[best]
    return beam


def _most_certain(
    partials: Partials, first: Ints, open_slots: Ints, sizes: tuple[int, ...], allowance: int
) -> tuple[int, int]:
    """The open slot of the best partial filling whose best candidate stands out most, and what that cost.

    Certainty is the softmax share of the best candidate. Where scoring every candidate would cost more than
    ``allowance``, first-order values stand in for the scores; without those, the order is left to right.
    """
    total = sum(sizes[slot] for slot in open_slots)
    if total * partials.price <= allowance:
        values = [partials.scores(_filled(first, slot, np.arange(sizes[slot])[None])) for slot in open_slots]
        cost = total * partials.price
    else:
        gradients = partials.gradients(first)
        if gradients is None:
            return int(open_slots[0]), 0
        values, cost = [gradients[slot][0] for slot in open_slots], SOFT_STEP
    certainty = [-np.log(np.exp(value - value.max()).sum()) for value in values]
    return int(open_slots[int(np.argmax(certainty))]), cost


def _expand(
    partials: Partials,
    beam: Ints,
    slot: int,
    size: int,
    settings: SearchSettings,
    children: int,
    rng: np.random.Generator,
) -> Ints:
    """At most ``children`` children ``[P * k, S]`` of the beam, best parents first.

    A slot of up to ``shortlist`` candidates is expanded whole, and so is a larger one as long as no more than
    ``beam_width * shortlist`` children come of it.
    """
    k = min(size, max(settings.shortlist, settings.beam_width * settings.shortlist // len(beam)), children)
    if k < 1:
        return np.empty((0, beam.shape[1]), dtype=np.int64)
    parents = beam[: max(1, children // k)]
    if k == size:
        return _filled(parents, slot, np.broadcast_to(np.arange(size), (len(parents), size)))
    gradients = partials.gradients(parents)
    values = rng.random((len(parents), size)) if gradients is None else gradients[slot]
    return _filled(parents, slot, np.argpartition(-values, k - 1, axis=1)[:, :k])


def _filled(parents: Ints, slot: int, choices: Ints) -> Ints:
    """Every parent ``[P, S]`` with each of its choices ``[P, k]`` in the slot: ``[P * k, S]``."""
    children = np.repeat(parents, choices.shape[1], axis=0)
    children[:, slot] = choices.ravel()
    return children
