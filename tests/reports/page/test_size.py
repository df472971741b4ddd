"""The page stays small whatever is in the result: what is drawn is thinned, what is listed is cut."""

from xml.etree import ElementTree

from privaudit.reports.formats.html import html
from privaudit.reports.formats.markdown import MOST_BYTES, markdown
from privaudit.reports.page import document_of
from privaudit.results import ExposedRecord, Interval, Slice, to_json

MOST = 300_000


def worst(make_result, make_membership, make_extraction, make_epsilon):
    attack = make_membership(n=20_000)
    name = "a-rather-long-name-of-an-attack-"
    membership = tuple(attack.model_copy(update={"attack": f"{name}{i}"}) for i in range(30))
    interval = Interval(value=0.7123, low=0.6543, high=0.8765, low_simultaneous=0.6)
    slices = tuple(
        Slice(by="class", value=f"v{i}" * 20, attack="loss", n_members=99, n_nonmembers=99, auc=interval)
        for i in range(500)
    )
    records = tuple(
        ExposedRecord(id=f"file.tsv:{i}", attack="loss", score=1.0, fpr=0.01, odds=9.0, text="word " * 200)
        for i in range(20)
    )
    extraction = tuple(
        make_extraction(f"canary-{i}", (True, False) * 12, attack=name, secret="s " * 60, found="f " * 60)
        for i in range(60)
        for name in ("enumerate", "contrast", "beam")
    )
    return make_result(
        membership=membership, slices=slices, records=records, extraction=extraction, epsilon=make_epsilon(),
        n_nonmembers=20_000,
    )  # fmt: skip


def test_the_largest_audit_stays_small(make_result, make_membership, make_extraction, make_epsilon):
    result = worst(make_result, make_membership, make_extraction, make_epsilon)
    assert len(to_json(result)) > MOST
    page = html(result)
    assert len(page.encode()) < MOST
    assert len(markdown(result).encode()) < MOST_BYTES
    charts = [
        block.chart
        for section in document_of(result).sections
        for block in section.blocks
        if hasattr(block, "chart")
    ]
    assert len(charts) == 4
    for chart in charts:
        ElementTree.fromstring(f"<charts>{chart}</charts>")
