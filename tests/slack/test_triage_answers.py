"""Writing, previewing, sending and taking back, against the stand-in (slack.md §10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.tables import InquiryState
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.office import LATE, eml, unfolded, words
from tests.scenarios.serving import until
from tests.slack.triage_room import Room
from tests.slack_standin.driver import Payload
from tests.slack_standin.reading import pings

ANSWER = "마감 뒤에는 접수할 수 없습니다."


def letters(room: Room) -> list[OutboxMail]:
    return room.office.outbox(MailKind.LETTER)


def write(room: Room, who: str, text: str = ANSWER, *, number: int = 1) -> Payload:
    """Click Answer, write, look at the preview; returns the preview."""
    room.click(who, number, "inq.answer")
    form = room.view(who, until=lambda said: "답변 Answer (" in said)
    room.workspace.submit(room.people[who], form["id"], {"inq.text": text})
    return room.view(who, until=lambda said: "받는 사람" in said)


def send(room: Room, who: str, text: str = ANSWER, *, number: int = 1) -> None:
    preview = write(room, who, text, number=number)
    room.workspace.submit(room.people[who], preview["id"])
    room.card(number, until=lambda said: "Sending" in said)


def test_check_8_answer_in_the_modal_is_one_threaded_mail(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    preview = room.plain(write(room, "staff-a"))
    room.workspace.submit(room.people["staff-a"], room.view("staff-a")["id"])
    room.card(1, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    sent = room.send_mails()
    room.card(1, until=lambda said: "Answered" in said)
    (letter,) = letters(room)
    message = room.office.message(letter.id)

    assert sent >= 1
    assert letter.state is MailState.SENT
    assert message["In-Reply-To"] == "<1@example.org>"
    assert unfolded(message, "References").split()[-1] == "<1@example.org>"
    assert ANSWER in words(message)
    # What was shown is what was sent, to the word.
    assert all(line in preview for line in words(message).splitlines() if line.strip())
    assert "la•@" not in preview
    assert "lab@example.org" not in preview
    assert [event.actor for event in room.office.happened(1) if event.kind == "letter"] == [
        "staff-a@example.org"
    ]


def test_check_10_writing_is_seen_and_taken_over(room: Room) -> None:
    room.add_staff("staff-a")
    room.add_staff("staff-b")
    room.take(eml(LATE))
    room.click("staff-b", 1, "inq.answer")
    form = room.view("staff-b", until=lambda said: "답변 Answer (" in said)
    room.workspace.type_in_view(room.people["staff-b"], form["id"], "inq.text", "B의 초안입니다.")
    room.card(1, until=lambda said: "staff-b 작성 중" in said)
    room.click("staff-a", 1, "inq.answer")
    collision = room.view("staff-a", until=lambda said: "staff-b 님이 작성 중" in said)
    room.workspace.click_in_view(room.people["staff-a"], collision["id"], "inq.view_draft")
    shown = room.view("staff-a", until=lambda said: "B의 초안입니다." in said)
    room.workspace.click_in_view(room.people["staff-a"], shown["id"], "inq.take_over")
    taken = room.view("staff-a", until=lambda said: "답변 Answer (" in said)
    # B goes on and wants to see a preview: it was taken over, and B's words are kept.
    room.workspace.submit(room.people["staff-b"], form["id"], {"inq.text": "B의 초안, 더 길게."})
    room.view("staff-b", until=lambda said: "staff-a 님이 작성 중" in said)

    assert "B의 초안입니다." in str(taken["blocks"])
    assert room.inquiry(1).owner == "staff-a@example.org"
    assert draft(room, "staff-b") == "B의 초안, 더 길게."
    assert draft(room, "staff-a") == "B의 초안입니다."


def draft(room: Room, who: str) -> str:
    from bot import writing

    with room.storage.read() as session:
        return writing.draft(session, 1, staff=f"{who}@example.org")[0]


@pytest.mark.parametrize("seconds", [20, 31])
def test_check_11_undo_in_time_and_too_late(room: Room, seconds: int) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    send(room, "staff-a")
    room.clock.move(timedelta(seconds=seconds))
    sent = room.view("staff-a", until=lambda said: "되돌릴 수 있습니다" in said)
    room.workspace.click_in_view(room.people["staff-a"], sent["id"], "inq.undo")
    shown = room.view("staff-a", until=lambda said: ANSWER in said or "되돌릴 수 없습니다" in said)
    room.send_mails()
    (letter,) = letters(room)

    if seconds < 30:
        assert letter.state is MailState.CANCELLED
        assert room.inquiry(1).state is InquiryState.CLAIMED
        assert [part.waits for part in room.office.parts(1)] == [True]
        assert draft(room, "staff-a") == ANSWER
    else:
        assert "too late" in room.plain(shown)
        assert letter.state is MailState.SENT


def test_undo_on_the_card_tells_the_writer_alone(room: Room) -> None:
    room.add_staff("staff-a")
    room.add_staff("staff-b")
    room.take(eml(LATE))
    send(room, "staff-a")
    room.click("staff-b", 1, "inq.undo")
    refused = room.told("staff-b", "되돌릴 수 없습니다")
    room.click("staff-a", 1, "inq.undo")
    room.told("staff-a", "되돌렸습니다")
    room.send_mails()

    assert "only they can take it back" in refused
    assert [row.state for row in letters(room)] == [MailState.CANCELLED]


def test_check_12_thread_reply_is_an_internal_note(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    card = room.card(1)
    before = len(room.office.to_applicants())
    room.workspace.say(user, room.channel, "이 사람에게 <!channel> 알려 주세요", thread_ts=card["ts"])
    room.workspace.say(user, room.channel, "thread 밖의 말")
    until(lambda: "note" in room.office.events(1), "the note")
    (note,) = [event for event in room.office.happened(1) if event.kind == "note"]

    assert (note.actor, note.data["text"]) == ("staff-a@example.org", "이 사람에게 @channel 알려 주세요")
    assert len(room.office.to_applicants()) == before


def test_detail_is_asked_for_and_the_inquiry_waits(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.ask")
    form = room.view("staff-a", until=lambda said: "추가로 물어볼 내용" in said)
    room.workspace.submit(room.people["staff-a"], form["id"], {"inq.text": "팀 이름을 알려 주세요."})
    preview = room.view("staff-a", until=lambda said: "받는 사람" in said)
    room.workspace.submit(room.people["staff-a"], preview["id"])
    room.card(1, until=lambda said: "Needs info" in said)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()

    assert [row.state for row in letters(room)] == [MailState.SENT]
    assert [part.waits for part in room.office.parts(1)] == [True]
    assert "detail" in room.office.events(1)


def test_check_18_words_of_applicants_call_nobody(room: Room) -> None:
    room.add_staff("staff-a")
    hostile = "<!channel> <@U1> & *x* 마감이 지난 뒤에 늦게 내도 되나요?"
    room.take(eml(hostile, subject="<!here> 급해요"))
    card = room.card(1)
    preview = write(room, "staff-a", "<!channel> & *굵게* <@U1>")
    room.workspace.submit(room.people["staff-a"], preview["id"])
    room.card(1, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    room.card(1, until=lambda said: "Answered" in said)
    room.workspace.open_home(room.people["staff-a"])
    found = room.workspace.command(room.people["staff-a"], "/inquiry #1")
    shown = [card, preview, *room.workspace.thread(room.channel, card["ts"]), found.payload or {}]
    payloads = [call["args"] for call in room.workspace.calls() if call["args"]]

    assert "<!channel> <@U1> & *x*" in room.plain(card)
    assert [pings(one) for one in shown if pings(one)] == []
    assert not [
        args for args in payloads if "<!channel" in str(args.get("text")) or "<@U1" in str(args.get("text"))
    ]
    assert "&lt;!channel&gt;" in card["text"]
