"""What is doubtful about a claim or the design of its test, without any attack."""

from collections.abc import Iterator

from privaudit.audits.epsilon.design_power import canaries_needed
from privaudit.audits.epsilon.plan import EpsilonPlan, ManyRunDesign, OneRunDesign
from privaudit.claim_test.checks import static_checks
from privaudit.claim_test.verdict import VIOLATED
from privaudit.results import StaticCheck


def checks_of(plan: EpsilonPlan) -> tuple[StaticCheck, ...]:
    """Checks of the design, then of the claim."""
    return tuple(_design_checks(plan)) + tuple(_claim_checks(plan))


def power_check(plan: EpsilonPlan) -> StaticCheck:
    """Whether a perfect attack would refute the claim."""
    power, name = plan.power, "reach"
    if power.best_p is None:
        return StaticCheck(id=name, status="ok", text="There is no claim to refute.")
    if power.suffices:
        text = f"A perfect attack would have p = {power.best_p:.2g}, below {VIOLATED:g}."
        return StaticCheck(id=name, status="ok", text=text)
    text = f"Even a perfect attack would have p = {power.best_p:.2g}, not below {VIOLATED:g}: "
    return StaticCheck(
        id=name, status="warning", text=f"{text}this design cannot refute the claim. {_mend(plan)}"
    )


def _mend(plan: EpsilonPlan) -> str:
    if isinstance(plan.design, ManyRunDesign):
        return "Give more --runs, or claim the mechanism: noise multiplier, sample rate and steps."
    needed = canaries_needed(plan.hypothesis, len(plan.design.canaries))
    if needed is not None:
        return f"About {needed:,} canaries are needed, or --runs N."
    if plan.hypothesis.kind == "epsilon-delta":
        return "Claim the mechanism (noise multiplier, sample rate and steps), whose curve allows less."
    return "Such a large epsilon lets an attack be right almost always; --runs N can refute it."


def _design_checks(plan: EpsilonPlan) -> Iterator[StaticCheck]:
    yield power_check(plan)
    if not isinstance(plan.design, OneRunDesign):
        return
    canaries = plan.design.canaries
    yield canaries.coins
    if canaries.repetitions > 1:
        text = (
            f"Every canary is planted {canaries.repetitions:,} times, so what is tested is the claim for"
            f" groups of {canaries.repetitions:,} records, a far weaker claim. Plant with --repetitions 1."
        )
        yield StaticCheck(id="repetitions", status="warning", text=text)
    if plan.opened.data is None:
        text = "The model does not say what it was trained on, so the manifest is taken on trust."
        yield StaticCheck(id="manifest", status="unknown", text=text)


def _claim_checks(plan: EpsilonPlan) -> Iterator[StaticCheck]:
    claim, n = plan.tested.claim, plan.n_records
    if claim is None:
        return
    yield from static_checks(claim, n_records=n)
    audited = isinstance(plan.design, OneRunDesign)
    if audited and n is not None and claim.n_records is not None and claim.n_records != n:
        text = f"The claim is for {claim.n_records:,} records; {n:,} were trained on, canaries included."
        yield StaticCheck(id="records", status="warning", text=text)
