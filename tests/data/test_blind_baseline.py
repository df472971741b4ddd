import numpy as np
import pytest

from privaudit.data import blind_baseline as module
from privaudit.data.blind_baseline import blind_baseline
from privaudit.data.duplicates import near_duplicate_clusters

WORDS = np.array([f"word{i}" for i in range(300)])
ZIPF = 1 / np.arange(1, 301)
ZIPF /= ZIPF.sum()


def sentences(rng, n):
    return [" ".join(rng.choice(WORDS, rng.integers(4, 12), p=ZIPF)) for _ in range(n)]


def audit(texts, member, seed=0, **more):
    return blind_baseline(texts, member, clusters=near_duplicate_clusters(texts), seed=seed, **more)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_random_halves_are_comparable(rng):
    p_values = []
    for seed in range(12):
        texts = sentences(rng, 240)
        found = audit(texts, rng.random(240) < 0.5, seed, permutations=40)
        assert found.comparable is True
        assert found.low < 0.5 < found.high
        p_values.append(found.p_value)
    assert min(p_values) > 1e-3
    assert max(p_values) > 0.3


@pytest.mark.parametrize(
    "shift",
    [
        lambda texts, member: [f"{t} later" if m else t for t, m in zip(texts, member, strict=True)],
        lambda texts, member: [t.capitalize() if m else t for t, m in zip(texts, member, strict=True)],
        lambda texts, member: [f"{t}!" if m else t for t, m in zip(texts, member, strict=True)],
        lambda texts, member: [f"{t} {t}" if m else t for t, m in zip(texts, member, strict=True)],
        lambda texts, member: [f"{t} " if m else t for t, m in zip(texts, member, strict=True)],
    ],
    ids=["a word", "capitals", "punctuation", "length", "trailing space"],
)
def test_a_difference_in_the_texts_is_found(rng, shift):
    member = rng.random(400) < 0.5
    texts = shift(sentences(rng, 400), member)
    found = blind_baseline(texts, member, clusters=np.arange(400), seed=0)
    assert found.comparable is False
    assert found.low > 0.6
    assert found.high <= 1
    assert found.high - found.low < 0.3
    assert found.p_value < 1e-6


def test_sets_sorted_by_topic_are_not_comparable(rng):
    topic = np.repeat([0, 1, 2, 3], 100)
    texts = [f"{s} topic{k}" for s, k in zip(sentences(rng, 400), topic, strict=True)]
    assert audit(texts, topic < 2).comparable is False


def test_members_that_are_all_alike_do_not_hide_in_one_fold(rng):
    texts = [f"your order number {i} has been shipped to you today" for i in range(200)] + sentences(rng, 200)
    clusters = near_duplicate_clusters(texts)
    assert np.bincount(clusters).max() > 150
    assert blind_baseline(texts, np.arange(400) < 200, clusters=clusters, seed=0).comparable is False


def test_membership_by_group_is_permuted_by_group(rng):
    # Each of 60 users has words of their own: by records the sets differ, by users they do not.
    user = np.repeat(np.arange(60), 12)
    texts = [f"{s} signature{u}" for s, u in zip(sentences(rng, len(user)), user, strict=True)]
    groups = [f"u{u}" for u in user]
    member = (rng.permutation(60) < 30)[user]
    assert audit(texts, member, groups=groups).comparable is True
    assert blind_baseline(texts, member, clusters=np.arange(len(user)), seed=0).comparable is False


def test_groups_and_clusters_share_folds():
    clusters = np.array([0, 0, 1, 2, 2, 3, 4, 5, 6, 7])
    groups = np.array([0, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    folds = module._folds([clusters, groups], smaller_side=100, seed=0)
    assert len(set(folds[:3])) == 1
    assert folds[3] == folds[4]
    assert set(folds) == set(range(5))


def test_result_depends_on_the_seed_alone(rng):
    texts, member = sentences(rng, 120), rng.random(120) < 0.5
    assert audit(texts, member, permutations=20) == audit(texts, member, permutations=20)
    assert audit(texts, member, permutations=20) != audit(texts, member, seed=1, permutations=20)


@pytest.mark.parametrize(("n", "members"), [(0, 0), (10, 5), (100, 19), (100, 81), (100, 100)])
def test_too_few_records_give_no_verdict(rng, n, members):
    found = audit(sentences(rng, n), np.arange(n) < members)
    assert found.comparable is None
    assert found.value is found.low is found.high is found.p_value is None
    assert "too few records" in found.reason


def test_too_few_groups_give_no_verdict(rng):
    groups = [f"u{i % 30}" for i in range(300)]
    found = audit(sentences(rng, 300), np.array([int(g[1:]) < 15 for g in groups]), groups=groups)
    assert found.comparable is None
    assert "too few groups" in found.reason


def test_texts_without_a_common_word_are_compared_by_their_surface(rng):
    texts = [chr(0x4E00 + i) * 3 for i in range(200)]
    found = blind_baseline(texts, rng.random(200) < 0.5, clusters=np.arange(200), seed=0, permutations=20)
    assert found.comparable is True


def test_equal_texts_tell_nothing():
    found = audit(["the same"] * 100, np.arange(100) < 50, permutations=20)
    assert (found.value, found.comparable, found.p_value) == (0.5, True, 1.0)


def test_large_sides_are_sampled(rng, monkeypatch):
    monkeypatch.setattr(module, "PER_SIDE", 60)
    found = audit(sentences(rng, 300), np.arange(300) < 250, permutations=20)
    assert (found.n_members, found.n_nonmembers, found.n_used, found.sampled) == (60, 50, 110, True)


def test_cross_validated_auc_is_the_weighted_mean_of_scikit_learns(rng):
    from sklearn.metrics import roc_auc_score

    features = module.text_features(sentences(rng, 200), np.arange(200))
    columns = rng.random((200, 3)) < 0.5
    folds = rng.integers(0, 5, 200)
    expected = np.zeros(3)
    for column in range(3):
        parts = []
        for fold in range(5):
            held = folds == fold
            weights = module.fit_logistic(features[~held], columns[~held])[:, column]
            inside = columns[held, column]
            parts.append((roc_auc_score(inside, features[held] @ weights), inside.sum() * (~inside).sum()))
        expected[column] = np.average([a for a, _ in parts], weights=[w for _, w in parts])
    np.testing.assert_allclose(module._cross_validated(features, columns, folds), expected, atol=2e-3)


@pytest.mark.slow
def test_the_null_is_calibrated():
    p_values, flagged = [], 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([60, 200, 600]))
        found = blind_baseline(sentences(rng, n), rng.random(n) < 0.5, clusters=np.arange(n), seed=seed)
        flagged += found.comparable is False
        p_values.append(found.p_value)
    assert flagged <= 2
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.1
