"""A waiver covers one finding of one model, up to a number and a day, and never more than that."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.gate.policy import Policy
from privaudit.gate.run import gate

TODAY = date(2026, 3, 1)
RANK = {"pass": 0, "not-judged": 0, "inconclusive": 1, "fail": 2}


def waiver(**changes):
    """For the AUC of the attack ``loss`` of :func:`conftest.a_result`: [0.55, 0.65]."""
    parts = {
        "id": "loss:auc>0.5",
        "model": "abcdef01",
        "limit": 0.65,
        "reason": "pilot",
        "owner": "Ada",
        "expires": TODAY,
        "ticket": "P-1",
    }
    return {**parts, **changes}


def judged(result, *waivers, fail_if=("loss:auc>0.5",), **keys):
    policy = Policy.model_validate({"fail-if": fail_if, "waivers": waivers, **keys})
    return gate(result, policy, today=TODAY)


@pytest.fixture(scope="module")
def result(result_of):
    return result_of()


def test_a_covered_finding_passes_and_stays_visible(result):
    found = judged(result, waiver())
    assert found.verdict.status == "pass"
    assert found.verdict.sentence.startswith("No limit failed the build, because all are waived;")
    assert "1 limit is exceeded and waived" in found.verdict.sentence
    (item,) = found.verdict.thresholds
    assert item.result == "exceeded"
    assert item.waiver == f"Accepted up to 0.65 until {TODAY} by Ada (P-1): pilot"
    assert not found.warnings


def test_what_is_not_waived_still_fails_and_the_sentence_counts_the_rest(result):
    found = judged(result, waiver(), fail_if=("loss:auc>0.5", "auc>0.52"))
    assert found.verdict.status == "fail"
    assert found.verdict.sentence.startswith("Leakage above the limit auc>0.52")
    assert found.verdict.sentence.endswith("1 limit is exceeded and waived.")


def test_what_is_inconclusive_beside_a_waived_finding_stays_so(result):
    assert judged(result, waiver(), fail_if=("loss:auc>0.5", "auc>0.6")).verdict.status == "inconclusive"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires": TODAY - timedelta(days=1)}, "it expired on 2026-02-28"),
        ({"expires": TODAY + timedelta(days=181)}, "more than 180 days ahead"),
        ({"model": "abcdef02"}, "it is for model abcdef02, and this is abcdef012345"),
        ({"id": "loss:auc>0.6"}, "no limit of this name was judged"),
        ({"id": "margin:auc>0.5"}, "no limit of this name was judged"),
        ({"limit": 0.54}, "the finding outgrew it. loss: at least 0.55, which is above 0.54; fix the model"),
        ({"limit": 0.64}, "its limit 0.64 is not excluded. The interval reaches 0.65"),
        ({"limit": 0.0}, "the finding outgrew it"),
        ({"limit": 65.0}, "its limit 65 accepts anything; set one of at most 1"),
    ],
)
def test_a_waiver_that_does_not_count_is_named_and_the_build_fails(result, changes, words):
    found = judged(result, waiver(**changes))
    assert found.verdict.status == "fail"
    assert found.verdict.thresholds[0].waiver is None
    (warning,) = found.warnings
    assert words in warning
    assert warning.startswith("Waiver for ")


@pytest.mark.parametrize("days", [0, 1, 180])
def test_its_last_day_counts_and_so_does_the_longest_time(result, days):
    assert judged(result, waiver(expires=TODAY + timedelta(days=days))).verdict.status == "pass"


def test_the_longest_time_is_the_policys(result):
    soon = waiver(expires=TODAY + timedelta(days=8))
    assert judged(result, soon, **{"longest-waiver-days": 7}).verdict.status == "fail"
    assert judged(result, soon, **{"longest-waiver-days": 8}).verdict.status == "pass"


@pytest.mark.parametrize(
    ("threshold", "words", "status"),
    [("loss:auc>0.7", "its limit holds", "pass"), ("loss:auc>0.6", "is inconclusive", "inconclusive")],
)
def test_an_unneeded_waiver_is_named(result, threshold, words, status):
    found = judged(result, waiver(id=threshold), fail_if=(threshold,))
    assert found.verdict.status == status
    assert words in found.warnings[0]


def test_of_several_for_one_finding_the_one_that_counts_covers_it(result):
    expired = waiver(expires=TODAY - timedelta(days=9))
    for order in ((expired, waiver()), (waiver(), expired)):
        found = judged(result, *order)
        assert found.verdict.status == "pass"
        assert len(found.warnings) == 1


def test_white_space_in_its_id_means_nothing(result):
    assert judged(result, waiver(id=" loss : auc > 0.5 ")).verdict.status == "pass"


def test_a_slice_has_an_id_of_its_own(result_of, slice_of):
    result = result_of(slices=(slice_of("to pay"),))
    keys = {"slices": [{"slice": "class=to pay", "fail-if": "auc>0.7"}], "fail_if": ()}
    covered = waiver(id="auc>0.7 in class=to pay", limit=0.86)
    assert judged(result, **keys).verdict.status == "fail"
    assert judged(result, covered, **keys).verdict.status == "pass"
    assert judged(result, waiver(id="auc>0.7", limit=0.86), **keys).verdict.status == "fail"
    assert judged(result, waiver(id="auc>0.7 in class=topay", limit=0.86), **keys).verdict.status == "fail"


def test_what_has_no_upper_end_cannot_be_waived(result_of, extraction):
    row = extraction(exposure=(13.3, 9.0, 13.3), rank_exact=False)
    result = result_of(extraction=(row.model_copy(update={"rank": 1}),))
    found = judged(result, waiver(id="exposure>5", limit=1e9), fail_if=("exposure>5",))
    assert found.verdict.status == "fail"
    assert "is not excluded" in found.warnings[0]


def test_a_count_of_extracted_canaries_is_covered_up_to_its_number(result_of, extraction):
    result = result_of(extraction=(extraction("a", exact_match=True), extraction("b", exact_match=True)))
    for limit, status in ((1, "fail"), (2, "pass")):
        found = judged(result, waiver(id="extracted>0", limit=float(limit)), fail_if=("extracted>0",))
        assert found.verdict.status == status


def test_a_second_gate_says_only_what_is_so_today(result):
    first = judged(result, waiver(model="ffffffff"))
    again = gate(first, Policy.model_validate({"fail-if": ("loss:auc>0.9",)}), today=TODAY)
    assert first.warnings
    assert not again.warnings


expressions = st.sampled_from(["loss:auc>0.5", "loss:auc>0.6", "auc>0.52", "auc>0.9", "tpr@0.001>0.5"])
ids = st.one_of(expressions, st.text(max_size=8).filter(str.strip))
waivers = st.builds(
    waiver,
    id=ids,
    model=st.sampled_from(["abcdef01", "abcdef0123456789", "00000000"]),
    limit=st.floats(0, 10),
    expires=st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=300)),
)


@given(st.lists(expressions, min_size=1, max_size=3), st.lists(waivers, max_size=4))
def test_waivers_only_take_exceeded_limits_out_and_never_decide_what_is_open(result, fail_if, given_waivers):
    without = judged(result, fail_if=tuple(fail_if))
    with_them = judged(result, *given_waivers, fail_if=tuple(fail_if))
    for before, after in zip(without.verdict.thresholds, with_them.verdict.thresholds, strict=True):
        assert after.model_copy(update={"waiver": None}) == before
        assert after.waiver is None or before.result == "exceeded"
    if without.verdict.status != "fail":
        assert with_them.verdict.status == without.verdict.status
    if any(item.result == "inconclusive" for item in with_them.verdict.thresholds):
        assert with_them.verdict.status != "pass"


@given(st.lists(waivers, max_size=3))
def test_no_waiver_covers_a_refuted_claim_or_sets_that_differ(violated, incomparable, given_waivers):
    assert judged(violated, *given_waivers).verdict.status == "fail"
    assert judged(incomparable, *given_waivers).verdict.status == "inconclusive"


@pytest.fixture(scope="module")
def violated(result_of, epsilon_of):
    return result_of(epsilon=epsilon_of("violated"))


@pytest.fixture(scope="module")
def incomparable(result):
    baseline = result.data.blind_baseline.model_copy(update={"comparable": False})
    return result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
