import unicodedata
from typing import Literal

import pytest

from intents import utterance

QUESTION = "접수 마감이 언제인가요? PPT는 10분 이내인가요?"


def wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


@pytest.mark.parametrize("form", ["NFD", "NFKD"])
def test_normalise_reads_decomposed_hangul_as_composed(form: Literal["NFD", "NFKD"]) -> None:
    typed = unicodedata.normalize(form, QUESTION)

    assert typed != QUESTION
    assert utterance.normalise(typed) == utterance.normalise(QUESTION)


def test_normalise_reads_full_width_as_half_width() -> None:
    assert utterance.normalise(wide(QUESTION)) == utterance.normalise(QUESTION)


def test_normalise_reads_capitals_as_small_letters() -> None:
    typed = "When is the deadline for the proposal?"

    assert utterance.normalise(typed.upper()) == utterance.normalise(typed)
