"""The thresholds as JUnit XML: one test case each, so that a pipeline shows them beside its other tests.

There is no official schema; elements and attributes are those that GitLab, Jenkins and junitparser read.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from privaudit.inert import inert
from privaudit.results import Result, ThresholdResult

_SUITE = "privaudit"


def junit(result: Result) -> str:
    """A suite with a case per threshold.

    Exceeded is a failure, inconclusive or not run an error, waived a skipped case.
    """
    cases = [_case(item, result) for item in result.verdict.thresholds]
    cases.extend(_missing(item.attack, item.reason) for item in result.not_run)
    if not result.verdict.thresholds:
        cases.append(_unjudged(result))
    numbers = {"tests": str(len(cases))}
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        numbers[attribute] = str(sum(case.find(kind) is not None for case in cases))
    suites = Element("testsuites", {"name": _SUITE, **numbers})
    about = {
        "name": f"{_SUITE}.{_clean(result.command)}",
        "time": f"{result.provenance.seconds:.3f}",
        "timestamp": _clean(result.created),
    }
    suite = SubElement(suites, "testsuite", {**about, **numbers})
    properties = SubElement(suite, "properties")
    for name, value in (("model", result.model.path), ("digest", result.model.digest)):
        SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(cases)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(item: ThresholdResult, result: Result) -> Element:
    case = Element("testcase", classname=_clean(result.command), name=_clean(item.expression), time="0")
    if item.waiver is not None:
        SubElement(case, "skipped", message=_clean(f"waived: {item.waiver}"))
    elif item.result == "exceeded":
        SubElement(case, "failure", message=_clean(item.reason), type="leakage").text = _clean(item.reason)
    elif item.result == "inconclusive":
        SubElement(case, "error", message=_clean(item.reason), type="inconclusive").text = _clean(item.reason)
    return case


def _missing(attack: str, reason: str) -> Element:
    case = Element("testcase", classname="not-run", name=_clean(attack), time="0")
    SubElement(case, "error", message=_clean(reason), type="not-run")
    return case


def _unjudged(result: Result) -> Element:
    case = Element("testcase", classname=_clean(result.command), name="no threshold", time="0")
    if result.verdict.status == "fail":
        SubElement(case, "failure", message=_clean(result.verdict.sentence), type="leakage")
    else:
        SubElement(case, "skipped", message=_clean(result.verdict.sentence))
    return case


def _clean(text: str) -> str:
    """Text that XML 1.0 can hold: control characters are not allowed in it even when escaped."""
    return "".join(c if _allowed(ord(c)) else "?" for c in inert(text))


def _allowed(point: int) -> bool:
    return 0x20 <= point < 0xD800 or 0xE000 <= point < 0xFFFE or point >= 0x10000
