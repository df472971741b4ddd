"""``privaudit train``: a target model as an auditable bundle."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options, recipe_options


def command(
    data: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet with texts and labels.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Bundle to write; for hf:DIR a new directory.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = Path("model.pt"),
    arch: recipe_options.Arch = "bow",
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
    vocabulary: Annotated[
        Path | None,
        typer.Option(
            "--vocabulary",
            help="File of words, one a line; default: the members' words.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    canaries: Annotated[
        Path | None,
        typer.Option(
            "--canaries",
            help="Manifest of `privaudit canary plant`; DATA is its planted or its clean file.",
            rich_help_panel=options.INPUTS,
        ),
    ] = None,
    holdout: Annotated[
        float,
        typer.Option(
            "--holdout",
            help="Probability that a record (group) stays out of training.",
            rich_help_panel=options.INPUTS,
        ),
    ] = 0.5,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    group_column: options.GroupColumn = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    max_seconds: options.MaxSeconds = None,
    config: options.Config = None,
) -> int:
    """Train a target model and record who was in its training data.

    One file suffices: an independent, seeded coin per record decides who is a member, and the bundle records
    it, so that `privaudit mia model.pt` needs no other argument. Defaults per architecture:
    `privaudit train --help` cannot show them; see docs/training.md.
    """
    from privaudit.cli.train_run import run
    from privaudit.data.audit_set import Columns
    from privaudit.training.recipe import Recipe

    del config
    recipe = Recipe.for_architecture(
        arch,
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
        seed=seed,
    )
    return run(
        data,
        recipe,
        output=output,
        holdout=holdout,
        columns=Columns(text=text_column, label=label_column, id=id_column, group=group_column),
        vocabulary=vocabulary,
        manifest=canaries,
        device=device,
        threads=threads,
        max_seconds=max_seconds,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
    )
