"""What staff do with an inquiry, on both kinds of database."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy.orm.exc import StaleDataError

from bot import staff, triage
from bot.refusal import Refused
from bot.storage import Storage
from bot.tables import Inquiry, InquiryState, StaffRole
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.office import DEADLINE, IDENTITY, LATE, NOON, THANKS, Office, eml, unfolded, words

LATER = NOON + timedelta(hours=1)
S = InquiryState
#: The whole table once more, by hand: a change there is a change here.
ALLOWED = {
    S.NEW: {S.CLAIMED, S.NEEDS_INFO, S.SENDING, S.SNOOZED, S.CLOSED, S.ANSWERED, S.DUPLICATE, S.SPAM},
    S.CLAIMED: {S.NEW, S.NEEDS_INFO, S.SENDING, S.SNOOZED, S.CLOSED, S.ANSWERED, S.DUPLICATE, S.SPAM},
    S.NEEDS_INFO: {S.NEW, S.CLAIMED, S.SENDING, S.SNOOZED, S.CLOSED, S.ANSWERED, S.DUPLICATE, S.SPAM},
    S.SENDING: {S.ANSWERED, S.CLAIMED},
    S.SNOOZED: {S.NEW, S.CLAIMED, S.NEEDS_INFO, S.SENDING, S.CLOSED, S.ANSWERED, S.DUPLICATE, S.SPAM},
    S.ANSWERED: {S.NEW, S.CLAIMED, S.CLOSED, S.DUPLICATE},
    S.CLOSED: {S.NEW, S.CLAIMED, S.DUPLICATE},
    S.DUPLICATE: {S.NEW, S.CLAIMED},
    S.SPAM: {S.NEW},
}


def inquiry_in(state: InquiryState) -> Inquiry:
    return Inquiry(id=7, state=state, updated_at=NOON)


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(InquiryState, 2)))
def test_state_follows_the_table(source: InquiryState, target: InquiryState) -> None:
    inquiry = inquiry_in(source)
    try:
        triage.move(inquiry, target, now=LATER)
    except Refused as refused:
        told = str(refused)
    else:
        told = ""

    if target in ALLOWED[source]:
        assert (inquiry.state, inquiry.updated_at, told) == (target, LATER, "")
    else:
        assert (inquiry.state, inquiry.updated_at, told) == (
            source,
            NOON,
            f"inquiry 7 is {source}; it cannot become {target}",
        )


@pytest.mark.parametrize("state", InquiryState)
def test_state_may_stay_what_it_is(state: InquiryState) -> None:
    inquiry = inquiry_in(state)
    triage.move(inquiry, state, now=LATER)

    assert (inquiry.state, inquiry.updated_at) == (state, NOON)


@pytest.mark.parametrize(
    ("before", "waits", "after"),
    [
        (S.ANSWERED, True, S.NEW),
        (S.CLOSED, True, S.NEW),
        (S.SPAM, True, S.NEW),
        (S.DUPLICATE, True, S.NEW),
        (S.NEEDS_INFO, True, S.NEW),
        (S.CLAIMED, True, S.CLAIMED),
        (S.SNOOZED, True, S.NEW),
        (S.SNOOZED, False, S.SNOOZED),
        (S.NEW, True, S.NEW),
        (S.NEW, False, S.NEW),
        (S.CLOSED, False, S.CLOSED),
    ],
)
def test_follow_up_moves_the_inquiry(before: InquiryState, waits: bool, after: InquiryState) -> None:
    inquiry = inquiry_in(before)
    triage.asked(inquiry, waits=waits, opened=False, now=LATER)

    assert inquiry.state is after


def test_follow_up_goes_back_to_its_owner() -> None:
    inquiry = inquiry_in(S.NEEDS_INFO)
    inquiry.owner = "staff-a@example.org"
    triage.asked(inquiry, waits=True, opened=False, now=LATER)

    assert inquiry.state is S.CLAIMED


def answer(office: Office, text: str, *, number: int = 1) -> triage.Answered:
    person = office.add_staff()
    with office.storage.write.begin() as session:
        return triage.answer(
            session, triage.find(session, number), text, staff=person, identity=IDENTITY, now=LATER
        )


def test_answer_of_staff_is_a_letter_to_the_applicant(office: Office) -> None:
    office.take(eml(LATE, subject="지각"))
    sent = answer(office, "네, 하루까지는 됩니다.")
    row = office.outbox()[-1]

    assert (row.id, row.key, row.kind, row.recipient, row.subject, row.automatic, row.inquiry) == (
        sent.outbox_id,
        "letter:3",
        MailKind.LETTER,
        "lab@example.org",
        "Re: 지각",
        False,
        1,
    )
    assert "네, 하루까지는 됩니다." in words(office.message(row.id))


def test_answer_of_staff_says_that_a_person_wrote_it(office: Office) -> None:
    office.take(eml(LATE))
    sent = answer(office, "네.")
    message = office.message(sent.outbox_id)

    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == (None, None)
    assert "담당자 A" in words(message)


def test_answer_of_staff_settles_the_inquiry(office: Office) -> None:
    office.take(eml(LATE))
    answer(office, "네.")

    assert (office.inquiry(1).state, [part.waits for part in office.parts(1)]) == (S.ANSWERED, [False])
    assert [(event.kind, event.actor) for event in office.happened(1)][-1] == (
        "letter",
        "staff-a@example.org",
    )


def test_answer_of_staff_hangs_under_the_newest_mail_of_the_applicant(office: Office) -> None:
    first = office.take(eml(LATE, id="<1@example.org>"))
    ours = office.message(first.outbox_id)["Message-ID"]
    office.take(eml(THANKS, id="<2@example.org>", answers=ours))
    message = office.message(answer(office, "네.").outbox_id)

    assert (message["In-Reply-To"], unfolded(message, "References")) == (
        "<2@example.org>",
        f"<1@example.org> {ours} <2@example.org>",
    )


def test_reply_to_a_letter_of_staff_finds_the_inquiry(office: Office) -> None:
    office.take(eml(LATE))
    letter = office.message(answer(office, "네.").outbox_id)["Message-ID"]
    back = office.take(eml(DEADLINE, id="<2@example.org>", answers=letter))

    assert back.inquiry_id == 1


def test_second_letter_may_follow(office: Office) -> None:
    office.take(eml(LATE))
    answer(office, "네.")
    answer(office, "정정합니다: 아니요.")

    assert [row.kind for row in office.to_applicants()] == [
        MailKind.RECEIPT,
        MailKind.LETTER,
        MailKind.LETTER,
    ]


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_empty_answer_is_refused(office: Office, text: str) -> None:
    office.take(eml(LATE))
    before = office.count(OutboxMail)
    with pytest.raises(Refused, match="the answer is empty"):
        answer(office, text)

    assert (office.count(OutboxMail), office.inquiry(1).state) == (before, S.NEW)


def test_answer_to_a_closed_inquiry_is_refused_and_nothing_is_sent(office: Office) -> None:
    office.take(eml(LATE))
    act(office, "close")
    before = office.count(OutboxMail)
    with pytest.raises(Refused, match="inquiry 1 is closed; it cannot become answered"):
        answer(office, "네.")

    assert (office.count(OutboxMail), [part.waits for part in office.parts(1)]) == (before, [True])


def test_answer_without_an_address_is_refused(office: Office) -> None:
    office.take(eml(LATE, sender=""))
    with pytest.raises(Refused, match="inquiry 1 came without a usable address"):
        answer(office, "네.")


def test_answer_may_wait_to_be_undone(office: Office) -> None:
    office.take(eml(LATE))
    person = office.add_staff()
    with office.storage.write.begin() as session:
        triage.answer(
            session,
            triage.find(session, 1),
            "네.",
            staff=person,
            identity=IDENTITY,
            now=LATER,
            undo=timedelta(seconds=30),
        )
    row = office.outbox()[-1]

    assert (office.inquiry(1).state, row.state, row.not_before) == (
        S.SENDING,
        MailState.QUEUED,
        LATER + timedelta(seconds=30),
    )


def act(office: Office, verb: str, text: str | None = None) -> None:
    person = office.add_staff()
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        if text is not None:
            triage.note(session, inquiry, text, staff=person, now=LATER)
        else:
            getattr(triage, verb)(session, inquiry, staff=person, now=LATER)


def test_note_is_kept_and_never_mailed(office: Office) -> None:
    office.take(eml(LATE))
    before = office.count(OutboxMail)
    act(office, "note", "법무팀 확인 중")
    event = office.happened(1)[-1]

    assert (event.kind, event.data, event.actor) == (
        "note",
        {"text": "법무팀 확인 중"},
        "staff-a@example.org",
    )
    assert (office.count(OutboxMail), office.inquiry(1).state) == (before, S.NEW)


def test_empty_note_is_refused(office: Office) -> None:
    office.take(eml(LATE))
    with pytest.raises(Refused, match="the note is empty"):
        act(office, "note", " ")


def test_closed_inquiry_may_be_opened_again(office: Office) -> None:
    office.take(eml(LATE))
    act(office, "close")
    closed = office.inquiry(1).state
    act(office, "reopen")

    assert (closed, office.inquiry(1).state, office.events(1)[-2:]) == (
        S.CLOSED,
        S.NEW,
        ["closed", "reopened"],
    )


def test_open_inquiry_is_not_opened_again(office: Office) -> None:
    office.take(eml(LATE))
    with pytest.raises(Refused, match=r"inquiry 1 is open already \(new\)"):
        act(office, "reopen")


def test_closed_inquiry_is_not_closed_again(office: Office) -> None:
    office.take(eml(LATE))
    act(office, "close")
    with pytest.raises(Refused, match="inquiry 1 is closed already"):
        act(office, "close")

    assert office.events(1).count("closed") == 1


def test_inquiry_that_is_not_there_is_refused(office: Office) -> None:
    with (
        pytest.raises(Refused, match="there is no inquiry 5; contestdesk inquiries list --all"),
        office.storage.read() as session,
    ):
        triage.find(session, 5)


def test_two_who_act_on_one_inquiry_do_not_overwrite_each_other(server_office: Office) -> None:
    """SQLite has one writer: there the second waits, and sees what the first did."""
    server_office.take(eml(LATE))
    person = server_office.add_staff()
    slow = server_office.storage.write()
    read_early = triage.find(slow, 1)
    act(server_office, "close")
    triage.note(slow, read_early, "아직 열려 있나요?", staff=person, now=LATER)
    with pytest.raises(StaleDataError):
        slow.commit()
    slow.close()

    assert server_office.events(1)[-1] == "closed"


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("접수", "Re: 접수"),
        ("Re: 접수", "Re: 접수"),
        ("RE: re: Re:접수", "Re: 접수"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("Regarding", "Re: Regarding"),
    ],
)
def test_subject_of_a_reply_says_re_once(subject: str, reply: str) -> None:
    assert triage.reply_subject(subject) == reply


# -- staff -------------------------------------------------------------------------------------


def test_staff_may_do_what_lower_roles_may(storage: Storage) -> None:
    allowed: dict[StaffRole, list[StaffRole]] = {role: [] for role in StaffRole}
    with storage.write.begin() as session:
        for has in StaffRole:
            staff.add(session, f"{has}@example.org", name="", role=has, slack_id=None, now=NOON)
        for has, needed in itertools.product(StaffRole, repeat=2):
            try:
                staff.member(session, f"{has}@example.org", role=needed)
            except Refused:
                continue
            allowed[has].append(needed)

    assert allowed == {
        StaffRole.TRIAGE: [StaffRole.TRIAGE],
        StaffRole.APPROVER: [StaffRole.TRIAGE, StaffRole.APPROVER],
        StaffRole.ADMIN: [StaffRole.TRIAGE, StaffRole.APPROVER, StaffRole.ADMIN],
    }


def test_role_that_is_too_low_is_said(storage: Storage) -> None:
    with storage.write.begin() as session:
        staff.add(session, "a@example.org", name="", role=StaffRole.TRIAGE, slack_id=None, now=NOON)
        with pytest.raises(Refused, match=r"a@example\.org is triage; this needs admin"):
            staff.member(session, "a@example.org", role=StaffRole.ADMIN)


def test_staff_are_found_in_any_letter_case(storage: Storage) -> None:
    with storage.write.begin() as session:
        staff.add(session, "Staff-A@Example.ORG", name="", role=StaffRole.TRIAGE, slack_id=None, now=NOON)

        assert staff.member(session, " STAFF-a@example.org ").address == "staff-a@example.org"


def test_staff_who_left_may_not_act(storage: Storage) -> None:
    with storage.write.begin() as session:
        staff.add(session, "a@example.org", name="", role=StaffRole.ADMIN, slack_id=None, now=NOON)
        staff.remove(session, "a@example.org", now=LATER)
        with pytest.raises(Refused, match=r"a@example\.org is not staff"):
            staff.member(session, "a@example.org")

        assert staff.active(session) == []


def test_staff_who_come_back_are_the_same_row(storage: Storage) -> None:
    with storage.write.begin() as session:
        first = staff.add(session, "a@example.org", name="A", role=StaffRole.ADMIN, slack_id=None, now=NOON)
        staff.remove(session, "a@example.org", now=LATER)
        again = staff.add(session, "a@example.org", name="", role=StaffRole.TRIAGE, slack_id=None, now=LATER)

        assert (again.id, again.name, again.role, again.removed_at) == (first.id, "A", StaffRole.TRIAGE, None)


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org, b@example.org", "a@example.org\nBcc: b"])
def test_staff_need_one_address(storage: Storage, address: str) -> None:
    with pytest.raises(Refused, match="is not one address"), storage.write.begin() as session:
        staff.add(session, address, name="", role=StaffRole.TRIAGE, slack_id=None, now=NOON)
