"""``privaudit sweep``: defences side by side, or theory against practice over epsilon."""

import sys
from typing import Annotated

import typer

from privaudit.cli import options, recipe_options
from privaudit.cli.command import origins
from privaudit.errors import UsageError

_SWEEP, _EPSILON = "Sweep", "Sweep over epsilon"
_OF_DEFENCES = ("defences", "controls", "pattern", "candidates", "label", "repetitions", "holdout")
_OF_EPSILON = ("clip", "canaries")


def command(
    ctx: typer.Context,
    data: options.LabelledData,
    defences: Annotated[
        str,
        typer.Option(
            "--defences",
            help="none, dropout, early-stopping, char-embeddings, all, dp:EPSILON, some with +; with commas.",
            rich_help_panel=_SWEEP,
        ),
    ] = "none,dropout,early-stopping,char-embeddings,all",
    epsilon: Annotated[
        str | None,
        typer.Option(
            "--epsilon",
            help="Instead of defences: epsilons with commas, such as inf,16,8,4,2,1.",
            rich_help_panel=_EPSILON,
        ),
    ] = None,
    delta: recipe_options.Delta = None,
    clip: recipe_options.Clip = "auto",
    vocabulary: Annotated[
        str | None,
        typer.Option(
            "--vocabulary",
            help="hash:N or a file of words, one a line; default over epsilon: hash:4096, else DATA's words.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    canaries: Annotated[
        int | None,
        typer.Option(
            "--canaries",
            help="Canaries with a fair coin per model; default: 500, or a tenth of the records.",
            min=1,
            rich_help_panel=_EPSILON,
        ),
    ] = None,
    models: Annotated[
        int | None,
        typer.Option(
            "--models", help="Models per defence (10) or per epsilon (8).", min=1, rich_help_panel=_SWEEP
        ),
    ] = None,
    controls: Annotated[
        int,
        typer.Option("--controls", help="Clean models per defence.", min=0, rich_help_panel=_SWEEP),
    ] = 4,
    pattern: Annotated[
        str, typer.Option("--pattern", help="The canary, with slots.", rich_help_panel=_SWEEP)
    ] = "my pin code is {digit:4}",
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates",
            help="NAME=FILE: a list for slots {NAME:n}, one a line; repeatable.",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    label: Annotated[
        str,
        typer.Option(
            "--label",
            help="own: a new class; random: one of the data's; else its name.",
            rich_help_panel=_SWEEP,
        ),
    ] = "own",
    repetitions: Annotated[
        int,
        typer.Option(
            "--repetitions", help="Copies that each model is trained on.", min=1, rich_help_panel=_SWEEP
        ),
    ] = 100,
    holdout: Annotated[
        float,
        typer.Option(
            "--holdout",
            help="Probability that a record (group) stays out, for the accuracy.",
            rich_help_panel=options.INPUTS,
        ),
    ] = 0.2,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    group_column: options.GroupColumn = None,
    arch: Annotated[
        str | None,
        typer.Option(
            "--arch",
            help="bow, cnn, bilstm, transformer or hf:DIR; default: bilstm, over epsilon bow.",
            rich_help_panel=options.TRAINING,
        ),
    ] = None,
    width: recipe_options.Width = None,
    layers: recipe_options.Layers = None,
    epochs: recipe_options.Epochs = None,
    lr: recipe_options.LearningRate = None,
    batch_size: recipe_options.BatchSize = None,
    optimizer: recipe_options.Optimizer = None,
    dropout: recipe_options.Dropout = None,
    weight_decay: recipe_options.WeightDecay = None,
    early_stopping: recipe_options.EarlyStopping = False,
    patience: recipe_options.Patience = None,
    embeddings: recipe_options.Embeddings = None,
    max_length: recipe_options.MaxLength = None,
    min_frequency: recipe_options.MinFrequency = None,
    workers: options.Workers = None,
    ray: options.Ray = None,
    store: options.StoreFolder = None,
    output: options.Output = None,
    html: options.Html = None,
    history: options.History = None,
    mlflow: options.Mlflow = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    dry_run: options.DryRun = False,
    max_seconds: options.MaxSeconds = None,
    config: options.Config = None,
) -> int:
    """Train and attack several models per defence: which of them keeps a planted secret?

    Every model is trained on DATA with copies of a secret of its own; clean models are the control. The
    attack ranks all that the secret could be by the model itself. Trained models are kept and found again.

    With --epsilon: train several models per epsilon with differential privacy, attack their members and
    worst-case canaries, and put accuracy, attack success and lower bounds beside what each epsilon allows.
    """
    from privaudit.audits.run_options import RunOptions
    from privaudit.cli.output import Show
    from privaudit.cli.requests import backend_of, store_root
    from privaudit.data.audit_set import Columns
    from privaudit.training.recipe import Recipe

    del config
    _refuse_mixture(ctx, over_epsilon=epsilon is not None)
    hashed, vocabulary_file = recipe_options.split_vocabulary(None if epsilon else vocabulary)
    recipe = Recipe.for_architecture(
        arch or ("bilstm" if epsilon is None else "bow"),
        width=width,
        layers=layers,
        epochs=epochs,
        learning_rate=lr,
        batch_size=batch_size,
        optimizer=optimizer,
        dropout=dropout,
        weight_decay=weight_decay,
        early_stopping=early_stopping,
        patience=patience,
        embeddings=embeddings,
        max_length=max_length,
        min_frequency=min_frequency,
        vocabulary=hashed,
    )
    columns = Columns(text=text_column, label=label_column, id=id_column, group=group_column)
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
    run_options = RunOptions(
        seed=seed, max_seconds=max_seconds, argv=tuple(sys.argv[1:]), settings=origins(ctx)
    )
    if epsilon is not None:
        from privaudit.audits.sweep.epsilon import EpsilonSweepRequest
        from privaudit.cli.sweep_epsilon_run import run as run_epsilon

        over_epsilon = EpsilonSweepRequest(
            data=data,
            recipe=recipe,
            store=store_root(store),
            backend=backend_of(workers, ray),
            epsilons=epsilon,
            delta=delta,
            clip_norm=recipe_options.clip_norm(clip),
            vocabulary=vocabulary or EpsilonSweepRequest.vocabulary,
            canaries=canaries,
            models=EpsilonSweepRequest.models if models is None else models,
            columns=columns,
            device=device,
            run=run_options,
        )
        return run_epsilon(over_epsilon, show, dry_run=dry_run)
    from privaudit.audits.sweep.defences import SweepRequest
    from privaudit.audits.sweep.defences.data import CanaryRequest
    from privaudit.cli.sweep_run import run
    from privaudit.data.canaries.candidates import read_candidates

    request = SweepRequest(
        data=data,
        recipe=recipe,
        store=store_root(store),
        backend=backend_of(workers, ray),
        defences=defences,
        canary=CanaryRequest(pattern, read_candidates(candidates or ()), label),
        repetitions=repetitions,
        models=SweepRequest.models if models is None else models,
        controls=controls,
        holdout=holdout,
        columns=columns,
        vocabulary_file=vocabulary_file,
        delta=delta,
        device=device,
        run=run_options,
    )
    return run(request, show, dry_run=dry_run)


def _refuse_mixture(ctx: typer.Context, *, over_epsilon: bool) -> None:
    """Refuse flags of the other kind of sweep, which would do nothing.

    Raises:
        UsageError: there is one. Defaults from a configuration file may be there for both.
    """
    for name in _OF_DEFENCES if over_epsilon else _OF_EPSILON:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            wanted = "a sweep over epsilon" if over_epsilon else "--epsilon, or a sweep of defences"
            raise UsageError(f"options of {wanted}", f"--{name}", f"Drop --{name}")
