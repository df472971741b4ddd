"""What an extraction means to a reader who has never heard of canaries, ranks or bits."""

from collections.abc import Iterator, Sequence

from privaudit.results import Extraction, NotRun

Tries = Sequence[Extraction]
"""All attacks on one canary."""


def plain_words(rows: Sequence[Extraction], not_run: Sequence[NotRun] = ()) -> Iterator[str]:
    """Whole sentences: what was recovered, what nearly was, what the comparison says, what was missed.

    Args:
        rows: of every canary that was attacked.
        not_run: requested attacks that did not finish.
    """
    canaries = by_canary(rows)
    planted = [tries for tries in canaries if tries[0].included]
    controls = [tries for tries in canaries if not tries[0].included]
    if planted:
        yield _recovered(planted)
        yield from _unfinished(not_run)
        yield from _stands_out(planted)
    else:
        yield "None of these secrets was in the training data, so this says nothing about leakage."
    if controls:
        count, several = sum(map(_came_out, controls)), "secret" if len(controls) == 1 else "secrets"
        kept = f"Of {len(controls)} {several} kept out of training for comparison"
        yield f"{kept}, {count or 'none'} {'were' if count > 1 else 'was'} recovered."
    if missed := sum(map(_missed, planted)):
        yield (
            f"For {missed} of the planted secrets the model prefers the secret to every answer found: it"
            " knows more than these searches extracted."
        )


def by_canary(rows: Sequence[Extraction]) -> list[list[Extraction]]:
    """The rows of each canary together, in the order of their first."""
    tries: dict[str, list[Extraction]] = {}
    for row in rows:
        tries.setdefault(row.canary, []).append(row)
    return list(tries.values())


def _recovered(planted: Sequence[Tries]) -> str:
    count, total = sum(map(_came_out, planted)), len(planted)
    if count == 0:
        which = f"None of the {total} secrets" if total > 1 else "The secret"
        was = "was" if total > 1 else "was not"
        return f"{which} planted in the training data {was} recovered by these attacks."
    fewest = min(tries[0].answers or tries[0].candidates for tries in planted)
    which = f"{count} of the {total} secrets" if total > 1 else "The secret"
    return (
        f"{which} planted in the training data {'was' if count == 1 else 'were'} recovered word for word from"
        f" the model alone; a guess is right one time in {fewest:,}."
    )


def _unfinished(not_run: Sequence[NotRun]) -> Iterator[str]:
    """What the count of recovered secrets leaves out."""
    gone = [item for item in not_run if item.kind == "extraction"]
    canaries = len({item.canary for item in gone if item.canary is not None})
    if any(item.canary is None for item in gone):
        yield "Not every requested attack finished; what it would have found is unknown."
    elif canaries:
        which = "one secret" if canaries == 1 else f"{canaries} secrets"
        yield f"Attacks on {which} did not finish; what they would have found is unknown."


def _stands_out(planted: Sequence[Tries]) -> Iterator[str]:
    """The most exposed of the secrets that were not fully recovered."""
    rest = [row for tries in planted if not _came_out(tries) for row in tries]
    ranked = [(row.rank / row.n_ranked, row) for row in rest if row.rank and row.n_ranked]
    if not ranked:
        return
    share, row = min(ranked, key=lambda pair: pair[0])
    others = " of the others" if any(map(_came_out, planted)) else ""
    which = "It" if len(planted) == 1 else f"The most exposed{others}"
    of = f"{row.n_ranked:,} possibilities"
    if not row.rank_exact:
        of = f"a sample of {row.n_ranked:,} of the {row.candidates:,} possibilities"
    place = f"{which} is the model's choice number {row.rank:,} of {of}"
    canaries = len({other.canary for _, other in ranked})
    luck = min(1.0, share * canaries)
    often = f"by chance, one secret in {1 / share:,.0f} does as well"
    if canaries > 1:
        often = f"by chance, the best of {canaries} secrets does as well with probability {luck:.2g}"
    yield f"{place}: {'no better than chance' if luck > 0.5 else often}."


def _came_out(tries: Tries) -> bool:
    return any(row.exact_match for row in tries)


def _missed(tries: Tries) -> bool:
    """Whether the secret scores higher than every answer: the searches failed, not the model's memory."""
    scores = [(row.secret_score, row.found_score) for row in tries]
    return all(secret is not None and found is not None and secret > found for secret, found in scores)
