"""What was audited, what is claimed for it, what the audit cannot see, and how to run it again."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.document import Listing, Section, Sentence, Table
from privaudit.reports.tables import interval
from privaudit.results import Claim, Result

_NUMBERS = frozenset({1})


def data(result: Result) -> Section:
    """The two sets, and whether they can be told apart without the model."""
    found = result.data
    baseline = found.blind_baseline
    said = {
        True: "The two sets are comparable: a classifier that sees only the texts cannot tell them apart.",
        False: "The two sets differ in their texts alone. No attack on this model can be judged on them.",
        None: f"Whether the two sets are comparable was not decided: {inert(baseline.reason or 'unknown')}.",
    }[baseline.comparable]
    rows = [
        ("members", f"{found.n_members:,}"),
        ("non-members", f"{found.n_nonmembers:,}"),
        ("source", inert(found.source)),
        ("exact duplicates removed", f"{found.duplicates.exact_removed:,}"),
        ("near-duplicates across the sets", f"{found.duplicates.near:,}"),
        ("AUC of the texts alone", interval(baseline.auc)),
    ]
    if found.n_groups is not None:
        rows.append(("groups (unit of membership)", f"{found.n_groups:,}"))
    rows.extend((f"file {inert(file.name)}", f"SHA-256 {file.sha256[:16]}…") for file in found.files)
    table = Table("The records of this audit", ("what", "value"), tuple(rows), _NUMBERS)
    return Section("data", "The data: are the two sets comparable?", (Sentence(said), table))


def claim(result: Result) -> Section:
    """The privacy that is claimed, and how it was accounted."""
    if result.claim is None:
        return Section(
            "claim", "The claim", (Sentence("No differential privacy is claimed for this model."),)
        )
    table = Table(
        "As the model's owner states it", ("what", "value"), tuple(_claimed(result.claim)), _NUMBERS
    )
    checks = result.epsilon.checks if result.epsilon is not None else ()
    items = tuple(f"{check.status}: {inert(check.text)}" for check in checks)
    blocks = (table, Listing(items)) if items else (table,)
    return Section("claim", "The claim, and how it was accounted", blocks)


def limits(result: Result) -> Section:
    """What this audit does not say."""
    items = [
        (
            "Attacks only show what leaks at least. Stronger attacks, other records or more reference models "
            "may find more."
        ),
        "Intervals are about the sampling of records, not about other trainings of the same model.",
    ]
    if result.membership and not any(row.n_references for row in result.membership):
        items.append("No reference model was used: at low false-positive rates this audit is nearly blind.")
    if not result.extraction:
        items.append("No planted secret was looked for: this says nothing about texts that can be read out.")
    if result.epsilon is None:
        items.append("No epsilon was tested against what the training claims.")
    items.extend(f"{inert(item.attack)} did not run: {inert(item.reason)}" for item in result.not_run)
    items.extend(inert(warning) for warning in result.warnings)
    return Section("limits-of-this-audit", "What this audit does not say", (Listing(tuple(items)),))


def provenance(result: Result) -> Section:
    """Enough to run it again and to know that it is the same model."""
    model, made = result.model, result.provenance
    rows = [
        ("model", inert(model.path)),
        ("format", f"{inert(model.format)}, {inert(model.architecture)}"),
        ("digest of the model", model.digest),
        ("loaded by", inert(model.loader)),
        ("command", inert(" ".join(("privaudit", *made.argv)))),
        ("seed", f"{made.seed}"),
        ("created", inert(result.created)),
        ("privaudit", inert(result.tool.version)),
        ("Python, platform", f"{inert(made.python)}, {inert(made.platform)}"),
        ("seconds", f"{made.seconds:,.1f}"),
    ]
    rows.extend((inert(name), inert(version)) for name, version in made.versions.items())
    rows.extend((f"option {inert(name)}", inert(value)) for name, value in made.settings.items())
    table = Table("Provenance", ("what", "value"), tuple(rows))
    return Section("provenance", "Provenance", (table,), folded=True)


def _claimed(claim: Claim) -> Iterator[tuple[str, str]]:
    for name, value in claim.model_dump(exclude_none=True).items():
        if isinstance(value, dict):
            yield from ((f"version of {inert(key)}", inert(str(text))) for key, text in value.items())
        else:
            text = f"{value:.6g}" if isinstance(value, float) else inert(str(value))
            yield name.replace("_", " "), text
