"""``privaudit extract``: canary extraction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from privaudit.cli.flatten import Offer, flag, flattened, group, option
from privaudit.cli.option_groups import INPUTS, AttackOptions, InputOptions, OutputOptions, RuntimeOptions
from privaudit.cli.reference_options import ControlOptions, ReferenceOptions

if TYPE_CHECKING:
    from privaudit.attacks.extraction.spec import SearchSettings


@group
class SearchOptions:
    """How hard and in which way the attacks search."""

    section: ClassVar = "Search"
    objective: Annotated[Literal["loss", "margin"], option(None, "What the search maximises.")] = "margin"
    calibrate: Annotated[
        Literal["none", "references", "prefixes", "contrast", "leverage"],
        option(None, "Rank by margins over clean models, other prefixes or other words, or by leverage."),
    ] = "none"
    evaluations: Annotated[int, option("N", "Most texts a search puts through the model.", min=1)] = 100_000
    restarts: Annotated[int, option("N", "Starts of relaxed and coordinate.", min=1)] = 8
    steps: Annotated[int, option("N", "Steps of each start of relaxed.", min=1)] = 1000
    lr: Annotated[float, option("RATE", "Learning rate of relaxed.", min=0)] = 0.02
    temperature: Annotated[float, option("T", "Initial temperature of relaxed.", min=0)] = 1.0
    final_temperature: Annotated[float | None, option("T", "Final temperature of relaxed.", min=0)] = None
    gumbel: Annotated[bool, flag("Add Gumbel noise in relaxed.")] = False
    straight_through: Annotated[bool, flag("Use hard choices in the forward pass of relaxed.")] = False
    beam_width: Annotated[int, option("N", "Partial fillings that beam keeps.", min=1)] = 100
    shortlist: Annotated[
        int, option("N", "Candidates per slot that coordinate and beam evaluate exactly.", min=1)
    ] = 64

    def settings(self) -> "SearchSettings":
        """The budget and the ways of the search."""
        from privaudit.attacks.extraction.spec import SearchSettings

        given = {name: value for name, value in vars(self).items() if name not in _NO_SETTINGS}
        return SearchSettings(**given, learning_rate=self.lr)


_NO_SETTINGS = frozenset({"objective", "calibrate", "lr"})


@group
class PlantedOptions:
    """The canaries, and models without them."""

    canaries: Annotated[Path, option("FILE", "Manifest of `privaudit canary plant`.", section=INPUTS)]
    clean: ControlOptions


@flattened
def command(
    inputs: Annotated[
        InputOptions,
        Offer(
            only=("model", "data", "factory", "tokenizer", "trust_pickle"),
            helps={
                "model": "Bundle, Hugging Face directory, state_dict, skops or ONNX.",
                "data": "The training file if it has moved; the clean controls need it.",
            },
        ),
    ],
    planted: PlantedOptions,
    attacks: AttackOptions,
    search: SearchOptions,
    models: Annotated[ReferenceOptions, Offer(only=("workers", "ray", "store"))],
    output: Annotated[OutputOptions, Offer(without=("show_texts",))],
    runtime: RuntimeOptions,
) -> int:
    """Canary extraction: complete planted secrets from the model, given the words before them.

    The attacker knows a canary's prefix and label and searches for the missing words that the model prefers.
    Plant first: privaudit canary plant DATA, then privaudit train PLANTED --canaries MANIFEST. The default
    attacks are enumerate (beyond 10^7 fillings, coordinate) and contrast.
    """
    from privaudit.attacks.extraction.spec import Objective
    from privaudit.audits.extraction import Calibration, ExtractionRequest
    from privaudit.cli.extract_run import run

    request = ExtractionRequest(
        inputs=inputs.opened_from(runtime),
        canaries=planted.canaries,
        attacks=attacks.ids,
        objective=Objective(search.objective),
        calibration=Calibration(search.calibrate),
        settings=search.settings(),
        controls=planted.clean.request(models),
        fail_if=attacks.limits.expressions,
        on_inconclusive=attacks.limits.when_inconclusive,
        show_secrets=output.show_secrets,
        run=runtime.run(),
    )
    return run(request, output, dry_run=runtime.dry_run)
