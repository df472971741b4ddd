"""The page does nothing: no request, no script, no complaint under strict policies, whatever is in it."""

import functools
import http.server
import threading
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytestmark = pytest.mark.browser

POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'"
JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
# Whatever runs leaves a mark.
TRIPWIRES = """
  window.marks = [];
  for (const name of ['alert', 'confirm', 'prompt', 'open', 'fetch', 'print'])
    window[name] = (...given) => { window.marks.push(name + given); };
  Object.defineProperty(window, 'tripped', { set(value) { window.marks.push('tripped ' + value); } });
  addEventListener('securitypolicyviolation', e => window.marks.push('violation ' + e.violatedDirective));
"""
HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "footer", "section", "h1",
    "h2", "h3", "p", "a", "strong", "code", "span", "div", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary", "svg",
    "desc", "g", "line", "polyline", "polygon", "circle", "rect", "path", "text", "tspan",
}  # fmt: skip


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder under the content policy that the query asks for, and remembers what it was asked."""

    def end_headers(self):
        (policy,) = parse_qs(urlsplit(self.path).query).get("policy", [POLICY])
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def log_request(self, *_):
        self.server.asked.append(self.path)

    def log_error(self, *_):
        pass


@pytest.fixture(scope="module")
def served(files):
    """A server of the pages."""
    handler = functools.partial(Handler, directory=files["fail"].parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def at(server, address, policy):
    return f"http://127.0.0.1:{server.server_port}/{address.rpartition('/')[2]}?policy={quote(policy)}"


def test_only_the_page_itself_is_asked_for_and_no_policy_is_broken(opened, address, served):
    served.asked.clear()
    place = at(served, address, POLICY)
    with opened(place, tripwires=TRIPWIRES) as seen:
        seen.page.wait_for_load_state("networkidle")
        assert seen.page.evaluate("window.marks") == []
    assert seen.requests == [place]
    assert len(served.asked) == 1
    assert seen.complaints == []


def test_a_request_a_script_and_a_broken_policy_would_be_noticed(opened, served, files):
    path = files["fail"].with_name("broken.html")
    path.write_text("<title>t</title><img src=x.png><script>tripped = 1</script>", encoding="utf-8")
    with opened(at(served, path.as_uri(), POLICY), tripwires=TRIPWIRES) as seen:
        assert seen.page.evaluate("window.marks") == ["violation img-src", "violation script-src-elem"]
        assert len(seen.complaints) == 2
    with opened(at(served, path.as_uri(), "img-src *"), tripwires=TRIPWIRES) as seen:
        assert seen.page.evaluate("window.marks") == ["tripped 1"]
        assert len(seen.requests) == 2


def test_the_payloads_would_be_noticed_where_they_are_not_escaped(opened, files, payloads):
    path = files["fail"].with_name("unsafe.html")
    for payload in payloads:
        path.write_text(f'<title>t</title><p title="{payload}">{payload}', encoding="utf-8")
        with opened(path.as_uri(), tripwires=TRIPWIRES) as seen:
            seen.page.wait_for_load_state("networkidle")
            assert len(seen.requests) > 1 or seen.page.evaluate("window.marks"), payload


@pytest.mark.parametrize("name", ["hostile", "long"])
def test_nothing_runs_whatever_is_in_the_result(opened, files, name):
    with opened(files[name].as_uri(), tripwires=TRIPWIRES) as seen:
        page = seen.page
        seen.probe("unfold")
        page.wait_for_load_state("networkidle")
        for target in page.locator("a, summary").all():
            target.focus()
        everything = "e => [...e.querySelectorAll('*')]"
        tags = page.eval_on_selector("html", f"e => ({everything})(e).map(e => e.localName)")
        assert set(tags) <= HARMLESS
        names = page.eval_on_selector("html", f"e => ({everything})(e).flatMap(e => e.getAttributeNames())")
        assert not {name for name in names if name.startswith("on")}
        assert not {"src", "srcset", "srcdoc", "style", "action", "formaction", "xlink:href"} & set(names)
        links = page.eval_on_selector_all("[href]", "all => all.map(e => e.getAttribute('href'))")
        assert all(link.startswith("#") for link in links)
        assert page.locator("style").count() == 1
        assert page.evaluate("window.marks") == []
        assert seen.requests == [files[name].as_uri()]
        assert seen.complaints == []


def test_foreign_text_is_read_as_it_is_written_but_for_what_steers(opened, files, results):
    with opened(files["hostile"].as_uri()) as seen:
        text = seen.page.text_content("body")
        assert seen.page.title().startswith("Privacy audit of <script>window.tripped")
    words = results["hostile"].warnings[0].partition("\x1b")[0]
    assert text.count(words) > 40
    steering = {*range(32), 0x7F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {ord("\n")}
    assert not steering & set(map(ord, text))


def test_without_scripts_it_is_the_same_page(opened, address):
    with opened(address) as seen:
        expected = seen.page.inner_text("body")
    with opened(address, java_script_enabled=False) as seen:
        assert seen.page.inner_text("body") == expected
        seen.page.locator("summary").first.click()
        assert seen.page.locator("details .scroll").first.is_visible()
        seen.page.locator("nav a").last.click()
        assert seen.page.url.endswith("#provenance")


def test_under_the_policy_of_jenkins_it_is_plain_and_whole(opened, address, served):
    with opened(address) as seen:
        words = seen.page.text_content("body").split()
    with opened(at(served, address, JENKINS)) as seen:
        page = seen.page
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none"
        assert page.text_content("body").split() == words
        for place in ("h1", ".verdict h2", ".verdict p", "nav a", "main td"):
            assert page.locator(place).first.is_visible()
        assert page.locator(".sign").is_hidden()
        paint = "all => all.flatMap(e => [getComputedStyle(e).stroke, getComputedStyle(e).fill])"
        for figure in page.locator("figure > .scroll").all():
            assert figure.locator("svg").first.bounding_box()["width"] > 400
            drawn = set(figure.locator("polyline, polygon, line, circle, rect, path").evaluate_all(paint))
            assert drawn & {"rgb(0, 114, 178)", "rgb(213, 94, 0)", "rgb(0, 158, 115)", "rgb(170, 68, 153)"}
