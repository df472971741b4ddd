"""What a test rests on, in words, as its result states it."""

from dataclasses import dataclass

from privaudit.audits.describe import describe_opened
from privaudit.audits.epsilon.plan import EpsilonPlan, ManyRunDesign, OneRunDesign
from privaudit.audits.epsilon.scores import CENTRED, DROP, LOSS
from privaudit.data.readers import file_sha256
from privaudit.results import Data, File, Model, no_baseline
from privaudit.training.text import words

_FINAL = "sees the outputs of the final model on any text, no gradient and no step of its training"
_INITIAL = "; knows the recipe and the seed of its first parameters"


@dataclass(frozen=True)
class ResultWords:
    """What a result says beside its numbers."""

    score: str
    canaries: str
    threat_model: str


def describe_one_run(plan: EpsilonPlan, design: OneRunDesign) -> ResultWords:
    """Score, canaries and threat model of one run."""
    canaries, known = design.canaries, design.before is not None
    copies = "1 copy" if canaries.repetitions == 1 else f"{canaries.repetitions:,} copies"
    classes = len(set(canaries.labels.tolist()))
    path = plan.request.canaries
    return ResultWords(
        score=(DROP if known else LOSS) + (CENTRED if classes < len(canaries) else ""),
        canaries=f"{len(canaries):,} of {'' if path is None else path.name}, {copies} of each that is in,"
        f" under {_some(classes, 'class', 'classes')}",
        threat_model=_FINAL + (_INITIAL if known else ""),
    )


def describe_many_runs(plan: EpsilonPlan, design: ManyRunDesign) -> ResultWords:
    """Score, canary and threat model of many runs."""
    text, label = design.canary.texts[0], plan.opened.classifier.labels[int(design.canary.labels[0])]
    own = list(words(text))
    in_data = sum(bool(set(own) & set(words(record))) for record in design.models.pool.texts)
    shown = f"{own[0]!r} {len(own)} times" if len(set(own)) == 1 else f"a text of {len(own)} words"
    used = "which no record has" if in_data == 0 else f"with words of {_some(in_data, 'record', 'records')}"
    known = design.models.extras
    return ResultWords(
        score=DROP if known else LOSS,
        canaries=f"one, 1 copy: {shown}, {used}, under the class {label}",
        threat_model=_FINAL + (_INITIAL if known else ""),
    )


def describe_model(plan: EpsilonPlan) -> Model:
    """The audited model; its accuracy is not measured here."""
    opened = plan.opened
    return describe_opened(opened.classifier, plan.request.inputs.model, opened.trained_by)


def describe_data(plan: EpsilonPlan) -> Data:
    """The canaries, members being those that their coin put in; of many runs the records of every model."""
    reason = "coins decided who is in, so there is nothing that texts alone could tell"
    baseline = no_baseline(reason)
    path, design = plan.request.canaries, plan.design
    if isinstance(design, ManyRunDesign) or path is None:
        n_pool = 0 if isinstance(design, OneRunDesign) else len(design.models.pool)
        return Data(source="coin-split", n_members=n_pool, n_nonmembers=0, blind_baseline=baseline)
    n_in = int(design.canaries.included.sum())
    return Data(
        source="canaries",
        files=(File(name=path.name, sha256=file_sha256(path), size=path.stat().st_size),),
        n_members=n_in,
        n_nonmembers=len(design.canaries) - n_in,
        blind_baseline=baseline,
    )


def _some(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
