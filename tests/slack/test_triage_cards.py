"""Cards in the triage channel: one for each inquiry, always true, against the stand-in (slack.md §10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest

from bot import duty, nudging, triage
from bot.slack import lint
from bot.tables import InquiryState
from faq.contest import SEOUL
from mailer.tables import MailKind, MailState
from tests.bot.office import LATE, OTHER, OURS, eml
from tests.slack.triage_room import Room


def test_check_9_two_claim_at_once(room: Room) -> None:
    a, b = room.add_staff("staff-a"), room.add_staff("staff-b")
    room.take(eml(LATE))
    card = room.card(1)
    for user in (a, b):
        room.workspace.click(user, room.channel, card["ts"], "inq.claim", wait=False)
    room.card(1, until=lambda said: "Claimed" in said)
    winner = (room.inquiry(1).owner or "").partition("@")[0]
    loser = {"staff-a": "staff-b", "staff-b": "staff-a"}[winner]

    assert f"Already taken by {winner}" in room.told(loser, "이미 담당하고 있습니다")
    assert room.inquiry(1).state is InquiryState.CLAIMED
    assert room.office.events(1).count("claimed") == 1
    assert len(room.workspace.ephemerals(room.people[winner])) == 0


def test_card_says_what_staff_need_and_hides_the_address(room: Room) -> None:
    room.take(eml(LATE, sender="researcher@example.org"))
    said = room.plain(room.card(1))

    assert "🟡 새 문의 New · #1 · 📧 e-mail · 🇰🇷 ko · 11/20 12:00" in said
    assert LATE in said
    assert "A-1 · re•••@example.org" in said
    assert "⏰ " in said
    assert "D-10" in said
    assert "researcher" not in str(room.card(1))


def test_answered_inquiry_gets_no_card_until_it_waits(room: Room) -> None:
    room.take(eml("접수 마감이 언제예요?"))
    room.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    room.card(2)

    assert [room.plain(one).count("#1 ") for one in room.cards()] == [0]


def test_check_19_long_question_with_files(room: Room) -> None:
    question = "늦게 내도 되나요? " * 40 + "가나다라 마바사 " * 2_200
    mail = EmailMessage()
    for name, value in (
        ("From", "lab@example.org"), ("To", OURS), ("Subject", "긴 문의"), ("Message-ID", "<1@example.org>"),
        ("Date", "Fri, 20 Nov 2020 11:59:00 +0900"),
    ):  # fmt: skip
        mail[name] = value
    mail.set_content(question)
    for number in range(8):
        mail.add_attachment(
            b"PK\x03\x04" * 900, maintype="application", subtype="zip", filename=f"{number}.zip"
        )
    room.take(mail.as_bytes())
    card = room.card(1)
    room.workspace.wait_until(lambda: "격리" in "".join(room.thread(1)), "the files are listed")
    replies = [one for one in room.thread(1) if "Applicant wrote" in one]
    told = room.office.happened(1)[0].data["text"]
    parts = room.workspace.thread(room.channel, card["ts"])[1:]
    quoted = [
        element["text"]
        for one in parts
        for block in one["blocks"] if block["type"] == "rich_text"
        for quote in block["elements"] if quote["type"] == "rich_text_quote"
        for element in quote["elements"]
    ]  # fmt: skip

    assert len(told) > 19_000
    assert "".join("".join(quoted).split()) == "".join(told.split())
    assert len(replies) == 3
    assert lint.findings({"text": card["text"], "blocks": card["blocks"]}) == []
    assert len(card["blocks"]) <= 10
    assert all(f"{number}.zip" in replies[-1] for number in range(8))
    assert room.workspace.files() == []


@pytest.mark.long
def test_check_21_final_card_is_the_final_state_after_a_long_429(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.card(1)
    # More than the sender waits on the spot: the row is put off, and other rows go on.
    room.workspace.fault("429", method="chat.update", retry_after=4, times=1)
    room.click("staff-a", 1, "inq.claim")
    for what in ("snooze", "close"):
        room.choose("staff-a", 1, what)
    waiting = room.plain(room.card(1))
    card = room.card(1, until=lambda said: "Closed" in said)

    assert "New" in waiting
    assert "Reopen" in room.plain(card)
    assert len(card["blocks"]) == 2
    assert room.inquiry(1).state is InquiryState.CLOSED


def test_check_22_expired_trigger_offers_to_try_again(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    room.workspace.fault("error", method="views.open", error="expired_trigger_id", times=1)
    room.click("staff-a", 1, "inq.answer")
    [offer] = room.workspace.wait_until(lambda: room.workspace.ephemerals(user), "an offer")
    room.workspace.click(user, room.channel, offer["ts"], "inq.answer")
    form = room.view("staff-a", until=lambda said: "답변 Answer (" in said)

    assert LATE in room.plain(form)


def test_check_25_deleted_card_is_posted_once_more(room: Room) -> None:
    room.add_staff("staff-a")
    user = room.people["staff-a"]
    room.take(eml(LATE))
    first = room.card(1)
    room.workspace.delete(user, room.channel, first["ts"])
    with room.storage.write.begin() as session:
        duty.claim(session, triage.find(session, 1), staff=room.member("staff-a"), now=room.clock.now())
    room.deps.wake()
    again = room.card(1, until=lambda said: "Claimed" in said)
    room.click("staff-a", 1, "inq.release")
    second = room.card(1, until=lambda said: "New" in said)

    assert "삭제된 카드를 대신합니다" in room.plain(again)
    assert (again["ts"] != first["ts"], second["ts"]) == (True, again["ts"])
    assert [one["ts"] for one in room.cards()] == [again["ts"]]


def test_check_26_snoozed_inquiry_is_silent_until_nine(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.claim")
    room.choose("staff-a", 1, "snooze")
    room.card(1, until=lambda said: "Snoozed" in said)
    nine = datetime(2020, 11, 23, 9, 0, tzinfo=SEOUL)  # the next workday: the 20th is a Friday
    due_before: list[nudging.Due] = []
    for hours in range(1, 68):
        with room.storage.read() as session:
            due_before += nudging.due(session, now=room.clock.now() + timedelta(hours=hours))
    with room.storage.write.begin() as session:
        early = duty.wake(session, now=nine - timedelta(minutes=1))
        on_time = duty.wake(session, now=nine)
    room.deps.wake()
    room.card(1, until=lambda said: "Claimed" in said)

    assert due_before == []
    assert (early, on_time) == (0, 1)
    assert room.inquiry(1).owner == "staff-a@example.org"


def test_check_26_message_of_the_applicant_wakes_it_early(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.claim")
    room.choose("staff-a", 1, "snooze")
    room.card(1, until=lambda said: "Snoozed" in said)
    room.take(eml(OTHER, id="<2@example.org>", answers="<1@example.org>"))
    card = room.card(1, until=lambda said: "Claimed" in said)

    assert OTHER in room.plain(card)


def _asks_for_the_other(number: int, said: str) -> bool:
    return f"#{number}" in said and "번호" in said


def test_check_27_duplicates_are_answered_each_in_its_own_language(room: Room) -> None:
    room.add_staff("staff-a")
    user = room.people["staff-a"]
    room.take(eml(LATE))
    room.take(eml("May we hand in after the deadline?", id="<2@example.org>", sender="en@example.org"))
    room.take(eml(LATE, id="<3@example.org>", sender="ko@example.org"))
    for number in (2, 3):
        room.choose("staff-a", number, "duplicate")
        form = room.view("staff-a", until=partial(_asks_for_the_other, number))
        room.workspace.submit(user, form["id"], {"inq.number": "1"})
        room.card(number, until=lambda said: "Duplicate" in said and "→ #1" in said)
    room.click("staff-a", 1, "inq.answer")
    form = room.view("staff-a", until=lambda said: "답변 Answer (" in said)
    words = {"inq.text": "늦게 낼 수 없습니다.", "inq.also.en": "No late entries."}
    room.workspace.submit(user, form["id"], words)
    preview = room.view("staff-a", until=lambda said: "받는 사람" in said)
    room.workspace.submit(user, preview["id"])
    room.card(1, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    room.card(1, until=lambda said: "Answer 2 duplicates" in said)
    room.click("staff-a", 1, "inq.dupes")
    for number in (2, 3):
        room.card(number, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    sent = {row.recipient: row for row in room.office.outbox(MailKind.LETTER)}
    threads = {one: room.office.message(row.id)["In-Reply-To"] for one, row in sent.items()}
    said = {one: room.letter(row.id) for one, row in sent.items()}

    assert {row.state for row in sent.values()} == {MailState.SENT}
    assert threads == {
        "lab@example.org": "<1@example.org>", "en@example.org": "<2@example.org>", "ko@example.org": "<3@example.org>",
    }  # fmt: skip
    assert "No late entries." in said["en@example.org"]
    assert "늦게 낼 수 없습니다." in said["ko@example.org"]


@pytest.mark.long
def test_check_20_sixty_cards_at_once(hurried: Room) -> None:
    room = hurried
    room.add_staff("staff-a")
    count = 60
    for number in range(1, count + 1):
        mail = eml(f"{OTHER} {number}", id=f"<{number}@example.org>", sender=f"p{number}@example.org")
        room.office.take(mail)
    room.deps.wake()
    acks = []
    for number in range(1, 6):
        room.card(number)
        acks.append(room.click("staff-a", number, "inq.claim").ack_ms)
    room.workspace.wait_until(lambda: len(room.cards()) == count, "all cards", timeout=50)
    order = [int(room.plain(one).split("#")[1].split()[0]) for one in room.cards()]
    for number in range(1, 6):
        room.card(number, until=lambda said: "Claimed" in said)

    assert order == list(range(1, count + 1))
    assert all(ack < 1_000 for ack in acks)
    assert room.workspace.unacked() == []
