"""An attack that is wrong more often than right is no comfort, wherever a verdict is read."""

import io

import pytest
from rich.console import Console

from privaudit.reports.formats.html import html
from privaudit.reports.terminal.result import print_result
from privaudit.reports.terminal.verdict_lines import verdict_lines
from privaudit.reports.words.reversed_attacks import worse_than_guessing
from privaudit.results import Interval


@pytest.fixture
def result(make_audit):
    """A result whose attacks all have this AUC, and this lower end for all of them at once."""

    def build(value, low):
        auc = Interval(value=value, low=low, high=2 * value - low, low_simultaneous=low)
        found = make_audit()
        rows = tuple(row.model_copy(update={"auc": auc}) for row in found.membership)
        return found.model_copy(update={"membership": rows})

    return build


def in_terminal(result):
    console = Console(file=io.StringIO(), width=400)
    print_result(result, console)
    return console.file.getvalue()


def test_what_turning_the_answers_around_would_give_is_said_everywhere(result):
    words = "Inverting its scores gives about 61 % accuracy"
    reversed_ = result(0.39, 0.36)
    assert words in next(worse_than_guessing(reversed_.membership))
    for shown in (html(reversed_), in_terminal(reversed_), "\n".join(verdict_lines(reversed_))):
        assert words in shown


@pytest.mark.parametrize(("value", "low"), [(0.49, 0.47), (0.6, 0.58)])
def test_what_chance_may_explain_is_not_said(result, value, low):
    assert not list(worse_than_guessing(result(value, low).membership))
