"""``privaudit train``: a target model as an auditable bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli import options, recipe_options
from privaudit.errors import UsageError

if TYPE_CHECKING:
    from privaudit.training.private.claim import PrivacyRequest


def command(
    data: options.LabelledData,
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
    vocabulary: recipe_options.Vocabulary = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="File of classes, one a line; default: those of DATA.",
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
    epsilon: Annotated[
        float | None,
        typer.Option(
            "--epsilon",
            help="Train with differential privacy; noise is set for this epsilon.",
            rich_help_panel=recipe_options.PRIVACY,
        ),
    ] = None,
    delta: recipe_options.Delta = None,
    noise_multiplier: Annotated[
        float | None,
        typer.Option(
            "--noise-multiplier",
            help="Instead of --epsilon: noise in units of the clip norm.",
            rich_help_panel=recipe_options.PRIVACY,
        ),
    ] = None,
    clip: recipe_options.Clip = "auto",
    sample_rate: recipe_options.SampleRate = None,
    noise_seed: Annotated[
        int | None,
        typer.Option(
            "--noise-seed",
            help="For experiments: repeatable noise, which whoever knows the seed can subtract.",
            min=0,
            rich_help_panel=recipe_options.PRIVACY,
        ),
    ] = None,
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
    `privaudit train --help` cannot show them; see docs/training.md, and docs/private-training.md for training
    with differential privacy.
    """
    from privaudit.cli.train_run import run
    from privaudit.data.audit_set import Columns
    from privaudit.training.recipe import Recipe

    del config
    hashed, vocabulary_file = recipe_options.split_vocabulary(vocabulary)
    privacy = _privacy(epsilon, noise_multiplier, delta, sample_rate, clip, noise_seed)
    recipe = Recipe.for_architecture(
        arch,
        private=privacy is not None,
        vocabulary=hashed,
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
        vocabulary_file=vocabulary_file,
        labels_file=labels,
        manifest=canaries,
        privacy=privacy,
        noise_seed=noise_seed,
        device=device,
        threads=threads,
        max_seconds=max_seconds,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
    )


def _privacy(
    epsilon: float | None,
    noise_multiplier: float | None,
    delta: float | None,
    sample_rate: float | None,
    clip: str,
    noise_seed: int | None,
) -> "PrivacyRequest | None":
    """What a private run shall keep; None for ordinary training.

    Raises:
        UsageError: an option of private training without --epsilon or --noise-multiplier.
    """
    if epsilon is None and noise_multiplier is None:
        given = {"--delta": delta, "--sample-rate": sample_rate, "--noise-seed": noise_seed}
        idle = [name for name, value in given.items() if value is not None] + ["--clip"] * (clip != "auto")
        if idle:
            raise UsageError(
                "--epsilon or --noise-multiplier with the options of private training",
                f"{idle[0]} alone",
                "Give --epsilon, for example 8",
            )
        return None
    from privaudit.training.private.claim import PrivacyRequest

    return PrivacyRequest(
        epsilon=epsilon,
        delta=delta,
        noise_multiplier=noise_multiplier,
        sample_rate=sample_rate,
        clip_norm=recipe_options.clip_norm(clip),
    )
