"""Expressions are read to the letter, and refused before the work when they cannot be judged after it."""

import pytest

from privaudit.errors import UsageError
from privaudit.gate import check_attacks, parse_threshold, with_alias


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("loss:auc>0.5", ("loss", "auc", None, 0.5)),
        ("tpr@0.01>0.05", (None, "tpr", 0.01, 0.05)),
        (" tpr @ 0.1 > 0 ", (None, "tpr", 0.1, 0.0)),
        ("lira-online:tpr@0.0001>1e-3", ("lira-online", "tpr", 0.0001, 0.001)),
        ("exposure>10", (None, "exposure", None, 10.0)),
    ],
)
def test_parse_reads_every_part(expression, expected):
    parsed = parse_threshold(expression)
    assert (parsed.attack, parsed.metric.name, parsed.fpr, parsed.limit) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "auc",
        "auc<0.5",
        "auc>=0.5",
        "auc>nan",
        "auc>x",
        "auc>1.5",
        "auc>-0.1",
        "tpr>0.1",
        "tpr@>0.1",
        "tpr@0.02>0.1",
        "tpr@nan>0.1",
        "auc@0.01>0.5",
        "accuracy>0.5",
        "a:b:auc>0.5",
        "auc>0.5>0.6",
    ],
)
def test_parse_refuses_what_it_cannot_judge(expression):
    with pytest.raises(UsageError):
        parse_threshold(expression)


MIA, EXTRACT = {"membership": ["loss"]}, {"extraction": ["relaxed", "enumerate"]}


@pytest.mark.parametrize(
    ("expression", "planned", "command"),
    [
        ("margin:auc>0.9", MIA, "mia"),
        ("relaxed:auc>0.9", MIA, "mia"),
        ("epsilon>1", MIA, "mia"),
        ("exposure>3", MIA, "mia"),
        ("extracted>0", MIA, "mia"),
        ("beam:exposure>3", EXTRACT, "extract"),
        ("loss:extracted>3", EXTRACT, "extract"),
        ("auc>0.9", EXTRACT, "extract"),
        ("epsilon>1", EXTRACT, "extract"),
        ("loss:exposure>3", MIA | EXTRACT, "audit"),
        ("relaxed:auc>0.6", MIA | EXTRACT, "audit"),
    ],
)
def test_thresholds_on_what_will_not_run_are_refused_before_the_work(expression, planned, command):
    with pytest.raises(UsageError) as caught:
        check_attacks([parse_threshold(expression)], planned, command)
    assert "\n" not in str(caught.value)


def test_a_metric_of_another_command_names_the_metrics_of_this_one():
    with pytest.raises(UsageError, match=r"privaudit extract does not measure .*Use exposure or extracted"):
        check_attacks([parse_threshold("auc>0.9")], EXTRACT, "extract")


def test_thresholds_on_what_will_run_are_accepted():
    expressions = ["auc>0.6", "loss:tpr@0.01>0.1", "exposure>3", "relaxed:extracted>0", "epsilon>1"]
    planned = MIA | EXTRACT | {"epsilon": []}
    check_attacks([parse_threshold(expression) for expression in expressions], planned, "audit")


def test_an_alias_stands_for_its_attack_and_the_expression_stays_as_it_was_typed():
    resolved = with_alias(parse_threshold("best:auc>0.6"), "best", "lira-eb")
    assert (resolved.attack, resolved.expression) == ("lira-eb", "best:auc>0.6")
    for expression in ("auc>0.6", "loss:auc>0.6"):
        assert with_alias(parse_threshold(expression), "best", "lira-eb") == parse_threshold(expression)


def test_an_alias_of_an_attack_that_does_not_run_is_refused_by_its_whole_name():
    resolved = with_alias(parse_threshold("best:auc>0.6"), "best", "lira-eb")
    message = r"'best:auc>0.6' names .* \(best stands for lira-eb\)\. Add --attack lira-eb"
    with pytest.raises(UsageError, match=message):
        check_attacks([resolved], MIA, "mia")
