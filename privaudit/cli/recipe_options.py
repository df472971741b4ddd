"""Options that shape a training recipe, for every command that trains one."""

from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli.options import INPUTS, TRAINING
from privaudit.errors import UsageError

PRIVACY = "Privacy"

Arch = Annotated[
    str, typer.Option("--arch", help="bow, cnn, bilstm, transformer or hf:DIR.", rich_help_panel=TRAINING)
]
Width = Annotated[int | None, typer.Option("--width", help="Width.", rich_help_panel=TRAINING)]
Layers = Annotated[int | None, typer.Option("--layers", help="Layers.", rich_help_panel=TRAINING)]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Epochs.", rich_help_panel=TRAINING)]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Learning rate.", rich_help_panel=TRAINING)]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", help="Records per step.", rich_help_panel=TRAINING)
]
Optimizer = Annotated[str | None, typer.Option("--optimizer", help="adam or sgd.", rich_help_panel=TRAINING)]
Dropout = Annotated[
    float | None, typer.Option("--dropout", help="Dropout probability.", rich_help_panel=TRAINING)
]
WeightDecay = Annotated[
    float | None, typer.Option("--weight-decay", help="Weight decay.", rich_help_panel=TRAINING)
]
EarlyStopping = Annotated[
    bool,
    typer.Option(
        "--early-stopping",
        help="Stop when a tenth of the members, set aside, gets worse.",
        rich_help_panel=TRAINING,
    ),
]
Patience = Annotated[
    int | None, typer.Option("--patience", help="Epochs without improvement.", rich_help_panel=TRAINING)
]
Embeddings = Annotated[
    str | None, typer.Option("--embeddings", help="words, characters or both.", rich_help_panel=TRAINING)
]
MaxLength = Annotated[
    int | None, typer.Option("--max-length", help="Words read of a text.", rich_help_panel=TRAINING)
]
Vocabulary = Annotated[
    str | None,
    typer.Option(
        "--vocabulary",
        help="A file of words, one a line, or hash:N; default: the members' words.",
        rich_help_panel=INPUTS,
    ),
]
Clip = Annotated[
    str,
    typer.Option(
        "--clip",
        help="auto, or the norm to which each record's gradient is clipped.",
        rich_help_panel=PRIVACY,
    ),
]
Delta = Annotated[
    float | None,
    typer.Option(
        "--delta", help="Default: a power of ten, at most 1e-5 and 1/(10 n).", rich_help_panel=PRIVACY
    ),
]
SampleRate = Annotated[
    float | None,
    typer.Option(
        "--sample-rate",
        help="Chance of a record to be in a batch; default: batch size over records.",
        rich_help_panel=PRIVACY,
    ),
]
MinFrequency = Annotated[
    int | None, typer.Option("--min-frequency", help="Least count of a word.", rich_help_panel=TRAINING)
]


def split_vocabulary(given: str | None) -> tuple[str | None, Path | None]:
    """``--vocabulary`` as the recipe's field, and as a file; None where it is not that."""
    if given is None or given.startswith("hash:"):
        return given, None
    return None, Path(given)


def clip_norm(given: str) -> float | None:
    """``--clip`` as a norm; None for automatic clipping.

    Raises:
        UsageError: it is neither ``auto`` nor a number.
    """
    if given == "auto":
        return None
    try:
        return float(given)
    except ValueError:
        raise UsageError("auto or a number for --clip", repr(given[:40]), "Use --clip auto") from None
