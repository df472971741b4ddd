"""``privaudit sweep``: defences side by side, or theory against practice over epsilon."""

from typing import Annotated, Any, ClassVar

from privaudit.cli.flatten import Offer, flattened, group, option
from privaudit.cli.option_groups import OutputOptions, RuntimeOptions
from privaudit.cli.reference_options import ReferenceOptions
from privaudit.cli.training_options import CanaryOptions, DataOptions, PrivacyOptions, RecipeOptions
from privaudit.errors import UsageError

_EPSILON = "Sweep over epsilon"
_HELPS = {
    "arch": "bow, cnn, bilstm, transformer or hf:DIR; default: bilstm, over epsilon bow.",
    "vocabulary": "File of words, one a line, or hash:N; default: DATA's words, over epsilon hash:4096.",
}
_OF_DEFENCES = ("defences", "controls", "pattern", "candidates", "label", "repetitions", "holdout")
_OF_EPSILON = ("clip", "canaries")


@group
class SweepOptions:
    """What is compared."""

    section: ClassVar = "Sweep"
    defences: Annotated[
        str,
        option(
            "LIST",
            "Comma-separated: none, dropout, early-stopping, char-embeddings, all, dp:EPSILON, or several "
            "joined by +.",
        ),
    ] = "none,dropout,early-stopping,char-embeddings,all"
    models: Annotated[int | None, option("N", "Models per defence (10) or per epsilon (8).", min=1)] = None
    controls: Annotated[int, option("N", "Clean models per defence.", min=0)] = 4
    pattern: Annotated[str, option("PATTERN", "The canary, with slots.")] = "my pin code is {digit:4}"
    canary: Annotated[CanaryOptions, Offer(section="Sweep")]
    epsilon: Annotated[
        str | None,
        option(
            "LIST", "Instead of defences: comma-separated epsilons such as inf,16,8,4,2,1.", section=_EPSILON
        ),
    ] = None
    canaries: Annotated[
        int | None,
        option(
            "N",
            "Canaries, each with a fair coin per model; default: 500, or a tenth of the records.",
            min=1,
            section=_EPSILON,
        ),
    ] = None

    def refuse_mixture(self, runtime: RuntimeOptions) -> None:
        """Refuse flags of the other kind of sweep, which would do nothing.

        Raises:
            UsageError: there is one. A configuration file may hold defaults for both.
        """
        for name in _OF_EPSILON if self.epsilon is None else _OF_DEFENCES:
            source = runtime.context.get_parameter_source(name)
            if source is not None and source.name == "COMMANDLINE":
                if self.epsilon is None:
                    raise UsageError(
                        f"--{name} was given without --epsilon", f"Add --epsilon, or drop --{name}"
                    )
                raise UsageError(f"--{name} has no effect with --epsilon", f"Drop --{name}")


@flattened
def command(
    data: Annotated[DataOptions, Offer(defaults={"holdout": 0.2})],
    sweep: SweepOptions,
    recipe: Annotated[
        RecipeOptions,
        Offer(helps=_HELPS),
    ],
    privacy: Annotated[PrivacyOptions, Offer(only=("delta", "clip"))],
    models: Annotated[ReferenceOptions, Offer(only=("workers", "ray", "store"))],
    output: Annotated[OutputOptions, Offer(without=("signals", "show_texts", "show_secrets"))],
    runtime: Annotated[RuntimeOptions, Offer(without=("threads",))],
) -> int:
    """Train and attack several models per defence: which of them keeps a planted secret?

    Every model is trained on DATA with copies of its own secret; clean models are the control. The attack
    ranks every possible secret by the model itself. Trained models are kept and reused.

    With --epsilon: train several models per epsilon with differential privacy, attack their members and
    worst-case canaries, and compare accuracy, attack success and lower bounds with what each epsilon allows.
    """
    sweep.refuse_mixture(runtime)
    shared: dict[str, Any] = {
        "data": data.data,
        "store": models.root(),
        "backend": models.backend(),
        "columns": data.columns.columns(),
        "delta": privacy.delta,
        "device": runtime.device,
        **({} if sweep.models is None else {"models": sweep.models}),
        "run": runtime.run(),
    }
    if sweep.epsilon is not None:
        from privaudit.audits.sweep.epsilon import EpsilonSweepRequest
        from privaudit.cli.sweep_epsilon_run import run as run_epsilon

        over_epsilon = EpsilonSweepRequest(
            recipe=recipe.recipe("bow", vocabulary=None),
            epsilons=sweep.epsilon,
            clip_norm=privacy.clip_norm(),
            vocabulary=recipe.vocabulary or EpsilonSweepRequest.vocabulary,
            canaries=sweep.canaries,
            **shared,
        )
        return run_epsilon(over_epsilon, output, dry_run=runtime.dry_run)
    from privaudit.audits.sweep.defences import SweepRequest
    from privaudit.audits.sweep.defences.data import CanaryRequest
    from privaudit.cli.sweep_run import run

    request = SweepRequest(
        recipe=recipe.recipe("bilstm"),
        defences=sweep.defences,
        canary=CanaryRequest(sweep.pattern, sweep.canary.lists(), sweep.canary.label),
        repetitions=sweep.canary.repetitions,
        controls=sweep.controls,
        holdout=data.holdout,
        vocabulary_file=recipe.vocabulary_file,
        **shared,
    )
    return run(request, output, dry_run=runtime.dry_run)
