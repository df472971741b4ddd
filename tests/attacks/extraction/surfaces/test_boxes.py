import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.attacks.extraction.surfaces.boxes import boxes, checked_range
from privaudit.data.canaries.template import Slot, Template, numbered


def template_of(sizes):
    return Template("x ", tuple(Slot(tuple(f"w{i}" for i in range(size)), " ") for size in sizes))


@given(st.data())
def test_boxes_cover_a_range_in_order_and_in_bounded_parts(data):
    sizes = data.draw(st.lists(st.integers(2, 6), min_size=1, max_size=5))
    total = math.prod(sizes)
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))
    rows = data.draw(st.integers(1, total + 5))
    parts = [np.zeros((0, len(sizes)), dtype=np.int64)]
    for box, part in boxes(sizes, start, stop, rows):
        fillings = box.fillings()
        assert len(fillings) == math.prod(box.shape) <= rows
        assert part.start < part.stop
        parts.append(fillings[part])
    expected = numbered(template_of(sizes), np.arange(start, stop))
    np.testing.assert_array_equal(np.concatenate(parts), expected)


@given(st.lists(st.integers(2, 6), min_size=1, max_size=5), st.integers(1, 500))
def test_no_filling_of_a_whole_range_is_computed_twice(sizes, rows):
    computed = sum(math.prod(box.shape) for box, _ in boxes(sizes, 0, math.prod(sizes), rows))
    assert computed == math.prod(sizes)


def test_spaces_beyond_64_bits_have_boxes():
    sizes = [10] * 30
    last = 10**30
    found = [box.fillings()[part] for box, part in boxes(sizes, last - 3, last, 1000)]
    assert np.concatenate(found)[:, -1].tolist() == [7, 8, 9]
    assert (np.concatenate(found)[:, :-1] == 9).all()


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2), (0, 7), (7, None)])
def test_ranges_outside_are_refused(start, stop):
    with pytest.raises(ValueError, match="not within"):
        checked_range(template_of([2, 3]), start, stop)


def test_an_open_range_ends_at_the_last_filling():
    assert checked_range(template_of([2, 3]), 1, None) == (1, 6)
