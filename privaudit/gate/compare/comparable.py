"""Whether two results measured the same thing in the same way: what prevents a comparison, what is noted."""

import re
from collections.abc import Collection, Iterator, Mapping

from privaudit.errors import ResultError
from privaudit.inert import inert
from privaudit.results import Extraction, Membership, Result
from privaudit.results.membership import OF_THE_RUN
from privaudit.results.metrics import Family

_MEASURED_BY: Mapping[Family, str] = {
    "membership": "privaudit mia",
    "extraction": "privaudit extract",
    "epsilon": "privaudit audit",
}
_AGAIN = "Audit the accepted model again, with these records and options"
_COLUMNS = ("text-column", "label-column", "group-column", "member-column")
_OF_REFERENCES = ("reference-mode", "trainer", "population")
_OF_SEARCH = (
    "calibrate", "evaluations", "restarts", "steps", "lr", "temperature", "final-temperature", "gumbel",
    "straight-through", "beam-width", "shortlist",
)  # fmt: skip
_ORIGIN = re.compile(r" \([a-z. ]+\)$")
_MOST_SHOWN = 8
_MOST_OF_A_TEXT = 120


def families(result: Result) -> set[Family]:
    """What a result measured, or was asked to measure and did not finish."""
    found: set[Family] = {item.kind for item in result.not_run}
    there = {"membership": result.membership, "extraction": result.extraction, "epsilon": result.epsilon}
    return found | {kind for kind in _MEASURED_BY if there[kind]}


def check_comparable(result: Result, baseline: Result) -> None:
    """Refuse what was measured on other records, another kind of model, or sets that are not comparable.

    Raises:
        ResultError: the two cannot be compared; the message says why, and what to do.
    """
    _check_kinds(result, baseline)
    _check_classes(result, baseline)
    for what, new, old in _must_agree(result, baseline):
        if new != old:
            found = f"{inert(old, _MOST_OF_A_TEXT)} there, {inert(new, _MOST_OF_A_TEXT)} here"
            raise ResultError(f"The baseline differs in {what}: {found}", _AGAIN)
    for which, one in (("this result", result), ("the baseline", baseline)):
        if one.data.blind_baseline.forbids_verdict:
            raise ResultError(
                f"In {which}, members and non-members can be told apart by their texts alone",
                "Audit both models with non-members drawn like the members",
            )


def _check_kinds(result: Result, baseline: Result) -> None:
    for which, one in (("this result", result), ("the baseline", baseline)):
        if one.sweep is not None or one.epsilon_sweep is not None:
            raise ResultError(
                f"A sweep over many models cannot be compared, and {which} is one",
                "Give results of privaudit mia, extract or audit",
            )
    new, old = families(result), families(baseline)
    if not new & old:
        measured = " and ".join(_MEASURED_BY[kind] for kind in _MEASURED_BY if kind in new)
        problem = f"A result of privaudit {baseline.command} cannot be the baseline for one of {measured}"
        raise ResultError(problem if measured else "This result has no attack to compare", _AGAIN)


def _must_agree(result: Result, baseline: Result) -> Iterator[tuple[str, str, str]]:
    """What must be equal: its name, here, there."""
    yield from zip(_RECORDS, _records(result), _records(baseline), strict=True)
    for column in _COLUMNS:
        yield f"--{column}", _setting(result, column), _setting(baseline, column)
    yield "access to the model", result.model.access, baseline.model.access


_RECORDS = ("source of records", "files of records", "seed of the split", "holdout", "number of members",
            "number of non-members", "unit of membership")  # fmt: skip


def _records(result: Result) -> tuple[str, ...]:
    data = result.data
    # NOTE: a table of scores holds the model's answers too, so its digest changes with every model.
    files = () if data.source == "score-table" else data.files
    return (
        data.source,
        ", ".join(f"{file.name} {file.sha256[:16]}" for file in files) or "none",
        f"{data.split_seed}",
        f"{data.holdout}",
        f"{data.n_members:,}",
        f"{data.n_nonmembers:,}",
        "records" if data.n_groups is None else f"{data.n_groups:,} groups",
    )


def _check_classes(result: Result, baseline: Result) -> None:
    new, old = set(result.model.labels), set(baseline.model.labels)
    if new != old:
        raise ResultError(
            f"The baseline has other classes: {_first(old - new)} only there, {_first(new - old)} only here",
            "Compare models of the same task",
        )


def _first(names: Collection[str]) -> str:
    shown = ", ".join(inert(name, 40) for name in sorted(names)[:_MOST_SHOWN])
    return f"{len(names)} ({shown})" if names else "none"


def why_another_attack(new: Membership, old: Membership, result: Result, baseline: Result) -> str | None:
    """Why two rows with one name are not the same attack; None when they are.

    More reference models make a stronger attack: a difference would be of the attacks and not of the models,
    and fewer of them would pass for less leakage.
    """
    if new.n_references != old.n_references:
        return (
            f"{new.n_references:,} reference models, {old.n_references:,} in the baseline: a different attack"
        )
    if new.access != old.access:
        return f"reads {new.access}, {old.access} in the baseline: a different attack"
    if new.n_references:
        for option in _OF_REFERENCES:
            if (here := _setting(result, option)) != (there := _setting(baseline, option)):
                return f"--{option} {here}, {there} in the baseline: a different attack"
    # NOTE: a later version may record more; what only one of the two records cannot differ.
    told = (new.parameters.keys() & old.parameters.keys()) - OF_THE_RUN
    other = sorted(key for key in told if new.parameters[key] != old.parameters[key])
    return f"parameters differ from the baseline: {', '.join(other)}" if other else None


def why_another_canary(new: Extraction, old: Extraction) -> str | None:
    """Why two rows with one id and attack are not about the same secret; None when they are."""
    if not (new.included and old.included):
        return f"not planted {'in the baseline' if new.included else 'in this model'}"
    if None not in (new.digest, old.digest) and new.digest != old.digest:
        return "a different secret in the baseline"
    for name, here, there in (
        ("class", new.label, old.label),
        ("copies", f"{new.repetitions:,}", f"{old.repetitions:,}"),
        ("number of fillings", f"{new.candidates:,}", f"{old.candidates:,}"),
        ("objective", new.objective, old.objective),
    ):
        if here != there:
            return f"{name} {here}, in the baseline {there}"
    return None


def why_another_search(result: Result, baseline: Result) -> str | None:
    """Why the searches for canaries are not comparable; None when they are. Exposures need no search."""
    for option in _OF_SEARCH:
        if (here := _setting(result, option)) != (there := _setting(baseline, option)):
            return f"a different search: --{option} {here}, {there} in the baseline"
    return None


def notes(result: Result, baseline: Result) -> Iterator[str]:
    """What differs without preventing a comparison, one sentence each."""
    if result.data.source == "score-table" or not (result.data.files or baseline.data.files):
        yield "These results name no data file, so privaudit cannot check that both used the same records."
    if result.created < baseline.created:
        yield f"The baseline is newer than this result: {baseline.created}, and {result.created}."
    for name, new, old in (
        ("The command", result.command, baseline.command),
        ("privaudit", result.tool.version, baseline.tool.version),
        ("The seed", f"{result.provenance.seed}", f"{baseline.provenance.seed}"),
        ("Device", result.provenance.device or "unknown", baseline.provenance.device or "unknown"),
        ("Python", result.provenance.python, baseline.provenance.python),
        ("Platform", result.provenance.platform, baseline.provenance.platform),
        ("The model's format", result.model.format, baseline.model.format),
        ("The architecture", result.model.architecture, baseline.model.architecture),
        ("The claimed epsilon", _claimed(result), _claimed(baseline)),
    ):
        if new != old:
            yield f"{name}: {new}, in the baseline {old}."
    yield from _differing("Versions", result.provenance.versions, baseline.provenance.versions)
    yield from _differing("Recipe", _flat(result.model.recipe), _flat(baseline.model.recipe))
    yield from _accuracy(result, baseline)
    yield from _unlike_rows(result, baseline)


def _accuracy(result: Result, baseline: Result) -> Iterator[str]:
    new, old = result.model.accuracy_nonmembers, baseline.model.accuracy_nonmembers
    if new is not None and old is not None and new != old:
        yield f"Accuracy on non-members: {new:.1%}, in the baseline {old:.1%}."


def _unlike_rows(result: Result, baseline: Result) -> Iterator[str]:
    before = {row.attack: row for row in baseline.membership}
    for row in result.membership:
        old = before.get(row.attack)
        if old is None:
            continue
        if (why := why_another_attack(row, old, result, baseline)) is not None:
            yield f"{row.attack} is not compared: {why}."
        elif (row.n_members, row.n_nonmembers) != (old.n_members, old.n_nonmembers):
            yield (
                f"{row.attack} scored {row.n_members:,} members and {row.n_nonmembers:,} non-members, in the "
                f"baseline {old.n_members:,} and {old.n_nonmembers:,}."
            )


def _differing(what: str, new: Mapping[str, object], old: Mapping[str, object]) -> Iterator[str]:
    names = [name for name in {**old, **new} if new.get(name) != old.get(name) and name != "privaudit"]
    if not (names and new and old):
        return
    shown = [f"{name} {_or_none(new.get(name))}, was {_or_none(old.get(name))}" for name in names]
    more = len(shown) - _MOST_SHOWN
    yield f"{what}: {'; '.join(shown[:_MOST_SHOWN])}{f'; and {more} more' if more > 0 else ''}."


def _flat(tree: Mapping[str, object] | None, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in (tree or {}).items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _claimed(result: Result) -> str:
    claim = result.claim
    return "none" if claim is None or claim.epsilon is None else f"{claim.epsilon:g}"


def _setting(result: Result, option: str) -> str:
    """An option as it was given, without the place that it came from."""
    value = result.provenance.settings.get(option)
    return "by default" if value is None else _ORIGIN.sub("", value)


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)[:60]
