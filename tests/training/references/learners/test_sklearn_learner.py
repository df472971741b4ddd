import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from privaudit.errors import DataError, ModelError
from privaudit.targets.interface import ModelInfo
from privaudit.targets.sklearn_pipeline import SklearnClassifier
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.learners.sklearn_learner import ABSENT, SklearnLearner
from privaudit.training.references.plan import Population, ReferencePlan

NAMES = np.array(["animal", "other", "vehicle"])


@pytest.fixture
def pool(corpus):
    return Population(corpus.texts, corpus.labels, 3)


def fitted(classifier, pool, **options):
    return make_pipeline(TfidfVectorizer(**options), classifier).fit(list(pool.texts), NAMES[pool.labels])


def first(learner, pool, index=0, **options):
    return next(learner.learn(ReferencePlan(learner, pool, pool, True, 5, **options), [index]))


@pytest.mark.parametrize("classifier", [LogisticRegression(), MultinomialNB(), LinearSVC(random_state=1)])
def test_a_reference_is_the_same_pipeline_fitted_on_its_half(classifier, pool):
    output = first(SklearnLearner(fitted(classifier, pool)), pool)
    half = np.flatnonzero(output.inside)
    part = Population([pool.texts[i] for i in half], pool.labels[half], 3)
    if isinstance(classifier, LinearSVC):
        plan = ReferencePlan(None, pool, pool, True, 5)
        classifier = LinearSVC(random_state=reference_seed(plan, 0) % (1 << 32))
    own = SklearnClassifier(fitted(classifier, part), ModelInfo("sklearn", "x", "x", ()))
    expected = own.outputs(pool.texts).logits
    np.testing.assert_array_equal(output.logits, expected.astype(np.float32))


def test_the_targets_estimator_stays_as_it_was(pool):
    estimator = fitted(SGDClassifier(random_state=0, n_jobs=2), pool)
    before = estimator.predict(list(pool.texts))
    first(SklearnLearner(estimator), pool)
    np.testing.assert_array_equal(estimator.predict(list(pool.texts)), before)
    assert estimator.get_params()["sgdclassifier__random_state"] == 0
    assert estimator.get_params()["sgdclassifier__n_jobs"] == 2


@pytest.mark.parametrize("classifier", [LogisticRegression(), LinearSVC(), MultinomialNB()])
def test_a_class_that_the_half_lacks_gets_a_floor(classifier, pool):
    labels = np.where(np.arange(len(pool)) < 1, 1, 2 * (pool.labels > 0))
    pool = Population(pool.texts, labels, 3)
    learner = SklearnLearner(fitted(classifier, pool))
    plan = ReferencePlan(learner, pool, pool, True, 5, extras=True)
    lacking = next(k for k in range(20) if not plan.inside(k)[0])
    output = next(learner.learn(plan, [lacking]))
    assert (output.logits[:, 1] == np.float32(ABSENT)).all()
    assert (output.logits[:, [0, 2]] > ABSENT).all()
    assert np.isfinite(output.extras).all()


def test_a_half_of_one_class_is_told(pool):
    labels = (np.arange(len(pool)) < 1).astype(np.int64)
    pool = Population(pool.texts, labels, 2)
    estimator = make_pipeline(CountVectorizer(), LogisticRegression()).fit(list(pool.texts), labels)
    learner = SklearnLearner(estimator)
    plan = ReferencePlan(learner, pool, pool, True, 5)
    lacking = next(k for k in range(20) if not plan.inside(k)[0])
    with pytest.raises(DataError, match=rf"Pipeline for reference {lacking} on \d+ records of 1 classes: "):
        next(learner.learn(plan, [lacking]))


def test_another_number_of_classes_is_told(pool):
    learner = SklearnLearner(fitted(LogisticRegression(), pool))
    plan = ReferencePlan(
        learner, Population(pool.texts, pool.labels, 4), Population(["a"], np.array([3]), 4), False, 0
    )
    with pytest.raises(ModelError, match="The estimator has 3 classes, but the audit has 4"):
        next(learner.learn(plan, [0]))


def test_settings_are_described_by_value_not_by_place_in_memory(pool):
    def lower(text):
        return text.lower()

    described = [
        SklearnLearner(fitted(MultinomialNB(), pool, preprocessor=lower)).describe() for _ in range(2)
    ]
    assert described[0] == described[1]
    other = SklearnLearner(fitted(MultinomialNB(), pool, vocabulary=["a", "rain"])).describe()
    assert other != described[0]
    assert "class" in other
