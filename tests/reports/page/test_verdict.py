"""The verdict for somebody who signs: what was found, what to do, who answers for what."""

import pytest

from privaudit.reports.page.action import action
from privaudit.reports.page.verdict import sentence, thresholds
from privaudit.results import BlindBaseline, Claim, Interval, NotRun


def test_a_failure_says_what_an_attacker_can_do_and_which_limit_that_breaks(make_result, judged, make_limit):
    result = judged(make_result(), "fail", make_limit(), make_limit("auc>0.6", 0.7, 0.6))
    assert sentence(result) == (
        "The model reveals more about its training texts than the limits allow. An attacker who wrongly "
        "accuses at most 1 in 100 outsiders finds at least 12.3 % of the records in the training data; the "
        "limit is 5 %. [tpr@0.01>0.05] 1 more limit is exceeded."
    )
    assert action(result).startswith("Do not release this model")


def test_a_waived_limit_decides_nothing_and_stays_in_sight(make_result, judged, make_limit, words):
    waiver = "Accepted up to 0.2 until 2027-01-31 by Ada (T-17): the texts are public"
    waived = make_limit("auc>0.6", 0.7, 0.6, waiver=waiver)
    result = judged(make_result(), "fail", waived, make_limit())
    assert "1 in 100 outsiders" in sentence(result)
    assert sentence(result).endswith("1 exceeded limit is waived.")
    section = thresholds(result)
    assert section.blocks[0].rows[0][1] == "✗ exceeded, waived"
    assert f"auc>0.6: {waiver}" in words(section)
    held = judged(make_result(), "pass", waived, make_limit("auc>0.9", 0.8, 0.9, "holds"))
    assert "at most 80 % of the time" in sentence(held)
    assert sentence(held).endswith("1 exceeded limit is waived.")


def test_what_is_open_says_what_would_decide_it(make_result, judged, make_limit, words):
    advice = "about 2,400 more non-members"
    item = make_limit(value=None, result="inconclusive", reason="Not measurable: too few.", advice=advice)
    result = judged(make_result(), "inconclusive", item, policy="pyproject.toml (SHA-256 0123)")
    assert "It is not known whether an attacker" in sentence(result)
    assert "[tpr@0.01>0.05: Not measurable: too few.]" in sentence(result)
    assert action(result).endswith(f"What it takes: {advice}")
    said = words(thresholds(result))
    assert f"tpr@0.01>0.05: {advice}" in said
    assert "pyproject.toml (SHA-256 0123)" in said


def test_sets_that_differ_leave_nothing_to_decide(make_result, judged, make_limit):
    baseline = BlindBaseline(auc=Interval(value=0.9, low=0.8, high=0.95), comparable=False)
    result = make_result()
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    result = judged(result, "inconclusive", make_limit(advice="more records"))
    assert "can be told apart without the model" in sentence(result)
    assert "outsiders" not in sentence(result)
    assert "more records" not in action(result)


def test_a_refuted_claim_goes_before_every_limit(make_result, make_epsilon, judged, make_limit):
    epsilon = make_epsilon(
        verdict="violated", p_value=0.00023, sentence="It exceeds (epsilon 2, delta 1e-05)."
    )
    result = judged(make_result(epsilon=epsilon), "fail", make_limit())
    assert sentence(result) == (
        "The privacy claimed for this model does not hold. An attack recognises training data more "
        "often than the claim (epsilon 2) allows; if the claim were true, that would happen in at most one "
        "of 4,347 audits. 1 limit is exceeded."
    )
    assert "as private" in action(result)


def test_a_weak_test_of_the_claim_is_no_support(make_result, make_epsilon, judged):
    epsilon = make_epsilon(verdict="inconclusive", sentence="Half the noise would have been missed.")
    said = sentence(judged(make_result(epsilon=epsilon), "inconclusive"))
    assert "neither refutes nor supports it. Half the noise would have been missed." in said


def test_a_claim_that_held_is_no_limit_that_held(make_result, make_epsilon, judged, words):
    result = judged(make_result(epsilon=make_epsilon()), "pass")
    assert sentence(result) == (
        "The test of the privacy claimed for this model found nothing against it. As it was judged."
    )
    assert words(thresholds(result)) == (
        "No limit was set; the verdict is that of the test of the claimed privacy."
    )
    assert words(thresholds(make_result())) == "No limit was set."


def test_an_attack_that_did_not_run_is_named(make_result, judged):
    result = make_result(not_run=(NotRun(attack="rmia", reason="No time."),))
    assert sentence(judged(result, "inconclusive")).endswith(
        "rmia was requested and did not finish. No time."
    )


def test_a_waived_limit_is_not_kept(make_result, judged, make_limit):
    waived = make_limit(
        "auc>0.6", 0.7, 0.6, waiver="Accepted up to 0.8 until 2027-01-31 by Ada: public texts"
    )
    for limits, opening in (
        ((waived,), "The model exceeds its limit, and an owner has accepted that."),
        ((waived, make_limit("auc>0.9", 0.8, 0.9, "holds")), "The model exceeds 1 of its 2 limits"),
    ):
        result = judged(make_result(), "pass", *limits)
        assert sentence(result).startswith(opening)
        assert "stays within" not in sentence(result)
        assert "an owner has accepted that" in action(result)


def test_a_sweep_that_refutes_its_epsilon_says_so(specimen, judged, words):
    found = specimen("sweep-epsilon")
    sweep = found.epsilon_sweep.model_copy(
        update={"verdict": "violated", "sentence": "At epsilon 8 it fails."}
    )
    result = judged(found.model_copy(update={"epsilon_sweep": sweep}), "fail")
    assert sentence(result) == (
        "The privacy that training was configured for does not hold. At epsilon 8 it fails."
    )
    assert "as private" in action(result)
    assert "that of the test of the claimed privacy" in words(thresholds(result))


def test_how_unlikely_a_refuted_claim_is_stays_readable(make_result, make_epsilon, judged):
    said = sentence(judged(make_result(epsilon=make_epsilon(verdict="violated", p_value=1e-200)), "fail"))
    assert said.endswith("in at most one of a billion audits.")


@pytest.mark.parametrize("status", ["pass", "not-judged"])
def test_who_reads_the_verdict_alone_learns_what_it_does_not_rest_on(
    make_result, make_membership, judged, make_limit, status
):
    held = make_limit("auc>0.9", 0.8, 0.9, "holds")

    def said(comparable=True, **parts):
        result = make_result(membership=(make_membership(),), **parts)
        baseline = result.data.blind_baseline.model_copy(update={"comparable": comparable, "gates": False})
        data = result.data.model_copy(update={"blind_baseline": baseline})
        return sentence(judged(result.model_copy(update={"data": data}), status, held))

    assert "was not tested" not in said()
    assert "differ" not in said()
    assert "The privacy claimed for this model was not tested" in said(claim=Claim(epsilon=8.0, delta=1e-5))
    assert "can hide leakage or look like it" in said(comparable=False)
    assert "It was not decided whether the training texts" in said(comparable=None)


def test_a_secret_that_came_out_is_in_the_verdict_whatever_the_limit(
    make_result, make_extraction, judged, make_limit
):
    held = make_limit("exposure>30", 26.6, 30.0, "holds")

    def said(*matches):
        return sentence(judged(make_result(extraction=(make_extraction(matches=matches),)), "pass", held))

    assert "The secret planted in the training data was recovered word for word" in said(True, True)
    assert "recovered" not in said(True, False)


@pytest.mark.parametrize(
    ("told", "words"), [("pass", "is not a pass"), ("fail", "is not a finding"), ("4", "")]
)
def test_what_a_build_was_told_to_do_without_a_verdict_is_no_verdict(
    make_result, judged, make_limit, told, words
):
    item = make_limit(value=None, result="inconclusive", reason="Too few.")
    found = action(judged(make_result(), "inconclusive", item, on_inconclusive=told))
    assert ("is configured to" in found) == bool(words)
    assert words in found


def test_limits_on_sets_that_differ_are_not_judged(make_result, judged, make_limit):
    baseline = BlindBaseline(auc=Interval(value=0.9, low=0.8, high=0.95), comparable=False)
    result = make_result()
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    limits = (make_limit("auc>0.6", 0.55, 0.6, "holds"), make_limit(), make_limit("extracted>0", 2.0, 0.0))
    rows = thresholds(judged(result, "inconclusive", *limits)).blocks[0].rows
    assert [row[1] for row in rows] == ["? not judged", "? not judged", "✗ exceeded"]
    assert "says nothing about it" in rows[0][2]


@pytest.mark.parametrize("groups", [None, 40])
def test_without_limits_the_best_attack_is_told(make_result, make_membership, groups):
    result = make_result(membership=(make_membership(shift=1.0), make_membership("rmia", shift=2.0)))
    result = result.model_copy(update={"data": result.data.model_copy(update={"n_groups": groups})})
    assert sentence(result).startswith("Measured only: no limit was set. An attacker shown one of ")
    assert f"one of the {'records' if groups is None else 'people or groups'} in" in sentence(result)
    assert "about 90 % of the time" in sentence(result)
    assert "Set limits" in action(result)


def test_every_limit_has_its_line_with_the_formal_end_beside_the_words(make_result, judged, make_limit):
    limits = (
        make_limit(),
        make_limit("auc>0.9", 0.8, 0.9, "holds", bound="loss high"),
        make_limit("auc>0.7", 0.75, 0.7, "inconclusive", bound="loss high", slice="class=a"),
    )
    table = thresholds(judged(make_result(), "fail", *limits)).blocks[0]
    assert [row[0] for row in table.rows] == ["tpr@0.01>0.05", "auc>0.9", "auc>0.7 in class=a"]
    assert [row[1] for row in table.rows] == ["✗ exceeded", "✓ holds", "? inconclusive"]
    assert [row[3:] for row in table.rows] == [
        ("lira-eb low", "0.1234"),
        ("loss high", "0.8"),
        ("loss high", "0.75"),
    ]
    assert all(row[2].endswith(".") for row in table.rows)
    assert "No limit was set" in thresholds(make_result()).blocks[0].text
