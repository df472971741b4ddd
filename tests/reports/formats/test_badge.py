"""The badge: what it says in a README, and that it never rounds towards comfort."""

import json

import pytest

from privaudit.reports.formats.badge import badge


def shown(result):
    content = json.loads(badge(result))
    assert (content.pop("schemaVersion"), content.pop("label")) == (1, "privacy audit")
    assert content["message"].endswith(f" ({result.created[:7]})")
    return content["message"].removesuffix(f" ({result.created[:7]})"), content["color"]


HELD = {"expression": "tpr@0.001>0.05", "result": "holds", "value": 0.01391, "limit": 0.05}
OPEN = {"expression": "auc>0.5", "result": "inconclusive", "value": 0.51}
WAIVED = {"waiver": "Accepted up to 0.8 until 2027-01-01 by Ann: known"}


@pytest.mark.parametrize(
    ("limits", "status", "message", "colour"),
    [
        ([HELD], "pass", "pass: TPR@0.1% ≤ 1.4 %", "brightgreen"),
        ([HELD, {}], "fail", "leaks: AUC ≥ 0.7", "red"),
        ([HELD, {**WAIVED, "expression": "advantage>0.1"}, {}], "fail", "leaks: AUC ≥ 0.7", "red"),
        ([HELD, WAIVED], "pass", "waived: AUC ≥ 0.7", "orange"),
        ([HELD, OPEN], "inconclusive", "inconclusive", "yellow"),
        ([], "not-judged", "no limits set", "lightgrey"),
    ],
)
def test_every_status_says_what_decided(specimen, judged, limits, status, message, colour):
    assert shown(judged(specimen("membership-pass"), limits, status)) == (message, colour)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"expression": "loss:auc>0.6", "result": "holds", "value": 0.53219}, "AUC ≤ 0.533"),
        ({"expression": "auc>0.6", "result": "exceeded", "value": 0.90651}, "AUC ≥ 0.906"),
        ({"expression": "tpr@0.01>0.1", "result": "exceeded", "value": 0.0729}, "TPR@1% ≥ 7.29 %"),
        ({"expression": "tpr@0.05>0.1", "result": "holds", "value": 0.0}, "TPR@5% ≤ 0 %"),
        ({"expression": "advantage>0.1", "result": "exceeded", "value": 0.2}, "advantage ≥ 0.2"),
        ({"expression": "exposure>8", "result": "exceeded", "value": 13.2877}, "exposure ≥ 13.2 bits"),
        ({"expression": "extracted>0", "result": "exceeded", "value": 1234.0}, "extracted ≥ 1230"),
        ({"expression": "epsilon>8", "result": "holds", "value": 7.9991}, "epsilon as accounted ≤ 8"),
        ({"expression": "epsilon>8", "result": "exceeded", "value": float("inf")}, "epsilon ≥ ∞"),
        ({"expression": "auc>0.6", "slice": "class=loan"}, "AUC in class=loan ≥ 0.7"),
        ({"expression": "auc>0.05", "against": "baseline"}, "AUC rise ≥ 0.7"),
    ],
)
def test_the_bound_is_rounded_away_from_comfort(specimen, judged, limit, words):
    status = "pass" if limit.get("result") == "holds" else "fail"
    message, _ = shown(judged(specimen("membership-pass"), [limit], status))
    assert message.partition(": ")[2] == words


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [("violated", "fail", "claim refuted"), ("consistent", "pass", "claim not refuted")],
)
def test_without_limits_the_claim_speaks(specimen, judged, verdict, status, message):
    result = judged(specimen("epsilon-violated"), [], status)
    result = result.model_copy(update={"epsilon": result.epsilon.model_copy(update={"verdict": verdict})})
    assert shown(result)[0] == message


def test_sets_that_differ_show_no_number(specimen, judged):
    result = judged(specimen("membership-pass"), [{}], "inconclusive")
    baseline = result.data.blind_baseline.model_copy(update={"gates": True, "comparable": False})
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    assert shown(result) == ("inconclusive", "yellow")
