"""Options that shape a training recipe, for every command that trains one."""

from typing import Annotated

import typer

from privaudit.cli.options import TRAINING

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
MinFrequency = Annotated[
    int | None, typer.Option("--min-frequency", help="Least count of a word.", rich_help_panel=TRAINING)
]
