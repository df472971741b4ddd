"""Read one result and its policy, judge, show the verdict."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from privaudit.cli.commands import COMMANDS
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, require_own_files, say, tell
from privaudit.cli.step_summary import SUMMARY
from privaudit.gate.model_files import check_model, files_of, find_model
from privaudit.gate.policy import Policy
from privaudit.gate.policy_file import find_policy
from privaudit.gate.run import gate
from privaudit.gate.thresholds import parse_threshold
from privaudit.gate.verdict import OnInconclusive, exit_code
from privaudit.reports.terminal.verdict_lines import verdict_lines
from privaudit.results import Result, read_result

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


def run(request: GateRequest, show: OutputOptions) -> int:
    """Judge, and return the exit code; the result is written whatever the verdict."""
    loaded = find_policy(request.policy, Path.cwd(), COMMANDS)
    baseline = request.baseline or loaded.baseline
    require_outputs(show, inputs=(request.result, loaded.path, baseline))
    result = read_result(request.result, without=_not_needed(request, show, loaded.policy, baseline))
    note = _check_model(result, request, show)
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
        say("Note: no policy with limits found; judged by the result's own limits.", quiet=show.quiet)
    if baseline is not None and judged.comparison is not None and judged.comparison.same_model:
        say("Note: the baseline is of the same model, so it cannot show an increase.", quiet=show.quiet)
    deliver(judged, show, _tell_verdict)
    if judged.verdict.status == "not-judged":
        # NOTE: also when quiet, because a gate that judges nothing would otherwise look like one that held.
        say("Warning: nothing was judged: no limit in the policy, --fail-if or the result.")
    return exit_code(judged.verdict, comparable=not judged.data.blind_baseline.forbids_verdict)


def _not_needed(
    request: GateRequest, show: OutputOptions, policy: Policy, baseline: Path | None
) -> tuple[str, ...]:
    """Parts of the result that no limit reads, where only the verdict is asked for."""
    limits = (*policy.fail_if, *request.fail_if)
    written = show.to_stdout or any((show.output, show.html, show.history)) or os.environ.get(SUMMARY)
    if written or request.explain or baseline is not None or not (limits or policy.has_limits):
        return ()
    families = {parse_threshold(text).family for text in limits}
    return (
        *("records", "seed_agreement", "sweep", "extraction_summary"),
        *(() if policy.slices else ("slices",)),
        *(() if "extraction" in families else ("extraction",)),
    )


def _check_model(result: Result, request: GateRequest, show: OutputOptions) -> str | None:
    """Refuse a stale result; a sentence if the model is not there to compare."""
    folders = (Path.cwd(), request.result.parent)
    path = request.model or find_model(result.model, folders)
    companions = [request.tokenizer] if request.tokenizer else _tokenizer(result, folders)
    if path is not None:
        require_own_files(show.files, files_of(result.model, path, companions))
    if path is None and result.model.files:
        return (
            f"{result.model.path} is not here, so the result was not checked against the current model. "
            "Give --model PATH."
        )
    if path is not None and (request.model is not None or result.model.files):
        check_model(result.model, path, companions)
    return None


def _tokenizer(result: Result, folders: Sequence[Path]) -> list[Path]:
    """The tokenizer's folder when the result was made."""
    recorded = result.provenance.settings.get("tokenizer", "")
    named, _, origin = recorded.rpartition(" (")  # "DIR (flag)"
    return [folder / named for folder in folders] if origin else []


def _tell_verdict(result: Result, show: OutputOptions) -> None:
    plain = show.no_color or bool(os.environ.get("NO_COLOR"))
    headline, *rest = verdict_lines(result)
    word, gap, sentence = headline.partition("  ")
    typer.secho(word, nl=False, fg=_COLOURS[result.verdict.status], bold=True, color=False if plain else None)
    tell(gap + sentence)
    for line in rest:
        tell(line)
