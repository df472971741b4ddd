"""Every number of two results side by side, with the interval of its difference.

The difference of two numbers lies between the new low less the old high and the new high less the old low
whenever both intervals hold, however the two audits depend on each other. Shared records could narrow it, but
a result does not hold what it would take to know by how much (docs/design/0011).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, log2
from statistics import NormalDist
from typing import Literal

from privaudit.gate.compare.comparable import (
    why_another_attack,
    why_another_canary,
    why_another_search,
)
from privaudit.results import Change, Epsilon, Extraction, Interval, Membership, Result, nothing
from privaudit.results.metrics import EPSILON, EXPOSURE, EXTRACTED, Family, numbers

ANY_ATTACK = "any attack"
"""The name for canaries that at least one of several attacks recovered."""
_UNFINISHED = "not finished in the baseline"
_TAIL = 0.025
_Key = tuple[str, str | None]
"""An attack, and the canary it was mounted on."""


def changes_between(baseline: Result, result: Result) -> tuple[Change, ...]:
    """One row for each number of the baseline, measured anew or not.

    A number that one of the two lacks, or that another attack measured, is there without a difference and
    says why.
    """
    kinds = _membership(result, baseline), _extraction(result, baseline), _epsilon(result, baseline)
    return tuple(_for_several([change for kind in kinds for change in kind]))


def same_model(result: Result, baseline: Result) -> bool:
    """Whether both are of the same files."""
    return result.model.digest == baseline.model.digest


def _membership(result: Result, baseline: Result) -> Iterator[Change]:
    new: dict[_Key, Membership] = {(row.attack, None): row for row in result.membership}
    old: dict[_Key, Membership] = {(row.attack, None): row for row in baseline.membership}
    same = same_model(result, baseline)
    for key in _of_the_baseline(old, new, baseline, "membership"):
        here, there = new.get(key), old.get(key)
        if here and there:
            why = why_another_attack(here, there, result, baseline)
        else:
            why = _UNFINISHED if here else _why_absent(key, "membership", result)
        ours, theirs = (numbers(row) if row else {} for row in (here, there))
        for metric in dict.fromkeys([*theirs, *ours]):
            before, after = (found.get(metric) or nothing(why) for found in (theirs, ours))
            yield _change(key[0], metric, before, after, why, same=same)


def _extraction(result: Result, baseline: Result) -> Iterator[Change]:
    new: dict[_Key, Extraction] = {(row.attack, row.canary): row for row in result.extraction}
    old: dict[_Key, Extraction] = {(r.attack, r.canary): r for r in baseline.extraction if r.included}
    same = same_model(result, baseline)
    whys: dict[_Key, str | None] = {}
    for key in _of_the_baseline(old, new, baseline, "extraction"):
        here, there = new.get(key), old.get(key)
        if here and there:
            whys[key] = why_another_canary(here, there)
        else:
            whys[key] = _UNFINISHED if here else _why_absent(key, "extraction", result)
        before, after = (_exposure(row) if row else nothing(whys[key]) for row in (there, here))
        yield _change(key[0], EXPOSURE.key(), before, after, whys[key], same=same, canary=key[1])
    search = why_another_search(result, baseline)
    attacks = list(dict.fromkeys(attack for attack, _ in whys))
    for attack in (ANY_ATTACK, *attacks) if len(attacks) > 1 else attacks:
        keys = [key for key in whys if attack in (ANY_ATTACK, key[0])]
        lacking = next((f"{a} on {c}: {why}" for (a, c) in keys if (why := whys[a, c])), None)
        before, after = _recovered(old, keys), _recovered(new, keys)
        yield _change(attack, EXTRACTED.key(), before, after, lacking or search, same=same)


def _exposure(row: Extraction) -> Interval:
    """As measured; where no sampled filling beat the secret, up to the whole secret."""
    exposure = row.exposure_bits
    if exposure.high is None or row.rank_exact or row.rank != 1:
        return exposure
    return exposure.model_copy(update={"high": max(exposure.high, log2(max(1, row.candidates)))})


def _recovered(rows: Mapping[_Key, Extraction], keys: Iterable[_Key]) -> Interval:
    """Canaries that came out; a count has no interval."""
    number = len({key[1] for key in keys if key in rows and rows[key].exact_match})
    return Interval(value=number, low=number, high=number)


def _epsilon(result: Result, baseline: Result) -> Iterator[Change]:
    ours, theirs = result.epsilon, baseline.epsilon
    why = None
    if ours and theirs and ours.delta != theirs.delta:
        why = f"epsilon is at delta {ours.delta:g}, at {theirs.delta:g} in the baseline"
    new, old = _bounds(ours), _bounds(theirs)
    for method in old:
        absent = None if method in new else _why_absent((method, None), "epsilon", result)
        here = new.get(method) or nothing(absent)
        change = _change(method, EPSILON.key(), old[method], here, why or absent, same=False)
        yield _without_estimate(change)


def _without_estimate(change: Change) -> Change:
    """The difference of two lower bounds says nothing about the difference of the two epsilons."""
    ends = change.difference
    if ends.low is None:
        return change
    found = Interval(
        value=None, low=ends.low, high=ends.high, low_simultaneous=ends.low, reason="bounds, not estimates"
    )
    return change.model_copy(update={"difference": found})


def _bounds(epsilon: Epsilon | None) -> dict[str, Interval]:
    """Every bound from below, with what is accounted for the mechanism as the other end, where that stood."""
    if epsilon is None:
        return {}
    accounted = epsilon.accounted if epsilon.verdict == "consistent" else None
    high = inf if accounted is None else accounted
    # NOTE: a bound at the edge of what is accounted may lie above it by rounding.
    return {
        b.method: Interval(value=b.value, low=b.value, high=max(b.value, high)) for b in epsilon.lower_bounds
    }


def _of_the_baseline(
    old: Iterable[_Key], new: Iterable[_Key], baseline: Result, kind: Family
) -> Iterator[_Key]:
    """What the baseline measured, and what it did not finish and this result has."""
    yield from old
    known = set(old)
    unfinished = {(item.attack, item.canary) for item in baseline.not_run if item.kind == kind}
    for key in new:
        if key not in known and unfinished & {key, (key[0], None)}:
            yield key


def _why_absent(key: _Key, kind: Family, result: Result) -> str:
    unfinished = {(item.attack, item.canary) for item in result.not_run if item.kind == kind}
    names = {item.attack for item in result.not_run if item.kind == kind}
    late = key[0] in names if kind == "epsilon" else bool(unfinished & {key, (key[0], None)})
    return "not finished" if late else "not in this result"


def _change(
    attack: str, metric: str, old: Interval, new: Interval, why: str | None, *, same: bool,
    canary: str | None = None,
) -> Change:  # fmt: skip
    difference = nothing(why) if why else difference_of(old, new, same=same)
    return Change(
        attack=attack,
        canary=canary,
        metric=metric,
        old=old,
        new=new,
        difference=difference,
        direction=_direction(difference),
    )


def difference_of(old: Interval, new: Interval, *, same: bool) -> Interval:
    """New minus old, with ends that hold however the two depend on each other.

    Where both intervals are of normal estimators their half-widths add, and the standard deviation of a
    difference is at most the sum of the two: it covers with at least the confidence of each. Without
    normality it is at least 90 % for two of 95 % (Bonferroni).

    Args:
        old: of the baseline, 95 %.
        new: of the result, 95 %.
        same: whether both are of one model, on one set of records, by one attack.
    """
    before, after = old.ends, new.ends
    if after is None:
        return nothing(f"no value in this result: {new.reason or 'not measured'}")
    if before is None:
        return nothing(f"no value in the baseline: {old.reason or 'not measured'}")
    if same and before == after:
        # NOTE: one model, one set of records and one attack have one truth, so nothing is left to chance.
        return Interval(value=0.0, low=0.0, high=0.0, low_simultaneous=0.0)
    return Interval(value=after[0] - before[0], low=after[1] - before[2], high=after[2] - before[1])


def _direction(difference: Interval) -> Literal["more", "less", "undecided"]:
    if difference.low is not None and difference.low > 0:
        return "more"
    return "less" if difference.high is not None and difference.high < 0 else "undecided"


def _for_several(changes: Sequence[Change]) -> Iterator[Change]:
    """The lower ends that hold for all attacks (for exposures: all canaries) with one metric at once."""
    units: dict[str, set[str]] = {}
    for row in changes:
        if row.difference.value is not None and row.attack != ANY_ATTACK:
            units.setdefault(row.metric, set()).add(row.attack if row.canary is None else row.canary)
    for row in changes:
        ends = row.difference
        if ends.low is None or ends.value is None:
            yield row
            continue
        low = ends.value - widening(len(units.get(row.metric, ()))) * (ends.value - ends.low)
        yield row.model_copy(update={"difference": ends.model_copy(update={"low_simultaneous": low})})


def widening(m: int) -> float:
    """How much further the lower end of one of ``m`` intervals lies when all must hold at once (Bonferroni).

    The ratio of two quantiles of the normal distribution; what that costs where the interval rests on another
    is measured in docs/design/0011.
    """
    normal = NormalDist()
    return normal.inv_cdf(1 - _TAIL / max(1, m)) / normal.inv_cdf(1 - _TAIL)
