"""Limits in words: one true sentence per metric and outcome, without a word of jargon."""

import re

import pytest

from privaudit.reports.words.limits import in_words

JARGON = re.compile(
    r"tpr|fpr|auc|bits|epsilon|false.positive|threshold|exposure|advantage|interval|>", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("expression", "value", "limit", "allowed", "found"),
    [
        (
            "tpr@0.01>0.05", 0.12, 0.05, "5 %",
            """An attacker who wrongly accuses at most 1 in 100 outsiders finds at least 12 % of the records
            in the training data""",
        ),
        (
            "tpr@0.0001>0.001", 0.0512, 0.001, "0.1 %",
            """An attacker who wrongly accuses at most 1 in 10,000 outsiders finds at least 5.12 % of the
            records in the training data""",
        ),
        (
            "auc>0.6", 0.7923, 0.6, "60 %",
            """An attacker shown one of the records in the training data and one from outside picks
            the right one at least 79.2 % of the time (guessing: 50 %)""",
        ),
        (
            "advantage>0.1", 0.3, 0.1, "10 percentage points",
            """An attacker accuses at least 30 percentage points more of the records in the training data
            than of outsiders""",
        ),
        (
            "exposure>3", 7.0, 3.0, "8 times",
            """An attacker who tries the model's favourites first reaches a planted secret at least 128
            times sooner than by trying everything (chance: about 2 times)""",
        ),
        (
            "extracted>0", 3.0, 0.0, "0",
            "At least 3 of the planted secrets can be read out of the model word for word",
        ),
        (
            "epsilon>2", 3.96, 2.0, "7.39",
            """Training on one person's data multiplies an attacker's odds of noticing it by at least 52.4
            (1 would be perfect privacy)""",
        ),
    ],
)  # fmt: skip
def test_what_is_exceeded(make_limit, expression, value, limit, allowed, found):
    said = in_words(make_limit(expression, value, limit))
    assert said == f"{' '.join(found.split())}; the limit is {allowed}."
    assert not JARGON.search(said)


@pytest.mark.parametrize("changes", [{}, {"against": "baseline"}])
def test_an_upper_end_of_epsilon_rests_on_the_claim_and_on_no_attack(make_limit, changes):
    said = in_words(make_limit("epsilon>8", 2.0, 8.0, "holds", **changes))
    assert "at most 7.39" in said
    assert "if training was as claimed" in said
    assert "attacks cannot show that" in said
    assert "by the attacks that ran" not in said


def test_one_attack_alone_is_named_once(make_limit):
    said = in_words(make_limit("loss:auc>0.6", 0.55, 0.6, "holds", attack="loss"))
    assert said.startswith("With the attack loss, ")
    assert "by the attacks that ran" not in said


def test_more_than_a_billion_is_said_once(make_limit):
    said = in_words(make_limit("exposure>40", None, 40.0, "inconclusive"))
    assert "a planted secret more than a billion times sooner" in said


@pytest.mark.parametrize(
    ("expression", "value", "limit", "words"),
    [
        ("tpr@0.05>0.1", 0.0312, 0.1, "1 in 20 outsiders finds at most 3.12 % of the records"),
        ("auc>0.6", 0.55, 0.6, "picks the right one at most 55 % of the time"),
        ("advantage>0.1", 0.05, 0.1, "accuses at most 5 percentage points more"),
        ("exposure>3", 2.0, 3.0, "reaches a planted secret at most 4 times sooner"),
        ("extracted>0", 0.0, 0.0, "None of the planted secrets can be read out"),
        ("extracted>2", 1.0, 2.0, "At most 1 of the planted secrets can be read out"),
    ],
)
def test_what_holds(make_limit, expression, value, limit, words):
    said = in_words(make_limit(expression, value, limit, "holds"))
    assert words in said
    assert "by the attacks that ran; the limit is" in said
    assert not JARGON.search(said)


@pytest.mark.parametrize(
    ("expression", "value", "limit", "words"),
    [
        (
            "tpr@0.1>0.2",
            0.25,
            0.2,
            "finds up to 25 % of the records in the training data: this audit neither proves",
        ),
        ("auc>0.6", 0.65, 0.6, "neither proves nor rules out more than 60 %."),
        ("advantage>0.1", 0.2, 0.1, "accuses up to 20 percentage points more"),
        ("exposure>3", 5.0, 3.0, "up to 32 times sooner"),
        ("extracted>0", 1.0, 0.0, "up to 1 of the planted secrets"),
        ("epsilon>2", 3.0, 2.0, "by up to 20.1 (1 would be perfect privacy): this audit"),
        (
            "tpr@0.001>0.05",
            None,
            0.05,
            "whether an attacker who wrongly accuses at most 1 in 1,000",
        ),
        ("auc>0.6", None, 0.6, "picks the right one more than 60 % of the time (guessing: 50 %)."),
        ("advantage>0.1", None, 0.1, "accuses more than 10 percentage points more"),
        ("exposure>3", None, 3.0, "more than 8 times sooner"),
        ("extracted>0", None, 0.0, "whether any of the planted secrets can be read out"),
        ("epsilon>2", None, 2.0, "by more than 7.39"),
    ],
)
def test_what_is_open(make_limit, expression, value, limit, words):
    said = in_words(make_limit(expression, value, limit, "inconclusive"))
    assert said.startswith("It is possible that " if value is not None else "It is not known whether ")
    assert words in said
    assert not JARGON.search(said)


@pytest.mark.parametrize(
    ("expression", "value", "words"),
    [
        (
            "tpr@0.01>0.05",
            0.06,
            "finds at least 6 percentage points more of the records in the training data than",
        ),
        (
            "auc>0.05",
            0.06,
            "at least 6 percentage points more often than with the accepted model; the limit is 5",
        ),
        ("advantage>0.05", 0.06, "is at least 6 percentage points wider than with the accepted model"),
        ("exposure>1", 2.0, "at least 4 times sooner than with the accepted model; the limit is 2 times"),
        ("extracted>0", 2.0, "At least 2 more of the planted secrets than with the accepted model"),
        ("epsilon>1", 2.0, "is at least 7.38 times that of the accepted model; the limit is 2.72 times"),
    ],
)
def test_what_grew_since_the_accepted_model(make_limit, expression, value, words):
    limit = float(expression.partition(">")[2])
    said = in_words(make_limit(expression, value, limit, against="baseline"))
    assert words in said
    assert not JARGON.search(said)


def test_numbers_are_rounded_to_the_side_on_which_they_stay_true(make_limit):
    assert "at least 12.3 %" in in_words(make_limit(value=0.12399))
    assert "at most 3.13 %" in in_words(make_limit(value=0.03121, result="holds"))
    assert "at least 213 times" in in_words(make_limit("exposure>3", 7.735, 3.0))
    assert "at most 1,240 times" in in_words(make_limit("exposure>20", 10.27, 20.0, "holds"))
    assert "more than a billion" in in_words(make_limit("epsilon>1", 400.0, 1.0))
    assert "more than a billion" in in_words(make_limit("epsilon>1", float("inf"), 1.0))


def test_whose_number_it_is(make_limit):
    said = in_words(
        make_limit("loss:tpr@0.01>0.05", attack="loss", slice="class=refund=late"), "people or groups"
    )
    assert said.startswith(
        "Where class is refund=late, with the attack loss, an attacker who wrongly accuses"
    )
    assert "12.3 % of the people or groups in the training data" in said


def test_what_it_does_not_know_is_said_as_the_gate_said_it(make_limit):
    assert (
        in_words(make_limit("recall>0.5", reason="As the \x1b[1m gate says."))
        == "As the \\u001b[1m gate says."
    )
