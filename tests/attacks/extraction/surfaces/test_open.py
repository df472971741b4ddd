"""Which templates a model cannot read, and what is said of them; models that are asked about texts."""

import numpy as np
import pytest

from privaudit.attacks.extraction.spec import SoftSurface, Surface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.attacks.extraction.surfaces.texts import TextSurface
from privaudit.data.canaries.template import Slot, Template, numbered
from privaudit.errors import DataError
from privaudit.targets.interface import Outputs

DIGITS = tuple("0123456789")
JOINED = Template("my pin code is ", (Slot(DIGITS[:4]), Slot(DIGITS[:3])))


def asked(classifier, template, fillings):
    return classifier.outputs([template.render(filling) for filling in fillings]).logits


def test_unknown_candidates_are_named(classifier_of, fails):
    template = Template("my ", (Slot(("red", "blue"), " and "), Slot(("green", "mauve"))))
    message = fails(DataError, open_surface, classifier_of("cnn"), template)
    assert "'mauve' of slot 2" in message
    assert "--canaries" in message


@pytest.mark.parametrize("embeddings", ["characters", "both"])
def test_spelled_candidates_need_not_be_known(classifier_of, embeddings):
    template = Template("my ", (Slot(("red", "mauve", "ochre")),))
    classifier = classifier_of("bilstm", embeddings)
    surface = open_surface(classifier, template)
    assert isinstance(surface, SoftSurface)
    fillings = numbered(template, np.arange(3))
    found = surface.logits(fillings)
    np.testing.assert_allclose(found, asked(classifier, template, fillings), atol=1e-5)
    assert abs(found[1] - found[2]).max() > 0.01


def test_an_unknown_prefix_is_the_adversarys_own_choice(classifier_of):
    template = Template("zebra crossing ", (Slot(DIGITS, " zebra "), Slot(DIGITS)))
    classifier = classifier_of("cnn")
    fillings = numbered(template, np.arange(100))
    found = np.concatenate(list(open_surface(classifier, template).all_logits()))
    np.testing.assert_allclose(found, asked(classifier, template, fillings), atol=2e-5)


@pytest.mark.parametrize("embeddings", ["characters", "both"])
def test_slots_that_join_into_one_word_are_asked_as_texts(classifier_of, embeddings):
    classifier = classifier_of("cnn", embeddings)
    surface = open_surface(classifier, JOINED)
    assert type(surface) is TextSurface
    assert isinstance(surface, Surface)
    assert not isinstance(surface, SoftSurface)
    expected = asked(classifier, JOINED, numbered(JOINED, np.arange(12)))
    np.testing.assert_array_equal(np.concatenate(list(surface.all_logits())), expected)
    np.testing.assert_array_equal(np.concatenate(list(surface.all_logits(3, 8))), expected[3:8])


def test_slots_that_join_into_unknown_words_are_refused_without_quoting_any(classifier_of, fails):
    message = fails(DataError, open_surface, classifier_of("cnn"), JOINED)
    assert "slot 1 becomes" in message


def test_slots_that_join_into_known_words_are_asked_as_texts(classifier_of):
    known = "my pin code is " + " ".join(f"{a}{b}" for a in range(4) for b in range(3)) + " 0 1 2 3"
    classifier = classifier_of("cnn", words=known)
    assert type(open_surface(classifier, JOINED)) is TextSurface


def test_candidates_of_different_lengths_are_asked_as_texts(classifier_of):
    template = Template("my ", (Slot(("red", "new york"), " now"),))
    classifier = classifier_of("bilstm")
    surface = open_surface(classifier, template)
    assert type(surface) is TextSurface
    fillings = numbered(template, np.arange(2))
    np.testing.assert_allclose(surface.logits(fillings), asked(classifier, template, fillings), atol=1e-12)


@pytest.mark.parametrize("embeddings", ["words", "both"])
@pytest.mark.parametrize("prefix", ["my pin code is", "my pin code 7", "call ' "])
def test_a_prefix_that_joins_with_the_slot_is_refused(classifier_of, fails, prefix, embeddings):
    words = "my pin code is is0 is1 70 71 0 1 call '"
    classifier = classifier_of("cnn", embeddings, words=words)
    template = Template(prefix, (Slot(("0", "1"), " "), Slot(("0", "1"))))
    if prefix.endswith(" "):
        assert isinstance(open_surface(classifier, template), SoftSurface)
        return
    message = fails(DataError, open_surface, classifier, template)
    assert repr(prefix[-20:]) in message
    assert "space" in message


def test_candidates_that_read_alike_are_refused(classifier_of, fails):
    template = Template("my ", (Slot(DIGITS, " "), Slot(("Red", "blue", "red"))))
    assert "'Red' and 'red' of slot 2" in fails(
        DataError, open_surface, classifier_of("cnn", "both"), template
    )


@pytest.mark.parametrize("architecture", ["bow", "cnn", "bilstm", "transformer"])
def test_a_slot_beyond_what_the_model_reads_is_refused(classifier_of, fails, architecture):
    template = Template("my pin code is ", (Slot(DIGITS, " "), Slot(DIGITS, " please")))
    message = fails(DataError, open_surface, classifier_of(architecture, max_length=5), template)
    assert "Slot 2 lies beyond the 5 tokens" in message
    # only the words behind the slots are cut: the model reads all that counts
    classifier = classifier_of(architecture, max_length=6)
    surface = open_surface(classifier, template)
    fillings = numbered(template, np.arange(100))
    found = np.concatenate(list(surface.all_logits()))
    np.testing.assert_allclose(found, asked(classifier, template, fillings), atol=2e-5)


class Counting:
    """A black box with a list of words; the logits count letters."""

    labels = ("a", "b")

    def __init__(self, known, shortest=1):
        self.known, self.shortest, self.largest = known, shortest, 0

    def outputs(self, texts):
        self.largest = max(self.largest, len(texts))
        return Outputs(np.array([[len(text), sum(map(ord, text))] for text in texts], dtype=np.float64))

    def unknown_words(self, texts):
        rows = [[word for word in text.split() if len(word) >= self.shortest] for text in texts]
        unknown = [sum(word not in self.known for word in row) for row in rows]
        return np.array(unknown), np.array([len(row) for row in rows])


def test_a_black_box_is_asked_about_texts_in_bounded_batches():
    classifier = Counting({"code", *DIGITS})
    template = Template("code ", (Slot(DIGITS, " "), Slot(DIGITS)))
    surface = open_surface(classifier, template)
    assert type(surface) is TextSurface
    assert surface.n_classes == 2
    surface.rows = surface.batch = 32
    expected = asked(classifier, template, numbered(template, np.arange(100)))
    classifier.largest = 0
    np.testing.assert_array_equal(np.concatenate(list(surface.all_logits())), expected)
    np.testing.assert_array_equal(surface.logits(numbered(template, np.arange(100))), expected)
    assert classifier.largest <= 32


@pytest.mark.parametrize("classifier", [Counting({"code"}), Counting({"code", *DIGITS}, shortest=2)])
def test_a_black_box_that_does_not_know_candidates_is_refused(classifier, fails):
    template = Template("code ", (Slot(DIGITS, " "), Slot(DIGITS)))
    assert "'0' of slot 1" in fails(DataError, open_surface, classifier, template)
