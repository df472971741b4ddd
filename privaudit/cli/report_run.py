"""Render one result, or a history of results, to files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from privaudit.cli.output import require_own_files, require_writable, say
from privaudit.errors import ResultError, UsageError
from privaudit.files import PUBLIC, write_text
from privaudit.gate.compare.baseline import compare
from privaudit.history import entry_of, read
from privaudit.inert import inert_json
from privaudit.reports.formats.by_suffix import renderer, write_report
from privaudit.results import read_result
from privaudit.results.history import Entry, History

RenderTrend = Callable[[Sequence[Entry], str | None], str]


def run(
    path: Path | None, outputs: Sequence[Path], *, baseline: Path | None, location: str, quiet: bool
) -> int:
    """Render a result to every output, in the form that its name asks for."""
    if path is None:
        raise UsageError(
            "No result was given", 'Name one, or give --history FILE: run "privaudit report --help"'
        )
    renderers = [(output, renderer(output, location)) for output in outputs]
    _require_files(outputs, path, baseline)
    result = read_result(path)
    if baseline is not None:
        result = result.model_copy(update={"comparison": compare(result, read_result(baseline))})
    for output, render in renderers:
        write_report(result, output, render)
        say(f"Report: {output}", quiet=quiet)
    return 0


def run_trend(
    history: Path, path: Path | None, outputs: Sequence[Path], *, baseline: Path | None, quiet: bool
) -> int:
    """Render a history to every output: the model of the result at ``path`` alone where one is given."""
    if baseline is not None:
        raise UsageError(
            "--history and --baseline were both given", "Run the command twice: they make different pages"
        )
    renderers = [(output, _trend_renderer(output)) for output in outputs]
    _require_files(outputs, path, history)
    model = None if path is None else entry_of(read_result(path)).model
    entries = _entries(history, model)
    for output, render in renderers:
        write_text(render(entries, model), output, mode=PUBLIC)
        say(f"Report: {output}", quiet=quiet)
    return 0


def _entries(history: Path, model: str | None) -> tuple[Entry, ...]:
    entries = read(history)
    if not entries:
        raise ResultError(f"No audits in {history}", "Add one: privaudit mia MODEL --history FILE")
    own = tuple(entry for entry in entries if model in (None, entry.model))
    if not own:
        known = list(dict.fromkeys(entry.model for entry in entries))
        more = f" and {len(known) - 3} more" if len(known) > 3 else ""
        raise ResultError(
            f"No audit of {model} in {history.name}, only of {', '.join(known[:3])}{more}",
            "Leave out the result to see all models",
        )
    return own


def _trend_renderer(path: Path) -> RenderTrend:
    known = _trend_renderers()
    for suffix, render in known.items():
        if path.name.lower().endswith(suffix):
            return render
    raise UsageError(f"Cannot write a history as {path.name[:60]}", f"End -o in {', '.join(known)}")


def _trend_renderers() -> Mapping[str, RenderTrend]:
    """What renders a history, by suffix; loaded only when it is used."""

    def as_html(entries: Sequence[Entry], model: str | None) -> str:
        from privaudit.reports.formats.html import html_page
        from privaudit.reports.trend.page import trend

        return html_page(trend(entries, model))

    def as_markdown(entries: Sequence[Entry], model: str | None) -> str:
        from privaudit.reports.formats.markdown import markdown_page
        from privaudit.reports.trend.page import trend

        return markdown_page(trend(entries, model))

    def as_json(entries: Sequence[Entry], model: str | None) -> str:
        del model
        return inert_json(History(entries=tuple(entries)).model_dump_json(indent=1)) + "\n"

    return {".html": as_html, ".md": as_markdown, ".json": as_json}


def _require_files(outputs: Sequence[Path], *inputs: Path | None) -> None:
    require_writable(*outputs)
    require_own_files(outputs, inputs)
