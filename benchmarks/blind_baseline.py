"""How often the blind baseline withholds a verdict: from random halves (hardly ever) and from shifted sets.

    python benchmarks/blind_baseline.py                                # made-up messages
    python benchmarks/blind_baseline.py DATA/cfpb --seeds 17 --shifts 5  # a folder with train.tsv, or a file

Random halves go the way of two files that a user made: a coin per record, then texts that ended up on both
sides are removed from both. Each shift is a rule without a coin; only folds and permutations vary there.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from privaudit.data.blind_baseline import Bools, blind_baseline
from privaudit.data.demo import demo_records
from privaudit.data.duplicates import near_duplicate_clusters, remove_shared
from privaudit.data.readers import read_records
from privaudit.data.records import Records
from privaudit.data.splits import coin_split

Split = tuple[str, Records, Bools]
_DATE = re.compile(r"XX/XX/(?:20)?(\d\d)\b")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=17, help="random halves per data set")
    parser.add_argument("--shifts", type=int, default=3, help="seeds per shifted split; 0 leaves them out")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    sets = [(path.name, read_records(file_of(path))) for path in options.data] or [("made up", made_up())]
    flagged: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    seeds = range(options.first, options.first + options.seeds)
    for name, records in sets:
        halves = (("random halves", records, coin_split(len(records), 0.5, seed)) for seed in seeds)
        report(name, zip(seeds, halves, strict=True), flagged, judged)
        for split in shifted(records) if options.shifts else ():
            report(name, ((seed, split) for seed in seeds[: options.shifts]), flagged, judged)
    for kind, total in judged.items():
        print(f"all sets: {kind}: {flagged[kind]} of {total} not comparable")


def report(
    name: str, splits: Iterator[tuple[int, Split]], flagged: Counter[str], judged: Counter[str]
) -> None:
    """Judge the seeds of one kind of split and print a line."""
    values, p_values, verdicts, kind, size, start = [], [], [], "", (0, 0), time.perf_counter()
    for seed, (kind, records, member) in splits:
        found = judge(records, member, seed)
        if found.value is None or found.p_value is None:
            raise SystemExit(f"{name}, {kind}: {found.reason}")
        values.append(found.value)
        p_values.append(found.p_value)
        verdicts.append(found.comparable is False)
        size = (found.n_members, found.n_nonmembers)
    overall = "random halves" if kind == "random halves" else "shifted"
    flagged[overall] += sum(verdicts)
    judged[overall] += len(verdicts)
    print(
        f"{name}: {kind} ({size[0]:,} + {size[1]:,}): {sum(verdicts)} of {len(verdicts)} not comparable; "
        f"AUC {min(values):.3f} to {max(values):.3f}, smallest p {min(p_values):.2g}; "
        f"{(time.perf_counter() - start) / len(verdicts):.1f} s each",
        flush=True,
    )


def judge(records: Records, member: Bools, seed: int):
    """The blind baseline of two sets as if each had come from a file of its own."""
    kept = remove_shared(records.select(member), records.select(~member))
    texts = [*kept.members.texts, *kept.nonmembers.texts]
    inside = np.arange(len(texts)) < len(kept.members)
    return blind_baseline(texts, inside, clusters=near_duplicate_clusters(texts, seed=seed), seed=seed)


def shifted(records: Records) -> Iterator[Split]:
    """Splits that a verdict must not be based on."""
    n = len(records)
    by_label = records.select(np.argsort(records.labels, kind="stable"))
    yield "sorted by label, first half", by_label, np.arange(n) < n // 2
    if not near_shuffled(records.labels):
        yield "first half of the unshuffled file", records, np.arange(n) < n // 2
    word, holds = halving_word(records.texts)
    yield f"texts with the word {word!r}", records, holds
    years = np.array([year_of(text) for text in records.texts])
    for masked in (False, True):
        dated = records.select(years > 0)
        if min(np.count_nonzero(years[years > 0] < 20), np.count_nonzero(years >= 20)) >= 100:
            if masked:
                dated = Records(
                    dated.ids, [re.sub(r"\d+|XX\S*", "", text) for text in dated.texts], dated.labels
                )
            kind = "dated before 2020" + (", dates and digits masked" if masked else "")
            yield kind, dated, years[years > 0] < 20


def near_shuffled(labels: Sequence[str]) -> bool:
    """Whether neighbours share a label little more often than two records drawn by chance."""
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    by_chance = float(((np.bincount(codes) / len(codes)) ** 2).sum())
    return float(np.mean(codes[1:] == codes[:-1])) < by_chance + 0.1


def halving_word(texts: Sequence[str]) -> tuple[str, Bools]:
    """The word that the share of texts nearest to one half holds, and which texts hold it."""
    words = [set(text.lower().split()) for text in texts]
    counts = Counter(word for row in words for word in row)
    word = min(counts, key=lambda w: (abs(counts[w] - len(texts) / 2), w))
    return word, np.array([word in row for row in words])


def year_of(text: str) -> int:
    """Two digits of the latest year among dates such as XX/XX/2019; 0 without one."""
    return max((int(year) for year in _DATE.findall(text)), default=0)


def file_of(path: Path) -> Path:
    """The training file of a folder."""
    candidates = [path / "train.tsv", path / "all.tsv"] if path.is_dir() else [path]
    return next((file for file in candidates if file.is_file()), path)


def made_up() -> Records:
    pairs = demo_records(3000, seed=0)
    ids = [str(i) for i in range(len(pairs))]
    return Records(ids, [text for _, text in pairs], [label for label, _ in pairs])


if __name__ == "__main__":
    main()
