"""Model, data and warnings of an extraction audit as its result states them."""

from collections.abc import Iterator

import numpy as np

from privaudit.audits.describe import describe_opened
from privaudit.audits.extraction.controls import Controls
from privaudit.audits.extraction.plan import ExtractionPlan
from privaudit.data.readers import file_sha256
from privaudit.results import Data, File, Model, no_baseline


def describe_model(plan: ExtractionPlan) -> Model:
    """The audited model; its accuracy is not measured here."""
    opened = plan.opened
    return describe_opened(opened.classifier, plan.request.inputs.model, opened.trained_by)


def describe_data(plan: ExtractionPlan) -> Data:
    """The canaries: members are those that were planted, non-members those that were left out."""
    manifest, path = plan.manifest, plan.request.canaries
    reason = "canaries are compared with other fillings of the same text, not with other records"
    included = np.concatenate([asked.group.included for asked in plan.groups])
    return Data(
        source="canaries",
        files=(File(name=path.name, sha256=file_sha256(path), size=path.stat().st_size),),
        n_members=int(included.sum()),
        n_nonmembers=int((~included).sum()),
        split_seed=manifest.seed,
        blind_baseline=no_baseline(reason),
    )


def warnings(plan: ExtractionPlan, controls: Controls | None) -> Iterator[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    if not plan.trained_with:
        yield "The model was trained on the clean data: no canary is in it, and all ranks are controls."
    if plan.controls is None:
        yield (
            "No clean control was used: a model that never saw the secrets might rank them as high. "
            "Give --controls or --control."
        )
    elif controls is None:
        yield "The clean controls were not finished in time, so nothing is compared with them."
    if plan.opened.data is None:
        yield "The model does not say what it was trained on, so the manifest is taken on trust."
    if len(plan.manifest.canaries) > 1:
        yield (
            "All canaries are in one model, so their outcomes are not independent: rates over them are not "
            "rates over models (see privaudit sweep)."
        )
