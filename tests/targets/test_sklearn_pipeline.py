import gzip
import json
import pickle
import warnings
import zipfile

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.interface import Access, HasFeatures, HasGradients, HasVocabulary
from privaudit.targets.sklearn_pipeline import open_sklearn


def example(*steps):
    def save(request):
        path = request.getfixturevalue("tmp_path") / "model.skops"
        texts, labels = (request.getfixturevalue(name) for name in ("texts", "text_labels"))
        skops.io.dump(make_pipeline(*(step() for step in steps)).fit(texts, labels), path)
        return path, {}

    return save


EXAMPLES = {
    "nb": example(CountVectorizer, MultinomialNB),
    "lr": example(TfidfVectorizer, LogisticRegression),
    "svc": example(TfidfVectorizer, LinearSVC),
}
"""What the contract tests open."""


@pytest.fixture
def save(tmp_path, texts, text_labels):
    def fit_and_save(*steps, labels=None):
        pipeline = make_pipeline(*steps).fit(texts, text_labels if labels is None else labels)
        path = tmp_path / "model.skops"
        skops.io.dump(pipeline, path)
        return path, pipeline

    return fit_and_save


def calibrated():
    return CalibratedClassifierCV(LinearSVC(), cv=2)


@pytest.mark.parametrize(
    "build",
    [
        MultinomialNB,
        LogisticRegression,
        calibrated,
        RandomForestClassifier,
        lambda: SGDClassifier(loss="log_loss"),
    ],
)
def test_probabilities_become_logarithms(save, texts, build):
    path, pipeline = save(TfidfVectorizer(), build())
    target = open_sklearn(path)
    assert target.access is Access.SCORE
    expected = np.log(np.maximum(pipeline.predict_proba(texts), np.finfo(float).tiny))
    np.testing.assert_allclose(target.outputs(texts).logits, expected)
    assert not isinstance(target, (HasFeatures, HasGradients))


def test_probability_of_zero_stays_finite(save, texts):
    path, pipeline = save(TfidfVectorizer(), RandomForestClassifier(n_estimators=3))
    assert (pipeline.predict_proba(texts) == 0).any()
    assert np.isfinite(open_sklearn(path).outputs(texts).logits).all()


@pytest.mark.parametrize("build", [LinearSVC, RidgeClassifier])
def test_decision_values_of_two_classes_become_two_logits(save, texts, build):
    path, pipeline = save(TfidfVectorizer(), build())
    target = open_sklearn(path)
    assert target.access is Access.LOGITS
    logits = target.outputs(texts).logits
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], pipeline.decision_function(texts))
    assert [target.labels[i] for i in logits.argmax(1)] == list(pipeline.predict(texts))


def test_decision_values_of_many_classes_are_the_logits(save, texts):
    path, pipeline = save(TfidfVectorizer(), LinearSVC(), labels=[0, 5, 7, 5] * 6)
    target = open_sklearn(path)
    assert target.labels == ("0", "5", "7")
    np.testing.assert_allclose(target.outputs(texts).logits, pipeline.decision_function(texts))


class LabelsOnly(LogisticRegression):
    """Knows a label and nothing else."""

    predict_proba = decision_function = property()

    def predict(self, X):
        return self.classes_[(np.asarray(X.sum(axis=1)).ravel() > 1.9).astype(int)]


def test_labels_alone_give_label_access(tmp_path, texts, text_labels):
    pipeline = make_pipeline(TfidfVectorizer(), LabelsOnly()).fit(texts, text_labels)
    joblib.dump(pipeline, tmp_path / "x.joblib")
    target = open_sklearn(tmp_path / "x.joblib", trust_pickle=True)
    assert target.access is Access.LABEL
    logits = target.outputs(texts).logits
    assert set(logits.sum(1)) == {1.0}
    assert [target.labels[i] for i in logits.argmax(1)] == list(pipeline.predict(texts))


def test_more_texts_than_one_call_takes(save, texts):
    path, pipeline = save(CountVectorizer(), MultinomialNB())
    many = (texts * 400)[:9000]
    np.testing.assert_allclose(open_sklearn(path).outputs(many).logits, np.log(pipeline.predict_proba(many)))


def test_calibrated_whole_pipeline(tmp_path, texts, text_labels):
    whole = CalibratedClassifierCV(make_pipeline(TfidfVectorizer(), LinearSVC()), cv=2).fit(
        texts, text_labels
    )
    skops.io.dump(whole, tmp_path / "x.skops")
    target = open_sklearn(tmp_path / "x.skops")
    np.testing.assert_allclose(target.outputs(texts).logits, np.log(whole.predict_proba(texts)))


def test_private_scikit_learn_classes_are_let_in(tmp_path, texts, text_labels):
    dense = FunctionTransformer(accept_sparse=True)
    pipeline = make_pipeline(
        TfidfVectorizer(), dense, LogisticRegression()
    ).fit(texts, text_labels)  # fmt: skip
    skops.io.dump(pipeline, tmp_path / "x.skops")
    assert open_sklearn(tmp_path / "x.skops").labels == ("animal", "vehicle")


@pytest.mark.parametrize(
    ("vectorizer", "expected"),
    [
        (CountVectorizer(), ([0, 2, 1, 0], [3, 2, 3, 0])),
        (TfidfVectorizer(ngram_range=(1, 2)), ([0, 2, 1, 0], [3, 2, 3, 0])),
        (TfidfVectorizer(stop_words="english"), ([0, 2, 1, 0], [2, 2, 2, 0])),
        (make_union(CountVectorizer(analyzer="char"), CountVectorizer()), ([0, 2, 1, 0], [3, 2, 3, 0])),
    ],
)
def test_unknown_words(save, vectorizer, expected):
    path, _ = save(vectorizer, MultinomialNB())
    target = open_sklearn(path)
    assert isinstance(target, HasVocabulary)
    unknown, words = target.unknown_words(["The cat sleeps!", "quarks oscillate", "the cat meows", ""])
    assert (unknown.tolist(), words.tolist()) == expected
    assert unknown.dtype == words.dtype == np.int64


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(analyzer="char"),
        CountVectorizer(ngram_range=(2, 2)),
        HashingVectorizer(alternate_sign=False),
    ],
)
def test_no_vocabulary_without_single_words(save, vectorizer):
    path, _ = save(vectorizer, MultinomialNB())
    assert not isinstance(open_sklearn(path), HasVocabulary)


@pytest.mark.parametrize("name", ["x.pkl", "x.joblib", "x.pickle"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_pickle_bomb_is_refused_and_does_not_run(tmp_path, fails, bomb, name, pack):
    (tmp_path / name).write_bytes(pack(pickle.dumps(bomb)))
    message = fails(UnsafeModelError, open_sklearn, tmp_path / name)
    assert "posix.mkdir" in message
    assert "--trust-pickle" in message


def test_pickle_hidden_as_skops_does_not_run(tmp_path, fails, bomb):
    (tmp_path / "x.skops").write_bytes(pickle.dumps(bomb))
    fails(ModelError, open_sklearn, tmp_path / "x.skops")
    with zipfile.ZipFile(tmp_path / "y.skops", "w") as archive:
        archive.writestr("model.pkl", pickle.dumps(bomb))
    fails(ModelError, open_sklearn, tmp_path / "y.skops")


@pytest.mark.parametrize("compress", [0, 3])
def test_trusted_pickles_open(tmp_path, texts, text_labels, compress):
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, text_labels)
    joblib.dump(pipeline, tmp_path / "x.joblib", compress=compress)
    with pytest.raises(UnsafeModelError, match="sklearn"):
        open_sklearn(tmp_path / "x.joblib")
    target = open_sklearn(tmp_path / "x.joblib", trust_pickle=True)
    assert target.info.architecture == "TfidfVectorizer + LogisticRegression"
    np.testing.assert_allclose(target.outputs(texts).logits, np.log(pipeline.predict_proba(texts)))


@pytest.mark.parametrize("content", [b"", b"nothing", pickle.dumps([1] * 99)[:40], b"cno.such\nmodule\n."])
def test_damaged_pickles_are_told(tmp_path, fails, content):
    (tmp_path / "x.pkl").write_bytes(content)
    fails(ModelError, open_sklearn, tmp_path / "x.pkl", trust_pickle=True)


def exec_like(text):
    return text


@pytest.mark.parametrize("function", [exec_like, np.char.lower])
def test_skops_with_functions_is_refused(tmp_path, fails, texts, text_labels, function):
    pipeline = make_pipeline(FunctionTransformer(function), TfidfVectorizer(), LogisticRegression())
    skops.io.dump(pipeline.fit(texts, text_labels), tmp_path / "x.skops")
    assert function.__name__ in fails(UnsafeModelError, open_sklearn, tmp_path / "x.skops")


@pytest.mark.parametrize(
    "name", ["posix.system", "sklearn.utils.os.system", "sklearn.externals._packaging.version.Version"]
)
def test_skops_schema_that_names_other_types_is_refused(tmp_path, fails, name):
    module, _, attribute = name.rpartition(".")
    empty = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
    schema = {
        "__class__": attribute, "__module__": module, "__loader__": "ObjectNode", "__id__": 1,
        "content": {
            "__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {},
            "key_types": empty,
        },
        "protocol": 2, "_skops_version": "0.16",
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "x.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    assert name in fails(UnsafeModelError, open_sklearn, tmp_path / "x.skops")


def test_truncated_skops(save, fails):
    path, _ = save(TfidfVectorizer(), LogisticRegression())
    path.write_bytes(path.read_bytes()[:-200])
    fails(ModelError, open_sklearn, path)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"model": 1}, "a dict"),
        (TfidfVectorizer(), "an unfitted TfidfVectorizer"),
        (LogisticRegression(), "an unfitted LogisticRegression"),
        (LogisticRegression().fit([[0.0], [1.0]], [0, 1]), "raw strings"),
        (make_pipeline(CountVectorizer(), LogisticRegression()), "not a fitted classifier"),
    ],
)
def test_what_is_no_text_classifier(tmp_path, fails, content, part):
    skops.io.dump(content, tmp_path / "x.skops")
    assert part in fails(ModelError, open_sklearn, tmp_path / "x.skops")


def test_dense_models_on_text_are_told(tmp_path, fails, text_labels):
    dense = HistGradientBoostingClassifier(max_iter=2).fit(
        np.random.default_rng(0).normal(size=(24, 3)), text_labels
    )
    skops.io.dump(dense, tmp_path / "x.skops")
    assert "raw strings" in fails(ModelError, open_sklearn, tmp_path / "x.skops")


def test_another_version_is_noted(save, texts):
    path, _ = save(TfidfVectorizer(), LogisticRegression())
    joblib_path = path.with_suffix(".pkl")
    target = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    data = pickle.dumps(target)
    import sklearn

    version = sklearn.__version__.encode()
    other = b"0" * (len(version) - 4) + b".0.1"
    joblib_path.write_bytes(data.replace(version, other))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = open_sklearn(joblib_path, trust_pickle=True)
    assert f"saved with scikit-learn {other.decode()}" in opened.info.loader
    assert opened.outputs(texts).logits.shape == (24, 2)
