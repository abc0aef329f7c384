from __future__ import annotations

import pytest

from intents import spacing
from intents.spacing import Spacer

SENTENCES = [
    "접수 마감이 언제인가요?",
    "발표 마감이 언제인지 궁금합니다.",
    "발표는 온라인으로 하나요?",
    "접수는 언제 하나요?",
    "when is the deadline",
    "is the deadline online",
]


@pytest.mark.parametrize(
    ("text", "unspaced"),
    [
        ("접수마감이언제인가요?", True),
        ("whenisthedeadline?", True),
        ("접수 마감이 언제인가요?", False),
        ("When is the deadline?", False),
        ("마감이언제?", False),
        ("", False),
    ],
)
def test_is_unspaced_tells_swallowed_spaces_from_short_text(text: str, unspaced: bool) -> None:
    assert spacing.is_unspaced(text) is unspaced


@pytest.mark.parametrize("text", ["접수 마감이 언제인가요?", "발표는 언제 하나요?", "when is the deadline"])
def test_respace_puts_spaces_where_the_library_has_them(text: str) -> None:
    assert Spacer(SENTENCES).respace(text.replace(" ", "")) == text


def test_respace_opens_marks_but_no_addresses_numbers_or_lines() -> None:
    opened = Spacer([]).respace("됩니다.그런데요?또\n7.5점a@example.org")

    assert opened == "됩니다. 그런데요? 또\n7.5점a@example.org"


def test_respace_changes_nothing_but_spaces() -> None:
    text = "발표마감이ONLINE언제Q&A인가요?"

    assert Spacer(SENTENCES).respace(text).replace(" ", "") == text
