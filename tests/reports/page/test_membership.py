"""Every attack on the page with access, cost and interval; slices; records."""

import pytest

from privaudit.reports.page.membership import attacks, records, slices
from privaudit.results import ExposedRecord, Interval, Slice, TprAtFpr


def table(section, caption):
    return next(block for block in section.blocks if getattr(block, "caption", "").startswith(caption))


def test_every_attack_has_access_cost_and_interval(make_result, make_membership):
    cheap = {"access": "label", "n_references": 0, "parameters": {"queries": 1, "backward_passes": 0}}
    old = {"parameters": {"seed": 0}}
    rows = (
        make_membership("a", 2.0, n_references=16),
        make_membership("b", 1.0, **cheap),
        make_membership("c", 0, **old),
    )
    section = attacks(make_result(membership=rows))
    overview = table(section, "What each attack needs")
    assert [row[:5] for row in overview.rows] == [
        ("a", "score", "21 and a gradient", "16", "0.1"),
        ("b", "label", "1", "0", "0.1"),
        ("c", "score", "not recorded", "0", "0.1"),
    ]
    assert overview.rows[0][5:] == ("0.900 [0.880, 0.920]", "5.0% [3.0%, 8.0%]")
    assert {row[0] for row in table(section, "More on each attack").rows} == {"a", "b", "c"}
    (listing,) = [block for block in section.blocks if hasattr(block, "items")]
    assert [text.partition(":")[0] for text in listing.items] == ["label", "score"]


def test_an_attack_without_a_number_stays_in_the_tables(make_result, make_membership):
    nothing = Interval(value=None, low=None, high=None, reason="none scored")
    rows = (make_membership("a"), make_membership("b", auc=nothing))
    section = attacks(make_result(membership=rows))
    figure = table(section, "The chance that")
    assert [row[0] for row in figure.data.rows] == ["a"]
    assert table(section, "What each attack needs").rows[1][5] == "n/m"
    alone = attacks(make_result(membership=(make_membership("b", auc=nothing),)))
    assert not [block for block in alone.blocks if hasattr(block, "chart")]


def test_many_attacks_are_drawn_in_part_and_listed_in_full(make_result, make_membership):
    rows = tuple(make_membership(f"a-{i}", i / 20) for i in range(30))
    figure = table(attacks(make_result(membership=rows)), "The chance that")
    assert "Drawn: the first 20 of 30." in figure.caption
    assert len(figure.data.rows) == 30


@pytest.mark.parametrize("texts", [False, True])
def test_exposed_records_show_texts_only_where_the_result_has_them(make_result, texts):
    rows = tuple(
        ExposedRecord(id=f"r{i}", attack="loss", score=1.0, fpr=0.001, odds=99.0, record_fpr=0.0588,
                      text="my text" if texts else None)
        for i in range(30)
    )  # fmt: skip
    (found,) = records(make_result(records=rows)).blocks
    assert len(found.rows) == 20
    assert found.rows[0][:5] == ("r0", "loss", "99 : 1", "0.0010", "0.059")
    assert ("text" in found.header) is texts
    assert found.rows[0][5:] == (("my text",) if texts else ())
    assert records(make_result()) is None


def test_slices_say_what_they_can_measure(make_result):
    rate = TprAtFpr(fpr=0.01, tpr=0.2, low=0.1, high=0.3, measurable=True)
    parts = [
        Slice(by="class", value=f"v{i}", attack="loss", n_members=50, n_nonmembers=2000 if i else 40,
              auc=Interval(value=0.6, low=0.5 + i / 100, high=0.7), tpr_at_fpr=(rate,) if i else ())
        for i in range(2)
    ]  # fmt: skip
    (found,) = slices(make_result(slices=tuple(parts))).blocks
    assert [row[0] for row in found.rows] == ["class = v1", "class = v0"]
    assert [row[4] for row in found.rows] == ["20.0% [10.0%, 30.0%]", "n/m"]
