"""``privaudit train``: a target model as an auditable bundle."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options

_PANEL = options.TRAINING


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
    arch: Annotated[
        str, typer.Option("--arch", help="bow, cnn, bilstm, transformer or hf:DIR.", rich_help_panel=_PANEL)
    ] = "bow",
    width: Annotated[int | None, typer.Option("--width", help="Width.", rich_help_panel=_PANEL)] = None,
    layers: Annotated[int | None, typer.Option("--layers", help="Layers.", rich_help_panel=_PANEL)] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs.", rich_help_panel=_PANEL)] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="Learning rate.", rich_help_panel=_PANEL)] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Records per step.", rich_help_panel=_PANEL)
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option("--optimizer", help="adam or sgd.", rich_help_panel=_PANEL)
    ] = None,
    dropout: Annotated[
        float | None, typer.Option("--dropout", help="Dropout probability.", rich_help_panel=_PANEL)
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", help="Weight decay.", rich_help_panel=_PANEL)
    ] = None,
    early_stopping: Annotated[
        bool,
        typer.Option(
            "--early-stopping",
            help="Stop when a tenth of the members, set aside, gets worse.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    patience: Annotated[
        int | None,
        typer.Option("--patience", help="Epochs without improvement.", rich_help_panel=_PANEL),
    ] = None,
    embeddings: Annotated[
        str | None,
        typer.Option("--embeddings", help="words, characters or both.", rich_help_panel=_PANEL),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", help="Words read of a text.", rich_help_panel=_PANEL)
    ] = None,
    min_frequency: Annotated[
        int | None,
        typer.Option("--min-frequency", help="Least count of a word.", rich_help_panel=_PANEL),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(
            "--vocabulary",
            help="File of words, one a line; default: the members' words.",
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
        device=device,
        threads=threads,
        max_seconds=max_seconds,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
    )
