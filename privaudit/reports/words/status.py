"""The verdict in a word or three."""

from collections.abc import Mapping

STATUS: Mapping[str, str] = {
    "pass": "PASS",
    "fail": "FAIL",
    "inconclusive": "INCONCLUSIVE",
    "not-judged": "NO LIMITS SET",
}
