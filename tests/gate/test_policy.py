"""A policy: what may stand in it, where it is looked for, and what is refused."""

import datetime
import hashlib

import pytest

from privaudit.cli.config import find_configuration, settings_for
from privaudit.errors import UsageError
from privaudit.gate.policy_file import find_policy

WAIVER = """
[[gate.waivers]]
id = "auc>0.6"
model = "abcdef01"
limit = 0.7
reason = "pilot"
owner = "Ada"
expires = 2026-06-30
"""
WHOLE = (
    """
[gate]
fail-if = ["auc>0.6", "loss:tpr@0.01>0.05"]
slices = [{slice = "class=transfer", fail-if = "auc>0.7"}]
max-increase = ["auc>0.02"]
baseline = "accepted/result.json"
on-inconclusive = "fail"
longest-waiver-days = 90
"""
    + WAIVER
)


@pytest.fixture
def read(tmp_path):
    def read(text, name="privaudit.toml", *, explicit=False):
        path = tmp_path / name
        path.write_text(text)
        return find_policy(path if explicit else None, tmp_path)

    return read


def test_every_key_is_read(read, tmp_path):
    loaded = read(WHOLE)
    policy = loaded.policy
    assert policy.fail_if == ("auc>0.6", "loss:tpr@0.01>0.05")
    assert [(s.by, s.value, s.fail_if) for s in policy.slices] == [("class", "transfer", "auc>0.7")]
    assert policy.max_increase == ("auc>0.02",)
    assert policy.on_inconclusive == "fail"
    assert policy.longest_waiver_days == 90
    (waiver,) = policy.waivers
    assert (waiver.id, waiver.limit, waiver.ticket) == ("auc>0.6", 0.7, None)
    assert waiver.expires == datetime.date(2026, 6, 30)
    assert loaded.baseline == tmp_path / "accepted/result.json"
    digest = hashlib.sha256(WHOLE.encode()).hexdigest()
    assert loaded.source == f"privaudit.toml (SHA-256 {digest[:12]})"


def test_the_tool_table_is_read_of_pyproject_however_it_is_named(read):
    text = '[tool.privaudit.gate]\nfail-if = ["auc>0.6"]\n'
    assert read(text, "pyproject.toml").policy.fail_if == ("auc>0.6",)
    assert read(text, "pyproject.toml", explicit=True).policy.fail_if == ("auc>0.6",)


def test_no_file_and_a_file_without_the_table_are_no_policy(read, tmp_path):
    for loaded in (find_policy(None, tmp_path), read("[mia]\nseed = 1\n")):
        assert not loaded.policy.has_limits
        assert (loaded.path, loaded.source, loaded.baseline) == (None, None, None)
        assert (loaded.policy.on_inconclusive, loaded.policy.waivers) == ("4", ())


def test_a_table_in_either_file_counts_and_one_in_both_is_refused(read, tmp_path):
    (tmp_path / "privaudit.toml").write_text("[mia]\nseed = 1\n")
    text = '[tool.privaudit.gate]\nfail-if = ["auc>0.6"]\n'
    assert read(text, "pyproject.toml").policy.has_limits
    with pytest.raises(UsageError, match=r"Both privaudit\.toml and pyproject\.toml have a policy"):
        read('[gate]\nfail-if = ["auc>0.9"]\n')


@pytest.mark.parametrize(
    "text", ["", "[mia]\nseed = 1\n", "[gate]\n", "[gate]\nbaseline = 'b.json'\n" + WAIVER]
)
def test_a_file_that_was_named_must_have_limits(read, text):
    with pytest.raises(UsageError, match=r"\[gate\] of privaudit.toml sets no limit"):
        read(text, explicit=True)


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(UsageError, match="Correct --policy"):
        find_policy(tmp_path / "none.toml", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[gate]\nfali-if = ["auc>0.6"]\n', "'fali-if'"),
        ('[gate]\nfail_if = ["auc>0.6"]\n', "'fail_if'"),
        ("[gate]\nfail-if = 'auc>0.6'\n", "is invalid at fail-if: must be a list"),
        ("[gate]\nfail-if = ['accuracy>0.6']\n", "Unknown metric 'accuracy'"),
        ("[gate]\nfail-if = ['tpr@0.02>0.6']\n", "tpr@F with F one of"),
        ("[gate]\nfail-if = ['auc>nan']\n", "Give a number from 0 to 1"),
        ("[gate]\nslices = [{slice = 'transfer', fail-if = 'auc>0.6'}]\n", "does not name a slice"),
        (
            "[gate]\nslices = [{slice = 'class=a', fail-if = 'advantage>0.6'}]\n",
            "not measure advantage.*Use auc or tpr@F",
        ),
        ("[gate]\nslices = [{slice = 'class=a'}]\n", "'slices.0.fail-if'"),
        (
            "[gate]\nslices = [{slice = 'class=a', fail-if = 'auc>1', x = 1}]\n",
            r"Unknown key 'slices.0.x' .* Use slice, fail-if",
        ),
        ("[gate]\non-inconclusive = 'maybe'\n", "on-inconclusive"),
        ("[gate]\nlongest-waiver-days = 0\n", "longest-waiver-days"),
        ("[gate]\nlongest-waiver-days = true\n", "longest-waiver-days"),
        (WAIVER.replace("abcdef01", "abcdef"), "8 to 64 hexadecimal digits"),
        (WAIVER.replace("limit = 0.7", "limit = '0.7'"), "waivers.0.limit"),
        (WAIVER.replace("limit = 0.7", "limit = nan"), "waivers.0.limit"),
        (WAIVER.replace("limit = 0.7", "limit = inf"), "waivers.0.limit"),
        (WAIVER.replace("2026-06-30", "'2026-06-30'"), "without quotes"),
        (WAIVER.replace("expires = 2026-06-30", ""), "'waivers.0.expires'"),
        (WAIVER.replace('owner = "Ada"', 'owner = " "'), "waivers.0.owner"),
        (WAIVER.replace("reason", "because"), "'waivers.0.because'|'waivers.0.reason'"),
        ("gate = 3\n", "must be a table"),
        ("[gate\n", "a TOML file"),
        ("[gate]\nfail-if = " + "[" * 5000, "a TOML file"),
        ("[gate]\nlongest-waiver-days = " + "9" * 5000, "a TOML file"),
        ("[gate]\nfail-if = ['auc>0_6']\n", "Give a number from 0 to 1"),
        (
            "fail-if = ['auc>0.6']\n",
            r"'fail-if' of privaudit.toml stands outside the policy. Move it to \[gate\]",
        ),
        (
            "slices = []\n[gate]\nfail-if = ['auc>0.6']\n",
            "'slices' of privaudit.toml stands outside the policy",
        ),
        (
            "[tool.privaudit.gate]\nfail-if = ['auc>0.6']\n",
            r"'tool\.privaudit\.gate' of privaudit.toml stands outside",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(read, text, words):
    with pytest.raises(UsageError, match=words) as refused:
        read(text)
    assert "\n" not in str(refused.value)


def test_a_limit_beside_the_table_of_pyproject_is_refused(read):
    text = "[tool.privaudit]\nfail-if = ['auc>0.6']\n[tool.privaudit.gate]\nfail-if = ['auc>0.9']\n"
    with pytest.raises(
        UsageError, match=r"'fail-if' of pyproject.toml .* Move it to \[tool\.privaudit\.gate\]"
    ):
        read(text, "pyproject.toml")


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\nprivaudit = 3\n"])
def test_another_value_where_our_table_would_be_is_refused(read, text):
    with pytest.raises(UsageError, match=r"\[tool\.privaudit\.gate\] of .* is not a table"):
        read(text, "pyproject.toml")


def test_a_number_for_on_inconclusive_is_understood(read):
    assert read("[gate]\non-inconclusive = 4\n").policy.on_inconclusive == "4"


@pytest.mark.parametrize("name", ["privaudit.toml", "pyproject.toml"])
def test_a_policy_beside_the_options_of_commands_leaves_them_alone(tmp_path, name):
    prefix = "tool.privaudit." if name == "pyproject.toml" else ""
    table = WHOLE.replace("[gate]", f"[{prefix}gate]").replace("[[gate.", f"[[{prefix}gate.")
    common = "[tool.privaudit]\nseed = 7\n" if prefix else "seed = 7\n"
    (tmp_path / name).write_text(f"{common}[{prefix}mia]\nattack = ['loss']\n{table}")
    found = settings_for(find_configuration(None, tmp_path), "mia", ["seed", "attack"])
    assert found == {"seed": 7, "attack": ["loss"]}
    assert find_policy(None, tmp_path).policy.has_limits
