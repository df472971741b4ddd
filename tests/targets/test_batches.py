import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import ModelError
from privaudit.targets.batches import check_finite, check_shape, length_batches


@given(st.lists(st.integers(0, 300)), st.integers(1, 9), st.integers(1, 500))
def test_batches_cover_every_text_once_within_the_bounds(lengths, max_records, max_characters):
    texts = ["x" * length for length in lengths]
    batches = list(length_batches(texts, max_records=max_records, max_characters=max_characters))
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(texts)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert 1 <= len(batch) <= max_records
        assert len(batch) == 1 or len(batch) * longest <= max_characters


def test_checks_of_shape_and_numbers(fails):
    check_shape((3, 2), 3, ["a", "b"])
    check_finite(np.zeros((3, 2)))
    for shape in [(2, 2), (3,), (3, 1), (3, 3), (3, 2, 1)]:
        fails(ModelError, check_shape, shape, 3, ["a", "b"])
    assert "1 of 2 records, first for record 2" in fails(
        ModelError, check_finite, np.array([[0, 1], [np.nan, 1]])
    )


def test_many_labels_are_cut_short():
    with pytest.raises(ModelError, match="…"):
        check_shape((1, 3), 1, [str(i) for i in range(99)])
