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
