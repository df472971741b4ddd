"""Ends of intervals in words stay ends: rounded to the side on which they are true."""

import pytest

from privaudit.rounding import at_least, at_most


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (8.0764, "8.07", "8.08"),
        (0.96873, "0.968", "0.969"),
        (100.0, "100", "100"),
        (1234.5, "1230", "1240"),
        (0.1 + 0.2, "0.3", "0.3"),
        (0.0, "0", "0"),
        (float("inf"), "∞", "∞"),
    ],
)
def test_lower_ends_are_rounded_down_and_upper_ends_up(value, low, high):
    assert (at_least(value), at_most(value)) == (low, high)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(3.4567, "3.45", "3.46"), (2.3, "2.30", "2.30"), (0.1 + 0.2, "0.30", "0.30"), (-0.001, "-0.01", "0.00"),
     (1234.5, "1234.50", "1234.50"), (float("-inf"), "-∞", "-∞")],
)  # fmt: skip
def test_decimal_places_are_kept(value, low, high):
    assert (at_least(value, places=2), at_most(value, places=2)) == (low, high)
