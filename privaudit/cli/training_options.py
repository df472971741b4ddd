"""Options that shape training data and recipes, for every command that trains."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from privaudit.cli.flatten import flag, group, option
from privaudit.cli.option_groups import CANARIES, INPUTS, TRAINING, ColumnOptions
from privaudit.errors import UsageError

if TYPE_CHECKING:
    from privaudit.training.private.claim import PrivacyRequest
    from privaudit.training.recipe import Recipe


@group
class DataOptions:
    """Labelled data to train on."""

    section: ClassVar = INPUTS
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV, TSV, JSONL or Parquet with texts and labels.")
    ]
    holdout: Annotated[
        float, option("P", "Probability that a record (or its group) stays out of training.")
    ] = 0.5
    columns: ColumnOptions


@group
class RecipeOptions:
    """The network and how it is trained. What is not given takes the default of the architecture."""

    section: ClassVar = TRAINING
    arch: Annotated[str | None, option("ARCH", "bow, cnn, bilstm, transformer or hf:DIR.")] = None
    width: Annotated[int | None, option("N", "Width of the network.")] = None
    layers: Annotated[int | None, option("N", "Number of layers.")] = None
    epochs: Annotated[int | None, option("N", "Number of epochs.")] = None
    lr: Annotated[float | None, option("RATE", "Learning rate.")] = None
    batch_size: Annotated[int | None, option("N", "Records per step.")] = None
    optimizer: Annotated[str | None, option("NAME", "adam or sgd.")] = None
    dropout: Annotated[float | None, option("P", "Dropout probability.")] = None
    weight_decay: Annotated[float | None, option("DECAY", "Weight decay.")] = None
    early_stopping: Annotated[bool, flag("Stop when a held-out tenth of the members stops improving.")] = (
        False
    )
    patience: Annotated[int | None, option("N", "Epochs without improvement before stopping.")] = None
    embeddings: Annotated[str | None, option("KIND", "words, characters or both.")] = None
    max_length: Annotated[int | None, option("N", "Words read from each text.")] = None
    min_frequency: Annotated[int | None, option("N", "Drop words that occur less often.")] = None
    vocabulary: Annotated[
        str | None,
        option(
            "FILE|hash:N",
            "File of words, one a line, or hash:N; default: the members' words.",
            section=INPUTS,
        ),
    ] = None

    @property
    def vocabulary_file(self) -> Path | None:
        """``--vocabulary`` where it names a file."""
        return (
            None if self.vocabulary is None or self.vocabulary.startswith("hash:") else Path(self.vocabulary)
        )

    def recipe(self, default: str = "bow", *, private: bool = False, **fixed: object) -> "Recipe":
        """The recipe of ``--arch``, or else of ``default``, with what was given; ``fixed`` goes before it.

        Raises:
            UsageError: the architecture or a value is not possible.
        """
        from privaudit.training.recipe import Recipe

        given = {name: value for name, value in vars(self).items() if name not in {"arch", "lr"}}
        if self.vocabulary_file is not None:
            given["vocabulary"] = None
        given |= {"learning_rate": self.lr, **fixed}
        return Recipe.for_architecture(self.arch or default, private=private, **given)


@group
class PrivacyOptions:
    """Training with differential privacy."""

    section: ClassVar = "Privacy"
    epsilon: Annotated[
        float | None, option("EPSILON", "Train privately; sets the noise for this epsilon.")
    ] = None
    delta: Annotated[float | None, option("DELTA", "Default: a power of ten, at most 1e-5 and 1/(10 n).")] = (
        None
    )
    noise_multiplier: Annotated[
        float | None, option("NOISE", "Instead of --epsilon: noise in units of the clip norm.")
    ] = None
    clip: Annotated[str, option("NORM", "auto, or the norm to clip each record's gradient to.")] = "auto"
    sample_rate: Annotated[
        float | None, option("RATE", "Chance that a record is in a batch; default: batch size over records.")
    ] = None
    noise_seed: Annotated[
        int | None,
        option("N", "Experiments only: repeatable noise, which anyone with the seed can subtract.", min=0),
    ] = None

    def clip_norm(self) -> float | None:
        """``--clip`` as a norm; None for automatic clipping.

        Raises:
            UsageError: it is neither ``auto`` nor a number.
        """
        if self.clip == "auto":
            return None
        try:
            return float(self.clip)
        except ValueError:
            raise UsageError(
                f"--clip {self.clip[:40]!r} is neither auto nor a number", "Use --clip auto"
            ) from None

    def request(self) -> "PrivacyRequest | None":
        """What a private run must keep; None for ordinary training.

        Raises:
            UsageError: an option of private training without --epsilon or --noise-multiplier.
        """
        if self.epsilon is None and self.noise_multiplier is None:
            given = {"delta": self.delta, "sample-rate": self.sample_rate, "noise-seed": self.noise_seed}
            idle = [name for name, value in given.items() if value is not None] + ["clip"] * (
                self.clip != "auto"
            )
            if idle:
                raise UsageError(
                    f"--{idle[0]} needs --epsilon or --noise-multiplier", "Add --epsilon, for example 8"
                )
            return None
        from privaudit.training.private.claim import PrivacyRequest

        return PrivacyRequest(
            epsilon=self.epsilon,
            delta=self.delta,
            noise_multiplier=self.noise_multiplier,
            sample_rate=self.sample_rate,
            clip_norm=self.clip_norm(),
        )


@group
class CanaryOptions:
    """How a canary is planted."""

    section: ClassVar = CANARIES
    candidates: Annotated[
        list[str] | None, option("NAME=FILE", "List for the slot {NAME}, one candidate a line; repeatable.")
    ] = None
    label: Annotated[str, option("CLASS", "own (a new class), random, or a class of the data.")] = "own"
    repetitions: Annotated[int, option("N", "Copies of each canary in the training data.", min=1)] = 100

    def lists(self) -> dict[str, tuple[str, ...]]:
        """The candidates by name.

        Raises:
            PrivauditError: a list cannot be read.
        """
        from privaudit.data.canaries.candidates import read_candidates

        return dict(read_candidates(self.candidates or ()))
