"""What all parts of a result are made of."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class _Number:
    """How numbers are read and written. Finite ones, which are almost all, are read without a Python call."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.union_schema(
            [
                core_schema.float_schema(allow_inf_nan=False),
                core_schema.no_info_after_validator_function(_not_nan, core_schema.float_schema()),
            ],
            mode="left_to_right",
            custom_error_type="number",
            custom_error_message="Input should be a number; an undefined one is null with a reason",
            serialization=core_schema.plain_serializer_function_ser_schema(
                _to_json,
                return_schema=core_schema.union_schema(
                    [core_schema.float_schema(), core_schema.literal_schema(["inf", "-inf"])]
                ),
                when_used="json",
            ),
        )


def _not_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("not a number")
    return value


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


Number = Annotated[float, _Number]
"""A float that survives JSON: never NaN, infinity as a string."""


class Part(BaseModel):
    """Base of everything in a result: immutable, tolerant of keys from later versions."""

    # NOTE: deferred, because building every part by itself takes longer than building all of them as one.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Interval(Part):
    """An estimate with its two-sided 95 % confidence interval."""

    value: Number | None
    low: Number | None
    high: Number | None
    low_simultaneous: Number | None = None
    """Lower end at confidence 1 - 0.05/m over the m attacks that ran: holds for all of them at once."""
    reason: str | None = None
    """Why the value is null."""

    @property
    def ends(self) -> tuple[float, float, float] | None:
        """Value, low and high; None where one of them is missing."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return self.value, self.low, self.high


def nothing(reason: str | None) -> Interval:
    """An interval that could not be measured."""
    return Interval(value=None, low=None, high=None, reason=reason)


class File(Part):
    """A file as it was read."""

    name: str
    sha256: str
    size: int
