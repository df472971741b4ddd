"""Run the demonstration: the same calls as ``privaudit train`` and ``privaudit mia``."""

from pathlib import Path

from privaudit.audits.inputs import Inputs
from privaudit.audits.membership.plan import MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.audits.run_options import RunOptions
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, say
from privaudit.cli.progress import shown_progress
from privaudit.data.demo import write_demo
from privaudit.errors import UsageError
from privaudit.training.job import train_bundle
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest

_THRESHOLD = "auc>0.6"


def run(folder: Path, *, seed: int, quiet: bool, no_color: bool) -> int:
    """Make the data, train, attack, show."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder", "Name a new or empty one with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    data, model = folder / "messages.tsv", folder / "model.pt"
    result, page = folder / "result.json", folder / "report.html"
    say(f"1. 2,000 made-up customer messages -> {data}", quiet=quiet)
    write_demo(data, seed=seed)
    say(f"2. privaudit train {data} -o {model}", quiet=quiet)
    say(f'3. privaudit mia {model} --fail-if "{_THRESHOLD}" -o {result} --html {page}', quiet=quiet)
    with shown_progress(quiet=quiet, no_color=no_color) as progress:
        train_bundle(TrainingRequest(data, Recipe.for_architecture("bow", seed=seed), output=model), progress)
        options = RunOptions(seed=seed, argv=("demo", "--folder", str(folder)))
        request = MembershipRequest(Inputs(model), fail_if=(_THRESHOLD,), run=options)
        outcome = run_membership(plan_membership(request), progress)
    deliver(outcome.result, OutputOptions(output=result, html=page, quiet=quiet, no_color=no_color))
    say("The model reveals which texts it was trained on. Next: privaudit mia --help", quiet=quiet)
    return 0
