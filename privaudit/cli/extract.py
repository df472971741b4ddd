"""``privaudit extract``: canary extraction."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import origins

_SEARCH, _CONTROLS = "Search", "Controls"


class ObjectiveChoice(StrEnum):
    """What is maximised over the fillings."""

    LOSS = "loss"
    MARGIN = "margin"


class CalibrationChoice(StrEnum):
    """What a filling's objective is compared with, besides its own value."""

    NONE = "none"
    REFERENCES = "references"
    PREFIXES = "prefixes"
    CONTRAST = "contrast"
    LEVERAGE = "leverage"


def command(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(help="Bundle, Hugging Face directory, state_dict, skops or ONNX.")],
    canaries: Annotated[
        Path,
        typer.Option(
            "--canaries", help="Manifest of `privaudit canary plant`.", rich_help_panel=options.INPUTS
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Where the training file is now; the clean controls need it.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    factory: options.Factory = None,
    tokenizer: options.Tokenizer = None,
    trust_pickle: options.TrustPickle = False,
    attack: Annotated[
        list[str] | None,
        typer.Option(
            "--attack",
            help="enumerate, contrast, coordinate, beam, relaxed; repeatable; all = every one that can run. "
            "Default: enumerate (up to 10^7 fillings; beyond, coordinate) and contrast.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    objective: Annotated[
        ObjectiveChoice,
        typer.Option("--objective", help="What is maximised.", rich_help_panel=_SEARCH),
    ] = ObjectiveChoice.MARGIN,
    calibrate: Annotated[
        CalibrationChoice,
        typer.Option(
            "--calibrate",
            help="Rank by margins against clean models, other prefixes or other words, or by leverage.",
            rich_help_panel=_SEARCH,
        ),
    ] = CalibrationChoice.NONE,
    evaluations: Annotated[
        int,
        typer.Option(
            "--evaluations",
            help="Most texts that a search puts through the model.",
            min=1,
            rich_help_panel=_SEARCH,
        ),
    ] = 100_000,
    restarts: Annotated[
        int,
        typer.Option("--restarts", help="Starts of relaxed and coordinate.", min=1, rich_help_panel=_SEARCH),
    ] = 8,
    steps: Annotated[
        int, typer.Option("--steps", help="Steps of a start of relaxed.", min=1, rich_help_panel=_SEARCH)
    ] = 1000,
    lr: Annotated[
        float, typer.Option("--lr", help="Learning rate of relaxed.", min=0, rich_help_panel=_SEARCH)
    ] = 0.02,
    temperature: Annotated[
        float, typer.Option("--temperature", help="Of relaxed at its start.", min=0, rich_help_panel=_SEARCH)
    ] = 1.0,
    final_temperature: Annotated[
        float | None,
        typer.Option("--final-temperature", help="Of relaxed at its end.", min=0, rich_help_panel=_SEARCH),
    ] = None,
    gumbel: Annotated[
        bool, typer.Option("--gumbel", help="Gumbel noise in relaxed.", rich_help_panel=_SEARCH)
    ] = False,
    straight_through: Annotated[
        bool,
        typer.Option("--straight-through", help="Hard choices forwards in relaxed.", rich_help_panel=_SEARCH),
    ] = False,
    beam_width: Annotated[
        int,
        typer.Option("--beam-width", help="Partial fillings kept by beam.", min=1, rich_help_panel=_SEARCH),
    ] = 100,
    shortlist: Annotated[
        int,
        typer.Option(
            "--shortlist",
            help="Candidates of a slot that coordinate and beam evaluate exactly.",
            min=1,
            rich_help_panel=_SEARCH,
        ),
    ] = 64,
    controls: Annotated[
        int | None,
        typer.Option(
            "--controls",
            help="Models to train without any canary; default: 4 where the recipe is known and cheap.",
            min=0,
            rich_help_panel=_CONTROLS,
        ),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            "--control",
            help="A model of yours that was trained the same way without the canaries.",
            rich_help_panel=_CONTROLS,
        ),
    ] = None,
    workers: options.Workers = None,
    ray: options.Ray = None,
    store: options.StoreFolder = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help="Threshold [attack:]exposure>bits or [attack:]extracted>number, repeatable.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    on_inconclusive: options.OnInconclusiveOption = options.OnInconclusive.FOUR,
    show_secrets: options.ShowSecrets = False,
    output: options.Output = None,
    html: options.Html = None,
    history: options.History = None,
    mlflow: options.Mlflow = None,
    signals: options.Signals = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    dry_run: options.DryRun = False,
    max_seconds: options.MaxSeconds = None,
    config: options.Config = None,
) -> int:
    """Canary extraction: complete planted secrets from the model, given the words before them.

    The attacker knows the prefix and the label of a canary and searches the missing words that the model
    likes best. Plant first: privaudit canary plant DATA, then privaudit train PLANTED --canaries MANIFEST.
    """
    from privaudit.attacks.extraction.spec import Objective, SearchSettings
    from privaudit.audits.extraction import Calibration, ExtractionRequest
    from privaudit.audits.inputs import Inputs
    from privaudit.audits.run_options import RunOptions
    from privaudit.cli.extract_run import run
    from privaudit.cli.output import Show
    from privaudit.cli.requests import control_request

    del config
    request = ExtractionRequest(
        inputs=Inputs(
            model=model,
            data=data,
            factory=factory,
            tokenizer=tokenizer,
            trust_pickle=trust_pickle,
            device=device,
            threads=threads,
        ),
        canaries=canaries,
        attacks=tuple(attack or ()),
        objective=Objective(objective.value),
        calibration=Calibration(calibrate.value),
        settings=SearchSettings(
            evaluations=evaluations,
            restarts=restarts,
            steps=steps,
            learning_rate=lr,
            temperature=temperature,
            final_temperature=final_temperature,
            gumbel=gumbel,
            straight_through=straight_through,
            beam_width=beam_width,
            shortlist=shortlist,
        ),
        controls=control_request(controls, control, workers=workers, ray=ray, store=store),
        fail_if=tuple(fail_if or ()),
        on_inconclusive=on_inconclusive.value,
        show_secrets=show_secrets,
        run=RunOptions(seed=seed, max_seconds=max_seconds, argv=tuple(sys.argv[1:]), settings=origins(ctx)),
    )
    show = Show(
        output=output,
        html=html,
        history=history,
        mlflow=mlflow,
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
    )
    return run(request, show, signals=signals, dry_run=dry_run)
