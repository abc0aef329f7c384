"""The labelled questions, typed as people do: without spaces, with a slip. Long, for it reads them all."""

import random
import unicodedata
from collections.abc import Callable

import pytest

from faq import labelled, library
from faq.labelled import Labelled
from intents import encoder
from intents.decide import Part, Verdict
from intents.engine import Engine

pytestmark = pytest.mark.long

SEED = 20201120
#: What may be lost of right or suggested, and how much of what is sent must stay right.
LOST = 0.05
RIGHT = {"no spaces": 0.96, "one slip": 0.93}


@pytest.fixture(scope="module")
def engine() -> Engine:
    from bot.settings import Settings

    encoders = encoder.available("auto")
    if not encoders:
        pytest.skip("needs the extra semantic")
    cache = Settings.model_fields["cache_dir"].default
    return Engine.build(library.load(library.PACKAGED), encoders, cache=cache)


def without_spaces(text: str, _: random.Random) -> str:
    return text.replace(" ", "")


def with_a_slip(text: str, dice: random.Random) -> str:
    """Change one jamo, or swap two letters where there is hardly any Korean."""
    korean = [place for place, char in enumerate(text) if "가" <= char <= "힣"]
    if len(korean) >= 4:
        place = dice.choice(korean)
        jamo = list(unicodedata.normalize("NFD", text[place]))
        jamo[1] = chr(0x1161 + dice.randrange(21))
        return text[:place] + unicodedata.normalize("NFC", "".join(jamo)) + text[place + 1 :]
    pairs = [place for place in range(len(text) - 1) if text[place : place + 2].isalpha()]
    place = dice.choice(pairs)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def figures(engine: Engine, typed: Callable[[str, random.Random], str]) -> tuple[float, float]:
    """Share right or suggested of the covered questions, and share right of all that is sent."""
    dice = random.Random(SEED)
    helped = covered = sent = wrong = 0
    for one in labelled.read(library.PACKAGED):
        parts = engine.decide(typed(one.text, dice), language=one.language).parts
        answered = {part.topic for part in parts if part.decision is Verdict.ANSWER}
        sent += bool(answered)
        wrong += bool(answered - {one.label})
        if not one.label.startswith("unknown.") and one.label != labelled.OUT_OF_SCOPE:
            covered += 1
            helped += not answered - {one.label} and any(_helps(part, one) for part in parts)
    return helped / covered, 1 - wrong / sent


def _helps(part: Part, one: Labelled) -> bool:
    if part.decision is Verdict.SUGGEST:
        return one.label in {candidate.topic for candidate in part.candidates}
    return part.topic == one.label


def test_questions_typed_badly_are_understood_nearly_as_well(engine: Engine) -> None:
    plain, _ = figures(engine, lambda text, _: text)
    found = {
        "no spaces": figures(engine, without_spaces),
        "one slip": figures(engine, with_a_slip),
    }

    assert {name: helped for name, (helped, _) in found.items() if helped < plain - LOST} == {}
    assert {name: right for name, (_, right) in found.items() if right < RIGHT[name]} == {}
