"""``privaudit doctor``: what this machine can do."""

from typing import Annotated

from privaudit.cli.flatten import Offer, flattened
from privaudit.cli.option_groups import OutputOptions


@flattened
def command(show: Annotated[OutputOptions, Offer(only=("as_json",))]) -> int:
    """Versions, devices, memory and write permissions of this machine.

    Exits with 2 if something that every audit needs is missing.
    """
    import json

    from privaudit.cli.doctor_run import examine

    findings = examine()
    if show.as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            mark = "ok " if finding.ok else "BAD" if finding.needed else "-  "
            print(f"{mark}  {finding.name:<16} {finding.value}")
    return 0 if all(finding.ok or not finding.needed for finding in findings) else 2
