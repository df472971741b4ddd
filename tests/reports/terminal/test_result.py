"""What a person sees, at any width of the terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from privaudit.audits.inputs import Inputs
from privaudit.audits.membership.plan import MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.reports.terminal.result import print_result

HEADINGS = ["AUC", "within class", "TPR @ 0.1% FPR", "TPR @ 1.0% FPR", "TPR @ 10.0% FPR", "advantage"]


@pytest.fixture(scope="module")
def result():
    model = Path(__file__).parents[3] / "fixtures" / "demo" / "model.pt"
    request = MembershipRequest(Inputs(model), fail_if=("auc>0.6",), attacks=("loss", "gradient-norm-last"))
    return run_membership(plan_membership(request)).result


def printed(result, width):
    stream = io.StringIO()
    print_result(result, Console(file=stream, width=width, color_system=None, highlight=False))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 240])
def test_attacks_stay_on_one_line_with_their_whole_name(result, width):
    lines = printed(result, width).splitlines()
    assert max(map(len, lines)) <= width
    for row in result.membership:
        (line,) = [line for line in lines if line.startswith(f"{row.attack} ")]
        assert f"{row.auc.value:.3f} [{row.auc.low:.3f}, {row.auc.high:.3f}]" in line


def test_nothing_is_left_out_in_silence(result):
    for width in (60, 80, 100, 120):
        text = printed(result, width)
        (header,) = [line for line in text.splitlines() if line.startswith("attack")]
        joined = " ".join(text.split())
        left_out = joined.partition("Left out to fit this terminal: ")[2].partition(". ")[0]
        shown = [heading for heading in HEADINGS if heading in header]
        assert "AUC" in shown
        assert [h for h in HEADINGS if h not in shown] == [h for h in HEADINGS if h in left_out]
    assert all(heading in printed(result, 160) for heading in HEADINGS)
    assert "Left out" not in printed(result, 160)


def test_the_verdict_comes_first(result):
    assert printed(result, 80).startswith("FAIL  Leakage above the limit auc>0.6")


def test_limits_say_their_slice_and_baseline_who_answers_and_what_would_decide(specimen, judged):
    limits = [
        {"slice": "class=loan"},
        {"against": "baseline", "expression": "auc>0.05", "waiver": "Accepted up to 0.8 by Ann: known"},
        {"result": "inconclusive", "expression": "tpr@0.01>0.1", "advice": "200 more members would do."},
        {"result": "holds", "expression": "advantage>0.9"},
    ]
    found = judged(specimen("membership-pass"), limits, "fail", policy="gate.toml (SHA-256 0123)")
    lines = [" ".join(line.split()) for line in printed(found, 160).splitlines()]
    reason = "loss: at least 0.7, which is above 0.6."
    first = lines.index("fail if result why")
    *decided, waived, advice, policy = lines[first + 1 : first + 8]
    names = [item.name for item in found.verdict.thresholds]
    words = ["exceeded", "waived", "inconclusive", "holds"]
    assert decided == [f"{name} {word} {reason}" for name, word in zip(names, words, strict=True)]
    assert waived == f"{names[1]}: Accepted up to 0.8 by Ann: known"
    assert advice == "To decide tpr@0.01>0.1: 200 more members would do."
    assert policy == "Limits of gate.toml (SHA-256 0123)"


@pytest.mark.parametrize("name", ["membership-fail", "extraction-fail", "epsilon-violated", "sweep-epsilon"])
def test_any_result_fits_its_terminal(specimen, name):
    for width in (60, 100):
        assert max(map(len, printed(specimen(name), width).splitlines())) <= width
