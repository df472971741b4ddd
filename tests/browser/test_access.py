"""The page for everybody: axe-core in every dress, contrast, headings, landmarks, and the keyboard."""

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
LIGHT, DARK = ({"color_scheme": scheme, "forced_colors": "none"} for scheme in ("light", "dark"))
FORCED, FORCED_DARK = ({**dress, "forced_colors": "active"} for dress in (LIGHT, DARK))
DRESSES = (LIGHT, DARK, FORCED, FORCED_DARK)
# Every dress is seen at both widths and both folded and unfolded, or in its dark or light twin.
VIEWS = [
    (LIGHT, 360, False), (LIGHT, 1440, True), (DARK, 360, True), (DARK, 1440, False), (FORCED, 360, True),
    (FORCED_DARK, 1440, False),
]  # fmt: skip


def test_axe_finds_nothing(opened, address):
    with opened(address, bypass_csp=True) as seen:
        # NOTE: axe cannot tell the contrast of words on the gradients that hint at more beside a table.
        seen.page.add_style_tag(content=".scroll { background: none !important }")
        for dress, width, unfolded in VIEWS:
            seen.page.set_viewport_size({"width": width, "height": 900})
            seen.page.emulate_media(**dress)
            seen.probe("unfold", unfolded)
            found = Axe().run(seen.page, options=AXE).response
            assert found["violations"] == [], (dress, width, unfolded)


def test_axe_would_find_something(opened):
    with opened("data:text/html,<p style='color:%23aaa'>pale</p><img>") as seen:
        found = {item["id"] for item in Axe().run(seen.page, options=AXE).response["violations"]}
    assert {"color-contrast", "html-has-lang", "image-alt", "landmark-one-main"} <= found


def test_words_and_lines_stand_out_in_every_dress(opened, address):
    with opened(address) as seen:
        seen.probe("unfold")
        papers = set()
        for dress in DRESSES:
            seen.page.emulate_media(**dress)
            found = seen.probe("contrast")
            assert len(found) > 30
            assert [item for item in found if item[2] < item[3]] == [], dress
            papers.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers == {"rgb(255, 255, 255)", "rgb(13, 17, 23)", "rgb(0, 0, 0)"}


def test_headings_landmarks_and_names(opened, address):
    with opened(address) as seen:
        levels = seen.page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        for landmark in ("main", "body > header", "nav", "body > footer"):
            assert seen.page.locator(landmark).count() == 1
        assert seen.page.get_attribute("html", "lang") == "en"
        assert seen.page.title() == seen.page.text_content("h1")
        for chart in seen.page.locator("figure > .scroll > svg").all():
            assert chart.get_attribute("role") == "img"
            assert all(map(str.strip, chart.locator("title, desc").all_text_contents()))
        for region in seen.page.locator("[tabindex='0']").all():
            (name,) = region.get_attribute("aria-labelledby").split()
            assert seen.page.locator(f"#{name}").text_content()


@pytest.mark.parametrize("width", [360, 1440])
def test_tab_goes_through_the_page_in_order_and_is_seen(opened, address, width):
    with opened(address, width=width) as seen:
        seen.probe("unfold")
        for i in range(len(seen.probe("reachable"))):
            seen.page.keyboard.press("Tab")
            at, shown, outline = seen.probe("focused")
            assert at == i
            assert shown, i
            assert outline >= 2, i
        assert i > 10


def test_the_keyboard_skips_jumps_unfolds_and_scrolls(opened, files):
    with opened(files["epsilon"].as_uri(), width=360) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.localName") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.querySelector('main [tabindex=\"0\"]')")
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details").first.get_attribute("open") is not None
        wide = page.locator("figure .scroll").first
        wide.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("e => e.scrollLeft > 0", arg=wide.element_handle())


def test_every_link_of_the_contents_shows_its_section(opened, address):
    with opened(address) as seen:
        for link in seen.page.locator("nav a").all():
            link.focus()
            seen.page.keyboard.press("Enter")
            top = seen.page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
            assert 0 <= top < 900
