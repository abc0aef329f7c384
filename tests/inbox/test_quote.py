"""New text of replies, in the forms that mail programs document or write (design checks 19 and 20)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import attribution, quote

DATA = Path(__file__).parent.parent / "data"
WORDS = "접수 마감이 언제인가요? 알려 주세요."


def replies(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


FIRST = replies("replies.jsonl")
FRESH = replies("replies_fresh.jsonl") + replies("replies_second.jsonl")


def folded(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def lost(new: str, wanted: str) -> Counter[str]:
    return Counter(folded(wanted)) - Counter(folded(new))


@pytest.mark.parametrize("reply", FIRST, ids=[reply["form"] for reply in FIRST])
def test_new_text_is_what_the_author_wrote(reply: dict[str, str]) -> None:
    assert quote.new_text(reply["text"]) == reply["new"]


@pytest.mark.parametrize("reply", FRESH, ids=[reply["form"] for reply in FRESH])
def test_new_text_of_fresh_replies_loses_and_leaks_nothing(reply: dict[str, str]) -> None:
    assert folded(quote.new_text(reply["text"])) == folded(reply["new"])


def test_check_19_korean_forms_and_traps_are_among_the_fresh_replies() -> None:
    groups = Counter(reply["group"] for reply in FRESH)

    assert groups["ko"] >= 30
    assert groups["trap"] >= 20
    assert len({reply["form"] for reply in FRESH}) == len(FRESH) >= 100


BODIES = [
    "네",
    "접수 마감이 언제인가요?",
    "감사합니다. 확인했습니다.\n그럼 내일 뵙겠습니다",
    "Thanks",
    "Thanks, that works.\n\nBest,\nJane",
    "Here is the list:\n- forms\n- photos\n- budget",
    "이름: 김연구\n이메일: kim@lab.test\n연락처: 010-0000-1234",
    "At 10:30 we meet\nin room 3",
    "첨부를 확인해 주세요.\n\n홍길동 드림",
    "메일 주소는 다음과 같습니다:\nkim@lab.test",
    "제목: 데이터 문의\n\n언제까지 내면 되나요?",
    "3월 2일 (월) 오후 3시에 방문해도 될까요",
]
SIGNATURES = [
    "",
    "\n\n-- \nKim\nLab",
    "\n\nSent from my iPhone",
    "\nGalaxy에서 보냄",
    "\n\nGet Outlook for iOS<https://aka.test/x>",
    "\n\n----------------\n김연구\nT. 042-000-1234\nE. kim@lab.test",
]
QUOTES = [
    "2026년 4월 14일 (화) 오전 9:07, 공모전 사무국 담당자 <h@c.test\n>님이 작성:\n\n> 안녕",
    "2026년 4월 14일 (화) 오전 9:07, 사무국 <h@c.test>님이 작성:\n\n안녕하세요\n\n사무국",
    "2026. 4. 14. 오전 9:07, 사무국 <h@c.test> 작성:\n\n> 안녕",
    "2026. 4. 14. 오전 9:07에 사무국 이(가) 쓴 글:\n> 안녕\n> 또",
    "보낸 사람: 사무국 <h@c.test>\n보낸 날짜: 2026년 4월 14일 오전 9:07\n받는 사람: k\n제목: x\n\n안녕",
    "________________________________\nFrom: Desk <h@c.test>\nSent: Tuesday\nTo: K <k@l.test>\n\nhello",
    "On Tue, Apr 14, 2026 at 9:07 AM The Long Contest Desk Name <h@c.test>\nwrote:\n\n> hello",
    "Desk <h@c.test> wrote:\n> hello\n> you",
    "Op 14 apr. 2026, om 09:07 heeft Desk <h@c.test> het volgende geschreven:\n\n> hallo",
    "From: Desk [mailto:h@c.test] Sent: Tuesday, April 14, 2026 9:07 AM To: K Subject: RE: x\n\nhello",
    "--- Reply above this line ---\n\nhello",
]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_check_19_words_stay_whatever_stands_below_them(gap: str) -> None:
    for body, signature, quoted in product(BODIES, SIGNATURES, QUOTES):
        new = quote.new_text(f"{body}{signature}{gap}{quoted}\n")

        assert folded(new) == folded(body), (signature, quoted)


def test_forward_without_a_word_of_the_sender_is_kept_whole() -> None:
    text = "나의 iPhone에서 보냄\n\n전달된 메시지 시작:\n\n보낸 사람: a@b.test\n제목: x\n\n마감이 언제인가요?"

    assert quote.new_text(text) == text


def test_greeting_above_a_quote_without_marks_is_no_letter() -> None:
    text = (
        "안녕하세요.\n\n2026-04-14 09:07, 사무국 <h@c.test>님이 작성:\n\n이전 안내입니다.\n\n네, 참석합니다."
    )

    assert quote.new_text(text) == text


def test_word_too_short_for_a_letter_is_kept_above_a_sure_sign_only() -> None:
    sure = quote.new_text("네\n\n-- \n김연구\nkim@lab.test")
    unsure = quote.new_text("네\n\n-----\n김연구\nkim@lab.test")

    assert sure == "네"
    assert unsure == "네\n\n-----\n김연구\nkim@lab.test"


def test_answers_between_bars_and_initials_are_kept() -> None:
    text = "On 14/04/2026 09:07, Desk <h@c.test> wrote:\n\n| which lab?\nthe vision lab\n\n> how many?\nfour of us"

    assert quote.new_text(text) == "the vision lab\n\nfour of us"


def test_windows_line_ends_do_not_hide_a_signature() -> None:
    assert quote.new_text(f"{WORDS}\r\n\r\n-- \r\n김연구\r\n") == WORDS


HOSTILE = [
    *("> ", "On ", "-", "\n", " ", "From: a@b\nTo: b\n", "On \n", "a@b \n", "> a\n", "x wrote:\n", "작성:\n"),
    *(
        "--\n",
        "2020. 1. 1. 10:00\n",
        "=====\n",
        "From: \n",
        "\t \n",
        "이 메일은 ",
        "sent from \n",
        "<a@b",
        "|\n",
    ),
    *(
        "On Jan 1, 2020 at 10:00 <a@b> wrote:\n\n> a\n\n",
        "Sent from my a\n\n",
        "confidential ",
        "-- \n",
        "[",
        ":\n",
    ),
    *(
        "if you have received this email\n\n",
        "나의 ",
        "보낸 사람:\n\n",
        "reply above this line\n",
        "a:\n b@c\n b@c\n",
    ),
    *(
        "1 " * 195 + ":\n",
        "wrote" * 79 + ":\n",
        "On 1 " * 79 + ":\n",
        "<a@b" * 90 + "\n:\n",
        "#" * 399 + "\n",
    ),
    "-----BEGIN PGP SIGNED MESSAGE-----\n",
]


def lines_of(text: str) -> set[str]:
    return {line.rstrip() for line in text.split("\n")} | {""}


# The suite's hang detection guards the time: each line is read once with a bounded number of neighbours.
@pytest.mark.parametrize("piece", HOSTILE)
def test_check_20_hostile_text_ends_in_the_cut_or_in_all_of_it(piece: str) -> None:
    text = f"{WORDS}\n\n" + piece * (200_000 // len(piece))
    new = quote.new_text(text)

    assert new.startswith(WORDS)
    assert lines_of(new) <= lines_of(text)


@pytest.mark.parametrize(("first", "second"), list(product(HOSTILE[:6], HOSTILE[6:16])))
def test_check_20_hostile_pairs_end_in_the_cut_or_in_all_of_it(first: str, second: str) -> None:
    text = f"{WORDS}\n\n" + (first * 20 + second * 20) * (50_000 // (20 * len(first + second)))
    new = quote.new_text(text)

    assert new.startswith(WORDS)
    assert lines_of(new) <= lines_of(text)


def test_check_20_more_announcements_than_a_letter_has_end_the_search() -> None:
    text = f"{WORDS}\n\n" + "x wrote:\n" * (attribution.MAX_CANDIDATES + 1)

    assert attribution.find(text.split("\n")) is None
    assert quote.new_text(text) == text


def test_text_too_long_for_a_letter_is_kept() -> None:
    text = f"{WORDS}\n\n-----Original Message-----\n" + "x" * quote.MAX_CHARS

    assert quote.new_text(text) == text


LINES = st.sampled_from(
    [
        WORDS,
        "",
        "네",
        "> quoted",
        ">",
        "On Mon, 2 Mar 2026 at 15:21, A <a@b.test> wrote:",
        "On Mon, 2 Mar 2026 at 15:21, A <a@b.test",
        "> wrote:",
        "-- ",
        "--",
        "-----",
        "Tel 02-123-4567",
        "-----Original Message-----",
        "From: a@b.test",
        "Sent: Monday",
        "나의 iPhone에서 보냄",
        "2026. 3. 2. 오후 3:21, A 작성:",
        "-----BEGIN PGP SIGNATURE-----",
        "##- Please type your reply above this line -##",
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=12))
def test_new_text_holds_only_lines_of_the_mail(lines: list[str]) -> None:
    text = "\n".join(lines)
    new = quote.new_text(text)

    assert lines_of(new) <= lines_of(text)
    assert new or not text.strip()


OWN = st.sampled_from(
    [WORDS, "", "1. 네", "Total: 30", "장소는 서울입니다", "- forms", "At 10:30 we meet", "Jane"]
)


def with_words(lines: Iterable[str]) -> bool:
    return sum(len(line) for line in lines) >= quote.FEWEST_CHARS


@settings(deadline=None)
@given(st.lists(OWN, min_size=1, max_size=8).filter(with_words), st.sampled_from(QUOTES))
def test_own_lines_above_a_quote_are_never_lost(own: list[str], quoted: str) -> None:
    new = quote.new_text("\n".join(own) + f"\n\n{quoted}\n")

    assert not lost(new, "\n".join(own))
