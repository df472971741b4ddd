"""What all parts of a result are made of."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer


def _from_json(value: object) -> object:
    if isinstance(value, str):
        return {"inf": math.inf, "-inf": -math.inf}.get(value, value)
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("a number; an undefined one is null with a reason")
    return value


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


Number = Annotated[
    float,
    BeforeValidator(_from_json),
    PlainSerializer(_to_json, return_type=float | Literal["inf", "-inf"], when_used="json"),
]
"""A float that survives JSON: never NaN, infinity as a string."""


class Part(BaseModel):
    """Base of everything in a result: immutable, tolerant of keys from later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(Part):
    """An estimate with its two-sided 95 % confidence interval."""

    value: Number | None
    low: Number | None
    high: Number | None
    low_simultaneous: Number | None = None
    """Lower end at confidence 1 - 0.05/m over the m attacks that ran: holds for all of them at once."""
    reason: str | None = None
    """Why the value is null."""


class File(Part):
    """A file as it was read."""

    name: str
    sha256: str
    size: int
