"""Reference models of the audited model: who repeats its recipe, on what, and the signals they give."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Attack, Signal
from privaudit.audits.inputs import OpenedInputs, unknown_recipe
from privaudit.data.columns import Columns
from privaudit.data.duplicates import normalise
from privaudit.data.labels import match_labels
from privaudit.data.readers import read_records
from privaudit.errors import DataError
from privaudit.progress import Progress
from privaudit.stopwatch import Deadline
from privaudit.targets.formats import format_named
from privaudit.targets.interface import ScoreTable

if TYPE_CHECKING:
    from privaudit.training.references.backends.interface import Backend
    from privaudit.training.references.plan import Learner, Population, ReferencePlan

DEFAULT_COUNT = 8
"""References of bundles and scikit-learn pipelines: few, because ``lira-eb`` and ``lira-multi`` need few."""
Mode = Literal["full", "frozen"]


@dataclass(frozen=True)
class ReferenceRequest:
    """What the user asked for."""

    store: Path
    """Folder of the reference store."""
    backend: "Backend"
    count: int | None = None
    """None: :data:`DEFAULT_COUNT` where the recipe is known and cheap to repeat, else 0."""
    population: Path | None = None
    """Train on these records instead of the audited ones: every reference is OUT for every audited record."""
    mode: Mode = "full"
    """For Hugging Face models: fine-tune everything, or only heads on the frozen encoder."""
    trainer: str | None = None
    """``package.module:function``: the user's own training, for recipes that privaudit does not know."""


@dataclass(frozen=True, eq=False)
class PlannedReferences:
    """The references of an audit, before they are trained."""

    plan: "ReferencePlan"
    count: int

    @property
    def signals(self) -> frozenset[Signal]:
        """What the references will give."""
        found = {Signal.REFERENCES, Signal.REFERENCE_EXTRAS}
        return frozenset(found | {Signal.REFERENCES_IN}) if self.plan.online else frozenset(found)

    def for_attacks(self, attacks: Sequence[Attack]) -> "PlannedReferences | None":
        """What ``attacks`` need of them: None if none of them reads references."""
        needs = frozenset[Signal]().union(*(attack.spec.needs for attack in attacks))
        if Signal.REFERENCES not in needs:
            return None
        return replace(self, plan=replace(self.plan, extras=Signal.REFERENCE_EXTRAS in needs))


def plan_references(
    opened: OpenedInputs, request: ReferenceRequest, columns: Columns, device: str, seed: int
) -> PlannedReferences | None:
    """The references that the request and the model allow; None if there will be none.

    Raises:
        UsageError: references were asked for and the model's training recipe is unknown.
        DataError: the population cannot be read or used.
    """
    if request.count == 0:
        return None
    learner = None if isinstance(opened.source, ScoreTable) else _learner(opened, request, device)
    asked = request.count or request.trainer or request.population
    if not asked and _is_fine_tuned(opened):
        return None
    if learner is None:
        if asked:
            mend = "Give --trainer package.module:function, or --references 0"
            raise unknown_recipe(opened.info, mend)
        return None
    from privaudit.training.references.plan import Population, ReferencePlan

    records = opened.audit_set.records
    scored = Population(records.texts, opened.label, len(opened.labels), records.groups)
    online = request.population is None
    pool = scored if request.population is None else _population(request.population, opened, columns)
    return PlannedReferences(
        ReferencePlan(learner, pool, scored, online, seed), request.count or DEFAULT_COUNT
    )


def _is_fine_tuned(opened: OpenedInputs) -> bool:
    """Whether repeating the recipe takes minutes to hours per reference: that is for the user to ask for."""
    return opened.trained_by is not None and opened.trained_by.recipe.architecture == "hf"


def _learner(opened: OpenedInputs, request: ReferenceRequest, device: str) -> "Learner | None":
    if request.trainer is not None:
        from privaudit.training.references.learners.trainer_learner import TrainerLearner

        return TrainerLearner(request.trainer)
    if opened.trained_by is not None:
        recipe, vocabulary = opened.trained_by.recipe, opened.trained_by.vocabulary
        if recipe.architecture == "hf":
            from privaudit.training.references.learners.hf_learner import HfLearner

            return HfLearner(recipe, mode=request.mode, device=device)
        from privaudit.training.references.learners.recipe_learner import RecipeLearner

        return RecipeLearner(recipe, vocabulary, device)
    return _sklearn_learner(opened) if format_named(opened.info.format).references == "clone" else None


def _sklearn_learner(opened: OpenedInputs) -> "Learner | None":
    """A learner for pipelines that can be cloned and fitted again; a class of the user's own may not be."""
    from privaudit.targets.sklearn_pipeline import SklearnClassifier
    from privaudit.training.references.learners.sklearn_learner import Estimator, SklearnLearner

    if not isinstance(opened.source, SklearnClassifier):
        return None
    estimator = opened.source.estimator
    if not all(hasattr(estimator, method) for method in ("fit", "get_params", "set_params")):
        return None
    return SklearnLearner(cast(Estimator, estimator))


def _population(path: Path, opened: OpenedInputs, columns: Columns) -> "Population":
    """The records of another file, without those whose text is audited."""
    from privaudit.training.references.plan import Population

    records = read_records(path, Columns(text=columns.text, label=columns.label, group=columns.group))
    audited = {normalise(text) for text in opened.audit_set.records.texts}
    records = records.select(np.array([normalise(text) not in audited for text in records.texts]))
    if len(records) < 2:
        raise DataError(
            f"{path.name} has {len(records)} records that are not audited themselves; a population needs 2 "
            "or more",
            "Give another file",
        )
    label = match_labels(records.labels, opened.labels)
    return Population(records.texts, label, len(opened.labels), records.groups)


def with_references(
    signals: Signals,
    opened: OpenedInputs,
    planned: PlannedReferences,
    request: ReferenceRequest,
    *,
    deadline: Deadline,
    progress: Progress,
) -> Signals:
    """Train the references that the store lacks and add what they say to ``signals``.

    Args:
        signals: of the target.
        opened: the audited model and records.
        planned: which references.
        request: where they are trained and kept.
        deadline: after it no reference begins; without all of them ``signals`` stay
            as they are, because an attack with fewer references than planned is another attack.
        progress: told once per reference.
    """
    from privaudit.training.references.engine import train_references
    from privaudit.training.references.extras import extra_signals
    from privaudit.training.references.store import Store

    references = train_references(
        planned.plan,
        planned.count,
        Store(request.store),
        request.backend,
        progress=progress,
        deadline=deadline.moment,
    )
    if len(references) < planned.count or isinstance(opened.source, ScoreTable):
        return signals
    added = replace(signals, reference_logits=references.logits, reference_in=references.inside)
    if not planned.plan.extras:
        return added
    texts = opened.audit_set.records.texts
    extras = extra_signals(opened.source, texts, opened.label, progress=progress)
    return replace(added, reference_extras=references.extras, target_extras=extras)
