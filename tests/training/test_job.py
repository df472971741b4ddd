from collections import Counter

import numpy as np
import pytest
import torch

from privaudit.data.audit_set import from_split
from privaudit.data.columns import Columns
from privaudit.errors import DataError, UsageError
from privaudit.training.bundle import load_bundle
from privaudit.training.bundle_data import RecordUse
from privaudit.training.job import train_bundle
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest
from privaudit.training.text import words

NAMES = ("music", "weather", "food")


@pytest.fixture
def pool(corpus, tmp_path):
    """``label<TAB>text`` with every text made unique, then three exact duplicates."""
    rows = [
        f"{NAMES[c]}\t{text} item{i}"
        for i, (text, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    path = tmp_path / "data" / "pool.tsv"
    path.parent.mkdir()
    path.write_text(
        "\n".join([*rows, rows[0], rows[1].upper().replace(NAMES[corpus.labels[1]].upper(), "food"), rows[5]])
        + "\n"
    )
    return path


def table(tmp_path, text):
    path = tmp_path / "pool.csv"
    path.write_text(text)
    return path


def test_one_file_gives_a_bundle_that_knows_who_is_in(pool, corpus, tiny, tmp_path):
    report = train_bundle(TrainingRequest(pool, tiny(epochs=15), output=tmp_path / "model.pt"))
    bundle = load_bundle(tmp_path / "model.pt")
    data = bundle.data
    assert (data.file, data.n_records, data.duplicates_removed) == ("data/pool.tsv", 163, 3)
    assert data.path(tmp_path / "model.pt").samefile(pool)
    assert (report.n_members, report.n_nonmembers, report.n_validation) == (
        len(data.members),
        len(data.nonmembers),
        0,
    )
    assert report.n_members + report.n_nonmembers == 160
    assert 50 < report.n_members < 110
    assert bundle.labels == tuple(sorted(NAMES)) == report.labels
    member_words = {word for i in data.members for word in words(f"{corpus.texts[i]} item{i}")}
    assert set(bundle.encoder.vocabulary.known) == member_words
    assert report.vocabulary_size == len(member_words) + 2
    assert report.member_accuracy > 0.95
    assert 0.8 < report.holdout_accuracy <= 1


def test_the_audit_finds_the_same_records_again(pool, tiny, tmp_path):
    path = tmp_path / "model.pt"
    report = train_bundle(TrainingRequest(pool, tiny(), output=path))
    data = load_bundle(path).data
    audited = from_split(
        data.path(path),
        sha256=data.sha256,
        kept=data.kept,
        split=data.split,
        columns=Columns(data.text_column, data.label_column, data.id_column, data.group_column),
        holdout=data.holdout,
        seed=data.seed,
        exact_removed=data.duplicates_removed,
    )
    assert int(audited.member.sum()) == report.n_members
    assert len(audited.records) == 160


def test_a_job_is_a_function_of_its_seed(pool, tiny, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_bundle(TrainingRequest(pool, tiny(seed=seed), output=tmp_path / name))
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_the_holdout_is_a_probability(pool, tiny, tmp_path):
    report = train_bundle(TrainingRequest(pool, tiny(epochs=1), output=tmp_path / "m.pt", holdout=0.2))
    assert 110 < report.n_members < 148


def test_early_stopping_takes_its_validation_part_out_of_the_members(pool, tiny, tmp_path):
    plain = train_bundle(TrainingRequest(pool, tiny(epochs=2), output=tmp_path / "plain.pt"))
    recipe = tiny(epochs=2, early_stopping=True, validation=0.3)
    report = train_bundle(TrainingRequest(pool, recipe, output=tmp_path / "early.pt"))
    before, after = (load_bundle(tmp_path / name).data for name in ("plain.pt", "early.pt"))
    np.testing.assert_array_equal(before.nonmembers, after.nonmembers)
    watched = after.positions(RecordUse.VALIDATION)
    assert sorted([*after.members, *watched]) == before.members.tolist()
    assert report.n_validation == len(watched) == plain.n_members - report.n_members
    assert 10 < len(watched) < 45
    assert report.history.epochs[-1].validation_loss is not None


def test_groups_stay_together(tiny, tmp_path):
    rows = [f"{'play' if i % 2 else 'rain'} number{i},{i % 2},user{i % 40}" for i in range(400)]
    path = table(tmp_path, "text,label,user\n" + "\n".join(rows))
    recipe = tiny(epochs=1, early_stopping=True, validation=0.3)
    train_bundle(TrainingRequest(path, recipe, output=tmp_path / "m.pt", columns=Columns(group="user")))
    data = load_bundle(tmp_path / "m.pt").data
    assert data.group_column == "user"
    sides = Counter((position % 40, side) for position, side in zip(data.kept, data.split, strict=True))
    assert len(sides) == 40
    assert {side for _, side in sides} == {0, 1, 2}


def test_a_vocabulary_file_replaces_the_members_words_and_is_recorded(pool, tiny, tmp_path):
    listed = tmp_path / "words.txt"
    listed.write_text("rain\nplay\ntable\n")
    report = train_bundle(
        TrainingRequest(pool, tiny(epochs=1), output=tmp_path / "m.pt", vocabulary_file=listed)
    )
    bundle = load_bundle(tmp_path / "m.pt")
    assert bundle.encoder.vocabulary.known == ("rain", "play", "table")
    assert bundle.recipe.vocabulary.startswith("sha256:")
    assert report.recipe == bundle.recipe


def test_a_run_cut_short_records_how_far_it_came(pool, tiny, tmp_path):
    report = train_bundle(TrainingRequest(pool, tiny(epochs=500), output=tmp_path / "m.pt", max_seconds=0.0))
    assert report.history.stopped == "time"
    again = train_bundle(
        TrainingRequest(pool, load_bundle(tmp_path / "m.pt").recipe, output=tmp_path / "again.pt")
    )
    first, second = (load_bundle(tmp_path / name).state_dict for name in ("m.pt", "again.pt"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert again.history.stopped == "epochs"


def test_a_label_without_members_keeps_its_place(tiny, tmp_path):
    rows = (
        [f"rain number{i},a" for i in range(30)]
        + [f"play number{i},b" for i in range(30)]
        + ["lonely one,zz"]
    )
    path = table(tmp_path, "text,label\n" + "\n".join(rows))
    for seed in range(4):
        train_bundle(TrainingRequest(path, tiny(epochs=1, seed=seed), output=tmp_path / "m.pt"))
        assert load_bundle(tmp_path / "m.pt").labels == ("a", "b", "zz")


def test_one_class_is_a_data_error(tiny, tmp_path):
    path = table(tmp_path, "text,label\n" + "\n".join(f"rain number{i},a" for i in range(30)))
    with pytest.raises(DataError, match="Training needs at least two classes, but the data have 1"):
        train_bundle(TrainingRequest(path, tiny(), output=tmp_path / "m.pt"))


def test_a_membership_column_is_not_overruled_in_silence(tiny, tmp_path):
    path = table(tmp_path, "text,label,split\n" + "\n".join(f"t{i},{i % 2},train" for i in range(30)))
    with pytest.raises(DataError, match=r"pool\.csv has a membership column, but seeded coins decide"):
        train_bundle(TrainingRequest(path, tiny(), output=tmp_path / "m.pt"))


def test_an_output_that_cannot_be_written_is_said_before_training(pool, tiny, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    forever = tiny(epochs=100_000)
    for output in (tmp_path / "none" / "m.pt", tmp_path / "folder", pool):
        with pytest.raises(UsageError, match="-o"):
            train_bundle(TrainingRequest(pool, forever, output=output))
    with pytest.raises(UsageError, match=r"folder already exists and is not an empty directory\. Change -o"):
        train_bundle(TrainingRequest(pool, Recipe.for_architecture("hf:x"), output=tmp_path / "folder"))


def test_a_vocabulary_for_a_model_that_spells_is_a_usage_error(pool, tiny, tmp_path):
    with pytest.raises(UsageError, match="--vocabulary"):
        train_bundle(
            TrainingRequest(
                pool, tiny(embeddings="characters"), output=tmp_path / "m.pt", vocabulary_file=pool
            )
        )


def test_without_a_holdout_every_record_is_trained_on(pool, tiny, tmp_path):
    report = train_bundle(TrainingRequest(pool, tiny(epochs=1), output=tmp_path / "m.pt", holdout=0))
    assert report.n_nonmembers == 0
    assert report.holdout_accuracy is None
    assert len(load_bundle(tmp_path / "m.pt").data.members) == report.n_members
