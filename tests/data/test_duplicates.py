from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privaudit.data.duplicates import (
    SHINGLE,
    SIMILARITY,
    count_near_duplicates_across,
    distinct,
    near_duplicate_clusters,
    normalise,
    remove_shared,
)
from privaudit.data.records import Records

few_texts = st.lists(st.sampled_from(["a", "A ", "b", "ﬁ", "fi", "b\tc", "b c", "ß", "SS"]), max_size=12)


def records(texts, groups=None):
    return Records([str(i) for i in range(len(texts))], texts, ["x"] * len(texts), groups)


def jaccard(left, right):
    """The definition, naively."""
    sets = []
    for text in (left, right):
        padded = normalise(text).ljust(SHINGLE)
        sets.append({padded[i : i + SHINGLE] for i in range(len(padded) - SHINGLE + 1)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def edited(rng, count, words, edits):
    """``count`` texts, about half of them variants of others with ``edits`` words changed."""
    vocabulary = ["".join(rng.choice(list("abcdefghijklmno"), rng.integers(2, 9))) for _ in range(500)]
    texts = []
    for _ in range(count):
        if texts and rng.random() < 0.5:
            changed = texts[rng.integers(len(texts))].split()
            for _ in range(rng.integers(0, edits + 1)):
                changed[rng.integers(len(changed))] = str(rng.choice(vocabulary))
            texts.append(" ".join(changed))
        else:
            texts.append(" ".join(rng.choice(vocabulary, words)))
    return texts


@settings(deadline=None)
@given(st.text())
def test_normalise_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [("Hello  World", "hello world\n"), ("ﬁne", "FINE"), ("Straße", "STRASSE"), ("é", "e\u0301")],
)
def test_normalise_ignores_form_case_and_space(left, right):
    assert normalise(left) == normalise(right)


@given(few_texts)
def test_distinct_keeps_the_first_of_each_and_is_idempotent(texts):
    kept = distinct(records(texts))
    assert kept.dtype == np.int64
    forms = [normalise(text) for text in texts]
    assert kept.tolist() == [i for i, form in enumerate(forms) if form not in forms[:i]]
    assert len(distinct(records(texts).select(kept))) == len(kept)


def test_distinct_crosses_groups():
    assert distinct(records(["hi", "Hi", "bye"], groups=["u1", "u2", "u2"])).tolist() == [0, 2]


@given(few_texts, few_texts)
def test_shared_texts_go_from_both_sides_alike(left, right):
    forward, backward = (remove_shared(records(a), records(b)) for a, b in ((left, right), (right, left)))
    assert list(forward.members.texts) == list(backward.nonmembers.texts)
    assert list(forward.nonmembers.texts) == list(backward.members.texts)
    remaining = [{normalise(t) for t in side.texts} for side in (forward.members, forward.nonmembers)]
    assert remaining[0].isdisjoint(remaining[1])
    assert forward.removed_members == len(left) - len(forward.members)
    assert forward.removed_nonmembers == len(right) - len(forward.nonmembers)
    again = remove_shared(forward.members, forward.nonmembers)
    assert (again.removed_members, again.removed_nonmembers) == (0, 0)


@pytest.mark.parametrize(("words", "edits"), [(8, 1), (12, 2), (60, 6)])
def test_clusters_agree_with_the_definition(words, edits):
    texts = edited(np.random.default_rng(words), 100, words, edits)
    clusters = near_duplicate_clusters(texts, seed=3)
    similar = np.array(
        [(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(texts[i], texts[j]) >= SIMILARITY]
    )
    assert len(similar) > 15
    found = clusters[similar[:, 0]] == clusters[similar[:, 1]]
    assert found.mean() > 0.98
    for cluster in np.unique(clusters):  # nothing is joined without a chain of similar pairs
        members = np.flatnonzero(clusters == cluster)
        reached, frontier = {members[0]}, [members[0]]
        while frontier:
            each = frontier.pop()
            new = {
                int(o) for o in members if o not in reached and jaccard(texts[each], texts[o]) >= SIMILARITY
            }
            reached |= new
            frontier += new
        assert reached == set(members.tolist())


def test_cluster_ids_follow_first_appearance():
    texts = ["something else entirely", "the quick brown fox jumps", "Something  else entirely", "x"]
    assert near_duplicate_clusters(texts).tolist() == [0, 1, 0, 2]
    assert near_duplicate_clusters([]).tolist() == []
    assert near_duplicate_clusters(["", "\ud800", "ok"]).tolist() == [0, 1, 2]


def test_clusters_depend_on_the_seed_alone():
    texts = edited(np.random.default_rng(0), 300, 10, 2)
    first, second = (near_duplicate_clusters(texts, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_many_copies_and_a_very_long_text_are_no_trouble():
    texts = ["the same text over and over"] * 20_000 + ["word " * 2_000_000]
    assert np.unique(near_duplicate_clusters(texts)).tolist() == [0, 1]


def test_count_of_nonmembers_near_members():
    clusters = np.array([0, 0, 0, 1, 1, 2, 3])
    member = np.array([True, False, False, False, False, True, False])
    assert count_near_duplicates_across(clusters, member) == 2
    assert count_near_duplicates_across(clusters, np.zeros(7, bool)) == 0
