"""The contrast of all fillings against its definition, and what it is for."""

import numpy as np
import pytest

from privaudit.attacks.extraction.contrast import TEMPERATURE, contrast_weight, contrasted
from privaudit.attacks.extraction.objectives import margins_of, objective_scores
from privaudit.attacks.extraction.ranking import Pool, best_of
from privaudit.attacks.extraction.spec import Objective
from privaudit.data.canaries.template import draw_fillings, numbered

SIZES = (3, 4, 2)


def pool_of(surface, secrets):
    return Pool.of(surface.template, np.asarray(secrets, dtype=np.int64), np.random.default_rng(0))


def test_it_is_its_definition(table):
    values = np.random.default_rng(0).normal(size=24)
    surface = table(SIZES, values)
    pool = pool_of(surface, [[1, 2, 0], [0, 0, 1]])
    found = contrasted(pool, pool.margins(surface, 1))
    for number, filling in enumerate(numbered(surface.template, np.arange(24))):
        parts = []
        for slot, size in enumerate(SIZES):
            line = np.repeat(filling[None], size, axis=0)
            line[:, slot] = np.arange(size)
            margins = surface.logits(line)[:, 1]
            parts.append(TEMPERATURE * np.log(np.exp(margins / TEMPERATURE).sum()))
        assert found.pool[number] == pytest.approx(values[number] - 2 / 3 * np.mean(parts))
    np.testing.assert_array_equal(found.secrets, found.pool[[12, 1]])


def test_a_sum_over_slots_and_a_single_slot_keep_their_order(table):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=5), rng.normal(size=6)
    for sizes, values in (((5, 6), (a[:, None] + b).ravel()), ((6,), b)):
        surface = table(sizes, values)
        pool = pool_of(surface, [[0] * len(sizes)])
        found = contrasted(pool, pool.margins(surface, 1))
        np.testing.assert_array_equal(np.argsort(found.pool), np.argsort(values))
    assert contrast_weight(1) == 0


def test_a_plateau_of_repetitions_hides_the_secret_from_the_margin_only(table):
    """A reader that is nearly sure at two of the secret's words, and likes one of them best."""
    secret = (3, 1, 2)
    fillings = np.array(np.unravel_index(np.arange(125), (5, 5, 5))).T
    occur = np.stack([(fillings == word).any(1) for word in secret], axis=1).sum(1)
    sure = np.array([0.0, 4.0, 6.0, 6.6])[occur]
    surface = table((5, 5, 5), sure + 0.1 * (fillings == secret).sum(1) + 0.7 * (fillings == 1).sum(1))
    pool = pool_of(surface, [secret])
    margins = pool.margins(surface, 1)
    assert pool.rank(margins, 0).rank > 1
    assert pool.rank(contrasted(pool, margins), 0).rank == 1
    assert best_of(pool, contrasted(pool, margins)) == secret


def test_a_sample_has_no_neighbours(table):
    surface = table(SIZES, np.zeros(24))
    sample = draw_fillings(surface.template, 10, np.random.default_rng(0))
    pool = Pool(surface.template, np.array([[0, 0, 0]]), sample)
    with pytest.raises(ValueError, match="neighbours"):
        contrasted(pool, pool.margins(surface, 1))


def test_margins_come_back_from_the_loss():
    logits = np.stack([np.zeros(9), np.array([-800.0, -30, -5, -1, 0, 1, 5, 30, 300])], axis=1)
    margins = objective_scores(logits, 1, Objective.MARGIN)
    np.testing.assert_allclose(
        margins_of(objective_scores(logits, 1, Objective.LOSS), Objective.LOSS),
        margins,
        rtol=1e-9,
        atol=1e-12,
    )
    np.testing.assert_array_equal(margins_of(margins, Objective.MARGIN), margins)
    assert margins_of(np.array([-np.inf]), Objective.LOSS)[0] == -np.inf
