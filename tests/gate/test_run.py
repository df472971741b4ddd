"""Which limits count, and what a result says to all of them together."""

from datetime import date

import pytest

from privaudit.errors import ResultError, UsageError
from privaudit.exits import Exit
from privaudit.gate import exit_code
from privaudit.gate.policy import Policy
from privaudit.gate.run import gate
from privaudit.results import NotRun, ThresholdResult, Verdict

TODAY = date(2026, 3, 1)


def policy(**keys):
    return Policy.model_validate({key.replace("_", "-"): value for key, value in keys.items()})


def judged(result, *fail_if, on_inconclusive=None, **keys):
    return gate(result, policy(**keys), fail_if=fail_if, today=TODAY, on_inconclusive=on_inconclusive)


def code_of(result):
    return exit_code(result.verdict, comparable=not result.data.blind_baseline.forbids_verdict)


def names(result):
    return [item.name for item in result.verdict.thresholds]


@pytest.fixture
def judged_before(result_of):
    """A result whose own audit had limits."""

    def build(*items, **changes):
        own = [
            ThresholdResult(
                expression=expression, attack=attack, bound="b", value=1.0, limit=0.0, result="holds",
                reason="r", **extra,
            )
            for expression, attack, extra in items
        ]  # fmt: skip
        return result_of(verdict=Verdict(status="pass", sentence="s", thresholds=own), **changes)

    return build


def test_limits_of_policy_and_flags_come_together_and_each_once(result_of):
    found = judged(result_of(), "auc>0.9", "loss:auc>0.9", fail_if=["auc>0.9", " tpr@0.1>0.9 "])
    assert names(found) == ["auc>0.9", "tpr@0.1>0.9", "loss:auc>0.9"]
    assert found.verdict.status == "pass"


def test_the_limits_of_the_result_itself_are_judged_again_where_there_are_no_others(judged_before, slice_of):
    before = judged_before(
        ("auc>0.5", None, {}), ("auc>0.7", None, {"slice": "class=transfer"}), slices=(slice_of(),)
    )
    found = judged(before)
    assert names(found) == ["auc>0.5", "auc>0.7 in class=transfer"]
    assert found.verdict.status == "fail"
    assert names(judged(before, "auc>0.9")) == ["auc>0.9"]


def test_nothing_to_judge_is_said_and_exits_0(result_of):
    found = judged(result_of())
    assert (found.verdict.status, code_of(found)) == ("not-judged", Exit.OK)


def test_best_is_the_attack_that_the_result_names(judged_before):
    before = judged_before(("best:auc>0.9", "loss", {}))
    for found in (judged(before), judged(before, "best:auc>0.5")):
        (item,) = found.verdict.thresholds
        assert item.attack == "loss"
    assert item.result == "exceeded"


@pytest.mark.parametrize("items", [[], [("loss:auc>0.9", "loss", {})], [("best:auc>0.9", None, {})]])
def test_best_without_a_name_is_an_error_never_a_guess(judged_before, items):
    with pytest.raises(UsageError, match=r"which attack best is, .* Name the attack"):
        judged(judged_before(*items), "best:auc>0.9")


def test_limits_of_a_later_version_that_do_not_count_stop_nothing(judged_before):
    before = judged_before(("regret>0.5", None, {}))
    assert judged(before, "loss:auc>0.9").verdict.status == "pass"
    with pytest.raises(UsageError, match="Unknown metric 'regret'"):
        judged(before)


@pytest.mark.parametrize(
    "expression", ["margin:auc>0.9", "exposure>5", "extracted>0", "epsilon>1", "rmia:tpr@0.01>0.5"]
)
def test_what_the_result_does_not_have_is_an_error_never_a_pass(result_of, expression):
    with pytest.raises(UsageError, match="The result has no number for"):
        judged(result_of(), expression)


def test_a_rate_that_a_file_lacks_is_an_error_never_a_pass(result_of, membership):
    row = membership().model_copy(update={"tpr_at_fpr": ()})
    with pytest.raises(ResultError, match="The result has no TPR at 1 % FPR of loss"):
        judged(result_of(membership=(row,)), "tpr@0.01>0.5")


@pytest.mark.parametrize(
    ("limit", "code"),
    [("0.549", 1), ("0.55", 4), ("0.6499", 4), ("0.65", 0)],
)
def test_a_limit_exactly_on_a_bound(result_of, limit, code):
    assert code_of(judged(result_of(), f"loss:auc>{limit}")) == code


def test_an_attack_that_did_not_finish_keeps_the_verdict_open(result_of):
    result = result_of(not_run=(NotRun(attack="label-only", reason="time ran out."),))
    assert code_of(judged(result, "loss:auc>0.9")) is Exit.INCONCLUSIVE
    assert code_of(judged(result, "loss:auc>0.5")) is Exit.LEAKAGE
    assert code_of(judged(result)) is Exit.INCONCLUSIVE


def test_a_refuted_claim_fails_whatever_the_limits_say(result_of, epsilon_of):
    violated = result_of(epsilon=epsilon_of("violated"))
    for found in (judged(violated), judged(violated, "loss:auc>0.9", on_inconclusive="pass")):
        assert code_of(found) is Exit.LEAKAGE
        assert found.verdict.sentence.startswith("The claimed privacy is refuted.")
    assert judged(result_of(epsilon=epsilon_of("consistent"))).verdict.status == "pass"


def test_a_sweep_with_a_refuted_row_fails(result_of, epsilon_of):
    from privaudit.results import EpsilonSweep, EpsilonSweepRow, Interval

    none = Interval(value=None, low=None, high=None)

    def row(verdict):
        return EpsilonSweepRow(
            epsilon=1.0, n_models=2, accuracy=none, accuracy_members=none, bound=epsilon_of(verdict),
            seconds=1.0,
        )  # fmt: skip

    def sweep(*verdicts):
        return result_of(
            membership=(),
            epsilon_sweep=EpsilonSweep(
                delta=1e-5, vocabulary="v", n_records=9, n_canaries=9, canaries="c", sentence="s",
                rows=tuple(map(row, verdicts)),
                verdict="violated" if "violated" in verdicts else "consistent",
            ),
        )  # fmt: skip

    assert judged(sweep("consistent", "violated")).verdict.status == "fail"
    assert judged(sweep("consistent", "inconclusive")).verdict.status == "not-judged"


@pytest.mark.parametrize("mode", ["pass", "fail", "4"])
def test_sets_that_differ_exit_4_whatever_else(result_of, mode):
    data = result_of().data
    for gates, comparable, code in ((True, False, 4), (False, False, 1), (True, None, 1), (True, True, 1)):
        baseline = data.blind_baseline.model_copy(update={"gates": gates, "comparable": comparable})
        result = result_of(data=data.model_copy(update={"blind_baseline": baseline}))
        assert code_of(judged(result, "loss:auc>0.5", on_inconclusive=mode)) == code


def test_what_an_open_verdict_does_is_said_by_flag_then_policy_and_never_by_the_result(judged_before):
    result = judged_before(("loss:auc>0.6", "loss", {}))
    own = result.model_copy(update={"verdict": result.verdict.model_copy(update={"on_inconclusive": "pass"})})
    assert code_of(judged(own)) == 4
    assert code_of(judged(own, on_inconclusive="pass")) == 0
    assert code_of(judged(own, **{"on-inconclusive": "fail"})) == 1
    assert code_of(judged(own, on_inconclusive="pass", **{"on-inconclusive": "fail"})) == 0


def test_the_policy_is_named_and_everything_else_stays(result_of):
    result = result_of(warnings=("a warning",))
    found = gate(result, policy(), fail_if=["auc>0.9"], today=TODAY, source="p.toml (SHA-256 0123)")
    assert found.verdict.policy == "p.toml (SHA-256 0123)"
    assert found.model_copy(update={"verdict": result.verdict}) == result


@pytest.mark.parametrize("keys", [{"max_increase": ["auc>0.1"]}, {}])
def test_a_limit_on_an_increase_needs_a_baseline(judged_before, keys):
    result = judged_before(("auc>0.1", None, {"against": "baseline"}))
    with pytest.raises(UsageError, match="needs a baseline"):
        judged(result, **keys)


def test_an_increase_is_judged_against_the_baseline(result_of, membership):
    new, old = result_of(membership=(membership(auc=(0.9, 0.88, 0.92, 0.87)),)), result_of()
    keys = policy(**{"max-increase": ["loss:auc>0.1"]})
    found = gate(new, keys, baseline=old, today=TODAY)
    assert found.verdict.status == "fail"
    assert found.verdict.sentence.startswith("An increase above loss:auc>0.1 over baseline")
    assert found.comparison is not None
    assert (
        gate(new, policy(**{"max-increase": ["loss:auc>0.5"]}), baseline=old, today=TODAY).verdict.status
        == "pass"
    )
    again = gate(found, policy(), today=TODAY)
    assert again.verdict.thresholds == found.verdict.thresholds


def test_where_the_sets_differ_nothing_is_compared_and_an_increase_is_open(result_of):
    data = result_of().data
    differ = data.blind_baseline.model_copy(update={"comparable": False, "gates": True})
    new = result_of(data=data.model_copy(update={"blind_baseline": differ}))
    found = gate(new, policy(max_increase=["loss:auc>0.1"]), baseline=result_of(), today=TODAY)
    assert code_of(found) == Exit.INCONCLUSIVE
    assert found.comparison is None
    assert [item.result for item in found.verdict.thresholds] == ["inconclusive"]
