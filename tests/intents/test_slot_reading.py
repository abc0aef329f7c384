"""Slots of one dataset, read from sentences as applicants write them."""

import json
from pathlib import Path

import pytest

from intents import feasibility, utterance
from intents.decide import Feasibility

LINES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "datasets.jsonl").read_text("utf-8").splitlines()
]


def slots(text: str) -> Feasibility:
    return feasibility.slots(utterance.clean(text).lower())


@pytest.mark.parametrize("line", LINES, ids=[line["text"][:24] for line in LINES])
def test_slots_are_read(line: dict[str, object]) -> None:
    found = slots(str(line["text"]))
    read = {name: getattr(found, name) for name in line if name != "text"}

    assert {name: list(value) if isinstance(value, tuple) else value for name, value in read.items()} == {
        name: value for name, value in line.items() if name != "text"
    }


def test_missing_names_what_nobody_said() -> None:
    assert slots("음성 데이터 수집이 가능한가요?").missing == ("volume", "personal_data", "rights")


def test_together_keeps_what_was_said_before() -> None:
    whole = feasibility.together(slots("음성 수집이 되나요?"), slots("500시간이고 개인정보는 없습니다"))

    assert (whole.modality, whole.volume, whole.personal_data) == (("audio",), "500시간", False)
    assert whole.missing == ("rights",)


def test_volume_keeps_no_words_of_the_writer() -> None:
    assert slots("can you label 20,000 buy-now street photos?").volume == "20,000 photos"


@pytest.mark.parametrize("text", ["a" * 50_000, "1" * 50_000, "1," * 20_000, "개인정보 " * 9_000])
def test_reading_takes_no_longer_for_a_text_that_never_ends(text: str) -> None:
    assert feasibility.slots(text).modality == ()
