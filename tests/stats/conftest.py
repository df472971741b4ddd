"""Score samples for the property tests, and the simulation that tests and benchmark share."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import strategies as st


@pytest.fixture(scope="session")
def coverage() -> ModuleType:
    """The module ``benchmarks/coverage.py``: populations known exactly, and the loops that count misses."""
    path = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
    spec = importlib.util.spec_from_file_location("benchmarks_coverage", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # NOTE: dataclasses look their module up by name.
    spec.loader.exec_module(module)
    return module


def _arrays(rows):
    score, member = zip(*rows, strict=True)
    return np.array(score, np.float64), np.array(member)


@pytest.fixture(scope="session")
def samples() -> st.SearchStrategy:
    """Strategy for ``(score, member)`` with both kinds, many ties, and infinities now and then."""
    score = st.one_of(
        st.integers(-3, 3).map(float),
        st.floats(-1e6, 1e6, allow_subnormal=False),
        st.sampled_from([np.inf, -np.inf]),
    )
    rows = st.lists(st.tuples(score, st.booleans()), min_size=2, max_size=40)
    return rows.filter(lambda r: len({m for _, m in r}) == 2).map(_arrays)
