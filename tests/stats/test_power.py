import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st


class TestAucStandardError:
    @pytest.mark.parametrize(("n1", "n0"), [(1, 1), (10, 20), (3000, 50)])
    def test_closed_form_at_chance(self, coverage, n1, n0):
        assert coverage.auc_standard_error(0.5, n1, n0) == pytest.approx(
            np.sqrt((n1 + n0 + 1) / (12 * n1 * n0))
        )

    def test_published_example(self, coverage):
        # Hanley and McNeil (1982) illustrate their formula with an area of 0.893 from 51 and 58 cases: 0.032.
        assert coverage.auc_standard_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)

    def test_perfect_separation_has_none(self, coverage):
        assert coverage.auc_standard_error(1.0, 10, 10) == 0.0

    def test_against_exponential_draws(self, coverage):
        rng, n1, n0, area = np.random.default_rng(0), 30, 50, 0.8
        x, y = rng.exponential(area / (1 - area), (3000, n1, 1)), rng.exponential(1.0, (3000, 1, n0))
        assert np.std((x > y).mean(axis=(1, 2))) == pytest.approx(
            coverage.auc_standard_error(area, n1, n0), rel=0.05
        )


class TestSmallestDetectableAuc:
    def test_solves_its_equation(self, coverage):
        area = coverage.smallest_detectable_auc(300, 400, 0.95, 0.8)
        margin = 1.959964 * coverage.auc_standard_error(
            0.5, 300, 400
        ) + 0.841621 * coverage.auc_standard_error(area, 300, 400)
        assert area - 0.5 == pytest.approx(margin, abs=2e-6)

    def test_power_one_half_is_the_edge_of_the_null_interval(self, coverage):
        area = coverage.smallest_detectable_auc(500, 500, 0.95, 0.5)
        assert area == pytest.approx(0.5 + 1.959964 * coverage.auc_standard_error(0.5, 500, 500), abs=2e-6)

    @given(st.integers(5, 5000), st.integers(5, 5000), st.floats(0.8, 0.999), st.floats(0.5, 0.99))
    def test_more_records_detect_less(self, coverage, n1, n0, confidence, power):
        few, many = (coverage.smallest_detectable_auc(n1 * f, n0 * f, confidence, power) for f in (1, 4))
        assert many is not None or few is None
        if few is not None and many is not None:
            assert 0.5 < many < few <= 1.0

    def test_none_when_no_area_is_detectable(self, coverage):
        assert coverage.smallest_detectable_auc(2, 2, 0.95, 0.8) is None
        assert coverage.smallest_detectable_auc(1, 1_000_000, 0.95, 0.8) is None

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [50, 300, 2000])
    def test_power_is_as_announced(self, coverage, n):
        area = coverage.smallest_detectable_auc(n, n, 0.95, 0.8)
        assert coverage.power_of(area, n, n, 1000) == pytest.approx(0.8, abs=0.05)
