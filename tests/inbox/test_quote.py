"""New text of replies, in the forms that mail programs document or write."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import quote

WORDS = "접수 마감이 언제인가요? 알려 주세요."

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "replies.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("reply", REPLIES, ids=[reply["form"] for reply in REPLIES])
def test_new_text_is_what_the_author_wrote(reply: dict[str, str]) -> None:
    assert quote.new_text(reply["text"]) == reply["new"]


HOSTILE = [
    "> ",
    "On ",
    "-",
    "\n",
    " ",
    "From: a@b\nTo: b\n",
    "On \n",
    "a@b \n",
    "> a\n",
    "x wrote:\n",
    "작성:\n",
    "--\n",
]
HOSTILE += ["2020. 1. 1. 10:00\n", "=====\n", "From: \n", "\t \n", "이 메일은 ", "sent from \n"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_bounded_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begun = time.monotonic()
    quote.new_text(text)

    assert time.monotonic() - begun < 2


def test_text_too_long_for_a_letter_is_kept() -> None:
    text = f"{WORDS}\n\n-----Original Message-----\n" + "x" * quote.MAX_CHARS

    assert quote.new_text(text) == text


LINES = st.sampled_from(
    [
        WORDS,
        "",
        "네",
        "> quoted",
        "On Mon, 2 Mar 2026 at 15:21, A <a@b.test> wrote:",
        "-- ",
        "--",
        "-----",
        "Tel 02-123-4567",
        "-----Original Message-----",
        "From: a@b.test",
        "Sent: Monday",
        "나의 iPhone에서 보냄",
        "2026. 3. 2. 오후 3:21, A 작성:",
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=12))
def test_new_text_holds_only_lines_of_the_mail(lines: list[str]) -> None:
    text = "\n".join(lines)
    new = quote.new_text(text)

    assert set(new.split("\n")) <= {line.rstrip() for line in lines} | {""}
    assert new or not text.strip()
