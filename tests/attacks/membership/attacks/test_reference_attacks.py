"""The attacks on reference models against oracles that anyone can read, record by record."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm, t
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.attacks import lira_multi
from privaudit.attacks.membership.empirical_bayes import log_ratio
from privaudit.attacks.membership.empirical_bayes_offline import latent_log_ratio
from privaudit.attacks.membership.reference_statistics import variance_degrees
from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.scales import NormalScores, StandardScores
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext

N, K, C = 60, 9, 4


def make(seed=0, n=N, k=K, classes=C, offline=False) -> Signals:
    rng = np.random.default_rng(seed)
    inside = np.zeros((k, n), bool) if offline else rng.random((k, n)) < 0.5
    label, difficulty = rng.integers(classes, size=n), rng.normal(size=n)

    def logits(saw):
        values = rng.normal(size=(n, classes))
        values[np.arange(n), label] += 2 * saw - difficulty
        return values

    def extras(saw):
        return rng.normal(size=(n, 2)) + (saw - difficulty)[:, None]

    member = rng.random(n) < 0.5
    return Signals(
        ids=[f"r{i}" for i in range(n)],
        member=member,
        label=label,
        target_logits=logits(member),
        reference_logits=np.stack([logits(row) for row in inside]),
        reference_in=inside,
        reference_extras=np.stack([extras(row) for row in inside]),
        target_extras=extras(member),
    )


def make_with(signals: Signals, **changes) -> Signals:
    return replace(signals, cache={}, **changes)


def score(attack: str, signals: Signals) -> np.ndarray:
    return membership_attacks()[attack].score(signals, AttackContext(0))


def true_probability(logits, label) -> np.ndarray:
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p[np.arange(len(label)), label]


def odds(logits, label) -> np.ndarray:
    p = true_probability(logits, label)
    return np.log(p / (1 - p))


def cells(signals: Signals) -> tuple[np.ndarray, list[list[float]], list[list[float]]]:
    """The target's margins, and per record the lists of OUT and of IN margins."""
    values = np.array([odds(logits, signals.label) for logits in signals.reference_logits])
    inside, n = signals.reference_in, len(signals)
    out_values = [[float(v) for v in values[~inside[:, i], i]] for i in range(n)]
    in_values = [[float(v) for v in values[inside[:, i], i]] for i in range(n)]
    return odds(signals.target_logits, signals.label), out_values, in_values


def pooled(records: list[list[float]]) -> float:
    squares = sum(float(np.sum((np.array(r) - np.mean(r)) ** 2)) for r in records if r)
    return squares / sum(len(r) - 1 for r in records if r)


def own_variance(record: list[float], common: float) -> float:
    return float(np.var(record, ddof=1)) if len(record) > 1 else common


def assert_equal(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.fixture(params=range(3))
def signals(request) -> Signals:
    return make(request.param)


def test_lira_online(signals):
    target, outs, ins = cells(signals)
    common_out, common_in = pooled(outs), pooled(ins)
    expected = [
        norm.logpdf(x, np.mean(i), math.sqrt(own_variance(i, common_in)))
        - norm.logpdf(x, np.mean(o), math.sqrt(own_variance(o, common_out)))
        if i and o
        else math.nan
        for x, o, i in zip(target, outs, ins, strict=True)
    ]
    assert_equal(score("lira-online", signals), expected)


def test_lira_online_pooled(signals):
    target, outs, ins = cells(signals)
    s_out, s_in = math.sqrt(pooled(outs)), math.sqrt(pooled(ins))
    expected = [
        norm.logpdf(x, np.mean(i), s_in) - norm.logpdf(x, np.mean(o), s_out) if i and o else math.nan
        for x, o, i in zip(target, outs, ins, strict=True)
    ]
    assert_equal(score("lira-online-pooled", signals), expected)


def student(records: list[list[float]]):
    """Per record the posterior predictive of a normal model with a normal-inverse-gamma prior."""
    every = np.concatenate([r for r in records if r])
    m, v = every.mean(), pooled(records)
    k = min(max(v / (every.var() - v), 0.01), 100.0)
    squares = np.array([np.sum((np.array(r) - np.mean(r)) ** 2) if r else 0.0 for r in records])
    counts = np.array([len(r) for r in records])
    d = variance_degrees(squares, np.maximum(counts - 1.0, 0), np.full(len(records), v))
    for r, q, c in zip(records, squares, counts, strict=True):
        x = np.mean(r) if r else 0.0
        scale = (d * v + q + k * c / (k + c) * (x - m) ** 2) / (d + c) * (1 + 1 / (k + c))
        yield t(df=d + c, loc=(k * m + c * x) / (k + c), scale=math.sqrt(scale))


def test_lira_online_shrunk(signals):
    target, outs, ins = cells(signals)
    both = zip(target, student(outs), student(ins), strict=True)
    assert_equal(score("lira-online-shrunk", signals), [i.logpdf(x) - o.logpdf(x) for x, o, i in both])


def test_lira_offline(signals):
    target, outs, _ = cells(signals)
    common = pooled(outs)
    expected = [
        (x - np.mean(o)) / math.sqrt(own_variance(o, common)) if o else math.nan
        for x, o in zip(target, outs, strict=True)
    ]
    assert_equal(score("lira-offline", signals), expected)


def test_lira_offline_pooled(signals):
    target, outs, _ = cells(signals)
    spread = math.sqrt(pooled(outs))
    expected = [(x - np.mean(o)) / spread if o else math.nan for x, o in zip(target, outs, strict=True)]
    assert_equal(score("lira-offline-pooled", signals), expected)


def test_lira_offline_shrunk_has_the_tail_of_student(signals):
    target, outs, _ = cells(signals)
    tails = [law.sf(x) for x, law in zip(target, student(outs), strict=True)]
    np.testing.assert_allclose(norm.sf(score("lira-offline-shrunk", signals)), tails, atol=0.005)


def test_calibration(signals):
    target, outs, _ = cells(signals)
    expected = [x - np.mean(o) if o else math.nan for x, o in zip(target, outs, strict=True)]
    assert_equal(score("calibration", signals), expected)


def test_attack_r(signals):
    target, outs, _ = cells(signals)
    expected = [np.mean([x > v for v in o]) if o else math.nan for x, o in zip(target, outs, strict=True)]
    assert_equal(score("attack-r", signals), expected)


def test_attack_r_counts_ties_by_half(signals):
    same = np.repeat(signals.target_logits[None], K, axis=0)
    found = score("attack-r", make_with(signals, reference_logits=same))
    assert_equal(found[~np.isnan(found)], 0.5)


@pytest.mark.parametrize("offline", [False, True])
def test_base(offline):
    signals = make(4, offline=offline)
    p = true_probability(signals.target_logits, signals.label)
    mean = np.mean([true_probability(z, signals.label) for z in signals.reference_logits], axis=0)
    assert_equal(score("base", signals), np.log(p) - (0.33 if offline else 1.0) * np.log(mean))


@pytest.mark.parametrize("offline", [False, True])
def test_rmia(offline):
    signals = make(5, offline=offline)
    p = np.array([true_probability(z, signals.label) for z in signals.reference_logits])
    ratio = np.full(N, np.nan)
    for i in range(N):
        inside = p[signals.reference_in[:, i], i]
        outside = p[~signals.reference_in[:, i], i]
        if len(outside):
            seen = inside.mean() if len(inside) else 0.3 * outside.mean() + 0.7
            ratio[i] = true_probability(signals.target_logits, signals.label)[i] / (
                (outside.mean() + seen) / 2
            )
    assert_equal(score("rmia", signals), np.log(ratio) - np.nanmedian(np.log(ratio)))


def test_rmia_ranks_as_the_published_count_does():
    """A larger ratio beats at least as many population records."""
    signals = make(6, k=32)
    ratio = np.exp(score("rmia", signals))
    population, gamma = ratio[::2], 1.5
    count = np.array([(r / population >= gamma).mean() for r in ratio])
    assert (np.diff(count[np.argsort(ratio)]) >= 0).all()


def test_lira_eb_is_the_log_ratio_of_the_margins(signals):
    target, _, _ = cells(signals)
    values = np.array([odds(z, signals.label) for z in signals.reference_logits])
    assert_equal(score("lira-eb", signals), log_ratio(values, signals.reference_in, target))
    assert_equal(score("lira-eb-offline", signals), latent_log_ratio(values, ~signals.reference_in, target))


def test_lira_eb_offline_does_not_read_in_values(signals):
    noise = signals.reference_logits + 100 * signals.reference_in[..., None] * np.arange(C)
    found = score("lira-eb-offline", make_with(signals, reference_logits=noise))
    assert_equal(found, score("lira-eb-offline", signals))


def test_lira_multi_weighs_the_log_ratios_by_what_references_teach():
    """The penalised logistic regression, minimised by another method."""
    signals = make(7, n=200, k=4)
    values = np.array([odds(z, signals.label) for z in signals.reference_logits])
    layers = [(values, odds(signals.target_logits, signals.label))]
    layers += [(signals.reference_extras[..., j], signals.target_extras[:, j]) for j in range(2)]
    inside, rest = signals.reference_in, [np.arange(4) != k for k in range(4)]

    def features(ratios):
        return np.column_stack([np.ones(len(ratios[0])), *np.clip(ratios, -30, 30)])

    x = np.concatenate(
        [features([log_ratio(v[o], inside[o], v[k]) for v, _ in layers]) for k, o in enumerate(rest)]
    )
    y, alone = np.concatenate(inside), np.array([0.0, 1, 0, 0])

    def objective(w):
        z = x @ w
        value = np.logaddexp(0, z).sum() - z @ y + lira_multi.RIDGE / 2 * ((w - alone) ** 2).sum()
        return value, x.T @ (expit(z) - y) + lira_multi.RIDGE * (w - alone)

    weights = minimize(objective, alone, jac=True, tol=1e-14).x
    expected = features([log_ratio(v, inside, own) for v, own in layers]) @ weights
    np.testing.assert_allclose(score("lira-multi", signals), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_lira_multi_with_few_references_is_lira_eb(k):
    signals = make(8, k=k)
    assert_equal(score("lira-multi", signals), score("lira-eb", signals))


def test_lira_multi_gains_from_a_signal_that_tells_more():
    signals = make(9, n=2000, k=8)
    rng = np.random.default_rng(0)
    telling = make_with(
        signals,
        reference_extras=3.0 * signals.reference_in[..., None] + rng.normal(size=(8, 2000, 1)),
        target_extras=3.0 * signals.member[:, None] + rng.normal(size=(2000, 1)),
    )
    noise = make_with(
        signals,
        reference_extras=rng.normal(size=(8, 2000, 1)),
        target_extras=rng.normal(size=(2000, 1)),
    )
    alone = roc_auc_score(signals.member, score("lira-eb", signals))
    assert roc_auc_score(signals.member, score("lira-multi", telling)) > alone + 0.05
    assert roc_auc_score(signals.member, score("lira-multi", noise)) > alone - 0.01


def ridge_model(features, label, inside, classes):
    """Least squares on one-hot labels: overfits where there are about as many features as records."""
    x, y = features[inside], np.eye(classes)[label[inside]]
    weight = np.linalg.solve(x.T @ x + 0.5 * np.eye(x.shape[1]), x.T @ y)
    return 6 * features @ weight


def test_online_beats_offline_beats_loss_on_an_overfit_model():
    """A real model, trained 35 times: features of very different length make easy and hard records."""
    rng, n, width, classes, k = np.random.default_rng(3), 600, 150, 5, 32
    label = rng.integers(classes, size=n)
    centre = rng.normal(size=(classes, width)) * 0.35
    features = (centre[label] + rng.normal(size=(n, width))) * rng.gamma(2, 0.5, size=(n, 1))
    inside = rng.random((k, n)) < 0.5
    references = np.stack([ridge_model(features, label, row, classes) for row in inside])
    found: dict[str, list[float]] = {}
    for _ in range(3):
        member = rng.random(n) < 0.5
        signals = Signals(
            ids=[f"r{i}" for i in range(n)],
            member=member,
            label=label,
            target_logits=ridge_model(features, label, member, classes),
            reference_logits=references,
            reference_in=inside,
        )
        for attack in ("lira-eb", "lira-online", "lira-eb-offline", "lira-offline", "loss"):
            value = score(attack, signals)
            scored = ~np.isnan(value)
            found.setdefault(attack, []).append(roc_auc_score(member[scored], value[scored]))
    mean = {attack: np.mean(values) for attack, values in found.items()}
    assert mean["lira-online"] >= mean["lira-offline"] >= mean["loss"]
    assert mean["lira-eb"] >= mean["lira-eb-offline"] >= mean["loss"]
    assert mean["lira-eb"] > mean["loss"] + 0.05


def test_normal_scores_are_normal_rise_and_do_not_end():
    values = np.random.default_rng(0).gamma(0.3, size=(7, 4000))
    scale = NormalScores(values)
    z = scale(values)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.02
    far = np.array([-50.0, values.min(), 1.0, values.max(), 50.0, 1e9])
    assert (np.diff(scale(far)) > 0).all()
    assert np.isfinite(scale(far)).all()
    assert NormalScores(np.ones((2, 3)))(np.array([0.0, 1.0, 2.0])).tolist() == [-1.0, 0.0, 1.0]


def test_standard_scores_are_standard():
    values = np.random.default_rng(0).gamma(2, size=(3, 50))
    z = StandardScores(values)(values)
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-12)
    assert StandardScores(np.ones((2, 3)))(np.array([1.0, 2.0])).tolist() == [0.0, 1.0]
