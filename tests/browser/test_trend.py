"""The page of a history, which is no page of a result, in Chromium."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from privaudit.reports.formats.html import html_page
from privaudit.reports.trend.page import trend
from privaudit.results.history import Entry, HistoryLimit, Measure

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title = 'tripped'</script><svg onload=alert(1)>"
DRESSES = [(scheme, colours, width) for scheme, colours, width in (
    ("light", "none", 360), ("dark", "none", 1440), ("light", "active", 1440), ("dark", "active", 360),
)]  # fmt: skip


def audit(day, status, model, data="ab"):
    attacks = [("loss", 0.60), ("lira-online", 0.80), ("gap", 0.55), (HOSTILE, 0.70), ("fifth", 0.5)]
    return Entry(
        created=f"2026-01-{day:02d}T10:00:00+00:00", command="mia", model=model, model_digest=f"{day:064d}",
        data_digest=data * 32, comparable=True, status=status, tool_version="1",
        measures=tuple(
            Measure(attack=name, metric=metric, value=value - day / 200, low=value - 0.1, high=value + 0.05)
            for name, value in attacks for metric in ("auc", "tpr@0.01")
        ),
        limits=(HistoryLimit(expression="auc>0.7", metric="auc", limit=0.7, result="exceeded"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    statuses = ("fail", "fail", "inconclusive", "not-judged", "pass")
    entries = [audit(day, statuses[day % 5], "m.pt", "ab" if day < 20 else "cd") for day in range(1, 29)]
    entries += [audit(day, statuses[day], HOSTILE) for day in range(4)]
    path = tmp_path_factory.mktemp("trend") / "trend.html"
    path.write_text(html_page(trend(sorted(entries, key=lambda entry: entry.created))), encoding="utf-8")
    return path.as_uri()


def test_it_is_for_everybody(opened, address):
    with opened(address, bypass_csp=True) as seen:
        seen.page.add_style_tag(content=".scroll { background: none !important }")
        for scheme, colours, width in DRESSES:
            seen.page.set_viewport_size({"width": width, "height": 900})
            seen.page.emulate_media(color_scheme=scheme, forced_colors=colours)
            seen.probe("unfold")
            assert Axe().run(seen.page, options={"resultTypes": ["violations"]}).response["violations"] == []
            assert [item for item in seen.probe("contrast") if item[2] < item[3]] == []


def test_it_fits_and_its_words_are_whole(opened, address):
    with opened(address) as seen:
        for width in (360, 768, 1440):
            seen.page.set_viewport_size({"width": width, "height": 900})
            smallest, outside = seen.probe("chart_words")
            assert smallest >= 9.5
            assert outside == []
            seen.probe("unfold")
            assert not seen.probe("scrolls_sideways")
            assert seen.probe("sticking_out") == []


def test_nothing_runs_and_nothing_is_asked_for(opened, address):
    with opened(address) as seen:
        assert seen.page.title() == "Privacy audits over time"
        assert seen.requests == [address]
        assert seen.complaints == []
        assert seen.page.locator("script").count() == 0
