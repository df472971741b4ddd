"""Made-up customer messages, for the demonstration and for fixtures: no real data."""

from pathlib import Path

import numpy as np

_INTENTS: dict[str, tuple[str, ...]] = {
    "card_lost": (
        "i lost my card near {place} please block it",
        "my card was stolen in {place} on {day}",
        "block the card of {name} i cannot find it",
        "{name} here my wallet with the card is gone since {day}",
    ),
    "transfer": (
        "send {amount} to {name} on {day}",
        "please transfer {amount} to the account of {name}",
        "can you move {amount} from savings for {name}",
        "pay {name} {amount} for the {thing}",
    ),
    "balance": (
        "how much money is left after the {thing}",
        "what is my balance after paying {amount} to {name}",
        "did the {amount} from {name} arrive",
        "show my balance on {day} please",
    ),
    "loan": (
        "i need a loan of {amount} for a {thing}",
        "can {name} and i borrow {amount} for the {thing}",
        "what does a loan of {amount} cost until {day}",
        "please lower the rate of my loan for the {thing}",
    ),
    "complaint": (
        "your branch in {place} charged me {amount} twice",
        "{name} at the {place} branch was rude on {day}",
        "i want my {amount} back for the {thing}",
        "nobody answered about the {thing} since {day}",
    ),
    "address": (
        "i moved to {place} please change my address",
        "{name} lives in {place} now",
        "send letters for {name} to {place} from {day}",
        "my new address from {day} is in {place}",
    ),
}
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ren",
    "tu",
    "sha",
    "vel",
    "dor",
    "ni",
    "bra",
    "ze",
    "qui",
    "pol",
    "har",
    "fe",
    "ga",
)
_THINGS = (
    "car",
    "kitchen",
    "wedding",
    "roof",
    "boat",
    "dentist",
    "piano",
    "garden",
    "flight",
    "laptop",
    "sofa",
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def demo_records(n: int, seed: int) -> list[tuple[str, str]]:
    """``n`` pairs of an intent and a message with invented names, places and amounts.

    One message in ten carries a random intent, as data that people labelled by hand does.

    Args:
        n: how many.
        seed: same seed, same records.
    """
    rng = np.random.default_rng(seed)
    intents = sorted(_INTENTS)
    return [_record(rng, intents) for _ in range(n)]


def _record(rng: np.random.Generator, intents: list[str]) -> tuple[str, str]:
    intent = intents[rng.integers(len(intents))]
    template = _INTENTS[intent][rng.integers(len(_INTENTS[intent]))]
    text = template.format(
        name=_word(rng, 3),
        place=_word(rng, 2) + "ville",
        amount=f"{rng.integers(10, 5000)} euros",
        day=_DAYS[rng.integers(len(_DAYS))],
        thing=_THINGS[rng.integers(len(_THINGS))],
    )
    label = intents[rng.integers(len(intents))] if rng.random() < 0.1 else intent
    return label, text


def _word(rng: np.random.Generator, syllables: int) -> str:
    return "".join(_SYLLABLES[i] for i in rng.integers(len(_SYLLABLES), size=syllables))


def write_demo(path: Path, n: int = 2000, seed: int = 0) -> None:
    """Write ``label<TAB>text`` lines, as `privaudit train` reads them."""
    lines = (f"{label}\t{text}\n" for label, text in demo_records(n, seed))
    path.write_text("".join(lines), encoding="utf-8")
