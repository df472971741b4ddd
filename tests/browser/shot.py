"""A picture of a page, to look at by hand: python tests/browser/shot.py r.html r.png --width 360 --dark."""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="an HTML file")
    parser.add_argument("out", type=Path, help="the PNG, or with --print the PDF, to write")
    parser.add_argument("--width", type=int, default=1440, help="of the window, in CSS pixels")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--forced-colors", action="store_true")
    parser.add_argument("--print", action="store_true", dest="printed", help="write a PDF on A4")
    parser.add_argument(
        "--jenkins", action="store_true", help="without the style sheet, as Jenkins serves it"
    )
    parser.add_argument("--open", action="store_true", help="unfold what is folded")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": given.width, "height": 900},
            color_scheme="dark" if given.dark else "light",
            forced_colors="active" if given.forced_colors else "none",
            bypass_csp=True,
        )
        page = context.new_page()
        page.goto(given.file.resolve().as_uri())
        prepare(page, bare=given.jenkins, unfolded=given.open)
        if given.printed:
            page.pdf(path=given.out, format="A4", prefer_css_page_size=True)
        else:
            page.screenshot(path=given.out, full_page=True)
        browser.close()


def prepare(page: Page, *, bare: bool, unfolded: bool) -> None:
    """Take the style sheet away, and unfold."""
    if bare:
        page.eval_on_selector_all("style", "all => all.forEach(style => style.remove())")
    if unfolded:
        page.eval_on_selector_all("details", "all => all.forEach(details => { details.open = true; })")


if __name__ == "__main__":
    main()
