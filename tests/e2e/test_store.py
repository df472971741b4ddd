"""``privaudit store`` from the outside."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.store import Store


@dataclass(frozen=True)
class Untrained:
    """A learner that is only described."""

    block_size: int = 1

    def describe(self):
        return {"learner": "recipe", "recipe": {"architecture": "bow"}}

    def learn(self, plan, indices):
        raise NotImplementedError


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """Two plans in the store that the environment names."""
    monkeypatch.setenv("PRIVAUDIT_STORE", str(tmp_path / "store"))
    pool = Population(["a secret text", "another"], np.array([0, 1]), 2)
    plans = [ReferencePlan(Untrained(), pool, pool, True, seed) for seed in (1, 2)]
    return [Store(tmp_path / "store").open(plan).key for plan in plans]


def test_list_shows_every_plan_and_no_text(privaudit, keys, tmp_path):
    done = privaudit("store", "list")
    assert done.code == 0
    assert all(key[:12] in done.out for key in keys)
    assert "recipe bow, 2 records, 2 classes, seed 1" in done.out
    assert "secret" not in done.out
    assert str(tmp_path / "store") in done.out


def test_list_as_json(privaudit, keys, tmp_path):
    content = json.loads(privaudit("store", "list", "--json").out)
    assert content["store"] == str(tmp_path / "store")
    assert {row["key"] for row in content["plans"]} == set(keys)
    assert {row["references"] for row in content["plans"]} == {0}
    assert all(row["bytes"] > 0 for row in content["plans"])


def test_an_empty_store_is_said(privaudit, tmp_path):
    done = privaudit("store", "list", "--store", tmp_path / "empty")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("No references in ")
    assert not (tmp_path / "empty").exists()


def test_prune_by_key(privaudit, keys, tmp_path):
    tried = privaudit("store", "prune", keys[0][:8], "--dry-run")
    assert (tried.code, (tmp_path / "store" / keys[0]).exists()) == (0, True)
    assert "would be deleted" in tried.out
    done = privaudit("store", "prune", keys[0][:8])
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("1 plan, ")
    assert [path.name for path in (tmp_path / "store").iterdir()] == [keys[1]]


def test_prune_by_age_and_all(privaudit, keys, tmp_path):
    assert json.loads(privaudit("store", "prune", "--older-than", "1", "--json").out)["plans"] == []
    assert len(json.loads(privaudit("store", "prune", "--all", "--json").out)["plans"]) == len(keys)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("--all", "abcdef"), ("nothex",), ("--older-than", "-1")])
def test_unclear_orders_delete_nothing(privaudit, keys, tmp_path, arguments):
    done = privaudit("store", "prune", *arguments)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert len(list((tmp_path / "store").iterdir())) == len(keys)


def test_without_a_home_the_store_must_be_named(privaudit, monkeypatch):
    for variable in ("PRIVAUDIT_STORE", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    done = privaudit("store", "list")
    assert done.code == 2
    assert "PRIVAUDIT_STORE" in done.err
