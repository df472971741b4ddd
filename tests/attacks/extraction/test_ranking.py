"""Ranks against a naive count, ties, what is left out, and their law when nothing was learnt."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from privaudit.attacks.extraction.enumeration import all_margins, first_best
from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.ranking import Margins, Pool, best_of, calibrated
from privaudit.attacks.extraction.spec import Objective
from privaudit.data.canaries.template import draw_fillings
from privaudit.errors import UsageError

SIZES = (4, 5, 3)
N = 60


def rng(seed=0):
    return np.random.default_rng(seed)


def pool_of(surface, secrets, **options):
    return Pool.of(surface.template, np.asarray(secrets, dtype=np.int64), rng(), **options)


@pytest.fixture
def surface(table):
    """Margins in steps of a half: many ties."""
    return table(SIZES, rng(1).integers(0, 8, size=N) / 2)


def tie_randomised(ranked, generator) -> int:
    """The rank with ties broken at random: uniform when nothing was learnt of a uniformly drawn secret."""
    return ranked.better + 1 + int(generator.integers(ranked.ties + 1))


class TestExact:
    def test_the_rank_is_a_naive_count(self, surface):
        secrets = np.array(np.unravel_index(np.arange(N), SIZES)).T
        pool = pool_of(surface, secrets)
        margins = pool.margins(surface, 1)
        values = surface.table[:, 1]
        for number in range(N):
            ranked = pool.rank(margins, number)
            assert ranked.exact
            assert ranked.compared == N
            assert ranked.margin == values[number]
            assert ranked.better == (values > values[number]).sum()
            assert ranked.ties == (values == values[number]).sum() - 1
            assert ranked.rank == (values >= values[number]).sum()

    def test_all_secrets_and_labels_share_one_pass(self, surface):
        pool = pool_of(surface, [[0, 0, 0], [1, 2, 1], [3, 4, 2]])
        first, second = pool.margins_under(surface, [1, 0])
        assert surface.passes == 1
        np.testing.assert_allclose(first.pool, -second.pool)
        assert len(first.secrets) == 3

    def test_other_planted_secrets_are_left_out(self, table):
        surface = table(SIZES, np.arange(N))
        secrets = np.array([[0, 0, 0], [3, 4, 2], [3, 4, 1]])
        pool = pool_of(surface, secrets)
        margins = pool.margins(surface, 1)
        ranked = pool.rank(margins, 2, secrets)  # its own filling among the others is not left out
        assert (ranked.rank, ranked.compared) == (1, N - 2)
        assert pool.rank(margins, 2).rank == 2

    def test_two_canaries_with_one_secret_rank_alike(self, table):
        surface = table(SIZES, np.arange(N))
        secrets = np.array([[3, 4, 2], [3, 4, 2]])
        pool = pool_of(surface, secrets)
        ranked = pool.rank(pool.margins(surface, 1), 0, secrets[1:])
        assert (ranked.rank, ranked.compared) == (1, N)

    def test_rounding_counts_as_a_tie(self, table):
        """The same numbers added in another order: the attacker gains nothing from the last digit."""
        margins = np.full(N, 20.0) + rng(2).uniform(-1e-5, 1e-5, size=N)
        pool = pool_of(table(SIZES, margins), [[2, 2, 2]])
        ranked = pool.rank(pool.margins(table(SIZES, margins), 1), 0)
        assert (ranked.better, ranked.ties, ranked.rank) == (0, N - 1, N)

    def test_the_randomised_rank_spreads_over_the_ties(self, surface):
        pool = pool_of(surface, [[1, 1, 1]])
        ranked = pool.rank(pool.margins(surface, 1), 0)
        assert ranked.ties > 1
        drawn = {tie_randomised(ranked, rng(seed)) for seed in range(300)}
        assert drawn == set(range(ranked.better + 1, ranked.rank + 1))

    def test_logits_that_are_there_already_are_read_the_same(self, surface):
        pool = pool_of(surface, [[1, 1, 1]])
        read, computed = pool.read(surface.table, 1), pool.margins(surface, 1)
        np.testing.assert_array_equal(read.pool, computed.pool)
        np.testing.assert_array_equal(read.secrets, computed.secrets)

    def test_too_many_fillings_are_refused(self, table):
        surface = table(SIZES, np.zeros(N))
        surface.template = replace(surface.template, slots=surface.template.slots * 8)
        with pytest.raises(UsageError, match="Rank against a sample"):
            all_margins(surface, [1])

    def test_a_surface_that_skips_fillings_is_a_bug(self, surface):
        surface.all_logits = lambda: iter([surface.table[:10]])
        with pytest.raises(ValueError, match="10 of 60"):
            all_margins(surface, [1])


class TestSampled:
    @pytest.fixture
    def sampled(self, surface):
        secrets = np.array([[1, 1, 1], [3, 4, 2]])
        sample = draw_fillings(surface.template, 4000, rng(5))
        return Pool(surface.template, secrets, sample)

    def test_counts_are_those_of_the_sample(self, surface, sampled):
        ranked = sampled.rank(sampled.margins(surface, 1), 0)
        values = objective_scores(surface.logits(sampled.sample), 1, Objective.MARGIN)
        assert not ranked.exact
        assert ranked.compared == 4000
        assert ranked.at_least == (values >= ranked.margin).sum()
        assert ranked.rank == 1 + ranked.at_least

    def test_the_share_is_that_of_all_fillings(self, surface, sampled):
        exact = pool_of(surface, sampled.secrets)
        truth = exact.rank(exact.margins(surface, 1), 1).rank / N
        ranked = sampled.rank(sampled.margins(surface, 1), 1)
        assert 0 < truth < 1
        assert abs(ranked.at_least / ranked.compared - truth) < 4 * np.sqrt(truth * (1 - truth) / 4000)

    def test_other_planted_secrets_are_left_out(self, surface, sampled):
        other = sampled.sample[:1]
        ranked = sampled.rank(sampled.margins(surface, 1), 0, other)
        assert ranked.compared == 4000 - (sampled.sample == other).all(1).sum()

    def test_large_templates_are_sampled(self, surface):
        template = replace(surface.template, slots=surface.template.slots * 8)
        pool = Pool.of(template, np.zeros((1, 24), dtype=np.int64), rng(), sample=100)
        assert not pool.exact
        assert pool.sample.shape == (100, 24)
        assert (pool.sample < np.array(template.sizes)).all()
        assert pool_of(surface, [[0, 0, 0]]).exact

    def test_the_best_of_a_sample_is_not_asked_for(self, surface, sampled):
        with pytest.raises(ValueError, match="sample"):
            best_of(sampled, sampled.margins(surface, 1))


class TestCalibrated:
    def test_the_mean_of_the_references_is_taken_off(self, table):
        """What every model prefers hides the secret until it is taken off."""
        preferred = rng(3).normal(size=N) * 5
        own = np.zeros(N)
        own[37] = 1.0
        target = table(SIZES, preferred + own)
        references = [table(SIZES, preferred + 0.05 * rng(10 + k).normal(size=N)) for k in range(4)]
        secret = np.array(np.unravel_index([37], SIZES)).T
        pool = pool_of(target, secret)
        plain = pool.margins(target, 1)
        better = calibrated(plain, [pool.margins(reference, 1) for reference in references])
        assert pool.rank(plain, 0).rank > 1
        assert pool.rank(better, 0).rank == 1
        assert best_of(pool, better) == tuple(secret[0])
        expected = plain.pool - np.mean([reference.table[:, 1] for reference in references], axis=0)
        np.testing.assert_allclose(better.pool, expected)

    def test_a_sample_is_calibrated_on_the_same_fillings(self, table):
        surface = table(SIZES, rng(4).normal(size=N))
        sample = draw_fillings(surface.template, 50, rng(6))
        pool = Pool(surface.template, np.array([[0, 1, 2]]), sample)
        margins = pool.margins(surface, 1)
        nothing = calibrated(margins, [margins, margins])
        np.testing.assert_array_equal(nothing.pool, 0)
        assert pool.rank(nothing, 0).at_least == 50


def test_the_lowest_number_of_the_best_is_first():
    assert first_best(np.array([1.0, 3.0 - 1e-6, 3.0, 2.0])) == 1


class TestNothingLearnt:
    """Secrets drawn by a law, models that never saw them."""

    LAW = rng(20).dirichlet(np.full(N, 0.3))

    @pytest.fixture
    def positions(self, position_in_law):
        return lambda scores: self.drawn_positions(scores, position_in_law)

    def drawn_positions(self, scores, position_in_law, draws=2000):
        found = []
        for seed in range(draws):
            generator = rng([7, seed])
            secret = int(generator.choice(N, p=self.LAW))
            found.append(position_in_law(scores(secret, generator), secret, self.LAW, generator.random()))
        return np.array(found)

    def test_positions_are_uniform_under_a_skewed_law_with_ties(self, positions):
        def of_the_law(_, generator):
            """A scorer that knows what the generator prefers, in coarse steps, and nothing of the secret."""
            return np.round(np.log(self.LAW) + 0.5 * generator.normal(size=N))

        assert kstest(positions(of_the_law), "uniform").pvalue > 0.01

    def test_a_scorer_that_peeks_is_found_out(self, positions):
        def peeks(secret, generator):
            scores = generator.normal(size=N)
            scores[secret] += 0.5
            return scores

        assert kstest(positions(peeks), "uniform").pvalue < 1e-6

    def test_randomised_ranks_of_a_uniform_secret_are_uniform(self, table):
        shares = []
        for seed in range(1500):
            generator = rng([8, seed])
            secret = generator.integers(SIZES)[None]
            pool = Pool(table(SIZES, np.zeros(N)).template, secret, None)
            values = generator.integers(0, 6, size=N).astype(float)
            number = np.ravel_multi_index(tuple(secret.T), SIZES)
            rank = tie_randomised(pool.rank(Margins(values, values[number]), 0), generator)
            shares.append((rank - generator.random()) / N)
        assert kstest(shares, "uniform").pvalue > 0.01
