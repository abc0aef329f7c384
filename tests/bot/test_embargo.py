"""The words of staff to somebody whose result is not out wait for a second person, or for the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import embargo, staff, triage
from bot.refusal import Refused
from bot.tables import StaffRole
from faq.library import Library
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.office import DESK, Office, eml
from tests.bot.results import AUTHOR, IMPORTED, RELEASE, SECOND, Season, rows
from tests.mailer.letters import Scripted


@pytest.fixture
def embargoed(small_office: Office, packaged: Library, tmp_path: Path) -> tuple[Season, Office, int]:
    """A question of a team with a decision that is not out, and staff to answer it."""
    season = Season(storage=small_office.storage, library=packaged, folder=tmp_path)
    season.add_people(rows(20))
    season.bring(rows(20))
    raw = eml("채용 담당자 연락처를 알려 주세요.", sender="team-2@example.org")
    inquiry = small_office.take(raw, now=IMPORTED, envelope_sender="team-2@example.org").inquiry_id
    assert inquiry is not None
    with small_office.storage.write.begin() as session:
        for address in (AUTHOR, SECOND):
            staff.add(session, address, name="담당자", role=StaffRole.APPROVER, slack_id=None, now=IMPORTED)
    return season, small_office, inquiry


def write_letter(office: Office, inquiry: int) -> int:
    with office.storage.write.begin() as session:
        row = triage.find(session, inquiry)
        member = staff.member(session, AUTHOR)
        return triage.answer(
            session, row, "축하드립니다.", staff=member, identity=DESK.identity, now=IMPORTED
        ).outbox_id


def letters(relay: Scripted, office: Office) -> list[str]:
    kinds = {row.id: row.kind for row in office.outbox()}
    return [mail.recipient for mail in relay.sent if kinds[mail.id] is MailKind.LETTER]


def test_letter_of_staff_waits_for_a_second_person(embargoed: tuple[Season, Office, int]) -> None:
    season, office, inquiry = embargoed
    write_letter(office, inquiry)
    relay = Scripted()
    season.deliver(relay, now=IMPORTED)
    alone = letters(relay, office)
    with office.storage.write.begin() as session:
        own = triage.find(session, inquiry)
        with pytest.raises(Refused, match="another person reads it"):
            embargo.countersign(session, own, staff=staff.member(session, AUTHOR), now=IMPORTED)
    with office.storage.write.begin() as session:
        row = triage.find(session, inquiry)
        embargo.countersign(session, row, staff=staff.member(session, SECOND), now=IMPORTED)
    season.deliver(relay, now=IMPORTED)

    assert alone == []
    assert letters(relay, office) == ["team-2@example.org"]
    assert office.events(inquiry)[-1] == embargo.COUNTERSIGNED


def test_letter_of_staff_leaves_with_the_release(embargoed: tuple[Season, Office, int]) -> None:
    season, office, inquiry = embargoed
    held = write_letter(office, inquiry)
    season.arm()
    relay = Scripted()
    season.deliver(relay, now=RELEASE)
    before = letters(relay, office)
    season.tick()
    season.deliver(relay)

    assert before == []
    assert letters(relay, office) == ["team-2@example.org"]
    with office.storage.read() as session:
        assert session.get_one(OutboxMail, held).state is MailState.SENT


def test_letter_to_a_person_without_a_decision_leaves_at_once(
    embargoed: tuple[Season, Office, int],
) -> None:
    season, office, _ = embargoed
    raw = eml("채용 담당자 연락처를 알려 주세요.", sender="someone@example.org", id="<9@example.org>")
    inquiry = office.take(raw, now=IMPORTED, envelope_sender="someone@example.org").inquiry_id
    assert inquiry is not None
    write_letter(office, inquiry)
    relay = Scripted()
    season.deliver(relay, now=IMPORTED)

    assert letters(relay, office) == ["someone@example.org"]
