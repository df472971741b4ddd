import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.data.labels import match_labels
from privaudit.errors import DataError


@given(st.lists(st.text(min_size=1), min_size=1, max_size=9, unique=True), st.data())
def test_names_match_whatever_they_are(names, data):
    labels = data.draw(st.lists(st.sampled_from(names), max_size=20))
    matched = match_labels(labels, tuple(names))
    assert matched.dtype == np.int64
    assert [names[i] for i in matched] == labels


def test_indices_match_when_names_do_not():
    assert match_labels(["2", "0"], ("LABEL_0", "LABEL_1", "LABEL_2")).tolist() == [2, 0]
    assert match_labels(["1"], ("ham", "spam")).tolist() == [1]


def test_names_go_before_indices():
    assert match_labels(["1", "0"], ("1", "0")).tolist() == [0, 1]


@pytest.mark.parametrize("labels", [["ham", "1"], ["2"], ["-1"], ["Ham"], ["1.5"], ["²"], ["9" * 5000]])
def test_anything_else_is_refused(labels):
    with pytest.raises(DataError, match=r"its 2 classes are 'ham', 'spam', or 0 to 1"):
        match_labels(labels, ("ham", "spam"))


def test_the_message_shows_a_few_of_many():
    with pytest.raises(DataError) as caught:
        match_labels([f"other {i}" for i in range(50)] + ["x" * 900], tuple(f"class {i}" for i in range(150)))
    message = str(caught.value)
    assert "150" in message
    assert "51 labels are unknown to the model ('other 0', 'other 1'" in message
    assert len(message) < 400
    assert "\n" not in message
