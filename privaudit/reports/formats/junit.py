"""The findings as JUnit XML: a pipeline shows them beside its other tests.

There is no official schema; elements and attributes are those that GitLab, Jenkins and junitparser read.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from privaudit.reports.findings import Finding, findings
from privaudit.reports.shortened import MOST_OF_A_TEXT, short
from privaudit.results import Result

_SUITE = "privaudit"


def junit(result: Result) -> str:
    """A suite with a case per finding.

    Failed is a failure, undecided an error; waived, and undecided where that passes, is skipped. A result
    without limits has one skipped case that says so.
    """
    cases = list(_cases(result))
    numbers = {"tests": str(len(cases))}
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        numbers[attribute] = str(sum(case.find(kind) is not None for case in cases))
    seconds = f"{result.provenance.seconds:.3f}"
    suites = Element("testsuites", {"name": _SUITE, "time": seconds, **numbers})
    about = {
        "name": f"{_SUITE}.{_clean(result.command)}",
        "time": seconds,
        "timestamp": _clean(result.created),
    }
    suite = SubElement(suites, "testsuite", {**about, **numbers})
    properties = SubElement(suite, "properties")
    for name, value in (
        ("model", result.model.path),
        ("digest", result.model.digest),
        ("verdict", result.verdict.status),
    ):
        SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(cases)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _cases(result: Result) -> Iterator[Element]:
    for finding in findings(result):
        yield _case(finding, result.command)
    if result.verdict.status == "not-judged":
        case = _empty("no limits set", result.command)
        SubElement(case, "skipped", message=_clean(result.verdict.sentence))
        yield case


def _case(finding: Finding, command: str) -> Element:
    test, message = _empty(finding.name, command), _clean(finding.text)
    match finding.outcome:
        case "failed":
            SubElement(test, "failure", message=message, type="leakage").text = message
        case "undecided":
            SubElement(test, "error", message=message, type="inconclusive").text = message
        case "accepted":
            SubElement(test, "skipped", message=f"inconclusive, configured to pass: {message}")
        case "waived":
            SubElement(test, "skipped", message=message)
        case "passed":
            pass
    return test


def _empty(name: str, command: str) -> Element:
    return Element("testcase", classname=_clean(command), name=_clean(name), time="0")


def _clean(text: str) -> str:
    """Text that XML 1.0 can hold: control characters are not allowed in it even when escaped."""
    return "".join(c if _allowed(ord(c)) else "?" for c in short(text, MOST_OF_A_TEXT))


def _allowed(point: int) -> bool:
    return 0x20 <= point < 0xD800 or 0xE000 <= point < 0xFFFE or point >= 0x10000
