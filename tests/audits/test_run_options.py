import pytest

from privaudit.audits.run_options import RunOptions
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch


def test_a_run_without_a_limit_never_ends():
    for deadline in (NO_DEADLINE, RunOptions().deadline()):
        assert (deadline.passed, deadline.moment) == (False, None)


def test_a_deadline_passes_once_and_for_all():
    assert Deadline.after(0).passed
    assert not Deadline.after(3600).passed
    assert Deadline(1.0, moment=0.0).passed


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1.0, "1"), (0.25, "0.25"), (0.0, "0"), (1e6, "1000000"), (90.5, "90.5")]
)
def test_what_ran_out_is_what_was_asked_for(seconds, shown):
    assert RunOptions(max_seconds=seconds).deadline().ran_out == f"--max-seconds {shown} ran out"


def test_provenance_holds_the_options():
    options = RunOptions(seed=7, argv=("mia", "m.pt"), settings={"seed": "7 (flag)"})
    found = options.provenance(Stopwatch(), threads=2, device="cpu")
    assert (found.seed, found.argv, found.threads) == (7, ("mia", "m.pt"), 2)
    assert found.settings == {"seed": "7 (flag)"}
