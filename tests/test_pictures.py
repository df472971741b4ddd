"""The pictures of the README are what ``fixtures/make_pictures.py`` makes of a specimen, and small."""

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
LARGEST = 150_000


def _loaded():
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "fixtures" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    # NOTE: dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pictures = _loaded()


def size_of(png):
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:])


def test_the_chart_is_what_the_script_writes():
    stored = pictures.CHART.read_text("utf-8")
    assert stored == pictures.chart(pictures.bars()), "run python fixtures/make_pictures.py --chart"


def test_the_chart_shows_the_numbers_of_the_result():
    loss, lira = pictures.bars()
    assert (loss.attack, lira.attack, lira.n_references) == ("loss", "lira-multi", 8)
    assert loss.high < lira.low
    texts = [element.text for element in ElementTree.parse(pictures.CHART).iter() if element.text]
    for bar in (loss, lira):
        assert bar.numbers in texts
        assert bar.low <= bar.tpr <= bar.high


def test_the_readme_shows_every_picture():
    readme = (ROOT / "README.md").read_text("utf-8")
    stored = sorted(path.relative_to(ROOT).as_posix() for path in pictures.PICTURES.iterdir())
    assert stored == sorted(
        path.relative_to(ROOT).as_posix() for path in (pictures.CHART, pictures.SCREENSHOT)
    )
    assert all(f"({name})" in readme or f'"{name}"' in readme for name in stored)


def test_the_screenshot_is_small_and_of_the_size_that_the_script_asks_for():
    assert pictures.SCREENSHOT.stat().st_size < LARGEST
    assert size_of(pictures.SCREENSHOT) == (pictures.WIDTH, pictures.HEIGHT)


@pytest.mark.browser
def test_a_browser_makes_the_screenshot(tmp_path):
    # NOTE: in a process of its own, because the other browser tests keep a Playwright loop in this one.
    code = "import sys, pathlib, make_pictures; make_pictures.screenshot(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "report.png")]
    subprocess.run(command, cwd=ROOT / "fixtures", check=True, timeout=120)
    assert size_of(tmp_path / "report.png") == (pictures.WIDTH, pictures.HEIGHT)
