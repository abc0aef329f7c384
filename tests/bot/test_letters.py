"""A letter between "send" and sent, drafts and presence, duplicates: on both kinds of database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot import duplicates, duty, letters, merge, triage, writing
from bot.refusal import Refused
from bot.tables import InquiryState, Staff, ThreadMessage
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.office import IDENTITY, LATE, NOON, OTHER, Office, eml, words

UNDO = letters.UNDO


def second(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def write(
    office: Office,
    text: str = "네.",
    *,
    staff: Staff | None = None,
    number: int = 1,
    detail: bool = False,
    also: Mapping[str, str] | None = None,
) -> Staff:
    person = staff or office.add_staff()
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, number)
        triage.answer(
            session, inquiry, text, staff=person, identity=IDENTITY, now=NOON, undo=UNDO,
            asks_detail=detail, also=also,
        )  # fmt: skip
    return person


def undo(office: Office, staff: Staff, after: timedelta) -> letters.Undone:
    with office.storage.write.begin() as session:
        return letters.undo(session, triage.find(session, 1), staff=staff, now=NOON + after)


def mark(office: Office, state: MailState) -> None:
    """What a sender would have recorded of the letter."""
    with office.storage.write.begin() as session:
        row = session.get_one(OutboxMail, letter(office).id)
        row.state = state


def letter(office: Office) -> OutboxMail:
    return office.outbox(MailKind.LETTER)[-1]


def settle(office: Office) -> list[int]:
    with office.storage.write.begin() as session:
        return list(letters.settle(session, now=NOON + second(40)))


def test_undone_letter_does_not_leave_and_is_a_draft_again(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office, "네, 됩니다.", also={"en": "Yes."})
    undone = undo(office, person, second(29))
    with office.storage.read() as session:
        kept = writing.draft(session, 1, staff=person.address)
        ours = session.query(ThreadMessage).filter_by(message_id=letter(office).message_id).count()

    assert undone == letters.Undone(inquiry_id=1, text="네, 됩니다.")
    assert (letter(office).state, ours) == (MailState.CANCELLED, 0)
    assert kept == ("네, 됩니다.", {"en": "Yes."})
    assert [part.waits for part in office.parts(1)] == [True]
    assert (office.inquiry(1).state, office.inquiry(1).owner) == (InquiryState.CLAIMED, person.address)


def test_letter_that_is_gone_cannot_be_taken_back(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office)
    with pytest.raises(Refused, match="too late: the letter in inquiry 1 left at 12:00:30 KST"):
        undo(office, person, second(30))

    assert (letter(office).state, office.inquiry(1).state) == (MailState.QUEUED, InquiryState.SENDING)


def test_letter_is_taken_back_by_its_writer_alone(office: Office) -> None:
    office.take(eml(LATE))
    write(office)
    other = office.add_staff("staff-b@example.org")
    with pytest.raises(Refused, match=r"staff-a@example\.org wrote this letter"):
        undo(office, other, second(1))

    assert letter(office).state is MailState.QUEUED


def test_letter_is_taken_back_once(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office)
    undo(office, person, second(1))
    with pytest.raises(Refused, match="no letter of it can be taken back"):
        undo(office, person, second(2))

    assert office.events(1).count("undone") == 1


def test_question_for_detail_may_be_taken_back_too(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office, "팀 이름이 무엇인가요?", detail=True)
    state = office.inquiry(1).state
    undo(office, person, second(5))

    assert state is InquiryState.NEEDS_INFO
    assert (office.inquiry(1).state, letter(office).state) == (InquiryState.CLAIMED, MailState.CANCELLED)


def test_sent_letter_answers_the_inquiry(office: Office) -> None:
    office.take(eml(LATE))
    write(office)
    waiting = settle(office)
    mark(office, MailState.SENT)

    assert (waiting, settle(office), office.inquiry(1).state) == ([], [1], InquiryState.ANSWERED)
    assert office.events(1)[-1] == "sent"


def test_question_that_came_meanwhile_keeps_it_open(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office)
    office.take(eml(OTHER, id="<2@example.org>", answers="<1@example.org>"))
    mark(office, MailState.SENT)
    settle(office)

    assert office.inquiry(1).state is InquiryState.CLAIMED
    assert [part.waits for part in office.parts(1)] == [False, True]
    assert person.address == "staff-a@example.org"


def test_letter_that_failed_comes_back_as_a_draft(office: Office) -> None:
    office.take(eml(LATE))
    person = write(office, "네, 됩니다.")
    mark(office, MailState.FAILED)
    settle(office)
    with office.storage.read() as session:
        kept, _ = writing.draft(session, 1, staff=person.address)

    assert (office.inquiry(1).state, kept) == (InquiryState.CLAIMED, "네, 됩니다.")
    assert [part.waits for part in office.parts(1)] == [True]


def test_presence_ends_after_five_minutes_and_the_draft_stays(office: Office) -> None:
    office.take(eml(LATE))
    a, b = office.add_staff(), office.add_staff("staff-b@example.org")
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        writing.begin(session, inquiry, staff=a, now=NOON)
        writing.keep(session, inquiry, "초안", address=a.address, now=NOON)
        collision = writing.begin(session, inquiry, staff=b, now=NOON + second(299))
        later = writing.begin(session, inquiry, staff=b, now=NOON + second(300))
        gone = writing.expire(session, now=NOON + second(300))
        kept, _ = writing.draft(session, 1, staff=a.address)

    assert collision is not None
    assert collision.staff == a.address
    assert (later, gone, kept) == (None, [1], "초안")


def test_who_takes_over_goes_on_from_the_others_draft(office: Office) -> None:
    office.take(eml(LATE))
    a, b = office.add_staff(), office.add_staff("staff-b@example.org")
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        writing.begin(session, inquiry, staff=a, now=NOON)
        writing.keep(session, inquiry, "초안", address=a.address, now=NOON)
        text = writing.take_over(session, inquiry, staff=b, now=NOON + second(10))
        present = writing.present(session, 1, now=NOON + second(10))
        kept, _ = writing.draft(session, 1, staff=a.address)

    assert (text, kept) == ("초안", "초안")
    assert present is not None
    assert present.staff == b.address
    assert office.events(1)[-1] == "took_over"


def duplicate(office: Office, number: int, staff: Staff) -> None:
    with office.storage.write.begin() as session:
        source, target = triage.find(session, number), triage.find(session, 1)
        merge.merge(session, source, target, staff=staff, other_sender=True, now=NOON)


def answer_all(office: Office, staff: Staff, said: Mapping[str, str]) -> list[int]:
    with office.storage.write.begin() as session:
        target = triage.find(session, 1)
        sent = duplicates.answer_all(
            session, target, words=said, staff=staff, identity=IDENTITY, now=NOON + second(60)
        )
    return [one.inquiry_id for one in sent]


def test_duplicates_are_answered_in_their_own_language_and_thread(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml("May we hand in late?", id="<2@example.org>", sender="en@example.org"))
    person = office.add_staff()
    duplicate(office, 2, person)
    write(office, "안 됩니다.", staff=person, also={"en": "No."})
    with office.storage.read() as session:
        told = duplicates.texts(session, triage.find(session, 1))
    sent = answer_all(office, person, told)
    mail = office.message(letter(office).id)

    assert sent == [2]
    assert (mail["To"], mail["In-Reply-To"]) == ("en@example.org", "<2@example.org>")
    assert "No." in words(mail)
    assert office.inquiry(2).state is InquiryState.ANSWERED


def test_duplicate_in_a_language_without_an_answer_is_not_written_to(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml("May we hand in late?", id="<2@example.org>", sender="en@example.org"))
    person = office.add_staff()
    duplicate(office, 2, person)
    write(office, "안 됩니다.", staff=person)
    with pytest.raises(Refused, match="there is no answer in en"):
        answer_all(office, person, {"ko": "안 됩니다.", "en": " "})

    assert office.inquiry(2).state is InquiryState.DUPLICATE


def test_duplicate_of_the_same_sender_is_answered_with_the_first(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>"))
    person = office.add_staff()
    duplicate(office, 2, person)
    with pytest.raises(Refused, match="no duplicate of inquiry 1 waits"):
        answer_all(office, person, {"ko": "네."})

    assert office.inquiry(2).state is InquiryState.DUPLICATE


def test_assigned_inquiry_has_another_owner(office: Office) -> None:
    office.take(eml(LATE))
    a, b = office.add_staff(), office.add_staff("staff-b@example.org")
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        duty.claim(session, inquiry, staff=a, now=NOON)
        changed = duty.assign(session, inquiry, b, staff=a, now=NOON + second(1))
        again = duty.assign(session, inquiry, b, staff=a, now=NOON + second(2))
    with office.storage.write.begin() as session, pytest.raises(Refused, match="not yours to give back"):
        duty.release(session, triage.find(session, 1), staff=a, now=NOON + second(3))
    with office.storage.write.begin() as session:
        duty.release(session, triage.find(session, 1), staff=b, now=NOON + second(4))

    assert (changed, again) == (True, False)
    assert (office.inquiry(1).state, office.inquiry(1).owner) == (InquiryState.NEW, None)
    assert office.events(1)[-3:] == ["claimed", "assigned", "released"]


def test_spam_is_put_aside_and_nobody_is_written_to(office: Office) -> None:
    office.take(eml(LATE))
    before = len(office.outbox())
    person = office.add_staff()
    with office.storage.write.begin() as session:
        triage.spam(session, triage.find(session, 1), staff=person, now=NOON)
    with office.storage.write.begin() as session, pytest.raises(Refused, match="is spam already"):
        triage.spam(session, triage.find(session, 1), staff=person, now=NOON)

    assert (office.inquiry(1).state, len(office.outbox())) == (InquiryState.SPAM, before)
