"""A stored mail becomes inquiry, parts, events and reply, on both kinds of database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import conversation, triage
from bot.conversation import Handled
from bot.storage import Storage
from bot.tables import (
    Applicant,
    Event,
    HandledMail,
    InboundMail,
    Inquiry,
    InquiryPart,
    InquiryState,
    ThreadMessage,
)
from bot.understanding import Understanding
from faq.contest import Language
from faq.entry import Mode
from intents.decide import Verdict
from mailer import token
from mailer.errors import ComposeError
from mailer.tables import MailKind, OutboxMail
from tests.bot.office import (
    DEADLINE,
    DESK,
    FORM,
    IDENTITY,
    LATE,
    NOON,
    OTHER,
    OURS,
    OWNER,
    SECRET,
    STAFF_ADDRESS,
    THANKS,
    WORTH,
    Office,
    eml,
    put,
    unfolded,
    words,
)

#: What a handled mail may write; all of it or nothing.
ROWS = (HandledMail, Inquiry, InquiryPart, Applicant, Event, ThreadMessage, OutboxMail)


def test_question_is_answered_in_one_inquiry(office: Office) -> None:
    handled = office.take(eml(DEADLINE, subject="접수 마감"))
    inquiry = office.inquiry(handled.inquiry_id)
    part = office.parts(inquiry.id)[0]

    assert (inquiry.state, inquiry.language, inquiry.subject, inquiry.applicant.address) == (
        InquiryState.ANSWERED,
        Language.KO,
        "접수 마감",
        "lab@example.org",
    )
    assert (part.text, part.decision, part.topic, part.waits) == (
        DEADLINE,
        Verdict.ANSWER,
        "application.period",
        False,
    )
    assert office.events(inquiry.id) == ["asked", "answered"]
    assert office.notices() == []


def test_answer_names_the_mail_it_answers_in_the_outbox(office: Office) -> None:
    handled = office.take(eml(DEADLINE))

    assert [
        (row.id, row.key, row.kind, row.recipient, row.inquiry, row.automatic, row.created_at)
        for row in office.outbox()
    ] == [
        (
            handled.outbox_id,
            f"reply:{handled.inbound_id}",
            MailKind.ANSWER,
            "lab@example.org",
            handled.inquiry_id,
            True,
            NOON,
        )
    ]


def test_answer_hangs_under_the_question(office: Office) -> None:
    handled = office.take(
        eml(DEADLINE, id="<q@example.org>", answers="<older@example.org>", subject="Re: 접수")
    )
    message = office.message(handled.outbox_id)

    assert (
        message["In-Reply-To"],
        unfolded(message, "References"),
        message["Auto-Submitted"],
        message["To"],
    ) == (
        "<q@example.org>",
        "<older@example.org> <q@example.org>",
        "auto-replied",
        "lab@example.org",
    )


def test_answer_tells_the_approved_words_as_of_now(office: Office) -> None:
    handled = office.take(eml(DEADLINE))

    assert "접수는 2020년 11월 2일(월)부터 11월 30일(월)까지" in words(office.message(handled.outbox_id))


def test_answer_quotes_nothing_of_the_mail(office: Office) -> None:
    handled = office.take(eml(f"<script>alert(1)</script> {{{{ 7*7 }}}}\n{DEADLINE}", subject="문의"))

    assert handled.outbox_id is not None
    assert [
        bait for bait in ("script", "7*7", "49") if bait in words(office.message(handled.outbox_id))
    ] == []


def test_provenance_says_why_the_answer_says_what_it_says(office: Office) -> None:
    office.take(eml(DEADLINE))
    provenance = office.outbox()[0].provenance

    assert provenance["entries"] == {"application.period": 0}
    assert provenance["facts"]["contact.address"] == "contest@contest.test"


def test_mail_handled_twice_is_answered_once(office: Office) -> None:
    handled = office.take(eml(DEADLINE))
    before = [office.count(row) for row in ROWS]
    again = office.settle(handled.inbound_id)

    assert (again, [office.count(row) for row in ROWS]) == (None, before)


def test_same_mail_by_two_ways_is_a_duplicate(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    second = office.take(b"Received: by another way\r\n" + eml(DEADLINE))
    mark = office.mark(second.inbound_id)

    assert (mark.verdict, mark.inquiry_id, mark.reason) == (
        "duplicate",
        first.inquiry_id,
        f"the same mail as inbound {first.inbound_id}",
    )
    assert (office.count(Inquiry), len(office.outbox())) == (1, 1)


def test_message_id_alone_makes_no_duplicate(office: Office) -> None:
    office.take(eml(DEADLINE, id="<same@example.org>"))
    second = office.take(eml(FORM, id="<same@example.org>", sender="other@example.org"))

    assert (office.mark(second.inbound_id).verdict, office.count(Inquiry)) == ("question", 2)


def test_mail_without_message_id_is_answered_outside_a_thread(office: Office) -> None:
    handled = office.take(eml(DEADLINE, id=None))

    assert office.message(handled.outbox_id)["In-Reply-To"] is None
    assert office.count(ThreadMessage) == 1  # ours


def test_partial_mail_is_answered_in_part_and_waits(office: Office) -> None:
    handled = office.take(eml(f"1. {DEADLINE}\n2. {LATE}"))
    text = words(office.message(handled.outbox_id))

    assert (office.inquiry(handled.inquiry_id).state, handled.waits) == (InquiryState.NEW, True)
    assert [part.waits for part in office.parts(handled.inquiry_id)] == [False, True]
    assert ("11월 30일(월)까지" in text, f"문의 번호 {handled.inquiry_id}번" in text) == (True, True)


def test_what_waits_is_told_to_staff_once(office: Office) -> None:
    handled = office.take(eml(f"1. {DEADLINE}\n2. {LATE}"))

    assert [(row.key, row.recipient, row.inquiry) for row in office.notices()] == [
        (f"notice:{handled.inbound_id}", STAFF_ADDRESS, None)
    ]
    assert LATE in words(office.message(office.notices()[0].id))
    assert DEADLINE not in words(office.message(office.notices()[0].id))


def test_staff_address_empty_tells_nobody(office: Office) -> None:
    quiet = replace(office, desk=replace(DESK, staff_address=""))
    quiet.take(eml(LATE))

    assert quiet.notices() == []


def test_suggestion_is_sent_and_waits(storage: Storage, understands: Callable[..., Understanding]) -> None:
    office = Office(storage=storage, understanding=understands(default_mode=Mode.SUGGEST))
    handled = office.take(eml(DEADLINE))
    part = office.parts(handled.inquiry_id)[0]

    assert (part.decision, part.waits, office.inquiry(handled.inquiry_id).state) == (
        Verdict.SUGGEST,
        True,
        InquiryState.NEW,
    )
    assert [row.kind for row in office.to_applicants()] == [MailKind.ANSWER]


def test_known_unknown_is_told_as_silence_with_the_nearest_answer(office: Office) -> None:
    handled = office.take(eml(LATE))
    part = office.parts(handled.inquiry_id)[0]
    text = words(office.message(handled.outbox_id))

    assert (part.unknown, part.topic, part.nearest, part.waits) == (
        "unknown.late-submission",
        None,
        "application.period",
        True,
    )
    assert ("짐작해서 안내하지 않고" in text, "가장 가까운 안내: 접수는" in text) == (True, True)


def test_wordless_mail_waits_with_a_receipt(office: Office) -> None:
    handled = office.take(eml("", subject=""))

    assert [part.reason for part in office.parts(handled.inquiry_id)] == [
        "no words in the mail, 0 attachments"
    ]
    assert [row.kind for row in office.to_applicants()] == [MailKind.RECEIPT]


def test_question_only_in_the_subject_is_answered(office: Office) -> None:
    handled = office.take(eml(THANKS, subject=DEADLINE))

    assert [part.topic for part in office.parts(handled.inquiry_id)] == ["application.period"]


def test_thanks_in_a_thread_is_logged_and_not_answered(office: Office) -> None:
    asked = office.take(eml(DEADLINE))
    ours = office.message(asked.outbox_id)["Message-ID"]
    before = office.inquiry(asked.inquiry_id).state
    thanked = office.take(eml(THANKS, id="<2@example.org>", answers=ours))

    assert (thanked.inquiry_id, thanked.outbox_id, thanked.withheld) == (
        asked.inquiry_id,
        None,
        "no question in it",
    )
    assert (office.events(asked.inquiry_id), office.inquiry(asked.inquiry_id).state) == (
        ["asked", "answered", "thanks"],
        before,
    )
    assert len(office.outbox()) == 1


def test_thanks_without_a_thread_opens_nothing(office: Office) -> None:
    handled = office.take(eml(THANKS, subject="감사합니다"))

    assert (handled.inquiry_id, office.count(Inquiry), office.outbox()) == (None, 0, [])
    assert office.mark(handled.inbound_id).verdict == "question"


def test_follow_up_joins_the_inquiry_and_is_answered(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    ours = office.message(first.outbox_id)["Message-ID"]
    second = office.take(eml(FORM, id="<2@example.org>", answers=ours))

    assert (second.inquiry_id, office.count(Inquiry)) == (first.inquiry_id, 1)
    assert unfolded(office.message(second.outbox_id), "References") == f"{ours} <2@example.org>"
    assert office.inquiry(first.inquiry_id).state is InquiryState.ANSWERED


def test_follow_up_under_ones_own_mail_joins_the_inquiry(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    second = office.take(eml(FORM, id="<2@example.org>", answers="<1@example.org>"))

    assert second.inquiry_id == first.inquiry_id


def test_follow_up_that_waits_opens_the_inquiry_again(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    office.take(eml(LATE, id="<2@example.org>", answers="<1@example.org>"))

    assert office.inquiry(first.inquiry_id).state is InquiryState.NEW


def test_thread_of_somebody_else_is_not_joined(office: Office) -> None:
    first = office.take(eml(f"{DEADLINE}\n1. {LATE}", subject="비밀"))
    ours = office.message(first.outbox_id)["Message-ID"]
    stranger = office.take(eml(FORM, id="<2@example.org>", sender="eve@example.org", answers=ours))
    claim = office.happened(stranger.inquiry_id)[0]

    assert stranger.inquiry_id != first.inquiry_id
    assert (claim.kind, claim.data) == ("claims_thread", {"of": first.inquiry_id})
    assert office.events(first.inquiry_id) == ["asked", "answered"]
    assert "비밀" not in str(office.message(stranger.outbox_id))


def test_signed_address_finds_the_inquiry(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    assert first.inquiry_id is not None
    signed = f"{token.sign(token.INQUIRY, first.inquiry_id, SECRET)}@contest.test"
    second = office.take(eml(FORM, id="<2@example.org>"), recipients=[signed])

    assert second.inquiry_id == first.inquiry_id


def test_signed_address_of_somebody_else_is_not_joined(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    assert first.inquiry_id is not None
    signed = f"{token.sign(token.INQUIRY, first.inquiry_id, SECRET)}@contest.test"
    second = office.take(eml(FORM, id="<2@example.org>", sender="eve@example.org"), recipients=[signed])

    assert (second.inquiry_id == first.inquiry_id, office.events(second.inquiry_id)[0]) == (
        False,
        "claims_thread",
    )


def test_forged_signature_points_nowhere(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    forged = f"inquiry+{first.inquiry_id}.aaaaaaaaaaaaaaaa@contest.test"
    second = office.take(eml(FORM, id="<2@example.org>"), recipients=[forged])

    assert (second.inquiry_id == first.inquiry_id, office.events(second.inquiry_id)[0]) == (False, "asked")


BOUNCE = b"""From: MAILER-DAEMON@mx.example.org\r
To: bounces@contest.test\r
Message-ID: <b@mx.example.org>\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
It failed. When is the deadline?\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; lab@example.org\r
Action: failed\r
Status: 5.1.1\r
--b--\r
"""
SILENT = {
    "auto_reply": eml(DEADLINE, headers={"Auto-Submitted": "auto-replied"}),
    "bounce": BOUNCE,
    "list": eml(DEADLINE, headers={"List-Id": "<announce.example.org>"}),
    "own": eml(DEADLINE, sender=OURS),
}


@pytest.mark.parametrize("verdict", SILENT)
def test_machine_gets_no_mail_and_opens_no_inquiry(office: Office, verdict: str) -> None:
    handled = office.take(SILENT[verdict])

    assert office.mark(handled.inbound_id).verdict == verdict
    assert (office.outbox(), office.count(Inquiry)) == ([], 0)


def test_machine_in_a_thread_is_noted_there(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    office.take(
        eml(
            "부재중",
            id="<2@example.org>",
            answers="<1@example.org>",
            headers={"Auto-Submitted": "auto-replied"},
        )
    )

    assert office.events(first.inquiry_id) == ["asked", "answered", "silent"]
    assert len(office.outbox()) == 1


def test_null_sender_gets_no_mail(office: Office) -> None:
    handled = office.take(eml(DEADLINE), envelope_sender="")

    assert (office.mark(handled.inbound_id).rule, office.outbox()) == ("null_sender", [])


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"x" * 10])
def test_unreadable_mail_is_told_to_staff_alone(office: Office, raw: bytes) -> None:
    handled = office.take(raw)

    assert (office.mark(handled.inbound_id).verdict, handled.waits) == ("unreadable", True)
    assert [(row.key, row.recipient) for row in office.outbox()] == [
        (f"unreadable:{handled.inbound_id}", STAFF_ADDRESS)
    ]


@pytest.mark.parametrize("sender", ["", "a@example.org, b@example.org", "not an address"])
def test_mail_without_usable_sender_waits_for_staff(office: Office, sender: str) -> None:
    handled = office.take(eml(DEADLINE, sender=sender))

    assert (office.inquiry(handled.inquiry_id).state, handled.outbox_id) == (InquiryState.NEW, None)
    assert (office.to_applicants(), len(office.notices())) == ([], 1)


def test_answer_that_is_withheld_waits_for_a_person(office: Office) -> None:
    handled = office.take(eml(DEADLINE, headers={"X-Auto-Response-Suppress": "All"}))

    assert (office.to_applicants(), [part.waits for part in office.parts(handled.inquiry_id)]) == ([], [True])
    assert DEADLINE in words(office.message(office.notices()[0].id))


def test_language_of_the_mail_is_that_of_the_answer(office: Office) -> None:
    handled = office.take(eml("When is the deadline?", subject="Deadline"))

    assert office.message(handled.outbox_id)["Content-Language"] == "en"
    assert "Applications are open from Monday 2 November" in words(office.message(handled.outbox_id))


def test_subject_with_line_breaks_adds_no_header(office: Office) -> None:
    raw = eml(DEADLINE, subject="x").replace(
        b"Subject: x", b"Subject: =?utf-8?q?x=0D=0ABcc:_eve=40example.org?="
    )
    handled = office.take(raw)

    assert (office.message(handled.outbox_id)["Bcc"], handled.outbox_id is None) == (None, False)


def test_message_id_beyond_all_bounds_is_answered(office: Office) -> None:
    handled = office.take(eml(DEADLINE, id=f"<{'x' * 3000}@example.org>"))

    assert office.mark(handled.inbound_id).verdict == "question"
    assert [row.kind for row in office.to_applicants()] == [MailKind.ANSWER]


def test_fault_within_the_transaction_leaves_nothing(office: Office) -> None:
    # The desk's own address cannot be written to: composing the reply fails after all other rows.
    broken = replace(office, desk=replace(DESK, identity=replace(IDENTITY, address="no address")))
    inbound_id = put(office.storage, eml(DEADLINE))
    with pytest.raises(ComposeError):
        broken.settle(inbound_id)
    left = [office.count(row) for row in ROWS]
    mended = office.settle(inbound_id)

    assert left == [0] * len(ROWS)
    assert mended is not None
    assert [row.key for row in office.outbox()] == [f"reply:{inbound_id}"]


def test_key_that_is_taken_sends_nothing_twice(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    with office.storage.write.begin() as session:
        session.get_one(OutboxMail, first.outbox_id).key = "reply:2"
    second = office.take(eml(FORM, id="<2@example.org>"))

    assert (second.inbound_id, second.outbox_id, second.waits) == (2, None, True)
    assert len(office.to_applicants()) == 1


def test_two_workers_on_one_mail_write_it_once(office: Office) -> None:
    inbound_id = put(office.storage, eml(f"1. {DEADLINE}\n2. {LATE}"))
    results = at_once(*[lambda: office.settle(inbound_id)] * 4)

    assert len([handled for handled in results if handled is not None]) == 1
    assert (office.count(Inquiry), office.count(InquiryPart), len(office.to_applicants())) == (1, 2, 1)


def test_two_workers_on_two_copies_of_one_mail_answer_once(office: Office) -> None:
    copies = [put(office.storage, eml(DEADLINE)) for _ in range(3)]
    at_once(*[lambda number=number: office.settle(number) for number in copies])

    assert sorted(office.mark(number).verdict for number in copies) == ["duplicate", "duplicate", "question"]
    assert (office.count(Inquiry), len(office.outbox())) == (1, 1)


def test_two_workers_on_the_first_two_mails_of_one_person_know_him_once(office: Office) -> None:
    mails = [put(office.storage, eml(text, id=f"<{text}@example.org>")) for text in (DEADLINE, FORM)]
    at_once(*[lambda number=number: office.settle(number) for number in mails])

    assert (office.count(Applicant), office.count(Inquiry), len(office.outbox())) == (1, 2, 2)


def at_once(*calls: Callable[[], Handled | None]) -> list[Handled | None]:
    """Call all of them in threads that start together; raises what any of them raises."""
    start = threading.Barrier(len(calls))
    results: list[Handled | None] = []
    faults: list[Exception] = []

    def run(call: Callable[[], Handled | None]) -> None:
        start.wait()
        try:
            results.append(call())
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return results


def test_mail_laid_aside_stays_stored_and_is_told(office: Office) -> None:
    inbound_id = put(office.storage, eml(DEADLINE))
    handled = conversation.lay_aside(office.storage, DESK, inbound_id, reason="could not be read", now=NOON)

    assert handled is not None
    assert (office.mark(inbound_id).verdict, office.count(InboundMail), len(office.notices())) == (
        "unreadable",
        1,
        1,
    )


# -- how often the desk writes by itself -------------------------------------------------------


def chain(office: Office, texts: list[str]) -> list[Handled]:
    """Mails of one conversation, each under the first."""
    return [
        office.take(eml(text, id=f"<c{n}@example.org>", answers="<c0@example.org>" if n else None))
        for n, text in enumerate(texts)
    ]


def test_fourth_automatic_mail_of_an_inquiry_is_withheld(office: Office) -> None:
    handled = chain(office, [DEADLINE, FORM, WORTH, OWNER])

    assert [one.outbox_id is not None for one in handled] == [True, True, True, False]
    assert handled[3].withheld == "3 automatic mails in this inquiry without a person"
    assert office.inquiry(handled[3].inquiry_id).state is InquiryState.NEW


def test_robot_that_writes_on_is_told_of_once(office: Office) -> None:
    chain(office, [DEADLINE, FORM, WORTH, OWNER, DEADLINE, FORM])

    assert [row.key for row in office.notices()] == ["withheld:1"]


def test_act_of_staff_starts_the_count_anew(office: Office) -> None:
    chain(office, [DEADLINE, FORM, WORTH])
    letter(office, 1, now=NOON + timedelta(minutes=1))
    handled = office.take(
        eml(OWNER, id="<c4@example.org>", answers="<c0@example.org>"), now=NOON + timedelta(minutes=2)
    )

    assert handled.outbox_id is not None


def test_staff_are_told_again_after_they_acted(office: Office) -> None:
    chain(office, [DEADLINE, FORM, WORTH, OWNER])
    letter(office, 1, now=NOON + timedelta(days=3))
    for n, text in enumerate((DEADLINE, FORM, WORTH, OWNER)):
        now = NOON + timedelta(days=4, minutes=n)
        office.take(eml(text, id=f"<d{n}@example.org>", answers="<c0@example.org>"), now=now)

    assert (office.inquiry(1).state, len(office.notices())) == (InquiryState.NEW, 2)


def letter(office: Office, number: int, *, now: object) -> None:
    assert isinstance(now, type(NOON))
    person = office.add_staff()
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, number)
        triage.answer(session, inquiry, "네.", staff=person, identity=IDENTITY, now=now)


def test_sixth_mail_to_an_address_within_a_day_is_withheld(office: Office) -> None:
    texts = [DEADLINE, FORM, WORTH, OWNER, DEADLINE, FORM]
    handled = [office.take(eml(text, id=f"<{n}@example.org>")) for n, text in enumerate(texts)]

    assert [one.outbox_id is not None for one in handled] == [True] * 5 + [False]
    assert handled[5].withheld == "5 automatic mails to this address within a day"


def test_address_is_free_again_the_next_day(office: Office) -> None:
    for n, text in enumerate([DEADLINE, FORM, WORTH, OWNER, DEADLINE]):
        office.take(eml(text, id=f"<{n}@example.org>"))
    later = office.take(eml(FORM, id="<6@example.org>"), now=NOON + timedelta(days=1, minutes=1))

    assert later.outbox_id is not None


def test_bare_receipt_is_sent_once_in_seven_days(office: Office) -> None:
    office.take(eml(OTHER, id="<c0@example.org>"))
    soon = office.take(
        eml(f"{OTHER} 다시", id="<c1@example.org>", answers="<c0@example.org>"), now=NOON + timedelta(days=6)
    )
    late = office.take(
        eml(f"{OTHER} 또", id="<c2@example.org>", answers="<c0@example.org>"), now=NOON + timedelta(days=8)
    )

    assert (soon.withheld, late.withheld) == ("a receipt went out within 7 days", None)
    assert [row.kind for row in office.to_applicants()] == [MailKind.RECEIPT, MailKind.RECEIPT]


def test_answer_goes_out_after_a_receipt(office: Office) -> None:
    office.take(eml(OTHER, id="<c0@example.org>"))
    answered = office.take(eml(DEADLINE, id="<c1@example.org>", answers="<c0@example.org>"))

    assert answered.outbox_id is not None
