"""A bounce to a signed address is recorded and closes a dead one; without our token it is only listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import quiet, returned
from bot.inbox import rules
from bot.inbox.parse import parse
from mailer import claiming, sending, suppression
from mailer.errors import NoSuchSuppression
from mailer.tables import Channel, MailKind, MailState, OutboxMail, Suppression
from tests.bot.office import DEADLINE, LATE, NOON, SECRET, STAFF_ADDRESS, Office, eml, put, words
from tests.bot.test_returned import dsn

LEASE = timedelta(minutes=15)


def came_back(office: Office, raw: bytes, *recipients: str) -> int:
    """Take in a mail of a machine as the conversation does; returns its number."""
    inbound_id = put(office.storage, raw, envelope_sender="", recipients=recipients)
    ruling = rules.classify(parse(raw), envelope_sender="", desk=office.desk.names, recipients=recipients)
    row = returned.row_of(recipients, SECRET)
    with office.storage.write.begin() as session:
        returned.take(session, row, ruling, inbound_id=inbound_id, desk=office.desk, now=NOON)
    return inbound_id


def sent(office: Office, raw: bytes = eml(DEADLINE)) -> OutboxMail:
    """The answer to a question, taken by the relay."""
    office.take(raw)
    with office.storage.write.begin() as session:
        for claimed in claiming.claim_due(
            session, Channel.MAIL, limit=1, lease=LEASE, now=NOON, real_now=NOON
        ):
            sending.begin(session, claimed, real_now=NOON)
            sending.mark_delivered(session, claimed, "250 queued", now=NOON, real_now=NOON)
    return office.to_applicants()[0]


def closed(office: Office) -> list[str]:
    with office.storage.read() as session:
        return [row.address for row in suppression.listing(session)]


def bounces(office: Office) -> list[dict[str, object]]:
    with office.storage.read() as session:
        return returned.listed(session)


def test_bounce_of_a_dead_address_is_recorded_and_closes_it(office: Office) -> None:
    row = sent(office)
    inbound_id = came_back(office, dsn("failed", "5.1.1"), row.envelope_sender)

    assert office.outbox()[0].state is MailState.SENT
    assert closed(office) == ["lab@example.org"]
    assert bounces(office) == [
        {
            "at": "2020-11-20T12:00:00+09:00",
            "recipient": "lab@example.org",
            "status": "5.1.1",
            "permanent": True,
            "delayed": False,
            "cause": "no such mailbox",
            "rule": "dsn",
            "outbox": row.id,
            "kind": MailKind.ANSWER,
            "inbound": inbound_id,
            "suppressed": "lab@example.org",
            "lifted_by": None,
        }
    ]


@pytest.mark.parametrize(
    ("action", "status"),
    [("failed", "5.2.2"), ("failed", "5.7.1"), ("failed", "4.4.7"), ("delayed", "4.4.1")],
)
def test_full_mailbox_policy_and_delay_close_nothing(small_office: Office, action: str, status: str) -> None:
    row = sent(small_office)
    came_back(small_office, dsn(action, status), row.envelope_sender)

    assert (closed(small_office), len(bounces(small_office)), small_office.notices()) == ([], 1, [])


@pytest.mark.parametrize("forge", ["another signature", "no token"])
def test_check_21_forged_dsn_is_listed_and_changes_nothing(small_office: Office, forge: str) -> None:
    signed = sent(small_office).envelope_sender
    local, _, domain = signed.partition("@")
    forged = f"{local[:-1]}{'b' if local[-1] == 'a' else 'a'}@{domain}"
    before = [(row.id, row.state, row.evidence) for row in small_office.outbox()]
    came_back(
        small_office,
        dsn("failed", "5.1.1"),
        forged if forge == "another signature" else "contest@contest.test",
    )

    assert [(row.id, row.state, row.evidence) for row in small_office.outbox()] == before
    assert (closed(small_office), small_office.notices()) == ([], [])
    assert [(line["outbox"], line["recipient"]) for line in bounces(small_office)] == [
        (None, "lab@example.org")
    ]
    assert small_office.events(1) == ["asked", "answered"]


def test_bounce_closes_only_the_address_that_we_wrote_to(small_office: Office) -> None:
    row = sent(small_office)
    other = dsn("failed", "5.1.1").replace(b"rfc822; lab@example.org", b"rfc822; victim@example.org")
    came_back(small_office, other, row.envelope_sender)
    (notice,) = small_office.notices()

    assert closed(small_office) == []
    assert "victim@example.org" in words(small_office.message(notice.id))


def test_staff_are_told_once_and_the_inquiry_knows(office: Office) -> None:
    row = sent(office)
    came_back(office, dsn("failed", "5.1.1"), row.envelope_sender)
    again = dsn("failed", "5.1.1").replace(b"dsn-failed", b"dsn-again")
    came_back(office, again, row.envelope_sender)
    (notice,) = office.notices()
    text = " ".join(words(office.message(notice.id)).split())

    assert office.events(row.inquiry)[-2:] == ["bounced", "bounced"]
    assert "문의 1번에 보낸 메일" in text
    assert "contestdesk suppressions remove lab@example.org" in text


def test_later_mail_to_a_dead_address_is_kept_back_with_its_reason(office: Office) -> None:
    row = sent(office)
    came_back(office, dsn("failed", "5.1.1"), row.envelope_sender)
    office.take(eml(LATE, id="<2@example.org>"))
    later = office.to_applicants()[-1]

    assert later.state is MailState.CANCELLED
    assert later.last_reply is not None
    assert later.last_reply.startswith(f"suppressed: 5.1.1, mail {row.id} bounced (inbound ")


def test_mail_that_waits_for_a_dead_address_is_cancelled(office: Office) -> None:
    row = sent(office)
    office.take(eml(LATE, id="<2@example.org>"))
    before = office.to_applicants()[-1].state
    came_back(office, dsn("failed", "5.1.1"), row.envelope_sender)

    assert (before, office.to_applicants()[-1].state) == (MailState.QUEUED, MailState.CANCELLED)


def test_bounce_of_a_staff_notice_closes_nothing_and_writes_no_notice(small_office: Office) -> None:
    small_office.take(eml(LATE))
    (notice,) = small_office.notices()
    raw = dsn("failed", "5.1.1").replace(b"lab@example.org", STAFF_ADDRESS.encode())
    came_back(small_office, raw, notice.envelope_sender)

    assert (closed(small_office), len(small_office.notices()), len(bounces(small_office))) == ([], 1, 1)


def test_staff_open_an_address_again_and_stay_on_record(office: Office) -> None:
    row = sent(office)
    member = office.add_staff()
    came_back(office, dsn("failed", "5.1.1"), row.envelope_sender)
    office.take(eml(LATE, id="<2@example.org>"))
    kept = office.to_applicants()[-1].id
    with office.storage.write.begin() as session:
        lifted = returned.open_again(session, " Lab@Example.org ", staff=member, now=NOON)

    assert (lifted.address, lifted.kept_back, closed(office)) == ("lab@example.org", (kept,), [])
    assert bounces(office)[0]["lifted_by"] == "staff-a@example.org"
    assert "unsuppressed" in office.events(1)


def test_address_that_is_open_cannot_be_opened(small_office: Office) -> None:
    member = small_office.add_staff()
    with (
        pytest.raises(NoSuchSuppression, match=r"lab@example\.org is not suppressed"),
        small_office.storage.write.begin() as session,
    ):
        returned.open_again(session, "lab@example.org", staff=member, now=NOON)


def test_address_that_is_closed_keeps_its_first_reason(office: Office) -> None:
    with office.storage.write.begin() as session:
        suppression.suppress(session, "Lab@example.org", reason="first", now=NOON)
        suppression.suppress(session, "lab@example.org", reason="second", now=NOON)
    with office.storage.read() as session:
        found = session.get_one(Suppression, "lab@example.org")

    assert found.reason == "first"


def test_quiet_list_shows_what_nobody_answers_and_why(office: Office) -> None:
    office.take(eml(DEADLINE))
    office.take(eml("x", id="<2@example.org>", headers={"Auto-Submitted": "auto-replied"}))
    office.take(dsn("failed", "5.1.1"), envelope_sender="")
    with office.storage.read() as session:
        lines = quiet.listed(session)

    assert [(line["verdict"], line["rule"], line["from"]) for line in lines] == [
        ("auto_reply", "auto_submitted", "lab@example.org"),
        ("bounce", "dsn", "mailer-daemon@mx.example.org"),
    ]
    assert lines[0]["reason"] == "Auto-Submitted: auto-replied (RFC 3834 §5)"


def test_spam_of_a_provider_that_we_trust_is_quiet_and_never_dropped(small_office: Office) -> None:
    names = replace(small_office.desk.names, authserv_id="mx.contest.test")
    office = replace(small_office, desk=replace(small_office.desk, names=names))
    flag = {"X-Spam-Flag": "YES"}
    vouched = {"Authentication-Results": "mx.contest.test; spf=none", **flag}
    taken = [
        office.take(eml(DEADLINE, id=f"<{number}@example.org>", headers=headers))
        for number, headers in enumerate((vouched, flag), start=1)
    ]
    with office.storage.read() as session:
        lines = quiet.listed(session)

    assert [handled.ruling.verdict for handled in taken] == ["spam", "question"]
    assert [(line["inbound"], line["rule"]) for line in lines] == [(taken[0].inbound_id, "spam_verdict")]
