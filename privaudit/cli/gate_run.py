"""Read one result and its policy, judge, show the verdict."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from privaudit.cli.output import Show, reader_may_leave, require_writable, say, tell
from privaudit.cli.step_summary import write_step_summary
from privaudit.errors import UsageError
from privaudit.gate.policy import LoadedPolicy, Policy, find_policy
from privaudit.gate.run import comparable_of, gate
from privaudit.gate.stale import check_model, find_model
from privaudit.gate.thresholds import parse_threshold
from privaudit.gate.verdict import OnInconclusive, exit_code
from privaudit.reports.verdict_lines import verdict_lines
from privaudit.results import Result, read_result, to_json, write_result

_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "not-judged": None}


@dataclass(frozen=True)
class GateRequest:
    """What the user asked ``privaudit gate`` for."""

    result: Path
    policy: Path | None = None
    fail_if: tuple[str, ...] = ()
    baseline: Path | None = None
    on_inconclusive: OnInconclusive | None = None
    model: Path | None = None
    tokenizer: Path | None = None
    explain: bool = False


def run(request: GateRequest, show: Show) -> int:
    """Judge, and return the exit code; the result is written whatever the verdict."""
    loaded = find_policy(request.policy, Path.cwd())
    baseline = request.baseline or loaded.baseline
    _require_own_file(show.output, request, loaded, baseline)
    result = read_result(request.result, without=_not_needed(request, show, loaded.policy, baseline))
    note = _check_model(result, request)
    judged = gate(
        result,
        loaded.policy,
        fail_if=request.fail_if,
        baseline=None if baseline is None else read_result(baseline),
        today=datetime.now(UTC).date(),
        on_inconclusive=request.on_inconclusive,
        explain=request.explain,
        source=loaded.source,
    )
    if note is not None:
        say(f"Note: {note}", quiet=show.quiet)
    if judged.verdict.thresholds and not (loaded.policy.has_limits or request.fail_if):
        say(
            "Note: no policy with limits here; judged by those that the result was made with.",
            quiet=show.quiet,
        )
    _deliver(judged, show)
    if judged.verdict.status == "not-judged":
        # NOTE: also when quiet, because a gate that judges nothing would otherwise look like one that held.
        say("Warning: nothing was judged: neither the policy, --fail-if nor the result has any limit.")
    return exit_code(judged.verdict, comparable=comparable_of(judged))


def _not_needed(request: GateRequest, show: Show, policy: Policy, baseline: Path | None) -> tuple[str, ...]:
    """Parts of the result that no limit speaks of, where nothing but the verdict is asked for."""
    limits = (*policy.fail_if, *request.fail_if)
    written = show.output is not None or show.to_stdout or bool(os.environ.get("GITHUB_STEP_SUMMARY"))
    if written or request.explain or baseline is not None or not (limits or policy.has_limits):
        return ()
    speaks = {parse_threshold(text).family for text in limits}
    return (
        *("records", "seed_agreement", "sweep", "extraction_summary"),
        *(() if policy.slices else ("slices",)),
        *(() if "extraction" in speaks else ("extraction",)),
    )


def _require_own_file(
    output: Path | None, request: GateRequest, loaded: LoadedPolicy, baseline: Path | None
) -> None:
    require_writable(output)
    if output is None or not output.exists():
        return
    for read in (request.result, loaded.path, baseline, request.model):
        if read is not None and read.exists() and output.samefile(read):
            raise UsageError("an output file of its own", f"{output.name}, which is read", "Change -o")


def _check_model(result: Result, request: GateRequest) -> str | None:
    """Refuse a stale result; a sentence where the model is not there to be compared."""
    folders = (Path.cwd(), request.result.parent)
    path = request.model or find_model(result.model, folders)
    if path is None and result.model.files:
        return (
            f"{result.model.path} is not here, so whether this result is of the current model was not "
            "checked. Give --model PATH."
        )
    if path is not None and (request.model is not None or result.model.files):
        check_model(
            result.model, path, [request.tokenizer] if request.tokenizer else _tokenizer(result, folders)
        )
    return None


def _tokenizer(result: Result, folders: Sequence[Path]) -> list[Path]:
    """The folder that was named as the tokenizer's when the result was made."""
    recorded = result.provenance.settings.get("tokenizer", "")
    named, _, origin = recorded.rpartition(" (")  # "DIR (flag)"
    return [folder / named for folder in folders] if origin else []


def _deliver(result: Result, show: Show) -> None:
    if show.output is not None and str(show.output) != "-":
        write_result(result, show.output)
        say(f"Result: {show.output}", quiet=show.quiet)
    with reader_may_leave():
        if show.to_stdout:
            sys.stdout.write(to_json(result))
        elif not show.quiet:
            _tell_verdict(result, plain=show.no_color or bool(os.environ.get("NO_COLOR")))
        sys.stdout.flush()
    write_step_summary(result)


def _tell_verdict(result: Result, *, plain: bool) -> None:
    headline, *rest = verdict_lines(result)
    word, gap, sentence = headline.partition("  ")
    typer.secho(word, nl=False, fg=_COLOURS[result.verdict.status], bold=True, color=False if plain else None)
    tell(gap + sentence)
    for line in rest:
        tell(line)
