"""``privaudit train``: a target model as an auditable bundle."""

from pathlib import Path
from typing import Annotated, ClassVar

from privaudit.cli.flatten import Offer, flattened, group, option
from privaudit.cli.option_groups import INPUTS, OUTPUT, OutputOptions, RuntimeOptions
from privaudit.cli.training_options import DataOptions, PrivacyOptions, RecipeOptions


@group
class BundleOptions:
    """What is written, and what else is read."""

    section: ClassVar = INPUTS
    output: Annotated[
        Path, option("FILE", "Bundle to write; for hf:DIR a new directory.", "--output", "-o", section=OUTPUT)
    ] = Path("model.pt")
    labels: Annotated[Path | None, option("FILE", "Classes, one a line; default: those of DATA.")] = None
    canaries: Annotated[
        Path | None,
        option("FILE", "Manifest of `privaudit canary plant`; DATA is its planted or its clean file."),
    ] = None


@flattened
def command(
    data: DataOptions,
    bundle: BundleOptions,
    recipe: Annotated[RecipeOptions, Offer(defaults={"arch": "bow"})],
    privacy: PrivacyOptions,
    show: Annotated[OutputOptions, Offer(only=("quiet", "verbose", "no_color"))],
    runtime: Annotated[RuntimeOptions, Offer(without=("dry_run",))],
) -> int:
    """Train a target model and record who was in its training data.

    One file is enough: an independent, seeded coin per record decides who is a member, and the bundle records
    it, so `privaudit mia model.pt` needs no other argument. docs/training.md lists the defaults per
    architecture; docs/private-training.md explains training with differential privacy.
    """
    from privaudit.cli.train_run import run
    from privaudit.training.request import TrainingRequest

    private = privacy.request()
    request = TrainingRequest(
        data.data,
        recipe.recipe(private=private is not None, seed=runtime.seed),
        bundle.output,
        data.holdout,
        data.columns.columns(),
        vocabulary_file=recipe.vocabulary_file,
        labels_file=bundle.labels,
        manifest=bundle.canaries,
        privacy=private,
        noise_seed=privacy.noise_seed,
        max_seconds=runtime.max_seconds,
        device=runtime.device,
    )
    return run(request, show, threads=runtime.threads)
