"""One result against a policy: everything that `privaudit gate` decides, without files, clock or terminal."""

import datetime
from collections.abc import Sequence

from privaudit.errors import UsageError
from privaudit.gate.limits import Judged, judge_all, limits_of
from privaudit.gate.policy import Policy
from privaudit.gate.verdict import OnInconclusive, judge
from privaudit.gate.waivers import PREFIX, apply_waivers
from privaudit.results import Comparison, Epsilon, Result, ThresholdResult


def gate(
    result: Result,
    policy: Policy,
    *,
    fail_if: Sequence[str] = (),
    baseline: Result | None = None,
    today: datetime.date,
    on_inconclusive: OnInconclusive | None = None,
    explain: bool = False,
    source: str | None = None,
) -> Result:
    """Judge a result anew.

    The limits are those of the policy and of ``fail_if`` together. Without any, those that the result was
    judged by are judged again; if it has none either, the verdict is ``not-judged``.

    Args:
        result: of any command.
        policy: limits, waivers, and what to do with an inconclusive verdict.
        fail_if: further limits.
        baseline: an earlier result, for limits on the increase and for the comparison.
        today: UTC; decides which waivers still count.
        on_inconclusive: overrides the policy.
        explain: say what would decide each inconclusive threshold.
        source: the policy's file, for the verdict.

    Returns:
        The result with a new verdict, with the comparison where there is a baseline, and with warnings about
        waivers that cover nothing.

    Raises:
        UsageError: a limit is on what the result does not have, or on an increase without a baseline.
        ResultError: the two results cannot be compared.
    """
    if policy.max_increase and baseline is None:
        raise UsageError("max-increase needs a baseline", "Give --baseline FILE, or baseline in the policy")
    limits = limits_of(result, policy, fail_if)
    result = result.model_copy(update={"comparison": _comparison(result, baseline)})
    judged = judge_all(limits, result)
    thresholds, faults = apply_waivers(judged, policy, result.model.digest, today)
    if explain:
        thresholds = _explained(result, judged, thresholds)
    verdict = judge(
        thresholds,
        comparable=not result.data.blind_baseline.forbids_verdict,
        not_run=result.not_run,
        epsilon=_tested(result),
        on_inconclusive=on_inconclusive or policy.on_inconclusive,
        policy=source,
    )
    # NOTE: a result that went through a gate before has the warnings of that day.
    warnings = (warning for warning in result.warnings if not warning.startswith(PREFIX))
    return result.model_copy(update={"verdict": verdict, "warnings": (*warnings, *faults)})


def _comparison(result: Result, baseline: Result | None) -> Comparison | None:
    if baseline is None:
        return result.comparison
    if result.data.blind_baseline.forbids_verdict:
        return None  # nothing can be judged, nor compared
    from privaudit.gate.compare.baseline import compare

    return compare(result, baseline)


def _tested(result: Result) -> Epsilon | None:
    """The test of the claim; in a sweep a test that refutes its claim, if one does."""
    if result.epsilon is not None or result.epsilon_sweep is None:
        return result.epsilon
    bounds = (row.bound for row in result.epsilon_sweep.rows)
    return next((bound for bound in bounds if bound is not None and bound.verdict == "violated"), None)


def _explained(
    result: Result, judged: Sequence[Judged], items: Sequence[ThresholdResult]
) -> tuple[ThresholdResult, ...]:
    from privaudit.gate.advice.records import advice

    return tuple(
        item.model_copy(update={"advice": advice(one.limit.threshold, item, result)})
        if item.result == "inconclusive"
        else item
        for one, item in zip(judged, items, strict=True)
    )
