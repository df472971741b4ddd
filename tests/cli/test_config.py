"""Configuration files give defaults, and a misspelled key is never silently no key."""

import pytest

from privaudit.cli.config import find_configuration, settings_for
from privaudit.errors import UsageError

OPTIONS = ["seed", "fail-if", "attack", "holdout"]


def settings(tmp_path, text, *, name="privaudit.toml", command="mia"):
    (tmp_path / name).write_text(text)
    return settings_for(find_configuration(None, tmp_path), command, OPTIONS)


def test_no_file_gives_no_settings(tmp_path):
    assert settings_for(find_configuration(None, tmp_path), "mia", OPTIONS) == {}


def test_own_table_wins_over_common_keys(tmp_path):
    text = 'seed = 1\n[mia]\nseed = 2\nfail-if = ["auc>0.6"]\n[train]\nholdout = 0.3\n'
    assert settings(tmp_path, text) == {"seed": 2, "fail-if": ["auc>0.6"]}
    assert settings(tmp_path, text, command="train") == {"seed": 1, "holdout": 0.3}


def test_pyproject_table_is_read_when_there_is_no_own_file(tmp_path):
    text = "[tool.privaudit.mia]\nseed = 3\n[tool.other]\nseed = 9\n"
    assert settings(tmp_path, text, name="pyproject.toml") == {"seed": 3}
    assert settings(tmp_path, "seed = 4\n") == {"seed": 4}


def test_an_explicit_file_wins(tmp_path):
    (tmp_path / "privaudit.toml").write_text("seed = 1\n")
    (tmp_path / "other.toml").write_text("seed = 2\n")
    found = find_configuration(tmp_path / "other.toml", tmp_path)
    assert settings_for(found, "mia", OPTIONS) == {"seed": 2}


@pytest.mark.parametrize(
    "text",
    [
        '[mia]\nfali-if = ["auc>0.6"]\n',
        'fail-if = ["auc>0.6"]\n',
        "mia = 3\n",
        "[mia]\nseed = [1, 2]\n",
        "[mia]\nseed = 2026-01-01\n",
        "seed = \n",
        '[mai]\nfail-if = ["auc>0.6"]\n',
        '[gates]\nfail-if = ["auc>0.6"]\n',
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, text):
    with pytest.raises(UsageError):
        settings(tmp_path, text)


def test_a_missing_explicit_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"^No configuration file at .*none\.toml\. Check --config\.$"):
        find_configuration(tmp_path / "none.toml", tmp_path)


def test_a_command_of_a_group_has_a_table_in_the_groups_table(tmp_path):
    text = "seed = 1\n[canary.plant]\nseed = 2\n[canary.other]\nx = 3\n"
    assert settings(tmp_path, text, command="canary plant") == {"seed": 2}
    for text in ("[canary]\nplant = 3\n", "[canary.plant]\nsed = 3\n"):
        with pytest.raises(UsageError, match=r"canary[. ]plant"):
            settings(tmp_path, text, command="canary plant")


def test_every_command_may_have_a_table_and_nothing_else(tmp_path):
    import typer.main

    from privaudit.cli.app import app
    from privaudit.cli.commands import COMMANDS

    assert set(typer.main.get_command(app).commands) == set(COMMANDS)
    for command in COMMANDS:
        assert settings(tmp_path, f"[{command}]\n", command=command) == {}
