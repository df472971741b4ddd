"""What can be read off a step directly: with the noise almost off, and with an empty batch.

The canary test judges; these say where to look, and see what it cannot: a sampler without independent coins,
a normaliser that depends on the number of records, coordinates without noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.observe import Gradients, noisy_sum, norm
from privaudit.audits.dp_step.toy import EVERYWHERE, KINDS, Toy, ToyRecords
from privaudit.errors import UsageError
from privaudit.results import StaticCheck

SILENT_NOISE = 1e-6
"""A noise multiplier at which clipped sums can be read to a thousandth of the clip norm."""
_NEVER = 1e-9
"""A sample rate at which no record comes."""
_REPEATS = 64
_TOLERANCE = 1e-2
"""In clip norms."""
_ALARM = 1e-6
"""Chance of a false alarm in a check that is statistical."""
_PLACES = {
    "row": "an embedding row of its own",
    "table": "an embedding row that others share",
    "weight": "the linear layer's weight",
    "bias": "its bias",
    EVERYWHERE: "all parameters alike",
}


@dataclass(frozen=True, eq=False)
class Probe:
    """One step under conditions that are not those of the claim, with seeds of its own."""

    step: LoadedStep
    toy: Toy
    seeds: Callable[[], int]

    def __call__(
        self,
        records: ToyRecords,
        *,
        noise: float | None = None,
        rate: float | None = None,
        seed: int | None = None,
    ) -> Gradients:
        """The noisy sum in clip norms."""
        seed = self.seeds() if seed is None else seed
        return noisy_sum(self.step, self.toy.task(records, seed, noise=noise, rate=rate))


def inspect_step(step: LoadedStep, toy: Toy, seed: Sequence[int]) -> tuple[StaticCheck, ...]:
    """Every check, in the order in which a reader should look: clipping, noise, sampler, normaliser, seeds.

    Args:
        step: what is tested.
        toy: its records and the configured mechanism.
        seed: of the seeds that the step is given.
    """
    rng = np.random.default_rng(seed)
    probe = Probe(step, toy, lambda: int(rng.integers(0, 2**63)))
    checks = {
        "clipping": check_clipping,
        "noise": check_noise,
        "sampler": check_sampler,
        "normaliser": check_normaliser,
        "seed": check_seed,
    }
    return tuple(_made(name, check, probe) for name, check in checks.items())


def check_clipping(probe: Probe) -> StaticCheck:
    """Every record in the batch and no noise: how far one record moves the sum."""
    moved = {}
    for kind in (*KINDS, EVERYWHERE):
        with_it = probe(probe.toy.scene(kind, included=True), noise=SILENT_NOISE, rate=1.0)
        without = probe(probe.toy.scene(kind, included=False), noise=SILENT_NOISE, rate=1.0)
        moved[kind] = norm({name: with_it[name] - without[name] for name in with_it})
    far = {kind: length for kind, length in moved.items() if length > 1 + _TOLERANCE}
    if far:
        return _warning("clipping", f"one record moves the batch's sum by {_lengths(far)}, not at most 1")
    weak = min(moved, key=lambda kind: moved[kind])
    if moved[weak] < 0.5:
        return _warning(
            "clipping",
            f"a record far above the clip norm moves the sum by {_lengths({weak: moved[weak]})} only, so the"
            " canaries are weak: what is returned must be the clipped sum and its noise over"
            " expected_batch_size",
        )
    return _ok("clipping", f"one record moves the sum by at most {max(moved.values()):.4f} clip norms")


def check_noise(probe: Probe) -> StaticCheck:
    """No record in the batch: what is left is the noise, in every coordinate."""
    drawn = [probe(probe.toy.distinct(), rate=_NEVER) for _ in range(_REPEATS)]
    ratios = {}
    for name in drawn[0]:
        values = torch.stack([gradients[name].flatten() for gradients in drawn])
        silent = float((values == 0).all(0).double().mean())
        if silent:
            return _warning("noise", f"{silent:.0%} of {name} gets no noise when no record touches it")
        total = float(values.square().sum()) / probe.toy.noise_multiplier**2
        ratios[name] = ((total / values.numel()) ** 0.5, float(stats.chi2.cdf(total, values.numel())))
    text = ", ".join(f"{ratio:.3f} in {name}" for name, (ratio, _) in ratios.items())
    low = [name for name, (_, p) in ratios.items() if p < _ALARM / len(ratios)]
    if low:
        return _warning("noise", f"measured over configured noise: {text}; too little in {', '.join(low)}")
    return _ok("noise", f"measured over configured noise: {text}")


def check_sampler(probe: Probe) -> StaticCheck:
    """Records that show themselves: who is in a batch, how often, and how the sizes vary."""
    records, rate = probe.toy.distinct(), probe.toy.sample_rate
    n = len(records.labels)
    rows = records.inputs[:, 0].long()
    lengths = np.stack(
        [
            probe(records, noise=SILENT_NOISE)["table.weight"][rows].norm(dim=1).numpy()
            for _ in range(_REPEATS)
        ]
    )
    if lengths.max() < _TOLERANCE:
        return _warning("sampler", f"no record showed in any of {_REPEATS} batches")
    # NOTE: what one record adds depends on the kind of clipping and on the divisor, so it is measured.
    once = float(np.median(lengths[lengths > 0.1 * lengths.max()]))
    if lengths.max() > 1.5 * once:
        return _warning("sampler", f"a record counted {lengths.max() / once:.2g} times in one batch")
    inside = lengths > once / 2
    share, sizes = float(inside.mean()), inside.sum(1)
    text = f"records came with rate {share:.4f}, configured {rate:g}; batches {sizes.min()} to {sizes.max()}"
    if _outside(stats.binom(n * _REPEATS, rate), int(inside.sum())):
        return _warning("sampler", f"{text}: not the configured rate")
    if rate == 1:
        return _ok("sampler", text)
    spread = float(((sizes - n * rate) ** 2).sum() / (n * rate * (1 - rate)))
    if _outside(stats.chi2(_REPEATS), spread):
        return _warning(
            "sampler",
            f"{text}: their variance is {spread / _REPEATS:.2f} of what independent coins give, so this is"
            " not the Poisson sampling that is accounted",
        )
    return _ok("sampler", f"{text}, as independent coins give")


def check_normaliser(probe: Probe) -> StaticCheck:
    """One more record without any gradient must change nothing."""
    records = probe.toy.distinct()
    before = probe(records, noise=SILENT_NOISE, rate=1.0)
    after = probe(records + probe.toy.without_gradient(), noise=SILENT_NOISE, rate=1.0)
    change = norm({name: after[name] - before[name] for name in before}) / max(norm(before), _TOLERANCE)
    if change > _TOLERANCE / 10:
        return _warning(
            "normaliser",
            f"a record without gradient changes what is returned by {change:.2%}: the divisor depends on the"
            " number of records, which reveals whether one is there",
        )
    return _ok("normaliser", "a record without gradient changes nothing")


def check_seed(probe: Probe) -> StaticCheck:
    """Two steps must never share their noise."""
    one, other = (
        probe(probe.toy.distinct(), rate=_NEVER, seed=seed) for seed in (probe.seeds(), probe.seeds())
    )
    same = [name for name in one if torch.equal(one[name], other[name]) and one[name].any()]
    if same:
        return _warning("seed", f"two steps drew the same noise for {', '.join(same)}: it cancels out")
    return _ok("seed", "two steps drew different noise")


def _outside(law: "stats.distributions.rv_frozen", value: float) -> bool:
    """Whether the value is in one of two tails that are hit by chance in one of a million cases."""
    return bool(min(law.cdf(value), law.sf(value - 1e-9)) < _ALARM / 2)


def _lengths(moved: Mapping[str, float]) -> str:
    """How far, and where the record's gradient lies; places with one length together."""
    places: dict[str, list[str]] = {}
    for kind, length in moved.items():
        places.setdefault(f"{length:.4g}", []).append(_PLACES[kind])
    return ", ".join(f"{length} clip norms ({', '.join(where)})" for length, where in places.items())


def _made(name: str, check: Callable[[Probe], StaticCheck], probe: Probe) -> StaticCheck:
    try:
        return check(probe)
    except UsageError as error:
        when = {"noise": " on an empty batch", "seed": " on an empty batch"}.get(name, "")
        return _warning(name, f"the step cannot be inspected{when}: {error.problem}")


def _ok(name: str, text: str) -> StaticCheck:
    return StaticCheck(id=name, status="ok", text=text)


def _warning(name: str, text: str) -> StaticCheck:
    return StaticCheck(id=name, status="warning", text=text)
