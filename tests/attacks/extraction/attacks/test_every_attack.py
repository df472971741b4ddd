"""What every registered extraction attack must keep, whatever it searches and how."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.registry import extraction_attacks, find_extraction_attack, register
from privaudit.attacks.extraction.spec import ExtractionSpec, Objective, Problem, SearchSettings
from privaudit.errors import UsageError
from privaudit.targets.interface import Access

ATTACKS = extraction_attacks()
CASES = {
    f"{name}-{'black-box' if wrapped else 'soft'}": (attack, wrapped)
    for name, attack in ATTACKS.items()
    for wrapped in (False, True)
    if not (wrapped and attack.spec.access is Access.WEIGHTS)
}
SEARCHES = {name: case for name, case in CASES.items() if not name.startswith("enumerate")}
CARDS = Path(__file__).parents[4] / "attacks"
LABEL = 1
QUICK = SearchSettings(evaluations=3000, restarts=4, steps=150, beam_width=20, shortlist=16)


def run(attack, surface, settings=QUICK, seed=0, objective=Objective.MARGIN):
    assert attack.applies(surface) is None
    return attack.search(Problem(surface, LABEL, objective), settings, np.random.default_rng(seed))


def brute_force(surface):
    fillings = np.array(list(product(*(range(size) for size in surface.template.sizes))), dtype=np.int64)
    return fillings, objective_scores(surface.logits(fillings), LABEL, Objective.MARGIN)


@pytest.fixture
def make_surface(formula, black_box, wrapped):
    return (lambda: black_box(formula())) if wrapped else formula


@pytest.mark.parametrize(("attack", "wrapped"), CASES.values(), ids=CASES)
class TestEveryAttack:
    @pytest.mark.parametrize("objective", Objective)
    def test_the_filling_is_possible_and_its_score_is_that_of_the_hard_text(
        self, attack, make_surface, objective
    ):
        surface = make_surface()
        found = run(attack, surface, objective=objective)
        sizes = surface.template.sizes
        assert len(found.filling) == len(sizes)
        assert all(
            type(choice) is int and 0 <= choice < m for choice, m in zip(found.filling, sizes, strict=True)
        )
        (score,) = objective_scores(surface.logits(np.array([found.filling])), LABEL, objective)
        assert found.score == pytest.approx(score, abs=1e-9)

    def test_nothing_scores_above_the_optimum(self, attack, make_surface):
        surface = make_surface()
        _, scores = brute_force(surface)
        found = run(attack, surface)
        assert found.score <= scores.max() + 1e-9
        if found.complete:
            assert found.score == pytest.approx(scores.max(), abs=1e-4)

    def test_it_is_deterministic_given_the_generator(self, attack, make_surface):
        first, second = run(attack, make_surface()), run(attack, make_surface())
        assert vars(first) == vars(second)

    def test_the_bill_is_what_was_evaluated(self, attack, make_surface):
        surface = make_surface()
        assert run(attack, surface).evaluations == surface.evaluations


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
class TestEveryCard:
    def test_the_card_says_what_the_spec_says(self, attack):
        card = (CARDS / f"{attack.spec.id}.md").read_text(encoding="utf-8")
        table = dict(re.findall(r"^\| (\w+) \| (.+) \|$", card, flags=re.MULTILINE))
        spec = attack.spec
        assert card.startswith(f"# {spec.title}\n")
        assert table["id"] == f"`{spec.id}`"
        assert table["kind"].startswith("`extraction`")
        assert table["access"].startswith(f"`{spec.access}`")
        assert table["reference"] == spec.reference
        assert spec.summary in card.replace("\n", " ")
        assert re.findall(r"^## (.+)$", card, flags=re.MULTILINE) == [
            "Threat model",
            "Search",
            "Assumptions",
            "How to read it",
            "What a pass does not mean",
        ]

    def test_the_spec_reads_well(self, attack):
        spec = attack.spec
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", spec.id)
        assert spec.summary.endswith(".")
        assert not spec.title.endswith(".")
        assert len(spec.reference) > 10


@pytest.mark.parametrize(("attack", "wrapped"), SEARCHES.values(), ids=SEARCHES)
class TestEverySearch:
    def test_the_budget_is_never_exceeded(self, attack, make_surface):
        for evaluations in (1, 2, 3, 4, 5, 9, 30, 200, 1001):
            surface = make_surface()
            settings = SearchSettings(
                evaluations=evaluations, restarts=3, steps=100, beam_width=5, shortlist=8
            )
            found = run(attack, surface, settings)
            assert found.evaluations == surface.evaluations <= evaluations

    def test_more_budget_is_never_worse_than_a_single_guess(self, attack, make_surface):
        guess = run(attack, make_surface(), SearchSettings(evaluations=1))
        assert run(attack, make_surface()).score >= guess.score

    @pytest.mark.parametrize("seed", range(3))
    def test_a_sum_over_slots_is_solved(self, attack, wrapped, formulas, black_box, seed):
        plain = formulas["digits"]()
        found = run(attack, black_box(plain) if wrapped else plain, SearchSettings(evaluations=20_000), seed)
        assert found.filling == tuple(int(values.argmax()) for values in plain.linear)

    def test_no_budget_is_refused(self, attack, wrapped, formulas, black_box):
        plain = formulas["digits"]()
        with pytest.raises(UsageError, match=r"A budget of .* evaluations allows none"):
            run(attack, black_box(plain) if wrapped else plain, SearchSettings(evaluations=0))


def test_enumeration_is_the_naive_product(formula):
    surface = formula()
    fillings, scores = brute_force(surface)
    best = np.flatnonzero(scores >= scores.max() - 1e-9)[0]
    found = run(ATTACKS["enumerate"], formula())
    assert found.complete
    assert found.filling == tuple(fillings[best])
    assert found.evaluations == len(fillings) + 1


def test_enumeration_takes_the_lowest_number_among_equals(formulas):
    assert run(ATTACKS["enumerate"], formulas["ties"]()).filling == (0, 0, 0)


def test_enumeration_refuses_what_it_cannot_finish(formulas):
    surface = formulas["digits"]()
    surface.template = type(surface.template)("", surface.template.slots * 2)
    assert "1e+08 fillings" in ATTACKS["enumerate"].applies(surface)


@pytest.mark.parametrize("name", ["interacting", "mixed-sizes", "deceptive", "shifted", "words"])
@pytest.mark.parametrize("wrap", [False, True], ids=["soft", "black-box"])
def test_coordinate_finds_the_optimum_that_one_change_at_a_time_does_not_reach(
    formulas, black_box, name, wrap
):
    surface = black_box(formulas[name]()) if wrap else formulas[name]()
    _, scores = brute_force(surface)
    found = run(ATTACKS["coordinate"], surface, SearchSettings(evaluations=20_000))
    assert found.score == pytest.approx(scores.max(), abs=1e-9)


@pytest.mark.parametrize("name", ["interacting", "mixed-sizes", "shifted", "words"])
def test_beam_finds_the_optimum(formulas, name):
    surface = formulas[name]()
    _, scores = brute_force(surface)
    found = run(ATTACKS["beam"], surface, SearchSettings(evaluations=20_000))
    assert found.score == pytest.approx(scores.max(), abs=1e-9)


def test_a_search_that_has_seen_everything_says_so(formulas):
    found = run(ATTACKS["coordinate"], formulas["ties"](), SearchSettings(evaluations=1000, restarts=64))
    assert found.complete
    partly = run(ATTACKS["coordinate"], formulas["digits"]())
    assert not partly.complete


def test_relaxed_needs_mixtures(formulas, black_box):
    attack = ATTACKS["relaxed"]
    assert attack.applies(formulas["digits"]()) is None
    assert "word vectors" in attack.applies(black_box(formulas["digits"]()))


def test_an_id_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        register(ATTACKS["relaxed"].spec)(ATTACKS["relaxed"].search)


def test_an_unknown_id_is_a_usage_error():
    with pytest.raises(UsageError, match=r"Unknown extraction attack .guess.\. Run .privaudit attacks list."):
        find_extraction_attack("guess")


def test_every_spec_is_documented():
    assert all(isinstance(attack.spec, ExtractionSpec) for attack in ATTACKS.values())
    assert list(ATTACKS) == sorted(ATTACKS)
