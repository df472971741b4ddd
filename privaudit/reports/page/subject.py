"""What was audited, what is claimed for it, and what the audit cannot see."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.document import Block, Listing, Section, Sentence, Table
from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.results import BlindBaseline, Claim, EpsilonSweep, NotRun, Result
from privaudit.rounding import at_most

_NUMBERS = frozenset({1})
_GUESSING, _FAR = 0.5, 0.15
"""An AUC of the texts alone, and how far from it an interval may reach without a remark."""
_LISTED = frozenset({"phases", "notes", "versions"})


def data(result: Result) -> Section:
    """The two sets, and whether the texts alone separate them."""
    found, baseline, model = result.data, result.data.blind_baseline, result.model
    rows = [
        ("members", f"{found.n_members:,}"),
        ("non-members", f"{found.n_nonmembers:,}"),
        ("source", inert(found.source)),
        ("exact duplicates removed", f"{found.duplicates.exact_removed:,}"),
        ("near-duplicates across the sets", f"{found.duplicates.near:,}"),
        ("AUC of the texts alone", interval(baseline.auc)),
        ("its p-value", NOT_MEASURED if baseline.p_value is None else f"{baseline.p_value:.2g}"),
    ]
    if found.n_groups is not None:
        rows.append(("groups (unit of membership)", f"{found.n_groups:,}"))
    if model.accuracy_members is not None:
        rows.append(("accuracy on members", f"{model.accuracy_members:.1%}"))
    if model.accuracy_nonmembers is not None:
        rows.append(("accuracy on non-members", f"{model.accuracy_nonmembers:.1%}"))
    table = Table("The records of this audit", ("what", "value"), tuple(rows), _NUMBERS)
    return Section("data", "The data: are the two sets comparable?", (Sentence(_comparable(baseline)), table))


def _comparable(baseline: BlindBaseline) -> str:
    reason = inert(baseline.reason or "unknown").rstrip(".")
    if baseline.comparable:
        said = "The two sets are comparable: a classifier that sees only the texts did not separate them."
        ends = (baseline.auc.low, baseline.auc.high)
        reach = max((abs(end - _GUESSING) for end in ends if end is not None), default=0.0)
        if reach > _FAR:
            said += f" With so few records, its AUC may still be up to {at_most(reach, 2)} away from 0.5."
        return said
    if baseline.comparable is None:
        return f"It was not decided whether the two sets are comparable: {reason}."
    if baseline.gates:
        return "The two sets can be told apart by their texts alone. No attack can be judged on them."
    why = "recorded coins split the records, or the shift was accepted" if baseline.reason is None else reason
    return f"The two sets can be told apart by their texts alone. Attacks are judged all the same: {why}."


def claim(result: Result) -> Section:
    """The privacy that is claimed, and how it was accounted."""
    title = "The claim, and how it was accounted"
    if result.epsilon_sweep is not None:
        return Section("claim", title, (_claims(result.epsilon_sweep),))
    if result.claim is None:
        none = Sentence("No differential privacy is claimed for this model.")
        return Section("claim", "The claim", (none,))
    rows = [*_claimed(result.claim)]
    if result.epsilon is not None and result.epsilon.accounted is not None:
        rows.append(
            ("accounted again, by PLD", f"epsilon {result.epsilon.accounted:.6g} at {result.epsilon.delta:g}")
        )
    blocks: list[Block] = [Table("As the model's owner states it", ("what", "value"), tuple(rows), _NUMBERS)]
    blocks.extend(_phases(result.claim))
    checks = () if result.epsilon is None else result.epsilon.checks
    notes = (*map(inert, result.claim.notes), *(f"{check.status}: {inert(check.text)}" for check in checks))
    if notes:
        blocks.append(Listing(notes))
    if result.epsilon is None:
        blocks.append(Sentence("This claim was not tested here. To test it, run privaudit audit."))
    return Section("claim", title, tuple(blocks))


def _claimed(claim: Claim) -> Iterator[tuple[str, str]]:
    for name, value in claim.model_dump(exclude=set(_LISTED), exclude_none=True).items():
        yield name.replace("_", " "), f"{value:.6g}" if isinstance(value, float) else inert(str(value))
    for program, version in claim.versions.items():
        yield f"version of {inert(program)}", inert(version)


def _phases(claim: Claim) -> Iterator[Table]:
    if claim.phases:
        rows = tuple(
            (f"{place}", f"{p.noise_multiplier:.6g}", f"{p.sample_rate:.6g}", f"{p.steps:,}")
            for place, p in enumerate(claim.phases, 1)
        )
        header = ("phase", "noise multiplier", "sample rate", "steps")
        yield Table("Steps with the same noise and rate, in order", header, rows, frozenset({1, 2, 3}))


def _claims(sweep: EpsilonSweep) -> Table:
    """What each epsilon of a sweep was accounted from."""
    rows = tuple(
        (
            f"{row.epsilon:g}",
            _number(row.accounted),
            *(_number(None if row.claim is None else value) for value in _mechanism(row.claim)),
            NOT_MEASURED if row.claim is None else inert(row.claim.accountant or "unknown"),
        )
        for row in sweep.rows
    )
    header = ("epsilon", "accounted", "noise multiplier", "sample rate", "steps", "clip norm", "accountant")
    caption = f"What each epsilon was accounted from, at delta {sweep.delta:g}"
    return Table(caption, header, rows, frozenset(range(6)))


def _mechanism(claim: Claim | None) -> tuple[float | None, ...]:
    if claim is None:
        return (None,) * 4
    return claim.noise_multiplier, claim.sample_rate, claim.steps, claim.clip_norm


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.5g}"


def _of(item: NotRun) -> str:
    return inert(item.attack) if item.canary is None else f"{inert(item.attack)} on {inert(item.canary)}"


def limits(result: Result) -> Section:
    """What this audit does not say."""
    items = [
        (
            "Attacks show only a minimum of what leaks. Stronger attacks, other records or more reference "
            "models may find more."
        ),
    ]
    if result.membership:
        items.append("Intervals cover the sampling of records, not other trainings of the same model.")
    if result.membership and not any(row.n_references for row in result.membership):
        items.append("No reference model was used: this audit is nearly blind at low false-positive rates.")
    if result.extraction:
        items.append(
            "Planted secrets show what training memorises of them, not which real texts it memorised."
        )
    elif result.sweep is None:
        items.append(
            "No planted secret was searched for: this says nothing about texts that can be extracted."
        )
    if result.sweep is not None or result.epsilon_sweep is not None:
        items.append("The models of a sweep were trained for it; none of them is the model you release.")
    elif result.epsilon is None:
        items.append("No epsilon was tested against the training's claim.")
    else:
        items.append("A lower bound on epsilon below the claim does not prove that the claim holds.")
    items.extend(
        dict.fromkeys(f"{_of(item)} did not finish: {inert(item.reason)}" for item in result.not_run)
    )
    items.extend(inert(warning) for warning in result.warnings)
    return Section("limits-of-this-audit", "What this audit does not say", (Listing(tuple(items)),))
