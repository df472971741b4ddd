"""Any classifier: the texts are written out and asked about."""

from privaudit.attacks.extraction.surfaces.base import BatchedSurface
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints, TextClassifier

BATCH = 4096


class TextSurface(BatchedSurface):
    """A black box: nothing is shared between fillings and there are no mixtures.

    Args:
        classifier: any.
        template: what is filled.
    """

    def __init__(self, classifier: TextClassifier, template: Template) -> None:
        super().__init__(template, len(classifier.labels), BATCH)
        self._classifier = classifier

    def _batch(self, fillings: Ints) -> Floats:
        return self._classifier.outputs([self.template.render(filling) for filling in fillings]).logits
