"""The policy of a repository: limits, allowed changes against a baseline, and waivers.

An unknown key is an error: a misspelt limit must not silently disappear.
"""

import datetime
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from privaudit.errors import UsageError
from privaudit.gate.thresholds import parse_threshold
from privaudit.gate.verdict import OnInconclusive
from privaudit.results.metrics import METRICS


# NOTE: these raise no ValueError, so their messages reach the user as they are.
def _expression(text: str) -> str:
    return parse_threshold(text).expression


def _of_a_slice(text: str) -> str:
    metric = parse_threshold(text).metric
    if not metric.sliced:
        known = " or ".join(f"{m.name}{'@F' * m.takes_fpr}" for m in METRICS.values() if m.sliced)
        raise UsageError(f"Slices do not measure {metric.name}, in {text!r}", f"Use {known}")
    return text


def _by_value(text: str) -> str:
    by, _, value = text.partition("=")
    if not (by.strip() and value.strip()):
        raise UsageError(
            f"{text!r} does not name a slice", "Write it as by=value, for example class=transfer"
        )
    return text


def _beginning(digest: str) -> str:
    if re.fullmatch(r"[0-9a-f]{8,64}", digest) is None:
        raise UsageError(
            f"{digest!r} is not a model digest: a waiver needs 8 to 64 hexadecimal digits",
            "Copy the digest that privaudit gate prints",
        )
    return digest


def _word(value: object) -> object:
    return "4" if type(value) is int and value == 4 else value


Expression = Annotated[str, AfterValidator(_expression)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Table(BaseModel):
    # NOTE: deferred, because most gates have no waivers and no slices.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SliceLimit(_Table):
    """A limit for one part of the records."""

    slice: Annotated[str, AfterValidator(_by_value)]
    """``by=value`` as the result names it, such as ``class=transfer``."""
    fail_if: Annotated[Expression, AfterValidator(_of_a_slice)] = Field(alias="fail-if")

    @property
    def by(self) -> str:
        """What the records are divided by."""
        return self.slice.partition("=")[0].strip()

    @property
    def value(self) -> str:
        """Which part is meant."""
        return self.slice.partition("=")[2].strip()


class Waiver(_Table):
    """A finding that an owner has accepted, up to a number and a date."""

    id: Text
    """The name of the limit, as results write it."""
    model: Annotated[str, AfterValidator(_beginning)]
    """Beginning of the model's digest: another model needs another waiver."""
    limit: float = Field(strict=True, ge=0, allow_inf_nan=False)
    """Accepted up to here; what grew beyond is a finding again."""
    reason: Text
    owner: Text
    expires: datetime.date = Field(strict=True)
    """The last day on which it counts, UTC."""
    ticket: Text | None = None


class Policy(_Table):
    """What a build obeys."""

    fail_if: tuple[Expression, ...] = Field(default=(), alias="fail-if")
    slices: tuple[SliceLimit, ...] = ()
    max_increase: tuple[Expression, ...] = Field(default=(), alias="max-increase")
    """``[attack:]metric[@fpr]>limit``: how much more than in the baseline is too much."""
    baseline: Path | None = None
    """A result of the accepted model, relative to the policy's folder."""
    on_inconclusive: Annotated[OnInconclusive, BeforeValidator(_word)] = Field(
        default="4", alias="on-inconclusive"
    )
    longest_waiver_days: int = Field(default=180, alias="longest-waiver-days", strict=True, ge=1)
    waivers: tuple[Waiver, ...] = ()

    @property
    def has_limits(self) -> bool:
        """Whether it limits anything."""
        return bool(self.fail_if or self.slices or self.max_increase)
