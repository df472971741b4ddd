"""Train one target and say what came of it."""

import torch

from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import say, tell
from privaudit.cli.progress import shown_progress
from privaudit.results import Claim
from privaudit.training.job import TrainReport, train_bundle
from privaudit.training.request import TrainingRequest


def run(request: TrainingRequest, show: OutputOptions, *, threads: int | None) -> int:
    """Train, save, and print a summary that ends with the next command."""
    if threads is not None:
        torch.set_num_threads(threads)
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress:
        report = train_bundle(request, progress)
    if not show.quiet:
        print_report(report, verbose=show.verbose)
    if report.n_copies:
        say(f"Next: privaudit extract {request.output} --canaries {request.manifest}", quiet=show.quiet)
    elif request.holdout:
        say(f"Next: privaudit mia {request.output}", quiet=show.quiet)
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
    if report.claim is not None:
        _print_claim(report.claim, grouped=report.grouped)
    if report.truncated:
        tell(f"{report.truncated:,} texts are longer than {report.recipe.max_length} words and were cut")
    if verbose:
        for epoch in report.history.epochs:
            tell(str(epoch))


def _print_claim(claim: Claim, *, grouped: bool) -> None:
    """Print what a private run may claim, and for whom."""
    clip = "automatic clipping, norm" if claim.clipping == "automatic" else "clip norm"
    tell(
        f"Privacy: epsilon {claim.epsilon:.2f} at delta {claim.delta:g} for adding or removing one record "
        f"(PLD; noise {claim.noise_multiplier:g}, sample rate {claim.sample_rate:.4g}, "
        f"{claim.steps:,} steps, {clip} {claim.clip_norm:g})"
    )
    tell(f"Words from {claim.vocabulary}; classes from {claim.labels}; {claim.n_records:,} records")
    if grouped:
        tell("The unit of this epsilon is the record: a group with k of them has a weaker guarantee")
    for note in claim.notes:
        tell(f"Note: {note}")
