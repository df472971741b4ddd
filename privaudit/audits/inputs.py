"""What an audit is about: a model (or a table of its scores) and records with known membership."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from privaudit.data.audit_set import AuditSet, from_files, from_membership_column, from_split
from privaudit.data.columns import Columns
from privaudit.data.labels import match_labels
from privaudit.data.records import Records
from privaudit.errors import ModelError, UsageError
from privaudit.results import Claim
from privaudit.targets.formats import BUNDLE, SCORES
from privaudit.targets.interface import Access, Ints, ModelInfo, ScoreTable, TextClassifier
from privaudit.targets.score_table import read_score_table
from privaudit.targets.sniff import sniff

if TYPE_CHECKING:
    from privaudit.training.bundle_data import BundleData
    from privaudit.training.recipe import Recipe
    from privaudit.training.text import WordNumbers


@dataclass(frozen=True)
class Inputs:
    """Where the model and the records are, as the user said."""

    model: Path
    members: Path | None = None
    nonmembers: Path | None = None
    data: Path | None = None
    columns: Columns = field(default_factory=Columns)
    factory: str | None = None
    tokenizer: Path | None = None
    trust_pickle: bool = False
    device: str = "cpu"
    threads: int | None = None

    @property
    def files(self) -> tuple[Path | None, ...]:
        """What is read."""
        return self.model, self.members, self.nonmembers, self.data


@dataclass(frozen=True, eq=False)
class TrainedBy:
    """How the model was trained, as far as it says so itself."""

    recipe: "Recipe"
    vocabulary: "WordNumbers | None" = None
    """The fixed words it was given; None if every model builds its own from its training texts."""


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model with what its file says of how it came to be."""

    classifier: TextClassifier
    data: "BundleData | None" = None
    trained_by: TrainedBy | None = None
    claim: Claim | None = None
    vocabulary: "WordNumbers | None" = None
    """How it numbers words, where it does."""


@dataclass(frozen=True, eq=False)
class OpenedInputs:
    """An opened model with the n records to audit."""

    source: TextClassifier | ScoreTable
    audit_set: AuditSet
    label: Ints
    """``[n]`` class indices."""
    trained_by: TrainedBy | None = None
    claim: Claim | None = None

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        return self.source.info

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names."""
        return self.source.labels

    @property
    def access(self) -> Access:
        """The most that the format gives."""
        return self.source.access

    @property
    def member(self) -> NDArray[np.bool_]:
        """``[n]``."""
        return self.audit_set.member


def open_inputs(inputs: Inputs) -> OpenedInputs:
    """Open the model and the records, whatever their formats. A score table needs no torch.

    Raises:
        PrivauditError: anything about the files or their combination that the user can mend.
    """
    model_format = sniff(inputs.model)
    if model_format is SCORES:
        return _from_table(inputs)
    return _with_records(inputs, open_model(inputs))


def _prepare_torch(inputs: Inputs) -> None:
    import torch

    if inputs.threads is not None:
        torch.set_num_threads(inputs.threads)
    try:
        torch.empty(1, device=inputs.device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"torch cannot use the device {inputs.device!r} here",
            "Use --device cpu, or run `privaudit doctor`",
        ) from error


def open_model(inputs: Inputs) -> OpenedModel:
    """Open the model alone.

    Raises:
        PrivauditError: anything about the file or the options that the user can mend.
    """
    model_format = sniff(inputs.model)
    if model_format is SCORES:
        raise UsageError(
            f"{inputs.model.name} is a table of scores, which cannot answer new texts", "Give the model"
        )
    _prepare_torch(inputs)
    return _open_bundle(inputs) if model_format is BUNDLE else _open_other(inputs)


def unknown_recipe(info: ModelInfo, mend: str) -> UsageError:
    """The error if models of the same recipe were asked for and the recipe is unknown."""
    problem = (
        f"The model (format {info.format}) does not say how it was trained, so it can't be trained again"
    )
    return UsageError(problem, mend)


def _open_bundle(inputs: Inputs) -> OpenedModel:
    from privaudit.training.bundle import bundle_classifier, load_bundle

    bundle = load_bundle(inputs.model)
    classifier = bundle_classifier(bundle, inputs.model, inputs.device)
    own_words = bundle.recipe.vocabulary == "members"
    trained_by = TrainedBy(bundle.recipe, None if own_words else bundle.encoder.vocabulary)
    return OpenedModel(
        classifier, bundle.data, trained_by, _recorded_claim(bundle.privacy), bundle.encoder.vocabulary
    )


def _open_other(inputs: Inputs) -> OpenedModel:
    from privaudit.targets.open import open_target
    from privaudit.training.hf_directory import load_companion

    classifier = open_target(
        inputs.model,
        factory=inputs.factory,
        tokenizer=inputs.tokenizer,
        trust_pickle=inputs.trust_pickle,
        device=inputs.device,
    )
    companion = load_companion(inputs.model) if inputs.model.is_dir() else None
    if companion is None:
        return OpenedModel(classifier)
    claim = _recorded_claim(companion.privacy)
    return OpenedModel(classifier, companion.data, TrainedBy(companion.recipe), claim)


def _from_table(inputs: Inputs) -> OpenedInputs:
    if inputs.members or inputs.nonmembers or inputs.data:
        raise UsageError(
            "A score table marks its own members, so it can't be combined with --members, --nonmembers or "
            "--data",
            "Drop them",
        )
    columns = inputs.columns
    table = read_score_table(
        inputs.model,
        member_column=columns.member,
        label_column=columns.label,
        id_column=columns.id,
        group_column=columns.group,
        text_column=columns.text,
    )
    return OpenedInputs(table, _table_set(table), table.label)


def _table_set(table: ScoreTable) -> AuditSet:
    records = Records(
        ids=table.ids, texts=table.texts or (), labels=(), groups=table.groups, member=table.member
    )
    return AuditSet(records, table.member, "score-table", table.info.files)


def _with_records(inputs: Inputs, opened: OpenedModel) -> OpenedInputs:
    audit_set = _audit_set(inputs, opened.data)
    label = match_labels(audit_set.records.labels, opened.classifier.labels)
    return OpenedInputs(opened.classifier, audit_set, label, opened.trained_by, opened.claim)


def _recorded_claim(privacy: dict[str, object] | None) -> Claim | None:
    """The claim in a model file, which is foreign data until it was checked."""
    if privacy is None:
        return None
    try:
        return Claim.model_validate(privacy)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        problem = f"a wrong value of {place}" if place else "an unknown structure"
        raise ModelError(
            f"The privacy claim in the model file has {problem}",
            "Train the model again with `privaudit train`",
        ) from None


def _audit_set(inputs: Inputs, trained: "BundleData | None") -> AuditSet:
    """The records: two files, else the split that training recorded, else a file with a membership column."""
    if (inputs.members is None) != (inputs.nonmembers is None):
        raise UsageError("--members and --nonmembers belong together, and only one was given", "Give both")
    if inputs.members is not None and inputs.nonmembers is not None:
        if inputs.data is not None:
            raise UsageError("--data can't be combined with --members and --nonmembers", "Drop --data")
        return from_files(inputs.members, inputs.nonmembers, inputs.columns)
    if trained is not None:
        return _recorded_set(inputs, trained)
    if inputs.data is not None:
        return from_membership_column(inputs.data, inputs.columns)
    raise UsageError(
        f"{inputs.model.name} does not name its training data",
        "Give --members FILE --nonmembers FILE, or --data FILE with a membership column",
    )


def training_file(inputs: Inputs, trained: "BundleData") -> tuple[Path, Columns]:
    """Where the training data are, and the columns that were read."""
    # NOTE: a directory given as "." has no parent until it is absolute.
    model = inputs.model.absolute() if inputs.model.is_dir() else inputs.model
    columns = Columns(trained.text_column, trained.label_column, trained.id_column, trained.group_column)
    return inputs.data or trained.path(model), columns


def _recorded_set(inputs: Inputs, trained: "BundleData") -> AuditSet:
    path, columns = training_file(inputs, trained)
    return from_split(
        path,
        sha256=trained.sha256,
        kept=trained.kept,
        split=trained.split,
        columns=columns,
        holdout=trained.holdout,
        seed=trained.seed,
        exact_removed=trained.duplicates_removed,
    )
