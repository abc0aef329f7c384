"""Who comes to the presentation: replies in both languages, and who is asked once more."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot import attending
from bot.storage import Storage
from bot.understanding import Understanding
from faq.library import Library
from mailer import token
from mailer.campaign_tables import Attendance
from mailer.relay import Delivered, Unknown
from mailer.tables import MailKind
from tests.bot.office import DESK, IDENTITY, Office, eml
from tests.bot.results import RELEASE, Season, rows
from tests.mailer.letters import Scripted

SERVER = "mx.contest.test"
TRUSTING = dataclasses.replace(DESK, names=dataclasses.replace(DESK.names, authserv_id=SERVER))
PROVEN = {"Authentication-Results": f"{SERVER}; dmarc=pass header.from=example.org"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("참석합니다.", Attendance.ATTENDS),
        ("참석", Attendance.ATTENDS),
        ("네, 참석하겠습니다. 감사합니다.", Attendance.ATTENDS),
        ("저희 팀 전원 참석 예정입니다", Attendance.ATTENDS),
        ("네", Attendance.ATTENDS),
        ("We will attend.", Attendance.ATTENDS),
        ("Attending, thank you!", Attendance.ATTENDS),
        ("Yes", Attendance.ATTENDS),
        ("We confirm. We'll be there.", Attendance.ATTENDS),
        ("I can't wait to attend!", None),
        ("No problem, we will attend.", Attendance.ATTENDS),
        ("불참", Attendance.ABSENT),
        ("불참합니다.", Attendance.ABSENT),
        ("죄송하지만 참석이 어렵습니다.", Attendance.ABSENT),
        ("그날은 참석하지 못합니다", Attendance.ABSENT),
        ("참석할 수 없게 되었습니다.", Attendance.ABSENT),
        ("발표를 포기하겠습니다.", Attendance.ABSENT),
        ("We are not attending.", Attendance.ABSENT),
        ("Unfortunately we cannot come.", Attendance.ABSENT),
        ("We have to decline.", Attendance.ABSENT),
        ("Not able to attend, sorry.", Attendance.ABSENT),
        ("No", Attendance.ABSENT),
        ("참석하면 주차가 되나요?", None),
        ("참석 여부는 아직 미정입니다.", None),
        ("불참이 아니라 참석입니다.", None),
        ("한 명은 불참, 두 명은 참석합니다.", None),
        ("만약 시간을 바꿀 수 있다면 참석합니다.", None),
        ("If the slot moves, we will attend.", None),
        ("Could we attend at another time?", None),
        ("감사합니다.", None),
    ],
)
def test_reply_is_read_as_its_writer_means_it(text: str, read: Attendance | None) -> None:
    assert attending.understood(text) is read


@pytest.fixture
def told(
    small_storage: Storage, packaged: Library, understanding: Understanding, tmp_path: Path
) -> tuple[Season, Office]:
    """A round that was told; the mail of the third team may or may not have arrived."""
    season = Season(storage=small_storage, library=packaged, folder=tmp_path, desk=TRUSTING)
    season.add_people(rows(16))
    season.bring(rows(16))
    season.arm()
    season.tick()
    relay = Scripted()
    relay.answer = lambda mail: (
        Unknown(cause="cut") if mail.recipient == "team-3@example.org" else Delivered(reply="250 ok")
    )
    season.deliver(relay)
    season.tick()
    return season, Office(storage=small_storage, understanding=understanding, desk=TRUSTING)


def reply(
    told: tuple[Season, Office], number: int, text: str, *, proven: bool = True, sender: int | None = None
) -> Office:
    """Reply to the result of team ``number``, as that team or as another one."""
    season, office = told
    recipient = next(row for row in season.recipients() if row.address == f"team-{number}@example.org")
    address = f"team-{sender or number}@example.org"
    raw = eml(
        text,
        id=f"<r{len(office.outbox())}-{len(text)}@example.org>",
        sender=address,
        subject="Re: [회신 필요]",
        answers=token.result_id(recipient.id, IDENTITY.secret, IDENTITY.domain),
        headers=PROVEN if proven else {},
    )
    office.take(raw, now=RELEASE, envelope_sender=address)
    return office


def answers(told: tuple[Season, Office]) -> dict[str, Attendance]:
    return {row.address: row.answer for row in told[0].recipients() if row.answer is not None}


def test_reply_to_a_shortlist_mail_is_noted_and_thanked_for(told: tuple[Season, Office]) -> None:
    office = reply(told, 1, "참석합니다.")
    reply(told, 2, "불참합니다.")

    assert answers(told) == {
        "team-1@example.org": Attendance.ATTENDS,
        "team-2@example.org": Attendance.ABSENT,
    }
    thanks = office.outbox(MailKind.RECEIPT)
    assert [mail.recipient for mail in thanks] == ["team-1@example.org", "team-2@example.org"]
    assert office.notices()[1:] == []  # beside the one that the campaign is done


def test_later_reply_replaces_the_earlier_one_and_an_echo_is_not_thanked_for(
    told: tuple[Season, Office],
) -> None:
    office = reply(told, 1, "참석합니다.")
    reply(told, 1, "참석합니다!!")
    reply(told, 1, "죄송합니다. 불참합니다.")

    assert answers(told) == {"team-1@example.org": Attendance.ABSENT}
    assert len(office.outbox(MailKind.RECEIPT)) == 2


@pytest.mark.parametrize(
    ("number", "sender", "proven"),
    [
        (1, 1, False),  # anybody may write that From
        (1, 2, True),  # another team
        (16, 16, True),  # nobody with a slot
    ],
)
def test_reply_of_anybody_else_is_a_question_for_staff(
    told: tuple[Season, Office], number: int, sender: int, proven: bool
) -> None:
    reply(told, number, "불참합니다.", proven=proven, sender=sender)

    assert answers(told) == {}


def test_nudge_asks_once_those_who_were_told_and_are_silent(told: tuple[Season, Office]) -> None:
    season, office = told
    reply(told, 1, "참석합니다.")
    with season.writing() as session:
        counts = [
            attending.nudge(session, 1, contest=season.library.contest, identity=IDENTITY, now=RELEASE)
            for _ in range(2)
        ]
    nudged = {mail.recipient for mail in office.outbox(MailKind.REMINDER)}
    with season.storage.read() as session:
        silent = {line["team"] for line in attending.unconfirmed(session, 1)}

    assert counts == [13, 0]  # of fifteen, one has answered and one may not know of its slot
    assert nudged == {f"team-{n}@example.org" for n in range(2, 16)} - {"team-3@example.org"}
    assert silent == {f"팀 {n:04d}호" for n in range(2, 16)}


def test_reply_to_the_nudge_counts_as_well(told: tuple[Season, Office]) -> None:
    season, office = told
    with season.writing() as session:
        attending.nudge(session, 1, contest=season.library.contest, identity=IDENTITY, now=RELEASE)
    (nudge,) = [mail for mail in office.outbox(MailKind.REMINDER) if mail.recipient == "team-4@example.org"]
    message = office.message(nudge.id)
    raw = eml(
        "Attending.",
        sender="team-4@example.org",
        answers=str(message["Message-ID"]),
        headers=PROVEN | {"References": f"{message['References']} {message['Message-ID']}"},
    )
    office.take(raw, now=RELEASE, envelope_sender="team-4@example.org")

    assert answers(told) == {"team-4@example.org": Attendance.ATTENDS}
