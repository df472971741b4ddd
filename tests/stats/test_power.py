import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import UsageError
from privaudit.stats.power import auc_standard_error, records_needed, smallest_detectable_auc


class TestAucStandardError:
    @pytest.mark.parametrize(("n1", "n0"), [(1, 1), (10, 20), (3000, 50)])
    def test_closed_form_at_chance(self, n1, n0):
        assert auc_standard_error(0.5, n1, n0) == pytest.approx(np.sqrt((n1 + n0 + 1) / (12 * n1 * n0)))

    def test_published_example(self):
        # Hanley and McNeil (1982) illustrate their formula with an area of 0.893 from 51 and 58 cases: 0.032.
        assert auc_standard_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)

    def test_perfect_separation_has_none(self):
        assert auc_standard_error(1.0, 10, 10) == 0.0

    def test_against_exponential_draws(self):
        rng, n1, n0, area = np.random.default_rng(0), 30, 50, 0.8
        x, y = rng.exponential(area / (1 - area), (3000, n1, 1)), rng.exponential(1.0, (3000, 1, n0))
        assert np.std((x > y).mean(axis=(1, 2))) == pytest.approx(auc_standard_error(area, n1, n0), rel=0.05)


class TestSmallestDetectableAuc:
    def test_solves_its_equation(self):
        area = smallest_detectable_auc(300, 400, 0.95, 0.8)
        margin = 1.959964 * auc_standard_error(0.5, 300, 400) + 0.841621 * auc_standard_error(area, 300, 400)
        assert area - 0.5 == pytest.approx(margin, abs=2e-6)

    def test_power_one_half_is_the_edge_of_the_null_interval(self):
        area = smallest_detectable_auc(500, 500, 0.95, 0.5)
        assert area == pytest.approx(0.5 + 1.959964 * auc_standard_error(0.5, 500, 500), abs=2e-6)

    @given(st.integers(5, 5000), st.integers(5, 5000), st.floats(0.8, 0.999), st.floats(0.5, 0.99))
    def test_more_records_detect_less(self, n1, n0, confidence, power):
        few, many = (smallest_detectable_auc(n1 * f, n0 * f, confidence, power) for f in (1, 4))
        assert many is not None or few is None
        if few is not None and many is not None:
            assert 0.5 < many < few <= 1.0

    def test_none_when_no_area_is_detectable(self):
        assert smallest_detectable_auc(2, 2, 0.95, 0.8) is None
        assert smallest_detectable_auc(1, 1_000_000, 0.95, 0.8) is None

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0, 10, 0.95, 0.8), "0 and 10 records of the two kinds were given"),
            ((10, 10, 1.0, 0.8), r"The confidence .* is not between 0 and 1"),
            ((10, 10, 0.95, 0.2), r"The power .* is not at least 0.5 and below 1"),
            ((10, 10, 0.95, 1.0), r"The power .* is not at least 0.5 and below 1"),
        ],
    )
    def test_raises(self, arguments, message):
        with pytest.raises(UsageError, match=message):
            smallest_detectable_auc(*arguments)

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [50, 300, 2000])
    def test_power_is_as_announced(self, coverage, n):
        area = smallest_detectable_auc(n, n, 0.95, 0.8)
        assert coverage.power_of(area, n, n, 1000) == pytest.approx(0.8, abs=0.05)


class TestRecordsNeeded:
    def test_by_hand(self):
        assert records_needed(600, 0.04, 0.02) == 2400
        assert records_needed(600, 0.04, 0.04) == 600
        assert records_needed(10, 1.0, 0.3) == 112

    def test_a_wanted_width_of_zero_takes_for_ever(self):
        assert records_needed(600, 0.04, 0.0) is None

    def test_predicts_the_interval_of_more_records(self):
        from privaudit.stats.auc import auc_interval
        from privaudit.stats.ranked import rank_scores

        def half_width(n):
            rng = np.random.default_rng(1)
            member = np.arange(n) % 2 == 0
            i = auc_interval(rank_scores(rng.normal(size=n) + 0.3 * member, member), 0.95)
            return (i.high - i.low) / 2

        n = records_needed(1000, half_width(1000), 0.01)
        assert half_width(n) == pytest.approx(0.01, rel=0.05)

    @pytest.mark.parametrize("arguments", [(0, 0.1, 0.1), (10, -0.1, 0.1), (10, 0.1, float("nan"))])
    def test_raises(self, arguments):
        with pytest.raises(UsageError, match="records must be 1 or more, widths at least 0"):
            records_needed(*arguments)
