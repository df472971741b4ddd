"""What luck explains, against simulated guessing and a closed form."""

import numpy as np
import pytest
from scipy.stats import nhypergeom

from privaudit.gate.guessing import Guessing, best_of, hits_by_chance


def simulated(group, rng):
    """Right answers when every answer is the best candidate that is no other secret."""
    secret = rng.permutation(group.candidates) < group.secrets
    first = np.flatnonzero(~secret)
    return group.secrets if not len(first) else int(first[0])


@pytest.mark.parametrize(("secrets", "candidates"), [(50, 60), (3, 10), (1, 7), (5, 5)])
def test_the_count_is_negative_hypergeometric(secrets, candidates):
    group = Guessing(secrets, candidates, best_first=True)
    others = candidates - secrets
    for hits in range(secrets + 2):
        expected = float(hits <= secrets) if not others else nhypergeom(candidates, secrets, 1).sf(hits - 1)
        assert hits_by_chance([group], hits) == pytest.approx(expected if hits else 1.0, abs=1e-12)
    assert group.expected == pytest.approx(sum(hits_by_chance([group], h) for h in range(1, secrets + 1)))


def test_six_of_fifty_is_luck_among_sixty_candidates():
    """11 fillings are left per canary, so luck gives 4.5: six are no finding."""
    group = Guessing(50, 60, best_first=True)
    assert group.expected == pytest.approx(4.545, abs=1e-3)
    assert hits_by_chance([group], 6) == pytest.approx(0.317, abs=1e-3)
    assert hits_by_chance([Guessing(50, 10_000, best_first=True)], 1) == pytest.approx(0.005)


def test_groups_add_up():
    groups = [
        Guessing(3, 8, best_first=True),
        Guessing(2, 6, best_first=True),
        Guessing(1, 4, best_first=True),
    ]
    rng = np.random.default_rng(0)
    drawn = np.array([sum(simulated(g, rng) for g in groups) for _ in range(40_000)])
    for hits in range(1, 6):
        assert hits_by_chance(groups, hits) == pytest.approx((drawn >= hits).mean(), abs=0.008)


def test_unknown_dependence_is_bounded():
    groups = [Guessing(10, 100, best_first=True), Guessing(10, 100, best_first=False)]
    for hits in (1, 2, 5):
        assert hits_by_chance(groups, hits) == pytest.approx(min(1, 20 / 91 / hits))
    exact = [Guessing(10, 100, best_first=True)] * 2
    assert hits_by_chance(exact, 2) <= hits_by_chance(groups, 2)


@pytest.mark.parametrize("hits", [0, -1])
def test_no_hit_needs_no_luck(hits):
    assert hits_by_chance([Guessing(1, 10, best_first=True)], hits) == 1.0


@pytest.mark.parametrize(("secrets", "candidates"), [(0, 5), (6, 5)])
def test_impossible_groups(secrets, candidates):
    with pytest.raises(ValueError, match="candidates"):
        Guessing(secrets, candidates, best_first=True)


def test_the_best_of_several():
    assert best_of(0.002, 10) == pytest.approx(0.02)
    assert best_of(0.2, 10) == 1.0
