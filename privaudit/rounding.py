"""Ends of intervals in words: rounded to the side on which they stay true."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from math import isfinite

DOWN, UP, NEAR = ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN


def at_least(value: float, digits: int = 3, *, places: int | None = None) -> str:
    """A lower end in words: rounded down to significant digits, or to decimal places."""
    return _in_words(value, digits, places, DOWN)


def at_most(value: float, digits: int = 3, *, places: int | None = None) -> str:
    """An upper end in words: rounded up."""
    return _in_words(value, digits, places, UP)


def significant(value: Decimal, digits: int, side: str) -> Decimal:
    """The value with so many significant digits, rounded to a side."""
    return Context(prec=digits, rounding=side).plus(value)


def _in_words(value: float, digits: int, places: int | None, side: str) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "-∞"
    # NOTE: what is an ulp beyond a short number is that number, and not its neighbour.
    short = Context(prec=12).create_decimal(repr(float(value)))
    if places is not None:
        return f"{short.quantize(Decimal(1).scaleb(-places), rounding=side) + 0:f}"
    text = f"{significant(short, digits, side):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
