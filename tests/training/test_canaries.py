import numpy as np
import pytest
import torch

from privaudit.data.audit_set import from_split
from privaudit.data.canaries.manifest import Manifest
from privaudit.data.canaries.plant import PlantingSettings, plant_file
from privaudit.data.columns import Columns
from privaudit.data.readers import file_sha256, read_records
from privaudit.errors import DataError, ModelError, UsageError
from privaudit.training.bundle import load_bundle
from privaudit.training.bundle_data import BundleData, ManifestFile, RecordUse
from privaudit.training.canaries import MOST_WORDS, possible_words
from privaudit.training.job import train_bundle
from privaudit.training.request import TrainingRequest
from privaudit.training.text import Vocabulary, words

NAMES = ("music", "weather", "food")


@pytest.fixture
def pool(corpus, tmp_path):
    """``label<TAB>text`` with every text made unique, then three exact duplicates."""
    rows = [
        f"{NAMES[c]}\t{text} item{i}"
        for i, (text, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    path = tmp_path / "pool.tsv"
    path.write_text("\n".join([*rows, rows[0], rows[1], rows[5]]) + "\n")
    return path


@pytest.fixture
def planting(pool, tmp_path):
    """Plant into the pool, and give the planted file and its manifest."""

    def plant(name="planted", columns=None, source=pool, **changes):
        usual = {"patterns": ("my pin code is {digit:4}",), "repetitions": 5, "count": 2}
        output, manifest = tmp_path / f"{name}.tsv", tmp_path / f"{name}.json"
        plant_file(
            source, PlantingSettings(**(usual | changes)), output=output, manifest=manifest, columns=columns
        )
        return output, manifest

    return plant


@pytest.fixture
def trained(tiny, tmp_path):
    """Train with a manifest, and give the bundle."""

    def train(data, manifest, architecture="bow", name="model.pt", columns=None, vocabulary=None, **changes):
        recipe = tiny(architecture, **({"epochs": 1} | changes))
        train_bundle(
            TrainingRequest(
                data,
                recipe,
                output=tmp_path / name,
                columns=columns or Columns(),
                vocabulary_file=vocabulary,
                manifest=manifest,
            )
        )
        return load_bundle(tmp_path / name)

    return train


def texts_of(bundle, data, side, columns=None):
    columns = columns or Columns()
    records = read_records(data, Columns(group=columns.group))
    return [records.texts[i] for i in bundle.data.positions(side)]


def by_hand(tmp_path, **changes):
    """A manifest of secrets that are in the data already."""
    canary = {
        "id": "mine", "prefix": "my pin is ", "label": "music", "secret": ["4", "2"],
        "slots": [{"candidates": "digit", "then": " "}, {"candidates": "digit"}],
    }  # fmt: skip
    manifest = Manifest.model_validate(
        {"lists": {"digit": list("0123456789")}, "canaries": [canary | changes]}
    )
    path = tmp_path / "hand.json"
    path.write_text(manifest.model_dump_json())
    return path


def test_copies_are_trained_on_and_everybody_else_keeps_the_coin(pool, planting, trained):
    planted, manifest = planting()
    dirty, clean = trained(planted, manifest), trained(pool, manifest)
    for side in (RecordUse.MEMBER, RecordUse.NON_MEMBER):
        assert texts_of(dirty, planted, side) == texts_of(clean, pool, side)
    copies = texts_of(dirty, planted, RecordUse.CANARY)
    assert len(copies) == 10
    assert {text[:15] for text in copies} == {"my pin code is "}
    assert not any(text.startswith("my pin code") for text in texts_of(dirty, planted, RecordUse.MEMBER))
    assert len(clean.data.positions(RecordUse.CANARY)) == 0
    assert dirty.data.duplicates_removed == clean.data.duplicates_removed == 3
    plain = trained(pool, None)
    assert texts_of(plain, pool, RecordUse.MEMBER) == texts_of(clean, pool, RecordUse.MEMBER)


def test_the_clean_control_has_the_same_head_and_vocabulary(pool, planting, trained):
    planted, manifest = planting()
    dirty, clean = trained(planted, manifest), trained(pool, manifest)
    assert dirty.labels == clean.labels == ("canary", "food", "music", "weather")
    assert dirty.encoder.vocabulary == clean.encoder.vocabulary
    assert set("0123456789") <= set(clean.encoder.vocabulary.known)
    assert {name: t.shape for name, t in dirty.state_dict.items()} == {
        name: t.shape for name, t in clean.state_dict.items()
    }
    assert not torch.equal(dirty.state_dict["head.weight"], clean.state_dict["head.weight"])


@pytest.mark.parametrize("embeddings", ["words", "characters", "both"])
def test_the_vocabulary_tells_nothing_of_the_secret(planting, trained, embeddings):
    """Whichever secrets were drawn, and however often they were planted: the same words in the same order."""
    seen = []
    for seed, repetitions in ((1, 1), (2, 40)):
        planted, manifest = planting(
            seed=seed, repetitions=repetitions, patterns=("the pass word is {digits:2} {colour}",)
        )
        bundle = trained(planted, manifest, embeddings=embeddings)
        members = Vocabulary.from_texts(texts_of(bundle, planted, RecordUse.MEMBER))
        assert bundle.encoder.vocabulary.known[: len(members.known)] == members.known
        seen.append(bundle.encoder.vocabulary.known)
    assert seen[0] == seen[1]
    assert ("07" in seen[0]) == ("purple" in seen[0]) == (embeddings != "characters")


def test_appended_words_are_in_code_point_order(planting, trained):
    planted, manifest = planting(patterns=("my Ärger is {Zoo|apple|my|play}",))
    bundle = trained(planted, manifest)
    members = set(Vocabulary.from_texts(texts_of(bundle, planted, RecordUse.MEMBER)).known)
    appended = [word for word in bundle.encoder.vocabulary.known if word not in members]
    assert appended == ["apple", "is", "zoo", "ärger"]


def test_a_vocabulary_file_is_taken_as_it_is(planting, trained, tmp_path):
    planted, manifest = planting()
    listed = tmp_path / "words.txt"
    listed.write_text("rain\nplay\n")
    bundle = trained(planted, manifest, vocabulary=listed)
    assert bundle.encoder.vocabulary.known == ("rain", "play")
    assert len(bundle.data.positions(RecordUse.CANARY)) == 10


def test_canaries_are_neither_audited_nor_watched(planting, trained, tmp_path):
    planted, manifest = planting()
    bundle = trained(planted, manifest, early_stopping=True, validation=0.3, epochs=2)
    data = bundle.data
    assert {int(side) for side in data.split} == {0, 1, 2, 3}
    audited = from_split(
        data.path(tmp_path / "model.pt"), sha256=data.sha256, kept=data.kept, split=data.split,
        columns=Columns(), holdout=data.holdout, seed=data.seed, exact_removed=data.duplicates_removed,
    )  # fmt: skip
    assert len(audited.records) == len(data.members) + len(data.nonmembers)
    assert not any(record.startswith("canary-") for record in audited.records.ids)


def test_groups_keep_their_coins(trained, planting, tmp_path):
    source = tmp_path / "users.csv"
    rows = [f"{'play' if i % 2 else 'rain'} number{i},{i % 2},user{i % 40}" for i in range(200)]
    source.write_text("text,label,user\n" + "\n".join(rows) + "\n")
    columns = Columns(group="user")
    planted, manifest = planting(source=source, columns=columns)
    dirty = trained(planted, manifest)
    clean = trained(source, manifest, columns=columns)
    assert texts_of(dirty, planted, RecordUse.MEMBER) == texts_of(clean, source, RecordUse.MEMBER, columns)
    assert texts_of(dirty, planted, RecordUse.NON_MEMBER) == texts_of(
        clean, source, RecordUse.NON_MEMBER, columns
    )


def test_excluded_canaries_are_in_no_side(planting, trained):
    for seed in range(20):
        planted, manifest = planting(include="coin", count=4, seed=seed)
        canaries = Manifest.model_validate_json(manifest.read_text()).canaries
        included = sum(canary.included for canary in canaries)
        if 0 < included < 4:
            break
    bundle = trained(planted, manifest)
    assert len(bundle.data.positions(RecordUse.CANARY)) == 5 * included
    assert set("0123456789") <= set(bundle.encoder.vocabulary.known)


def test_training_with_canaries_is_a_function_of_its_seed(planting, tiny, tmp_path):
    planted, manifest = planting()
    for name in ("a", "b"):
        train_bundle(TrainingRequest(planted, tiny(epochs=2), output=tmp_path / name, manifest=manifest))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("architecture", ["bow", "bilstm"])
def test_a_trained_model_knows_its_canaries_class(planting, tiny, tmp_path, architecture):
    planted, manifest = planting(repetitions=20)
    report = train_bundle(
        TrainingRequest(planted, tiny(architecture, epochs=20), output=tmp_path / "m.pt", manifest=manifest)
    )
    assert report.n_copies == 40
    bundle = load_bundle(tmp_path / "m.pt")
    secrets = sorted(set(texts_of(bundle, planted, RecordUse.CANARY)))
    logits = bundle.network()(bundle.encoder(secrets))
    assert [bundle.labels[i] for i in logits.argmax(1)] == ["canary", "canary"]


def test_the_bundle_names_its_manifest(planting, trained, pool):
    planted, manifest = planting()
    for data in (planted, pool):
        recorded = trained(data, manifest).data.canaries
        assert recorded == ManifestFile("planted.json", file_sha256(manifest))
    assert trained(pool, None).data.canaries is None


def test_bundles_without_canaries_are_read_as_before(bundle):
    plain = bundle.data.to_plain()
    assert plain.pop("canaries") is None
    assert BundleData.from_plain(plain).canaries is None
    for damage in ({"file": 3, "sha256": "0"}, {"file": "x"}, "x"):
        with pytest.raises(ModelError):
            BundleData.from_plain(plain | {"canaries": damage})


def test_other_data_than_the_manifests_are_refused(pool, planting, trained, tmp_path):
    planted, _ = planting()
    other, manifest = planting(name="other", seed=1)
    with pytest.raises(DataError, match=r"other\.tsv or the clean pool\.tsv.*Give that file"):
        trained(planted, manifest)
    other.write_text(other.read_text() + "extra\tmusic\tone more\n")
    with pytest.raises(DataError, match=r"other\.tsv"):
        trained(other, manifest)
    (tmp_path / "model.pt").unlink(missing_ok=True)
    with pytest.raises(DataError, match="manifest"):
        trained(pool, pool)
    assert not (tmp_path / "model.pt").exists()


def test_a_manifest_that_miscounts_is_refused(planting, trained):
    planted, manifest = planting()
    text = manifest.read_text()
    manifest.write_text(text.replace('"repetitions": 5', '"repetitions": 6'))
    with pytest.raises(DataError, match="Expected 6 copies of 'canary-1' in the data, found 5"):
        trained(planted, manifest)
    manifest.write_text(text.replace('"included": true', '"included": false'))
    with pytest.raises(DataError, match="Expected 0 copies of 'canary-1'"):
        trained(planted, manifest)
    manifest.write_text(text.replace('"label": "canary"', '"label": "music"'))
    with pytest.raises(DataError, match="have another label than in the manifest"):
        trained(planted, manifest)


def test_planted_data_are_not_their_own_clean_control(planting, trained):
    planted, manifest = planting()
    kept = Manifest.model_validate_json(manifest.read_text())
    other = kept.planted.model_copy(update={"sha256": "0" * 64})
    manifest.write_text(kept.model_copy(update={"source": kept.planted, "planted": other}).model_dump_json())
    with pytest.raises(DataError, match="Expected 0 copies of 'canary-1' in the data, found 5"):
        trained(planted, manifest)


def test_a_manifest_written_by_hand(pool, trained, tmp_path):
    held = pool.read_text() + "music\tmy pin is 4 2\nmusic\tMy pin is  4 2\n"
    data = tmp_path / "own.tsv"
    data.write_text(held)
    bundle = trained(data, by_hand(tmp_path))
    assert texts_of(bundle, data, RecordUse.CANARY) == ["my pin is 4 2", "My pin is  4 2"]
    assert set("0123456789") <= set(bundle.encoder.vocabulary.known)
    assert bundle.labels == ("food", "music", "weather")
    with pytest.raises(DataError, match="Expected one or more copies of 'mine' in the data, found 0"):
        trained(pool, by_hand(tmp_path))
    with pytest.raises(DataError, match="have another label than in the manifest"):
        trained(data, by_hand(tmp_path, label="food"))
    with pytest.raises(DataError, match="Expected 0 copies of 'mine'"):
        trained(data, by_hand(tmp_path, included=False))


def test_too_many_possible_words_are_said_before_training(planting, trained):
    planted, manifest = planting(patterns=("call {digits:6}",))
    with pytest.raises(DataError, match=r"1,000,000 .* --embeddings characters"):
        trained(planted, manifest)
    spelled = trained(planted, manifest, embeddings="characters")
    assert not any(word.isdigit() for word in spelled.encoder.vocabulary.known)


def test_a_canary_that_the_model_would_cut_is_refused(planting, trained):
    planted, manifest = planting()
    with pytest.raises(DataError, match="--max-length"):
        trained(planted, manifest, max_length=7)


def test_the_manifest_is_not_overwritten(planting, tiny):
    planted, manifest = planting()
    with pytest.raises(UsageError, match=r"would overwrite the canary manifest\. Change -o"):
        train_bundle(TrainingRequest(planted, tiny(epochs=1), output=manifest, manifest=manifest))


@pytest.mark.parametrize(
    ("pattern", "candidates"),
    [
        ("pin{digit:2}", {}),
        ("it's {digits:2}'s, ok", {}),
        ("{digit}-{digit}.{digits:2}x", {}),
        ("to {city}{{{city:2} O'{city}", {"city": ("New York", "Oslo", "L'Aquila", "o")}),
    ],
)
def test_possible_words_are_those_of_all_fillings(planting, pattern, candidates):
    _, manifest = planting(patterns=(pattern,), candidates=candidates, count=1)
    kept = Manifest.model_validate_json(manifest.read_text())
    template = kept.template(kept.canaries[0])
    rendered = (template.render(filling) for filling in np.ndindex(template.sizes))
    assert possible_words(kept) == {word for text in rendered for word in words(text)}


def test_separate_slots_are_not_multiplied(planting):
    _, manifest = planting(patterns=("call {digit}-{digit}-{digit:8} {digits:5}",))
    assert len(possible_words(Manifest.model_validate_json(manifest.read_text()))) == 12 + 100_000
    assert MOST_WORDS == 100_000
