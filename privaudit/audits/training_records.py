"""The records that a model's file says it was trained on."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from privaudit.audits.inputs import Inputs, OpenedModel, training_file
from privaudit.data.audit_set import recorded_records
from privaudit.data.labels import match_labels

if TYPE_CHECKING:
    from privaudit.training.bundle_data import BundleData, RecordUse
    from privaudit.training.references.plan import Population


def recorded_population(
    opened: OpenedModel, data: "BundleData", inputs: Inputs, sides: "Collection[RecordUse]"
) -> "Population":
    """The records on some sides of the recorded split, in file order.

    Args:
        opened: the model; its classes number the labels.
        data: what it says of its training data.
        inputs: where the training file is, if it has moved.
        sides: which records.

    Raises:
        DataError: the file has moved or its bytes changed, or has labels that the model lacks.
    """
    from privaudit.training.references.plan import Population

    path, columns = training_file(inputs, data)
    chosen = data.kept[np.isin(data.split, [int(side) for side in sides])]
    records = recorded_records(path, data.sha256, columns).select(chosen)
    labels = match_labels(records.labels, opened.classifier.labels)
    return Population(records.texts, labels, len(opened.classifier.labels), records.groups)
