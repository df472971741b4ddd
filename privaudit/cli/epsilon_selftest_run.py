"""Run and show the self-test of a private optimiser."""

import sys
from contextlib import redirect_stdout

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.audits.dp_step.run import SelfTestRequest, run_selftest
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, tell
from privaudit.cli.progress import shown_progress
from privaudit.gate import exit_code


def run(request: SelfTestRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Test the step and return the exit code; the result is written whatever the verdict."""
    import torch

    require_outputs(show)
    if dry_run:
        show_plan(request)
        return 0
    if request.threads is not None:
        torch.set_num_threads(request.threads)
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress, redirect_stdout(sys.stderr):
        # NOTE: what the user's own code prints must not get into the result.
        result = run_selftest(request, progress)
    deliver(result, show)
    return exit_code(result.verdict, comparable=None)


def show_plan(request: SelfTestRequest) -> None:
    """Print what would be done; the step is not imported."""
    design = request.design
    epsilon = smallest_epsilon(design.mechanism, design.delta)
    tell(f"Step       {request.step}")
    tell(
        f"Claim      noise {design.noise_multiplier:g}, sample rate {design.sample_rate:g}, "
        f"{design.steps} steps: epsilon {epsilon:.4g} at delta {design.delta:g} per run"
    )
    tell(f"Records    {design.toy.n_others:,} beside the canary, divided by {design.toy.expected_batch_size}")
    tell(f"Runs       {design.runs} for the test, {design.control_runs} for the positive control")
    tell(f"Calls      about {design.calls:,} of the step")
