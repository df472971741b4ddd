import hashlib
import sys

import pytest

from privaudit.audits.dp_step.loading import OWN_STEP, loaded_step
from privaudit.errors import UsageError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to be in, with a module of this test's own."""
    monkeypatch.chdir(tmp_path)
    name = f"mine_{tmp_path.name}".replace("-", "_")
    (tmp_path / "later.py").write_text("FACTOR = 3\n")
    (tmp_path / f"{name}.py").write_text(
        "VALUE = 3\n\ndef step(task):\n    import later\n\n    return [later.FACTOR * task]\n"
    )
    yield name
    sys.modules.pop(name, None)
    sys.modules.pop("later", None)


def test_a_function_in_the_current_directory(here, tmp_path):
    before = list(sys.path)
    with loaded_step(f"{here}:step") as step:
        assert step.run(2) == [6]  # it imports more when it is called
    assert sys.path == before
    content = (tmp_path / f"{here}.py").read_bytes()
    assert step.source is not None
    assert (step.source.name, step.source.size) == (f"{here}.py", len(content))
    assert step.source.sha256 == hashlib.sha256(content).hexdigest()


def test_the_default_exists():
    with loaded_step(OWN_STEP) as step:
        assert step.name == OWN_STEP


@pytest.mark.parametrize("name", ["step", "mine:", ":step", "mine:two words"])
def test_a_name_of_another_form(name):
    with pytest.raises(UsageError, match=r"package\.module:function"), loaded_step(name):
        pass


def test_a_module_that_is_not_there(here):
    with pytest.raises(UsageError, match="ModuleNotFoundError"), loaded_step(f"{here}x:step"):
        pass
    with pytest.raises(UsageError, match="AttributeError"), loaded_step(f"{here}:other"):
        pass


def test_not_a_function(here):
    with pytest.raises(UsageError, match="is of type int, not a function"), loaded_step(f"{here}:VALUE"):
        pass


def test_a_module_that_fails(here, tmp_path):
    (tmp_path / f"{here}.py").write_text("raise RuntimeError('of no use\\nat all')\n")
    before = list(sys.path)
    with pytest.raises(UsageError) as caught, loaded_step(f"{here}:step"):
        pass
    assert "RuntimeError: of no use at all" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sys.path == before
