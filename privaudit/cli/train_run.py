"""Train one target and say what came of it."""

from pathlib import Path

import torch

from privaudit.cli.output import say, tell, watched
from privaudit.data.audit_set import Columns
from privaudit.training.job import TrainReport, train_bundle
from privaudit.training.recipe import Recipe


def run(
    data: Path,
    recipe: Recipe,
    *,
    output: Path,
    holdout: float,
    columns: Columns,
    vocabulary: Path | None,
    manifest: Path | None,
    device: str,
    threads: int | None,
    max_seconds: float | None,
    quiet: bool,
    verbose: bool,
    no_color: bool,
) -> int:
    """Train, save, and print a summary that ends with the next command."""
    if threads is not None:
        torch.set_num_threads(threads)
    with watched(quiet=quiet, no_color=no_color) as progress:
        report = train_bundle(
            data,
            recipe,
            output=output,
            holdout=holdout,
            columns=columns,
            vocabulary_file=vocabulary,
            manifest=manifest,
            progress=progress,
            max_seconds=max_seconds,
            device=device,
        )
    if not quiet:
        print_report(report, verbose=verbose)
    if report.n_copies:
        say(f"Next: privaudit extract {output} --canaries {manifest}", quiet=quiet)
    elif holdout:
        say(f"Next: privaudit mia {output}", quiet=quiet)
    return 0


def print_report(report: TrainReport, *, verbose: bool) -> None:
    """Print what a training job did."""
    validation = f", {report.n_validation:,} for early stopping" if report.n_validation else ""
    size = f", {report.vocabulary_size:,} words" if report.vocabulary_size else ""
    tell(f"Trained {report.recipe.architecture} ({report.parameters:,} parameters{size}) -> {report.output}")
    tell(
        f"Records: {report.n_records:,} in the file, {report.duplicates_removed:,} duplicates removed; "
        f"{report.n_members:,} members, {report.n_nonmembers:,} non-members{validation}"
    )
    if report.n_copies is not None:
        clean = "" if report.n_copies else " (a clean control)"
        tell(f"Canaries: {report.n_copies:,} copies among the texts it was trained on{clean}")
    outside = "" if report.holdout_accuracy is None else f", {report.holdout_accuracy:.1%} on non-members"
    tell(f"Accuracy: {report.member_accuracy:.1%} on members{outside}")
    if report.truncated:
        tell(f"{report.truncated:,} texts are longer than {report.recipe.max_length} words and were cut")
    if verbose:
        for epoch in report.history.epochs:
            tell(str(epoch))
