import json
import stat
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from privaudit.data.canaries.found import copies
from privaudit.data.canaries.manifest import Manifest, read_manifest
from privaudit.data.canaries.plant import PlantingSettings, plant, plant_file
from privaudit.data.duplicates import normalise
from privaudit.data.readers import file_sha256, read_records
from privaudit.data.records import Records
from privaudit.errors import DataError, UsageError

PIN = PlantingSettings(patterns=("my pin code is {digit:4}",), repetitions=3, count=4)


def made(n=40, groups=False):
    return Records(
        ids=[f"pool:{i}" for i in range(1, n + 1)],
        texts=[f"play song number {i}" for i in range(n)],
        labels=["music" if i % 3 else "weather" for i in range(n)],
        groups=[f"user{i % 7}" for i in range(n)] if groups else None,
    )


def test_copies_stand_among_the_records_whose_order_stays():
    records = made()
    planted = plant(records, PIN)
    canaries = planted.manifest.canaries
    assert [canary.id for canary in canaries] == ["canary-1", "canary-2", "canary-3", "canary-4"]
    assert {canary.label for canary in canaries} == {"canary"}
    assert planted.n_copies == 12 == len(planted.records) - len(records)
    rows = list(zip(planted.records.ids, planted.records.labels, planted.records.texts, strict=True))
    rest = [row for row in rows if not row[0].startswith("canary-")]
    assert rest == list(zip(records.ids, records.labels, records.texts, strict=True))
    for canary in canaries:
        text = planted.manifest.text(canary)
        mine = [row for row in rows if row[2] == text]
        assert sorted(row[0] for row in mine) == [f"{canary.id}/{copy}" for copy in (1, 2, 3)]
        assert {row[1] for row in mine} == {"canary"}
        assert text.startswith("my pin code is ")


def test_a_canary_is_a_group_of_its_own():
    planted = plant(made(groups=True), PIN)
    groups = {g for i, g in zip(planted.records.ids, planted.records.groups, strict=True) if "/" in i}
    assert groups == {"canary-1", "canary-2", "canary-3", "canary-4"}


def test_a_planting_is_a_function_of_its_seed():
    first, again, other = (plant(made(), replace(PIN, seed=seed)) for seed in (1, 1, 2))
    assert first.records.texts == again.records.texts
    assert first.manifest.canaries == again.manifest.canaries
    assert first.records.texts != other.records.texts


def test_secrets_do_not_depend_on_repetitions_labels_or_coins():
    plain = plant(made(), replace(PIN, count=30))
    other = plant(made(), replace(PIN, count=30, repetitions=1, label="random", include="coin"))
    secrets = [[canary.secret for canary in each.manifest.canaries] for each in (plain, other)]
    assert secrets[0] == secrets[1]


def test_several_patterns_give_count_canaries_each():
    patterns = ("my pin code is {digit:4}", "i like {colour:3}", "say {token:2}")
    planted = plant(made(), replace(PIN, patterns=patterns, count=2))
    prefixes = [canary.prefix for canary in planted.manifest.canaries]
    assert prefixes == ["my pin code is "] * 2 + ["i like "] * 2 + ["say "] * 2
    assert set(planted.manifest.lists) == {"colour", "digit", "token"}
    first = planted.first_of_each_pattern()
    assert [(pattern.text, canary.id) for pattern, canary in first] == [
        (patterns[0], "canary-1"),
        (patterns[1], "canary-3"),
        (patterns[2], "canary-5"),
    ]


def test_label_policies():
    assert {c.label for c in plant(made(), replace(PIN, label="music")).manifest.canaries} == {"music"}
    drawn = Counter(c.label for c in plant(made(), replace(PIN, label="random", count=400)).manifest.canaries)
    assert drawn.keys() == {"music", "weather"}
    assert stats.binomtest(drawn["music"], 400).pvalue > 0.001
    with pytest.raises(UsageError, match="none of the 2 classes"):
        plant(made(), replace(PIN, label="Music"))
    taken = replace(made(), labels=["Canary", "music"] * 20)
    with pytest.raises(DataError, match="--label own"):
        plant(taken, PIN)


def test_secrets_are_uniform_and_slots_independent():
    planted = plant(made(), replace(PIN, count=3000, repetitions=1))
    secrets = np.array([[int(word) for word in c.secret] for c in planted.manifest.canaries])
    for slot in range(4):
        assert stats.chisquare(np.bincount(secrets[:, slot], minlength=10)).pvalue > 0.001
    pairs = np.bincount(secrets[:, 0] * 10 + secrets[:, 3], minlength=100)
    assert stats.chisquare(pairs).pvalue > 0.001
    assert len({tuple(secret) for secret in secrets}) == 3000


def test_coins_are_fair_and_tell_nothing_of_the_secrets():
    planted = plant(made(), replace(PIN, count=3000, repetitions=1, include="coin"))
    included = np.array([c.included for c in planted.manifest.canaries])
    assert stats.binomtest(int(included.sum()), 3000).pvalue > 0.001
    runs = int((included[1:] != included[:-1]).sum())
    assert stats.binomtest(runs, 2999).pvalue > 0.001
    first = np.array([int(c.secret[0]) for c in planted.manifest.canaries])
    table = np.stack([np.bincount(first[included == side], minlength=10) for side in (False, True)])
    assert stats.chi2_contingency(table).pvalue > 0.001
    assert planted.n_copies == included.sum()


def test_coins_are_independent_from_seed_to_seed():
    rows = [
        [c.included for c in plant(made(), replace(PIN, include="coin", seed=seed)).manifest.canaries]
        for seed in range(200)
    ]
    counts = np.bincount(np.array(rows) @ [1, 2, 4, 8], minlength=16)
    assert stats.chisquare(counts).pvalue > 0.001


def test_places_are_uniform():
    places = []
    for seed in range(300):
        planted = plant(made(9), replace(PIN, count=1, repetitions=1, seed=seed))
        places.append(planted.records.ids.index("canary-1/1"))
    assert stats.chisquare(np.bincount(places, minlength=10)).pvalue > 0.001


def test_all_fillings_of_a_small_pattern_can_be_used_up_but_no_more():
    planted = plant(made(), replace(PIN, patterns=("pin {digit}",), count=10))
    assert sorted(c.secret[0] for c in planted.manifest.canaries) == list("0123456789")
    with pytest.raises(UsageError, match="10 fillings can't give 11"):
        plant(made(), replace(PIN, patterns=("pin {digit}",), count=11))
    with pytest.raises(DataError, match="gave no new text"):
        plant(made(), replace(PIN, patterns=("pin {digit}",) * 2, count=6))


def test_a_secret_is_never_a_text_of_the_data():
    taken = [f"PIN  {d}" for d in range(5)] + ["call me, pin 5 today", "pin 66", "pin 7-1"]
    records = replace(made(8), texts=taken)
    for seed in range(20):
        planted = plant(records, replace(PIN, patterns=("pin {digit}",), count=4, seed=seed))
        assert sorted(c.secret[0] for c in planted.manifest.canaries) == list("6789")
    with pytest.raises(DataError, match="gave no new text"):
        plant(records, replace(PIN, patterns=("pin {digit}",), count=5))


def test_planted_data_are_not_planted_again():
    once = plant(made(), PIN).records
    with pytest.raises(DataError, match="clean data"):
        plant(once, replace(PIN, label="music"))
    grouped = replace(made(groups=True), groups=["canary-1"] * 40)
    with pytest.raises(DataError, match="clean data"):
        plant(grouped, PIN)
    with pytest.raises(DataError, match="membership column"):
        plant(replace(made(), member=np.ones(40, bool)), PIN)


@pytest.mark.parametrize(
    "change",
    [{"repetitions": 0}, {"count": 0}, {"repetitions": 250_001}, {"count": 10_001}],
    ids=lambda change: f"{change}",
)
def test_numbers_out_of_range(change):
    with pytest.raises(UsageError, match=r"--(repetitions|count)"):
        plant(made(), replace(PIN, **change))


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("groups", [False, True])
def test_files_are_read_again_without_an_option(tmp_path, ending, groups):
    source = tmp_path / "pool.tsv"
    rows = [f"{i}\tu{i % 5}\tmusic\tplay “song” {i}, please" for i in range(30)]
    source.write_text("id\tgroup\tlabel\ttext\n" + "\n".join(rows) + "\n")
    if not groups:
        source.write_text("".join(f'music\tplay "song" {i}, please\n' for i in range(30)))
    output, manifest = tmp_path / f"planted.{ending}", tmp_path / "canaries.json"
    planted = plant_file(source, PIN, output=output, manifest=manifest)
    again = read_records(output)
    assert again.texts == planted.records.texts
    assert again.ids == planted.records.ids
    assert again.labels == planted.records.labels
    assert again.groups == planted.records.groups
    assert (again.groups is not None) == groups
    for path in (output, manifest):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = read_manifest(manifest)
    assert kept == planted.manifest
    assert (kept.source.file, kept.source.sha256) == ("pool.tsv", file_sha256(source))
    assert (kept.planted.file, kept.planted.sha256) == (output.name, file_sha256(output))
    assert json.loads(manifest.read_text())["format"] == "privaudit.canaries"


def test_an_older_file_gets_the_private_mode(tmp_path):
    (tmp_path / "p.csv").write_text("old")
    (tmp_path / "p.csv").chmod(0o644)
    (tmp_path / "pool.tsv").write_text("".join(f"music\tplay {i}\n" for i in range(30)))
    plant_file(tmp_path / "pool.tsv", PIN, output=tmp_path / "p.csv", manifest=tmp_path / "m.json")
    assert stat.S_IMODE((tmp_path / "p.csv").stat().st_mode) == 0o600


def test_files_must_differ_and_be_writable(tmp_path):
    source = tmp_path / "pool.tsv"
    source.write_text("".join(f"music\tplay {i}\n" for i in range(30)))
    before = source.read_bytes()
    (tmp_path / "link.tsv").symlink_to(source)
    other = tmp_path / "p.tsv"
    for output, manifest in (
        (source, other),
        (other, source),
        (other, other),
        (tmp_path / "link.tsv", other),
    ):
        with pytest.raises(UsageError, match="the same file twice"):
            plant_file(source, PIN, output=output, manifest=manifest)
    with pytest.raises(UsageError, match=r"\.jsonl file with -o"):
        plant_file(source, PIN, output=tmp_path / "p.parquet", manifest=other)
    with pytest.raises(UsageError, match="--manifest"):
        plant_file(source, PIN, output=other, manifest=tmp_path / "none" / "m.json")
    assert source.read_bytes() == before
    assert not other.exists()


_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
).filter(lambda text: text.strip())


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(_TEXT, min_size=1, max_size=8),
    ending=st.sampled_from(["csv", "tsv", "jsonl"]),
    seed=st.integers(0, 2**40),
    include=st.sampled_from(["all", "coin"]),
)
def test_what_was_planted_is_found_again_and_nothing_else(tmp_path_factory, texts, ending, seed, include):
    folder = tmp_path_factory.mktemp("round")
    source = folder / "pool.jsonl"
    source.write_text("".join(json.dumps({"text": text, "label": "a"}) + "\n" for text in texts))
    chosen = PlantingSettings(
        patterns=("my pin code is {digit:4}", "to {Oslo|San José} {token}"),
        repetitions=2, count=2, include=include, seed=seed,
    )  # fmt: skip
    output = folder / f"planted.{ending}"
    plant_file(source, chosen, output=output, manifest=folder / "m.json")
    manifest, again = read_manifest(folder / "m.json"), read_records(output)
    found = copies(again, manifest)
    assert {key: len(places) for key, places in found.items()} == {
        canary.id: 2 * canary.included for canary in manifest.canaries
    }
    mine = {int(place) for places in found.values() for place in places}
    assert [text for i, text in enumerate(again.texts) if i not in mine] == texts
    assert all(again.ids[place].startswith("canary-") for place in mine)


def test_two_canaries_with_one_text_cannot_be_told_apart():
    manifest = Manifest.model_validate(
        {
            "lists": {"d": ["1", "2"]},
            "canaries": [
                {"id": "a", "prefix": "pin ", "slots": [{"candidates": "d"}], "label": "x", "secret": ["1"]},
                {"id": "b", "prefix": "PIN  ", "slots": [{"candidates": "d"}], "label": "x", "secret": ["1"]},
            ],
        }
    )
    with pytest.raises(DataError, match="'a' and 'b'"):
        copies(made(), manifest)


def test_copies_are_found_after_normalisation():
    planted = plant(made(), replace(PIN, count=1))
    shouted = replace(planted.records, texts=[f" {text.upper()} " for text in planted.records.texts])
    assert len(copies(shouted, planted.manifest)["canary-1"]) == 3
    text = planted.manifest.text(planted.manifest.canaries[0])
    assert [normalise(t) for t in shouted.texts].count(normalise(text)) == 3
