"""What a history keeps of a result."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from privaudit.errors import ResultError
from privaudit.inert import inert
from privaudit.results import Extraction, Interval, Result, ThresholdResult, nothing
from privaudit.results.history import Entry, HistoryLimit, Measure
from privaudit.results.membership import OF_THE_RUN
from privaudit.results.metrics import AUC, EPSILON, EXPOSURE, EXTRACTED, METRICS, TPR, numbers

_MOST_CHARACTERS = 500


def entry_of(result: Result) -> Entry:
    """The numbers and the verdict of a result, without any text, secret or record id.

    Foreign words (paths, attacks, expressions) stand in their inert form, which every database can hold.

    Raises:
        ResultError: the time of the result is no ISO 8601 time.
    """
    return Entry(
        created=_utc(result.created),
        command=_short(result.command),
        model=_short(result.model.path),
        model_digest=_short(result.model.digest),
        data_digest=_data_digest(result),
        comparable=result.data.blind_baseline.comparable,
        status=result.verdict.status,
        claimed_epsilon=None if result.claim is None else result.claim.epsilon,
        tool_version=_short(result.tool.version),
        measures=(*_membership(result), *_extraction(result.extraction), *_epsilon(result), *_swept(result)),
        limits=tuple(map(_limit, result.verdict.thresholds)),
    )


def _short(text: str) -> str:
    return inert(text, _MOST_CHARACTERS)


def _utc(created: str) -> str:
    try:
        time = datetime.fromisoformat(created)
    except ValueError as error:
        raise ResultError(
            f"The result's time {created[:40]!r} is not ISO 8601", "Give a result as privaudit wrote it"
        ) from error
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")


def _data_digest(result: Result) -> str | None:
    data = result.data
    # NOTE: a table of scores also holds the model's answers, so its digest changes with the model.
    if not data.files or data.source == "score-table":
        return None
    return _digest(
        data.source,
        sorted(file.sha256 for file in data.files),
        data.split_seed,
        data.holdout,
        data.n_members,
        data.n_nonmembers,
        data.n_groups,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _measure(
    attack: str, metric: str, found: Interval, n_references: int | None = None, setup: str | None = None
) -> Measure:
    return Measure(
        attack=_short(attack),
        metric=metric,
        value=found.value,
        low=found.low,
        high=found.high,
        n_references=n_references,
        setup=setup,
    )


def _membership(result: Result) -> Iterator[Measure]:
    for row in result.membership:
        parameters = {name: value for name, value in row.parameters.items() if name not in OF_THE_RUN}
        setup = _digest(row.access, row.n_references, parameters)
        for key, found in sorted(numbers(row).items(), key=lambda pair: "@" in pair[0]):
            yield _measure(row.attack, key, found, row.n_references, setup)


def _extraction(rows: tuple[Extraction, ...]) -> Iterator[Measure]:
    """Of each attack the worst of the planted canaries, and how many it recovered."""
    planted = [row for row in rows if row.included]
    for attack in dict.fromkeys(row.attack for row in planted):
        own = [row for row in planted if row.attack == attack]
        setup = _digest(sorted((row.canary, row.repetitions, row.candidates, row.objective) for row in own))
        measured = [row.exposure_bits for row in own if row.exposure_bits.value is not None]
        worst = max(measured, key=lambda bits: bits.value or 0.0, default=nothing(None))
        yield _measure(attack, EXPOSURE.key(), worst, setup=setup)
        recovered = float(len({row.canary for row in own if row.exact_match}))
        count = Interval(value=recovered, low=recovered, high=recovered)
        yield _measure(attack, EXTRACTED.key(), count, setup=setup)


def _epsilon(result: Result) -> Iterator[Measure]:
    """Lower bounds: no attack bounds epsilon from above."""
    for bound in () if result.epsilon is None else result.epsilon.lower_bounds:
        found = Interval(value=bound.value, low=bound.value, high=None)
        yield _measure(bound.method, EPSILON.key(), found)


def _swept(result: Result) -> Iterator[Measure]:
    """Means over the models of each row of a sweep."""
    for row in () if result.sweep is None else result.sweep.defences:
        yield _measure(f"defence {row.defence}", EXPOSURE.key(), row.exposure_bits)
    for level in () if result.epsilon_sweep is None else result.epsilon_sweep.rows:
        for attack in level.attacks:
            name = f"{attack.attack} on {attack.targets}, epsilon {level.epsilon:g}"
            yield _measure(name, AUC.key(), attack.auc, attack.n_references)
            for rate in attack.tpr_at_fpr:
                yield _measure(name, TPR.key(rate.fpr), rate.tpr, attack.n_references)


def _limit(item: ThresholdResult) -> HistoryLimit:
    return HistoryLimit(
        expression=_short(item.name),
        attack=None if item.attack is None else _short(item.attack),
        metric=_metric(item),
        limit=item.limit,
        result=item.result,
        waived=item.waiver is not None,
    )


def _metric(item: ThresholdResult) -> str | None:
    if item.slice is not None or item.against != "limit":
        return None
    metric = METRICS.get(item.metric or "")
    return None if metric is None else metric.key(item.fpr)
