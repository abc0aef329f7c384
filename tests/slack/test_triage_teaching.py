"""What staff wrote becomes what the desk answers, with a second person; Home, search, shortcuts; nudges."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import duplicates, triage
from bot.slack import lint
from bot.slack.rhythm import Rhythm
from bot.tables import Draft, DraftState, InquiryState, Overlay, StaffRole
from faq.contest import SEOUL
from tests.bot.office import LATE, OTHER, eml
from tests.scenarios.serving import until
from tests.slack.test_triage_answers import send, write
from tests.slack.triage_room import Room
from tests.slack_standin.driver import Payload

pytestmark = pytest.mark.long

TUESDAY = datetime(2020, 11, 24, 9, 0, tzinfo=SEOUL)
#: A question that no entry and no background phrasing of the edition knows.
JURY = "심사 위원 명단을 공개하시나요?"
ENTRY = {
    "faq.topic": "selection.jury",
    "faq.title.ko": "심사 위원",
    "faq.title.en": "The jury",
    "faq.phrasings.ko": f"{JURY}\n심사 위원은 누구인가요?",
    "faq.phrasings.en": "Who sits on the jury?",
    "faq.answer.ko": "심사 위원 명단은 공개하지 않습니다.",
    "faq.answer.en": "The names of the jury are not published.",
    "faq.source": "운영팀 안내",
    "faq.asks": "who",
}


def answered(room: Room, text: str = "심사 위원은 공개하지 않습니다.") -> None:
    """A question of its own is answered by staff-a."""
    room.take(eml(JURY))
    send(room, "staff-a", text)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    room.card(1, until=lambda said: "Save as FAQ" in said)


def overlays(room: Room) -> list[str]:
    with room.storage.read() as session:
        return list(session.scalars(select(Overlay.subject)))


def draft(room: Room) -> Draft:
    with room.storage.read() as session:
        return session.scalars(select(Draft)).one()


def save(room: Room, who: str, values: dict[str, str]) -> None:
    room.click(who, 1, "inq.faq")
    form = room.view(who, until=lambda said: "항목 ID" in said)
    room.workspace.submit(room.people[who], form["id"], values)


def test_save_as_faq_needs_a_second_person(room: Room) -> None:
    room.add_staff("staff-a", role=StaffRole.APPROVER)
    room.add_staff("staff-b", role=StaffRole.APPROVER)
    answered(room)
    room.click("staff-a", 1, "inq.faq")
    form = room.view("staff-a", until=lambda said: "항목 ID" in said)
    room.workspace.submit(room.people["staff-a"], form["id"], ENTRY)
    room.view("staff-a", until=lambda said: "Another person has to approve" in said)
    asked = room.wait(lambda: room.below(1, "faq.review"), "the draft in the thread")
    room.workspace.click(room.people["staff-a"], room.channel, asked["ts"], "faq.review")
    own = room.view("staff-a", until=lambda said: "Refused" in said)
    before = overlays(room)
    room.workspace.click(room.people["staff-b"], room.channel, asked["ts"], "faq.review")
    shown = room.view("staff-b", until=lambda said: "회귀 검사" in said)
    room.workspace.submit(room.people["staff-b"], shown["id"])
    room.view("staff-b", until=lambda said: "승인했습니다" in said)

    assert "심사 위원은 공개하지 않습니다." in str(form["blocks"])
    assert "another approver" in room.plain(own)
    assert before == []
    assert overlays(room) == ["selection.jury"]
    assert draft(room).decided_by == "staff-b@example.org"
    assert ENTRY["faq.answer.ko"] in room.plain(shown)


def test_entry_with_a_fault_is_not_saved(room: Room) -> None:
    room.add_staff("staff-a")
    answered(room)
    save(room, "staff-a", ENTRY | {"faq.answer.ko": "마감은 11월 30일입니다."})
    shown = room.view("staff-a", until=lambda said: "⚠️" in said)

    assert "마감은 11월 30일입니다." in str(shown["blocks"])
    with room.storage.read() as session:
        assert session.scalars(select(Draft)).all() == []


def test_rejected_draft_says_so_and_loses_its_buttons(room: Room) -> None:
    room.add_staff("staff-a")
    room.add_staff("staff-b", role=StaffRole.APPROVER)
    answered(room)
    save(room, "staff-a", ENTRY)
    asked = room.wait(lambda: room.below(1, "faq.reject"), "the draft in the thread")
    room.workspace.click(room.people["staff-a"], room.channel, asked["ts"], "faq.reject")
    room.told("staff-a", "approver")
    room.workspace.click(room.people["staff-b"], room.channel, asked["ts"], "faq.reject")
    room.workspace.wait_until(lambda: not room.below(1, "faq.reject"), "the buttons are gone")

    assert draft(room).state is DraftState.REJECTED


def test_verdict_waits_for_an_approver_with_precedents_in_sight(room: Room) -> None:
    room.add_staff("staff-a")
    room.add_staff("staff-b", role=StaffRole.APPROVER)
    room.take(eml("수어 동작 영상 5만 건을 촬영하고 라벨링하려고 합니다. 캐시미션으로 수집이 가능할까요?"))
    room.click("staff-a", 1, "inq.verdict")
    form = room.view("staff-a", until=lambda said: "데이터셋 Dataset" in said)
    values = {"inq.verdict_said": "feasible", "inq.reason": "촬영 동의를 받으면 수집할 수 있습니다."}
    room.workspace.submit(room.people["staff-a"], form["id"], values)
    asked = room.wait(lambda: room.below(1, "inq.approve_verdict"), "the verdict waits")
    room.workspace.click(room.people["staff-b"], room.channel, asked["ts"], "inq.approve_verdict")
    room.told("staff-b", "Approved")
    room.click("staff-b", 1, "inq.verdict")
    again = room.view("staff-b", until=lambda said: "데이터셋 Dataset" in said)

    assert "No precedent is like it" in room.plain(form)
    assert "precedent.1: 가능" in room.plain(again)
    assert overlays(room) == ["precedent.1"]


def test_home_shows_my_claims_and_what_nobody_has(room: Room) -> None:
    user = room.add_staff("staff-a")
    for number in range(1, 24):
        room.office.take(
            eml(f"{OTHER} {number}", id=f"<{number}@example.org>", sender=f"p{number}@example.org")
        )
    room.deps.wake()
    room.card(2)
    room.click("staff-a", 2, "inq.claim")
    room.workspace.open_home(user)
    first = home(room, user, "다음 Next (1/2)")
    room.workspace.click_in_view(user, first["id"], "home.next")
    second = home(room, user, "이전 Previous")
    stranger = room.workspace.add_user("stranger")
    room.workspace.open_home(stranger)
    theirs = room.plain(home(room, stranger, "Ask your question"))

    assert "내 담당 Mine 1 · 미배정 Unclaimed 22" in room.plain(first)
    assert len([one for one in first["blocks"] if one["type"] == "section"]) == 20
    assert len([one for one in second["blocks"] if one["type"] == "section"]) == 3
    assert "#2 🔵" in room.plain(first)
    assert "#1 " not in theirs


def home(room: Room, user: str, words: str) -> Payload:
    def seen() -> Payload | None:
        view = room.workspace.home(user)
        return view if view and words in room.plain(view) else None

    return room.wait(seen, f"Home with {words!r}")


def test_home_follows_what_happens(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    room.card(1)
    room.workspace.open_home(user)
    shown = home(room, user, "담당하기 Claim")
    room.workspace.click_in_view(user, shown["id"], "inq.claim")
    room.card(1, until=lambda said: "Claimed" in said)
    room.clock.move(timedelta(seconds=3))

    assert "답변 Answer" in room.plain(home(room, user, "내 담당 Mine 1"))


def test_command_finds_whatever_the_particle(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    room.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    found = room.workspace.command(user, "/inquiry find 마감은")
    queue = room.workspace.command(user, "/inquiry queue")
    one = room.workspace.command(user, "/inquiry #2")
    usage = room.workspace.command(user, "/inquiry what")
    outsider = room.workspace.add_user("outsider")
    refused = room.workspace.command(outsider, "/inquiry queue")

    assert "#1 " in str(found.payload)
    assert "#2 " not in str(found.payload)
    assert "미배정 Unclaimed 2" in str(queue.payload)
    assert "inq.claim" in str(one.payload)
    assert "/inquiry find" in str(usage.payload)
    assert "not on the list of staff" in str(refused.payload)
    assert lint.findings(one.payload or {}) == []


def test_message_is_filed_as_an_inquiry_once(room: Room) -> None:
    user = room.add_staff("staff-a")
    someone = room.workspace.add_user("someone")
    place = room.workspace.add_channel("general", members=[user, someone])
    ts = room.workspace.say(someone, place, "심사 위원은 누구인가요?")
    room.workspace.shortcut(user, "inq.create", place, ts)
    room.told("staff-a", "Filed as inquiry #1")
    room.workspace.shortcut(user, "inq.create", place, ts)
    room.told("staff-a", "already")
    card = room.plain(room.card(1))
    room.workspace.shortcut(user, "faq.create", place, ts)
    form = room.view("staff-a", until=lambda said: "항목 ID" in said)

    assert "심사 위원은 누구인가요?" in card
    assert "💬 Slack" in card
    assert room.office.events(1) == ["asked", "filed"]
    assert "심사 위원은 누구인가요?" in str(form["blocks"])


def test_filed_message_is_answered_in_its_thread(room: Room) -> None:
    user = room.add_staff("staff-a")
    someone = room.workspace.add_user("someone")
    place = room.workspace.add_channel("general", members=[user, someone])
    ts = room.workspace.say(someone, place, "심사 위원은 누구인가요?")
    room.workspace.shortcut(user, "inq.create", place, ts)
    room.card(1)
    preview = write(room, "staff-a", "심사 위원은 공개하지 않습니다.")
    room.workspace.submit(user, preview["id"])
    room.card(1, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    room.deps.wake()
    room.card(1, until=lambda said: "Answered" in said)
    [reply] = room.workspace.thread(place, ts)[1:]
    shown = room.plain(preview)

    assert "심사 위원은 공개하지 않습니다." in room.plain(reply)
    assert all(line in shown for line in room.plain(reply).splitlines())
    assert place in str(preview["blocks"])


def tick(room: Room, hours: float) -> None:
    room.clock.set(TUESDAY + timedelta(hours=hours))
    Rhythm(deps=room.deps).work_off()


def test_nudges_go_up_a_step_at_a_time_and_stop_on_action(grouped: Room) -> None:
    room = grouped
    room.add_staff("staff-a")
    boss = room.add_staff("staff-b", role=StaffRole.APPROVER)
    room.clock.set(TUESDAY - timedelta(hours=14))  # Monday evening: nobody is in the office
    room.take(eml(LATE))
    room.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    room.card(2)
    tick(room, 0.4)
    early = nudges(room)
    for hours in (0.6, 0.7, 1.9):
        tick(room, hours)
    first = nudges(room)
    tick(room, 2.1)
    second = nudges(room)
    with room.storage.write.begin() as session:
        triage.spam(session, triage.find(session, 2), staff=room.member("staff-a"), now=room.clock.now())
    tick(room, 4.1)
    tick(room, 4.2)
    third = [one for one in nudges(room) if boss in one]

    assert early == []
    assert [key.split(":")[1:3] for key in first] == [["0", "thread"]]
    assert [key.split(":")[1:3] for key in second] == [["0", "thread"], ["0", "group"]]
    assert [key.split(":")[1:3] for key in third] == [["1", "approver"]]
    ping = room.workspace.wait_until(
        lambda: [one for one in room.cards() if "usergroup" in str(one["blocks"])], "the group is called"
    )
    assert room.groups["triage"] in str(ping[0]["blocks"])
    assert "<!" not in ping[0]["text"]


def nudges(room: Room) -> list[str]:
    return [row.key for row in room.office.outbox() if row.key.startswith("nudge:")]


def test_digest_is_told_once_a_workday_at_half_past_nine(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.card(1)
    tick(room, 0.4)
    before = digests(room)
    for hours in (0.6, 0.7):
        tick(room, hours)
    once = digests(room)
    tick(room, 0.6 - 48)  # Sunday
    [told] = room.workspace.wait_until(
        lambda: [one for one in room.cards() if "Morning digest" in room.plain(one)], "the digest"
    )

    assert (before, once, digests(room)) == ([], ["digest:2020-11-24"], ["digest:2020-11-24"])
    assert "🟡 새 문의 New 1" in told["text"]
    assert "#1 " in room.plain(told)


def digests(room: Room) -> list[str]:
    return [row.key for row in room.office.outbox() if row.key.startswith("digest:")]


def test_duplicates_are_offered_when_the_entry_is_approved(room: Room) -> None:
    room.add_staff("staff-a")
    room.add_staff("staff-b", role=StaffRole.APPROVER)
    answered(room)
    room.take(eml(JURY, id="<2@example.org>", sender="b@example.org"))
    room.choose("staff-a", 2, "duplicate")
    form = room.view("staff-a", until=lambda said: "번호" in said)
    room.workspace.submit(room.people["staff-a"], form["id"], {"inq.number": "1"})
    room.card(1, until=lambda said: "Answer 1 duplicates" in said)
    save(room, "staff-a", ENTRY)
    asked = room.wait(lambda: room.below(1, "faq.review"), "the draft in the thread")
    room.workspace.click(room.people["staff-b"], room.channel, asked["ts"], "faq.review")
    shown = room.view("staff-b", until=lambda said: "회귀 검사" in said)
    room.workspace.submit(room.people["staff-b"], shown["id"])
    told = room.view("staff-b", until=lambda said: "승인했습니다" in said)
    with room.storage.read() as session:
        waiting = [one.id for one in duplicates.waiting(session, triage.find(session, 1))]

    assert "중복 문의 1건" in room.plain(told)
    assert waiting == [2]
    assert room.inquiry(2).state is InquiryState.DUPLICATE
    until(lambda: "Answer 1 duplicates" in room.plain(room.card(1)), "it is offered on the card")
