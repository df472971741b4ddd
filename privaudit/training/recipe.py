"""The recipe: everything that determines a model, apart from its data."""

from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from privaudit.errors import ModelError, PrivauditError, UsageError
from privaudit.training.private.settings import PrivateTraining

Architecture = Literal["bow", "cnn", "bilstm", "transformer", "hf"]
Embeddings = Literal["words", "characters", "both"]
_VOCABULARY = r"^(members|hash:[1-9][0-9]{1,6}|sha256:[0-9a-f]{64})$"

# NOTE: learning rates are those that did best in a small grid over halves of SNIPS, CLINC150, BANKING77 and
# SMS spam, one seed each; two seeds differ by up to 2 % of test accuracy. Twice the width adds up to 2 % to
# ``cnn`` at four times the cost, which an audit pays again for every reference model.
_DEFAULTS: dict[str, dict[str, float]] = {
    "bow": {"width": 64, "layers": 1, "learning_rate": 1e-2, "epochs": 20},
    "cnn": {"width": 64, "layers": 1, "learning_rate": 5e-3, "epochs": 20},
    "bilstm": {"width": 64, "layers": 1, "learning_rate": 5e-3, "epochs": 20},
    "transformer": {"width": 64, "layers": 2, "learning_rate": 1e-3, "epochs": 20},
    "hf": {"learning_rate": 5e-5, "epochs": 5, "batch_size": 16, "max_length": 128, "dropout": 0.1},
}

# NOTE: those of private training are from small grids at epsilon 8 (bow: and 2) on half of SNIPS (bow: and
# CLINC150). Noise is a smaller part of a larger batch, and clipped gradients are at most 1 long. For ``hf``
# nothing was measured.
_PRIVATE: dict[str, dict[str, object]] = {
    "bow": {"optimizer": "sgd", "learning_rate": 4.0, "epochs": 40, "batch_size": 256},
    "cnn": {"optimizer": "sgd", "learning_rate": 2.0, "batch_size": 256},
    "bilstm": {"optimizer": "sgd", "learning_rate": 2.0, "batch_size": 256},
    "transformer": {"optimizer": "sgd", "learning_rate": 1.0, "batch_size": 256},
}

_OPTIONS = {
    "architecture": "--arch",
    "learning_rate": "--lr",
    "min_frequency": "--min-frequency",
    "weight_decay": "--weight-decay",
    "batch_size": "--batch-size",
    "max_length": "--max-length",
}


class Recipe(BaseModel):
    """How a classifier is built and trained. Frozen; the same recipe, seed and data give the same model.

    Defaults that depend on the architecture come from :meth:`for_architecture`:

    ============ ===== ====== ============= ====== ======================================================
    architecture width layers learning rate epochs
    ============ ===== ====== ============= ====== ======================================================
    bow             64      1         0.01      20 mean of word embeddings
    cnn             64      1         0.005     20 windows of 3, 4 and 5 words, 64 filters each
    bilstm          64      1         0.005     20 64 units per direction, maximum over the words
    transformer     64      2         0.001     20 pre-norm encoder, 4 heads, mean over the words
    hf               -      -       0.00005      5 batch 16, 128 tokens, dropout 0.1, linear warm-up and decay
    ============ ===== ====== ============= ====== ======================================================
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    architecture: Architecture
    width: int = Field(default=64, ge=1, le=4096)
    """Embedding dimension, filters per window, units per direction."""
    layers: int = Field(default=1, ge=1, le=48)
    """Encoder layers of ``bilstm`` and ``transformer``; the others have one."""
    epochs: int = Field(default=20, ge=1, le=100_000)
    stop_after: int | None = Field(default=None, ge=1)
    """Epochs after which a time limit stopped the training; the schedule is still that of ``epochs``."""
    learning_rate: float = Field(default=1e-3, gt=0)
    batch_size: int = Field(default=64, ge=1)
    optimizer: Literal["adam", "sgd"] = "adam"
    """``adam`` is Adam with its usual moments (0.9, 0.999); ``sgd`` is without momentum."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """On embeddings, between layers and before the head. For ``hf``: every dropout of its configuration."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled (AdamW) for ``adam``, an L2 penalty for ``sgd``; on all parameters."""
    warmup: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps in which the learning rate rises linearly from zero."""
    decay: Literal["none", "linear"] = "none"
    """Whether the learning rate falls linearly to zero after the warm-up."""
    clip_gradient: float | None = Field(default=None, gt=0)
    """Largest norm of a batch's gradient; no limit by default. This is not differential privacy."""
    min_frequency: int = Field(default=1, ge=1)
    """How often a word must occur in the training texts to get into the vocabulary."""
    max_length: int = Field(default=256, ge=1)
    """Words (``hf``: tokens) that the model reads of a text; the rest is cut off."""
    embeddings: Embeddings = "words"
    """``characters`` spells every word, so none is unknown; ``both`` concatenates the two."""
    vocabulary: str = Field(default="members", pattern=_VOCABULARY)
    """``members``: built from the training texts; ``hash:N``: words share N rows by their hash; else the
    digest of the file of words that was given."""
    early_stopping: bool = False
    """Stop when the validation loss has not fallen for ``patience`` epochs; keep the best epoch."""
    patience: int = Field(default=1, ge=1)
    validation: float = Field(default=0.1, gt=0, lt=1)
    """Share of the members set aside for ``early_stopping``: neither members nor non-members."""
    pretrained: str | None = None
    """``hf`` only: the directory that was fine-tuned, as it was given."""
    pretrained_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """``hf`` only: digest of its weights."""
    privacy: PrivateTraining | None = None
    """The mechanism of a differentially private run; None for ordinary training."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Of this model: coins, validation part, initialisation, data order and dropout follow from it."""

    @model_validator(mode="after")
    def _check_pretrained(self) -> Self:
        if (self.architecture == "hf") != (self.pretrained is not None):
            raise ValueError("architecture hf comes with a directory (hf:DIR), and the others without")
        if self.architecture == "hf" and self.embeddings != "words":
            raise ValueError("a pretrained encoder has its own embeddings")
        return self

    @classmethod
    def for_architecture(cls, name: str, *, private: bool = False, **overrides: object) -> Self:
        """The default recipe of ``name`` (``bow``, ``cnn``, ``bilstm``, ``transformer`` or ``hf:DIR``).

        Args:
            name: the architecture.
            private: take the defaults for private training.
            **overrides: fields to set; None stands for "not given" and keeps the default.

        Raises:
            UsageError: the architecture or a value is not possible.
        """
        architecture, colon, directory = name.partition(":")
        if (
            architecture not in _DEFAULTS
            or bool(colon) != (architecture == "hf")
            or (colon and not directory)
        ):
            known = ", ".join(a for a in get_args(Architecture) if a != "hf")
            raise UsageError(f"Unknown architecture {name!r}", f"Give --arch one of {known} or hf:DIR")
        given = {key: value for key, value in overrides.items() if value is not None}
        values: dict[str, object] = {"architecture": architecture, **_DEFAULTS[architecture]}
        if architecture == "hf":
            values |= {"pretrained": directory, "warmup": 0.1, "decay": "linear"}
        if private:
            values |= _PRIVATE.get(architecture, {})
        return cls._parse(values | given, UsageError, None)

    @classmethod
    def from_plain(cls, plain: object) -> Self:
        """The recipe that a bundle recorded.

        Raises:
            ModelError: it is not a recipe.
        """
        return cls._parse(plain, ModelError, 'Train the model again with "privaudit train"')

    @property
    def has_word_table(self) -> bool:
        """Whether the model has a table of words: ``hf`` and models that spell have none."""
        return self.architecture != "hf" and self.embeddings != "characters"

    def private_defaults(self) -> dict[str, object]:
        """What to change for private training: fields that still have their ordinary default."""
        ordinary, own = self._defaults(self.architecture), _PRIVATE.get(self.architecture, {})
        return {name: value for name, value in own.items() if getattr(self, name) == ordinary[name]}

    def to_plain(self) -> dict[str, object]:
        """Plain values for a bundle or JSON; :meth:`from_plain` reads them back."""
        return self.model_dump()

    @classmethod
    def _defaults(cls, architecture: str) -> dict[str, object]:
        """The ordinary default of every field that has one."""
        general = {name: field.default for name, field in cls.model_fields.items()}
        return general | _DEFAULTS[architecture]

    @classmethod
    def _parse(cls, values: object, error: type[PrivauditError], mend: str | None) -> Self:
        try:
            return cls.model_validate(values)
        except ValidationError as failure:
            first = failure.errors(include_url=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        reason = f"{reason[:1].lower()}{reason[1:]}"
        if not first["loc"]:
            raise error(f"Invalid recipe: {reason}", mend or "Change the options")
        field = str(first["loc"][0])
        option = _OPTIONS.get(field, f"--{field.replace('_', '-')}")
        raise error(f"Invalid {field} {str(first['input'])[:60]!r}: {reason}", mend or f"Change {option}")
