"""Ends of intervals in words: rounded to the side on which they stay true."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from math import isfinite


def at_least(value: float, digits: int = 3) -> str:
    """A lower end in words: rounded down, so that it stays one."""
    return _rounded(value, digits, ROUND_FLOOR)


def at_most(value: float, digits: int = 3) -> str:
    """An upper end in words: rounded up."""
    return _rounded(value, digits, ROUND_CEILING)


def _rounded(value: float, digits: int, side: str) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "-∞"
    # NOTE: what is an ulp beyond a short number is that number, and not its neighbour.
    short = Context(prec=12).create_decimal(repr(float(value)))
    text = f"{Context(prec=digits, rounding=side).plus(short):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
