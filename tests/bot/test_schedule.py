"""Edits of the schedule: what they do, who approves them, who hears of it (answer recall)."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any

import icalendar
import pytest
from sqlalchemy import select, update

from bot import (
    codes,
    corrections,
    drafts,
    invites,
    recall,
    roster,
    schedule,
    schedule_effect,
    triage,
    understanding,
)
from bot import staff as people
from bot.refusal import Refused
from bot.roster_tables import Decision
from bot.schedule_tables import Correction, CorrectionState, Invitation, Recall
from bot.storage import Storage
from bot.tables import Draft, Overlay, StaffRole
from faq.contest import SEOUL, Language, Person, Stage
from faq.library import Library
from mailer import outbox as sending
from mailer.letter import Letter
from mailer.tables import Channel, MailKind, MailState, OutboxMail
from tests.bot import season
from tests.bot.office import DESK, IDENTITY, NOON, Office, eml
from tests.bot.season import D3, D7, REAL, day
from tests.bot.test_reminding import release

A, B = "staff-a@example.org", "staff-b@example.org"
SLOT = datetime(2020, 12, 9, 14, 20, tzinfo=SEOUL)
RELEASE = datetime(2020, 12, 4, 14, 0, tzinfo=SEOUL)


def hire(storage: Storage) -> None:
    with storage.write.begin() as session:
        for address in (A, B):
            people.add(session, address, name=address[:7], role=StaffRole.APPROVER, slack_id=None, now=NOON)


def propose(storage: Storage, edition: Library, *edit: str, by: str = A, now: datetime = NOON) -> int:
    with storage.write.begin() as session:
        member = people.member(session, by)
        return schedule.propose(session, edition, edit[0], edit[1], edit[2], staff=member, now=now).id


def enforce(storage: Storage, files: Library, number: int, *, now: datetime) -> Library:
    """Approve a draft as the second person, and do what follows."""
    with storage.write.begin() as session:
        draft = session.get_one(Draft, number)
        version = understanding.version(session)
        drafts.approve(session, draft, staff=people.member(session, B), version=version, now=now)
    with storage.read() as session:
        edition = understanding.overlaid(files, session)
    schedule_effect.follow_up(storage, files, edition, DESK, now=now)
    return edition


def edit(storage: Storage, files: Library, *said: str, now: datetime) -> Library:
    with storage.read() as session:
        edition = understanding.overlaid(files, session)
    return enforce(storage, files, propose(storage, edition, *said, now=now), now=now)


def mails(storage: Storage, kind: MailKind) -> list[Any]:
    """The messages of a kind, oldest first, as their readers' programs see them."""
    query = select(OutboxMail.body).where(OutboxMail.kind == kind).order_by(OutboxMail.id)
    with storage.read() as session:
        return [message_from_bytes(body or b"", policy=policy.default) for body in session.scalars(query)]


def words(mail: Any) -> str:
    """The plain text."""
    return str(mail.get_body(("plain",)).get_content())


def calendar(mail: Any) -> Any:
    """Method and event of a mail's calendar file."""
    (found, *_) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    read: Any = icalendar.Calendar.from_ical(found.get_payload(decode=True))
    (event,) = read.walk("VEVENT")
    return read["METHOD"], event


def tell(
    storage: Storage,
    address: str,
    edition: Library,
    *,
    fact: str = "application",
    key: str = "answer:1",
    kind: MailKind = MailKind.ANSWER,
    **changes: Any,
) -> int:
    """An answer that told a fact, and is out."""
    contest = edition.contest
    provenance = {"facts": {fact: "told"}, "values": {fact: contest.says(fact)}}
    letter = Letter(
        kind=kind,
        recipient=Person(address=address, name=None, language=Language.KO),
        subject="Re: 마감",
        template="receipt",
        data={"sections": (), "greeting": None},
        automatic=True,
        inquiry=7,
        provenance=provenance | changes,
    )
    with storage.write.begin() as session:
        number = sending.enqueue(session, letter, key=key, identity=IDENTITY, now=NOON)
        assert number is not None
        session.execute(update(OutboxMail).where(OutboxMail.id == number).values(state=MailState.SENT))
    return number


def drafted(storage: Storage) -> list[tuple[str, str, str]]:
    """Address, old words, new words of every correction."""
    with storage.read() as session:
        return [
            (row.address, row.said["was"], row.said["now"])
            for row in session.scalars(select(Correction).order_by(Correction.address))
        ]


# -- edits ------------------------------------------------------------------------------------


def test_edit_is_a_draft_that_another_person_approves(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    number = propose(small_storage, packaged, "application", "ends_on", "2020-12-07")
    with small_storage.read() as session, pytest.raises(Refused, match="another approver"):
        drafts.check_approver(session.get_one(Draft, number), people.member(session, A))

    after = enforce(small_storage, packaged, number, now=NOON)

    assert after.contest.says("application") == "2020-11-02/2020-12-07"
    assert after.version == 1


def test_second_edit_of_a_milestone_joins_the_one_that_waits(
    small_storage: Storage, packaged: Library
) -> None:
    hire(small_storage)
    first = propose(small_storage, packaged, "application", "ends_on", "2020-12-07")
    second = propose(small_storage, packaged, "application", "at", "18:00", by=B)
    with small_storage.read() as session:
        row = session.get_one(Draft, first)
        read = schedule.proposed(row, packaged)

    assert second == first
    assert row.author == B
    assert read.says() == "2020-11-02/2020-12-07T18:00"


def test_day_settles_what_was_vague(packaged: Library) -> None:
    kickoff = schedule.edited(packaged.contest.milestones["kickoff"], "on", "2020-12-28")

    assert kickoff.approximate is None
    assert kickoff.says() == "2020-12-28/2020-12-28"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("application", "ends_on", "2020-10-01"), "before it starts"),
        (("application", "ends_on", "7 December"), "no day"),
        (("application", "at", "25:00"), "no hour"),
        (("application", "at", "18:00+09:00"), "Korean time"),
        (("application", "until", "18:00"), "no field"),
        (("deadline", "at", "18:00"), "no milestone"),
        (("application", "ends_on", "2020-11-30"), "already"),
    ],
)
def test_edit_that_makes_no_sense_is_refused(
    small_storage: Storage, packaged: Library, said: tuple[str, str, str], why: str
) -> None:
    hire(small_storage)
    with pytest.raises(Refused, match=why):
        propose(small_storage, packaged, *said)


# -- what it would do -------------------------------------------------------------------------


def foreseen(storage: Storage, edition: Library, now: datetime, **changes: Any) -> schedule_effect.Effect:
    after = dataclasses.replace(edition.contest.milestones["application"], **changes)
    with storage.read() as session:
        return schedule_effect.foreseen(session, edition, after, now=now)


def test_preview_says_what_moves_and_what_stays_sent(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 2)
    season.tick(small_storage, packaged, D7)
    season.send_all(small_storage, D7)
    found = foreseen(small_storage, packaged, D7 + timedelta(hours=1), ends_on=date(2020, 12, 7))

    assert [(one.what, one.offset, one.was, one.now) for one in found.reminders] == [
        ("move", "D-3", D3, day(12, 4)),
        ("move", "D-1", day(11, 29), day(12, 6)),
    ]
    assert found.sent == {"application D-7": 2}
    assert [(one.address, len(one.mails)) for one in found.people] == [
        ("team-1@example.org", 1),
        ("team-2@example.org", 1),
    ]


def test_preview_of_an_earlier_day_cancels_what_is_over(small_storage: Storage, packaged: Library) -> None:
    found = foreseen(small_storage, packaged, day(11, 24), ends_on=date(2020, 11, 25))

    assert [(one.what, one.offset) for one in found.reminders] == [("move", "D-1"), ("cancel", "D-3")]


def test_preview_names_facts_that_may_speak_of_the_old_days(
    small_storage: Storage, packaged: Library
) -> None:
    review = dataclasses.replace(packaged.contest.milestones["document_review"], ends_on=date(2020, 12, 8))
    with small_storage.read() as session:
        found = schedule_effect.foreseen(session, packaged, review, now=NOON)

    assert [name for name, _ in found.facts] == ["document_review.when"]


def test_preview_writes_nothing(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1)
    foreseen(small_storage, packaged, NOON, ends_on=date(2020, 12, 7))
    with small_storage.read() as session:
        assert session.scalars(select(Overlay)).all() == []
        assert session.scalars(select(Correction)).all() == []


# -- what it does -----------------------------------------------------------------------------


def test_approved_edit_moves_unsent_reminders_and_repeats_none(storage: Storage, packaged: Library) -> None:
    hire(storage)
    season.enrol(storage, 1)
    season.tick(storage, packaged, D7)
    season.send_all(storage, D7)
    after = edit(storage, packaged, "application", "ends_on", "2020-12-07", now=D7 + timedelta(hours=1))
    seen = []
    for at in (D3, day(11, 29), day(11, 30), day(12, 4), day(12, 6)):
        season.tick(storage, after, at)
        seen += [at for _ in season.send_all(storage, at)]

    # D-7 of the new day (30 November) was had as D-7 of the old one.
    assert seen == [day(12, 4), day(12, 6)]


def test_answers_and_reminders_read_the_same_hour(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    after = edit(small_storage, packaged, "application", "at", "18:00", now=NOON)

    assert after.contest.facts["application.hour"].value == "18:00 KST"
    assert after.contest.milestones["application"].at == time(18)


# -- invitations ------------------------------------------------------------------------------


def shortlist(storage: Storage, slot_at: datetime | None = SLOT) -> str:
    (address,) = season.enrol(storage, 1, status=Stage.SUBMITTED, prefix="lab")
    release(storage, [address], Stage.SHORTLISTED, RELEASE, slot_at=slot_at)
    return address


def test_check_32_invitation_is_moved_and_cancelled_under_one_uid(
    storage: Storage, packaged: Library
) -> None:
    hire(storage)
    address = shortlist(storage)
    now = RELEASE + timedelta(minutes=5)
    invites.tick(storage, packaged, DESK, now=now)
    after = edit(storage, packaged, "presentation", "on", "2020-12-10", now=now)
    invites.tick(storage, after, DESK, now=now)
    season.becomes(storage, address, Stage.WITHDRAWN)
    invites.tick(storage, after, DESK, now=now)
    sent = mails(storage, MailKind.INVITE)
    methods, events = zip(*map(calendar, sent), strict=True)

    assert [mail["To"] for mail in sent] == [address] * 3
    assert methods == ("REQUEST", "REQUEST", "CANCEL")
    assert len({str(event["UID"]) for event in events}) == 1
    assert [int(event["SEQUENCE"]) for event in events] == [0, 1, 2]
    assert [event["DTSTART"].dt for event in events] == [SLOT, *[SLOT + timedelta(days=1)] * 2]
    assert str(events[2]["STATUS"]) == "CANCELLED"


def test_invitation_is_sent_once_whoever_ticks(small_storage: Storage, packaged: Library) -> None:
    shortlist(small_storage)
    done = [invites.tick(small_storage, packaged, DESK, now=RELEASE + timedelta(minutes=n)) for n in range(3)]

    assert done == [invites.Ticked(new=1), invites.Ticked(), invites.Ticked()]


def test_invitation_waits_for_the_result_mail(small_storage: Storage, packaged: Library) -> None:
    (address,) = season.enrol(small_storage, 1, status=Stage.SUBMITTED, prefix="lab")
    release(small_storage, [address], Stage.SHORTLISTED, RELEASE, slot_at=SLOT, state=MailState.UNKNOWN)

    assert invites.tick(small_storage, packaged, DESK, now=RELEASE) == invites.Ticked()


def test_invitation_that_the_result_carried_is_only_moved(small_storage: Storage, packaged: Library) -> None:
    address = shortlist(small_storage)
    with small_storage.write.begin() as session:
        row = roster.by_address(session, address)
        assert row is not None
        invites.carried(session, {row.id: SLOT}, contest=packaged.contest, identity=IDENTITY, now=RELEASE)
        sent = invites.for_slot(
            row.id,
            Person(address=address, name=None, language=Language.KO),
            SLOT,
            contest=packaged.contest,
            identity=IDENTITY,
            stamp=RELEASE,
        )
        uid = session.scalar(select(Invitation.uid))
    still = invites.tick(small_storage, packaged, DESK, now=RELEASE)
    with small_storage.write.begin() as session:
        session.execute(update(Decision).values(slot_at=SLOT + timedelta(minutes=30)))
    moved = invites.tick(small_storage, packaged, DESK, now=RELEASE)
    (mail,) = mails(small_storage, MailKind.INVITE)

    assert f"UID:{uid}".encode() in sent.content
    assert (still, moved) == (invites.Ticked(), invites.Ticked(moved=1))
    assert calendar(mail)[1]["SEQUENCE"] == 1


def test_invitation_without_a_slot_is_the_day_and_says_that_no_hour_is_known(
    small_storage: Storage, packaged: Library
) -> None:
    shortlist(small_storage, None)
    invites.tick(small_storage, packaged, DESK, now=RELEASE)
    (mail,) = mails(small_storage, MailKind.INVITE)

    assert calendar(mail)[1]["DTSTART"].dt == date(2020, 12, 9)
    assert "발표 시각과 순서는 공고에 적혀 있지 않습니다" in words(mail)


def test_invited_team_hears_of_a_move_by_its_invitation_alone(
    small_storage: Storage, packaged: Library
) -> None:
    hire(small_storage)
    address = shortlist(small_storage)
    invites.tick(small_storage, packaged, DESK, now=RELEASE)
    tell(small_storage, address, packaged, fact="presentation")
    tell(small_storage, "asked@example.org", packaged, fact="presentation", key="answer:2")
    edit(small_storage, packaged, "presentation", "on", "2020-12-10", now=RELEASE)

    assert [to for to, _, _ in drafted(small_storage)] == ["asked@example.org"]
    assert [calendar(mail)[1]["SEQUENCE"] for mail in mails(small_storage, MailKind.INVITE)] == [0, 1]


# -- recall -----------------------------------------------------------------------------------


def test_recall_drafts_one_correction_a_person_for_every_way_of_telling(
    storage: Storage, packaged: Library
) -> None:
    hire(storage)
    season.enrol(storage, 1)
    season.tick(storage, packaged, D7)
    season.send_all(storage, D7)
    tell(storage, "team-1@example.org", packaged)
    tell(storage, "asked@example.org", packaged, key="answer:2")
    tell(storage, "asked@example.org", packaged, key="answer:3")
    tell(storage, "other@example.org", packaged, key="answer:4", fact="support.teams")
    edit(storage, packaged, "application", "ends_on", "2020-12-07", now=D7)

    was = "2020년 11월 2일(월)부터 11월 30일(월)까지(KST)"
    now = "2020년 11월 2일(월)부터 12월 7일(월)까지(KST)"
    assert drafted(storage) == [("asked@example.org", was, now), ("team-1@example.org", was, now)]
    assert season.outbox(storage, MailKind.CORRECTION) == []
    assert season.notices(storage) == 1


def test_recall_finds_letters_of_staff_by_their_words(small_office: Office, packaged: Library) -> None:
    storage = small_office.storage
    hire(storage)
    for number, text in enumerate(("접수는 11월 30일까지입니다.", "Until 30 November.", "네, 됩니다."), 1):
        sender = f"writer-{number}@example.org"
        taken = small_office.take(
            eml("채용 담당자 연락처를 알려 주세요.", id=f"<{number}@example.org>", sender=sender)
        )
        with storage.write.begin() as session:
            inquiry = triage.find(session, taken.inquiry_id or 0)
            triage.answer(
                session, inquiry, text, staff=people.member(session, A), identity=IDENTITY, now=NOON
            )
    edit(storage, packaged, "application", "ends_on", "2020-12-07", now=D7)

    assert [address for address, _, _ in drafted(storage)] == ["writer-1@example.org", "writer-2@example.org"]


def test_recall_leaves_out_who_was_told_the_new_one_since(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    tell(small_storage, "asked@example.org", packaged)
    after = schedule.with_milestones(
        packaged, [schedule.edited(packaged.contest.milestones["application"], "ends_on", "2020-12-07")]
    )
    tell(small_storage, "asked@example.org", after, key="answer:2")
    edit(small_storage, packaged, "application", "ends_on", "2020-12-07", now=D7)

    assert drafted(small_storage) == []


def test_recall_follows_a_changed_fact_as_well(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    tell(small_storage, "asked@example.org", packaged, fact="support.teams")
    with small_storage.write.begin() as session:
        content = {"statements": [{"value": 12, "source": "공지"}]}
        session.add(
            Overlay(kind="fact", subject="support.teams", content=content, author=A, approved_by=B, at=NOON)
        )

    assert recall.tick(small_storage, packaged, DESK, now=NOON) == 1
    assert recall.tick(small_storage, packaged, DESK, now=NOON) == 0
    assert drafted(small_storage) == [("asked@example.org", "10개 팀", "12개 팀")]


def test_who_was_told_in_slack_is_counted_for_staff(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    number = tell(small_storage, "slack-u1@slack.test", packaged)
    with small_storage.write.begin() as session:
        session.execute(update(OutboxMail).where(OutboxMail.id == number).values(channel=Channel.SLACK))
    edit(small_storage, packaged, "application", "ends_on", "2020-12-07", now=D7)
    with small_storage.read() as session:
        followed = session.scalars(select(Recall)).one()

    assert (followed.found, followed.by_hand) == (0, 1)
    assert season.notices(small_storage) == 1


def test_failed_mail_told_nobody(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    tell(small_storage, "asked@example.org", packaged)
    with small_storage.write.begin() as session:
        session.execute(update(OutboxMail).values(state=MailState.FAILED))
    edit(small_storage, packaged, "application", "ends_on", "2020-12-07", now=D7)

    assert drafted(small_storage) == []


def typed(storage: Storage) -> str:
    """The newest code, as its owner reads it."""
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", words(mails(storage, MailKind.CODE)[-1]))
    assert found is not None
    return found[0]


def code_for(storage: Storage, version: int) -> str:
    with storage.write.begin() as session:
        looked = corrections.look_over(session, version)
        corrections.send_code(session, looked, B, identity=IDENTITY, now=D7, real_now=REAL)
    return typed(storage)


def approve(storage: Storage, files: Library, code: str) -> int | codes.Redeemed:
    with storage.write.begin() as session:
        looked = corrections.look_over(session, 1)
        contest = understanding.overlaid(files, session).contest
        return corrections.approve(
            session, looked, B, code, contest=contest, identity=IDENTITY, now=D7, real_now=REAL
        )


def test_correction_goes_out_once_approved_and_hangs_on_what_it_corrects(
    storage: Storage, packaged: Library
) -> None:
    hire(storage)
    told = tell(storage, "asked@example.org", packaged)
    edit(storage, packaged, "application", "ends_on", "2020-12-07", now=D7)
    wrong = approve(storage, packaged, "2222-2222")
    done = approve(storage, packaged, code_for(storage, 1))
    (mail,) = season.outbox(storage, MailKind.CORRECTION)
    (read,) = mails(storage, MailKind.CORRECTION)
    with storage.read() as session:
        newest = session.get_one(OutboxMail, told)
        row = session.scalars(select(Correction)).one()

    assert (wrong, done) == (codes.Redeemed.VOID, 1)
    assert (mail.recipient, mail.key) == ("asked@example.org", "correction:1:asked@example.org")
    assert read["In-Reply-To"] == newest.message_id
    assert "12월 7일(월)까지" in words(read)
    assert calendar(read)[1]["DTSTART"].dt == date(2020, 12, 7)
    assert (row.state, row.mail_id, row.decided_by) == (CorrectionState.QUEUED, mail.id, B)
    with storage.read() as session, pytest.raises(Refused, match="no correction waits"):
        corrections.look_over(session, 1)


def test_code_is_void_once_somebody_is_left_out(small_storage: Storage, packaged: Library) -> None:
    hire(small_storage)
    tell(small_storage, "asked@example.org", packaged)
    tell(small_storage, "also@example.org", packaged, key="answer:2")
    edit(small_storage, packaged, "application", "ends_on", "2020-12-07", now=D7)
    code = code_for(small_storage, 1)
    with small_storage.write.begin() as session:
        member = people.member(session, B)
        corrections.leave_out(session, 1, ["also@example.org"], staff=member, now=D7)

    assert approve(small_storage, packaged, code) is codes.Redeemed.CHANGED
    assert approve(small_storage, packaged, code_for(small_storage, 1)) == 1
    assert [mail.recipient for mail in season.outbox(small_storage, MailKind.CORRECTION)] == [
        "asked@example.org"
    ]


def test_corrected_person_is_found_again_by_the_next_change(
    small_storage: Storage, packaged: Library
) -> None:
    hire(small_storage)
    tell(small_storage, "asked@example.org", packaged)
    edit(small_storage, packaged, "application", "ends_on", "2020-12-07", now=D7)
    approve(small_storage, packaged, code_for(small_storage, 1))
    edit(small_storage, packaged, "application", "ends_on", "2020-12-08", now=D7)

    assert [was for _, was, _ in drafted(small_storage)] == [
        "2020년 11월 2일(월)부터 11월 30일(월)까지(KST)",
        "2020년 11월 2일(월)부터 12월 7일(월)까지(KST)",
    ]
