"""Two inquiries become one; of two senders neither learns of the other."""

from __future__ import annotations

import pytest

from bot import inquiries, merge, triage
from bot.refusal import Refused
from bot.tables import InquiryState, ThreadMessage
from mailer import token
from tests.bot.office import DEADLINE, FORM, IDENTITY, LATE, NOON, OTHER, SECRET, Office, eml, unfolded, words


def join(office: Office, source: int, target: int, *, other_sender: bool = False) -> merge.Merged:
    staff = office.add_staff()
    with office.storage.write.begin() as session:
        return merge.merge(
            session,
            triage.find(session, source),
            triage.find(session, target),
            staff=staff,
            other_sender=other_sender,
            now=NOON,
        )


def answer(office: Office, number: int) -> int:
    staff = office.add_staff()
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, number)
        return triage.answer(session, inquiry, "네.", staff=staff, identity=IDENTITY, now=NOON).outbox_id


def two_of_one_sender(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>"))


def two_senders(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<secret@lab-b.test>", sender="b@lab-b.test"))


def test_questions_and_thread_of_a_duplicate_move(office: Office) -> None:
    two_of_one_sender(office)
    merged = join(office, 2, 1)

    assert merged == merge.Merged(source_id=2, target_id=1, now_merged=True, other_sender=False)
    assert (office.inquiry(2).state, office.inquiry(2).duplicate_of) == (InquiryState.DUPLICATE, 1)
    assert ([part.text for part in office.parts(1)], office.parts(2)) == ([LATE, OTHER], [])
    assert [office.mark(number).inquiry_id for number in (1, 2)] == [1, 1]
    assert (office.events(1)[-1], office.events(2)[-1]) == ("merged", "duplicate")


def test_letter_in_the_merged_thread_answers_both(office: Office) -> None:
    two_of_one_sender(office)
    join(office, 2, 1)
    message = office.message(answer(office, 1))

    assert message["In-Reply-To"] == "<2@example.org>"
    assert "<1@example.org>" in unfolded(message, "References")
    assert [part.waits for part in office.parts(1)] == [False, False]


def test_next_mail_in_the_duplicate_thread_finds_the_one_that_stays(office: Office) -> None:
    two_of_one_sender(office)
    join(office, 2, 1)
    handled = office.take(eml(FORM, id="<3@example.org>", answers="<2@example.org>"))

    assert handled.inquiry_id == 1


def test_address_signed_for_the_duplicate_finds_the_one_that_stays(office: Office) -> None:
    two_of_one_sender(office)
    office.take(eml(LATE, id="<3@example.org>"))
    join(office, 2, 1)
    join(office, 1, 3)
    signed = f"{token.sign(token.INQUIRY, 2, SECRET)}@contest.test"
    handled = office.take(eml(FORM, id="<4@example.org>"), recipients=[signed])

    assert handled.inquiry_id == 3


def test_merging_twice_is_merging_once(office: Office) -> None:
    two_of_one_sender(office)
    join(office, 2, 1)
    before = (office.events(1), office.events(2))
    again = join(office, 2, 1)

    assert (again.now_merged, (office.events(1), office.events(2))) == (False, before)


def test_question_that_waits_opens_the_one_that_stays_again(office: Office) -> None:
    office.take(eml(DEADLINE))
    office.take(eml(LATE, id="<2@example.org>"))
    assert office.inquiry(1).state is InquiryState.ANSWERED
    join(office, 2, 1)

    assert office.inquiry(1).state is InquiryState.NEW


def test_answered_inquiry_may_be_merged(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(DEADLINE, id="<2@example.org>"))
    join(office, 2, 1)

    assert office.inquiry(2).state is InquiryState.DUPLICATE


def test_different_senders_are_refused(office: Office) -> None:
    two_senders(office)
    with pytest.raises(Refused, match="different senders") as refused:
        join(office, 2, 1)

    assert "@" not in str(refused.value)
    assert (office.inquiry(2).state, office.events(1)[-1]) == (InquiryState.NEW, "answered")


def test_of_different_senders_nothing_moves(office: Office) -> None:
    two_senders(office)
    merged = join(office, 2, 1, other_sender=True)

    assert (merged.other_sender, office.inquiry(2).state) == (True, InquiryState.DUPLICATE)
    assert ([part.text for part in office.parts(1)], [part.text for part in office.parts(2)]) == (
        [LATE],
        [OTHER],
    )
    assert [part.waits for part in office.parts(2)] == [False]


def test_neither_sender_learns_of_the_other(office: Office) -> None:
    two_senders(office)
    join(office, 2, 1, other_sender=True)
    message = office.message(answer(office, 1))
    later = office.take(eml(FORM, id="<3@lab-b.test>", sender="b@lab-b.test", answers="<secret@lab-b.test>"))
    reply = office.message(later.outbox_id)

    assert message["To"].endswith("lab@example.org")
    assert "lab-b" not in message.as_string() + words(message)
    assert later.inquiry_id == 2
    assert "example.org" not in reply.as_string() + words(reply)
    assert "@" not in str([event.data for event in office.happened(1) if event.kind == "merged"])


def test_thread_ids_of_another_sender_stay(office: Office) -> None:
    two_senders(office)
    join(office, 2, 1, other_sender=True)
    with office.storage.read() as session:
        kept = {row.message_id: row.inquiry_id for row in session.query(ThreadMessage)}

    assert kept["<secret@lab-b.test>"] == 2


def test_mails_without_a_usable_from_are_of_different_senders(office: Office) -> None:
    office.take(eml(LATE, sender=""))
    office.take(eml(OTHER, id="<2@example.org>", sender=""))
    with pytest.raises(Refused, match="different senders"):
        join(office, 2, 1)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (1, 1, "cannot be merged into itself"),
        (2, 3, "inquiry 2 is duplicate of 1; reopen it first"),
        (3, 2, "inquiry 2 is duplicate of 1; reopen it first"),
    ],
)
def test_merge_that_makes_no_sense_is_refused(office: Office, source: int, target: int, said: str) -> None:
    two_of_one_sender(office)
    office.take(eml(LATE, id="<3@example.org>"))
    join(office, 2, 1)
    with pytest.raises(Refused) as refused:
        join(office, source, target)

    assert said in str(refused.value)


def test_document_shows_what_it_is_a_duplicate_of(office: Office) -> None:
    two_of_one_sender(office)
    join(office, 2, 1)
    with office.storage.read() as session:
        document = inquiries.as_document(session, triage.find(session, 2))

    assert (document["state"], document["duplicate_of"]) == ("duplicate", 1)


def test_one_address_in_other_letters_is_one_sender(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>", sender="Lab@example.org"))
    merged = join(office, 2, 1)
    handled = office.take(
        eml(FORM, id="<3@example.org>", sender="LAB@EXAMPLE.ORG", answers="<2@example.org>")
    )

    assert (merged.other_sender, handled.inquiry_id) == (False, 1)


def test_nothing_is_merged_into_a_letter_on_its_way(office: Office) -> None:
    two_of_one_sender(office)
    with office.storage.write.begin() as session:
        triage.find(session, 1).state = InquiryState.SENDING
    with pytest.raises(Refused, match="a letter is on its way in inquiry 1"):
        join(office, 2, 1)
