"""The page on telephones and wide screens, with large letters, and on paper."""

import re
from hashlib import sha256

import pytest

from privaudit.results import to_json

pytestmark = pytest.mark.browser

A4 = 673  # the width in CSS pixels that the margins leave
LARGE = "html { font-size: 200% }"
# WCAG 2.2, 1.4.12
LOOSE = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"


def assert_fits(seen):
    seen.probe("unfold")
    assert not seen.probe("scrolls_sideways")
    assert seen.probe("sticking_out") == []
    assert seen.probe("cutting") == []
    assert seen.probe("unreachable") == 0


def test_the_window_never_scrolls_sideways(opened, address):
    with opened(address) as seen:
        for width in (320, 360, 768, 1024, 1440, 2560):
            seen.page.set_viewport_size({"width": width, "height": 900})
            assert_fits(seen)


def test_large_and_loose_letters_fit(opened, address):
    with opened(address, bypass_csp=True) as seen:
        for style, width in ((LARGE, 640), (LARGE, 1280), (LOOSE, 360)):
            seen.page.set_viewport_size({"width": width, "height": 900})
            before = seen.page.locator("main").bounding_box()["height"]
            added = seen.page.add_style_tag(content=style)
            assert seen.page.locator("main").bounding_box()["height"] > 1.1 * before
            assert_fits(seen)
            added.evaluate("style => style.remove()")


@pytest.mark.parametrize("width", [360, 1440])
def test_a_token_of_a_megabyte_is_kept_within_bounds(opened, files, width):
    with opened(files["long"].as_uri(), width=width) as seen:
        assert_fits(seen)
        widest = seen.page.eval_on_selector_all("table", "all => Math.max(...all.map(t => t.scrollWidth))")
        assert widest < 5000


def test_words_in_charts_are_whole_and_large_enough(opened, address):
    with opened(address) as seen:
        for width in (360, 768, 1440):
            seen.page.set_viewport_size({"width": width, "height": 900})
            smallest, outside = seen.probe("chart_words")
            assert smallest >= 9.5
            assert outside == []


def test_paper_shows_everything_in_black_on_white(opened, address):
    with opened(address, width=A4, height=950) as seen:
        assert seen.probe("hidden_cells") > 0
        for scheme in ("light", "dark"):
            seen.page.emulate_media(media="print", color_scheme=scheme)
            colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
            assert seen.page.eval_on_selector("body", colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
            assert [item for item in seen.probe("contrast") if item[2] < item[3]] == []
        assert seen.probe("hidden_cells") == 0
        assert seen.probe("sticking_out", True) == []
        assert not seen.probe("scrolls_sideways")
        for gone in (".skip", "summary"):
            assert not seen.page.locator(gone).first.is_visible()


def test_paper_has_lines_to_sign_on_and_the_screen_has_none(opened, address):
    with opened(address) as seen:
        assert not seen.page.locator(".sign").is_visible()
        seen.page.emulate_media(media="print")
        names = [name.strip() for name in seen.page.locator(".sign").inner_text().split("\n") if name.strip()]
        assert names == ["Reviewed by", "Decision", "Date", "Signature"]
        widths = seen.page.eval_on_selector_all(".sign dd", "all => all.map(e => e.clientWidth)")
        assert min(widths) > 70


def test_the_pdf_is_the_whole_page_on_a4_with_links(opened, address):
    with opened(address) as seen:
        folded = seen.page.pdf(prefer_css_page_size=True)
        links = seen.page.locator("nav a").count()
        seen.probe("unfold")
        unfolded = seen.page.pdf(prefer_css_page_size=True)
    assert 0 < sheets(folded) == sheets(unfolded)
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", folded)
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}
    assert len(re.findall(rb"/Subtype\s*/Link\b", folded)) >= links


def sheets(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_headings_captions_and_rows_stay_with_what_they_head(opened, files):
    with opened(files["epsilon"].as_uri()) as seen:
        seen.page.emulate_media(media="print")
        after = "all => [...new Set(all.map(e => getComputedStyle(e).breakAfter))]"
        inside = "all => [...new Set(all.map(e => getComputedStyle(e).breakInside))]"
        assert seen.page.eval_on_selector_all("h2, caption, thead, figcaption", after) == ["avoid"]
        assert seen.page.eval_on_selector_all("tr, figure > .scroll, .verdict, .sign", inside) == ["avoid"]


def test_pages_are_small_whatever_is_in_them(files):
    assert max(path.stat().st_size for path in files.values()) < 300_000


def test_every_sheet_says_whose_it_is(results, files):
    page = files["secrets"].read_text()
    digest = sha256(to_json(results["secrets"]).encode()).hexdigest()
    assert f'@bottom-left {{ content: "Result {digest[:16]}"; }}' in page
    assert f"<code>{digest}</code>" in page
    assert '@top-center { content: "Confidential' in page
    assert "Confidential" not in files["extraction"].read_text()
