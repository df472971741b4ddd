"""JUnit XML, read back by an independent reader."""

import xml.etree.ElementTree as ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from privaudit.reports.formats.junit import junit
from privaudit.results import NotRun


def read(result):
    """The cases of the one suite by name, after the counts of all levels were checked against them."""
    text = junit(result)
    suites = JUnitXml.fromstring(text.encode())
    (suite,) = suites
    assert isinstance(suite, TestSuite)
    cases = list(suite)
    kinds = [type(outcome) for case in cases for outcome in case.result]
    for level in (suite, suites):
        assert level.tests == len(cases)
        assert (level.failures, level.errors, level.skipped) == tuple(
            map(kinds.count, (Failure, Error, Skipped))
        )
    assert len({case.name for case in cases}) == len(cases)
    return {case.name: case for case in cases}


def outcome(case):
    """What happened and why: ``("failure", message)``; nothing for a case that passed."""
    if not case.result:
        return None
    (found,) = case.result
    return type(found).__name__.lower(), found.message


def outcomes(result):
    return {name: outcome(case) for name, case in read(result).items()}


def test_a_failed_audit_has_a_case_per_limit_with_its_reason(specimen):
    result = specimen("membership-fail")
    found = outcomes(result)
    assert list(found) == [item.name for item in result.verdict.thresholds]
    for item in result.verdict.thresholds:
        if item.waiver is not None:
            kind, message = found[item.name]
            assert (kind, message[:14]) == ("skipped", "Accepted up to")
            assert message.endswith(item.reason)
        else:
            kind = {"exceeded": "failure", "inconclusive": "error"}.get(item.result)
            message = " ".join(filter(None, (item.reason, item.advice)))
            assert found[item.name] == (kind and (kind, message))
    assert {kind for kind, _ in filter(None, found.values())} == {"failure", "error", "skipped"}
    assert None in found.values()


def test_the_suite_says_what_was_audited(specimen):
    result = specimen("membership-pass")
    (suite,) = JUnitXml.fromstring(junit(result).encode())
    assert suite.name == "privaudit.mia"
    assert suite.timestamp == result.created
    assert suite.time == pytest.approx(result.provenance.seconds, abs=0.001)
    properties = {each.name: each.value for each in suite.properties()}
    assert properties == {"model": result.model.path, "digest": result.model.digest, "verdict": "pass"}
    assert {case.classname for case in suite} == {"mia"}


def test_advice_stands_behind_the_reason(specimen, judged):
    open_limit = {"result": "inconclusive", "reason": "Undecided.", "advice": "200 more records would do."}
    result = judged(specimen("membership-pass"), [open_limit], "inconclusive")
    assert outcomes(result) == {"auc>0.6": ("error", "Undecided. 200 more records would do.")}


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("4", "error", ""),
        ("fail", "error", ""),
        ("pass", "skipped", "inconclusive, configured to pass: "),
    ],
)
def test_an_inconclusive_limit_is_no_pass_whatever_the_build_makes_of_it(specimen, judged, mode, kind, words):
    open_limit = {"result": "inconclusive", "reason": "Undecided."}
    result = judged(specimen("membership-pass"), [open_limit], "inconclusive", on_inconclusive=mode)
    assert outcomes(result) == {"auc>0.6": (kind, f"{words}Undecided.")}


def test_a_refuted_claim_is_a_failure_without_any_limit(specimen):
    result = specimen("epsilon-violated")
    assert not result.verdict.thresholds
    assert outcomes(result)["claimed privacy"] == ("failure", result.epsilon.sentence)


@pytest.mark.parametrize(
    ("verdict", "status", "expected"),
    [("consistent", "pass", None), ("inconclusive", "inconclusive", "error")],
)
def test_a_claim_that_is_not_refuted_is_a_case_too(specimen, judged, verdict, status, expected):
    result = judged(specimen("epsilon-violated"), [], status)
    result = result.model_copy(update={"epsilon": result.epsilon.model_copy(update={"verdict": verdict})})
    found = outcomes(result)["claimed privacy"]
    assert (found and found[0]) == expected


def test_sets_that_differ_leave_no_failure_and_no_pass(specimen, judged):
    result = judged(
        specimen("membership-pass"),
        [{}, {"expression": "extracted>0"}, {"expression": "tpr@0.01>0.9", "result": "holds"}],
        "inconclusive",
        on_inconclusive="pass",
    )
    baseline = result.data.blind_baseline.model_copy(update={"gates": True, "comparable": False})
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    found = outcomes(result)
    kind, message = found["comparable sets"]
    assert kind == "error"  # --on-inconclusive does not apply to it
    assert "can be told apart by their texts alone" in message
    assert found["auc>0.6"][0] == "error"
    assert found["auc>0.6"][1].startswith("Members and non-members can be told apart by")
    assert found["tpr@0.01>0.9"][0] == "error"  # a shift hides leaks as well as it feigns them
    assert found["extracted>0"][0] == "failure"  # of planted canaries, which no text tells apart


def test_comparable_sets_pass_where_they_gate(specimen):
    result = specimen("membership-pass")
    baseline = result.data.blind_baseline.model_copy(update={"gates": True, "comparable": True})
    gating = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    assert outcomes(gating) == outcomes(result) | {"comparable sets": None}


def test_an_attack_that_did_not_finish_is_one_error_however_many_canaries_it_left(specimen, judged):
    left = tuple(NotRun(attack="beam", reason="Time was up.", canary=f"c{i}") for i in range(2_000))
    result = judged(specimen("extraction-fail"), [], "inconclusive").model_copy(update={"not_run": left})
    message = "beam was requested and did not finish. Time was up. The same on 2,000 canaries."
    assert outcomes(result) == {"beam runs": ("error", message)}


def test_nothing_judged_is_skipped_and_says_so(specimen):
    result = specimen("sweep-defences")
    assert outcomes(result) == {"no limits set": ("skipped", result.verdict.sentence)}


@pytest.mark.parametrize(("status", "kind"), [("fail", "failure"), ("inconclusive", "error")])
def test_no_report_looks_better_than_the_verdict(specimen, judged, status, kind):
    """Whatever reason a later version may have for its verdict."""
    result = judged(specimen("membership-pass"), [{"result": "holds"}], status)
    assert outcomes(result)["verdict"] == (kind, "As the test says.")


def test_it_is_well_formed_utf_8_with_a_declaration(specimen):
    text = junit(specimen("membership-fail"))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    assert ElementTree.fromstring(text.encode()).tag == "testsuites"
