"""The thresholds together, and the exit code that says so."""

from collections.abc import Sequence
from typing import Literal

from privaudit.exits import Exit
from privaudit.results import Epsilon, NotRun, ThresholdResult, Verdict

OnInconclusive = Literal["pass", "fail", "4"]


def judge(
    thresholds: Sequence[ThresholdResult],
    *,
    comparable: bool | None,
    not_run: Sequence[NotRun] = (),
    epsilon: Epsilon | None = None,
    on_inconclusive: OnInconclusive = "4",
    policy: str | None = None,
) -> Verdict:
    """Put thresholds and the test of the claim together. Incomparable sets leave nothing to judge.

    Args:
        thresholds: of :func:`evaluate`. One with a waiver is exceeded and fails nothing.
        comparable: False when the blind baseline separates members from non-members without the model.
        not_run: attacks that were asked for and did not finish.
        epsilon: the test of the claim; ``violated`` fails whatever the thresholds say.
        on_inconclusive: what an inconclusive threshold does to the exit code; recorded in the verdict.
        policy: the file with the limits, for the verdict.
    """
    waived = sum(t.is_waived for t in thresholds)

    def verdict(status: Literal["pass", "fail", "inconclusive", "not-judged"], sentence: str) -> Verdict:
        return Verdict(
            status=status,
            sentence=sentence + (f" {_waived_in_words(waived)}" if waived else ""),
            thresholds=tuple(thresholds),
            on_inconclusive=on_inconclusive,
            policy=policy,
        )

    if comparable is False:
        return verdict(
            "inconclusive",
            "No verdict: members and non-members can be told apart by their texts alone, so attack success "
            "says nothing about the model.",
        )
    tested = None if epsilon is None else epsilon.verdict
    if epsilon is not None and tested == "violated":
        return verdict("fail", f"The claimed privacy is refuted. {epsilon.sentence}")
    exceeded = [t for t in thresholds if t.result == "exceeded" and not t.is_waived]
    if exceeded:
        return verdict("fail", f"{_above(exceeded[0])}: {exceeded[0].reason}")
    undecided = [t for t in thresholds if t.result == "inconclusive"]
    if undecided:
        return verdict("inconclusive", f"No verdict on {undecided[0].name}. {undecided[0].reason}")
    if not_run:
        return verdict("inconclusive", f"No verdict: {not_run[0].attack} did not run. {not_run[0].reason}")
    if epsilon is not None and tested == "inconclusive":
        return verdict("inconclusive", f"No verdict on the claimed privacy. {epsilon.sentence}")
    if not thresholds and tested == "consistent":
        return verdict("pass", "No violation of the claimed privacy was found; that does not prove it.")
    if not thresholds:
        return verdict("not-judged", "Measured only. Add --fail-if to judge.")
    held = "Every limit held" if not waived else "Every limit that is not waived held"
    if waived == len(thresholds):
        held = "No limit failed the build, because all are waived"
    return verdict("pass", f"{held}; that does not prove privacy against attacks that did not run.")


def _above(item: ThresholdResult) -> str:
    what = "An increase above" if item.against == "baseline" else "Leakage above the limit"
    return f"{what} {item.name}"


def _waived_in_words(count: int) -> str:
    limits = "1 limit is" if count == 1 else f"{count} limits are"
    return f"{limits} exceeded and waived."


def exit_code(verdict: Verdict, *, comparable: bool | None) -> Exit:
    """The exit code of a verdict (design: not comparable is 4 whatever else; then 1 before 4 before 0)."""
    if comparable is False:
        return Exit.INCONCLUSIVE
    if verdict.status == "fail":
        return Exit.LEAKAGE
    if verdict.status == "inconclusive":
        return {"4": Exit.INCONCLUSIVE, "fail": Exit.LEAKAGE, "pass": Exit.OK}[verdict.on_inconclusive]
    return Exit.OK
