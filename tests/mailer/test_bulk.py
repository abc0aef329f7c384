"""Notices to many are begun and recorded together; what answers somebody is not."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from mailer import deliver, outbox, sending
from mailer.ledger import Ledger
from mailer.relay import Deferred, Delivered, Outcome, Outgoing, Rejected, Unknown
from mailer.tables import Attempt, Channel, MailKind, MailState
from tests.mailer.letters import IDENTITY, NOON, REAL, Scripted, hello, states

Sessions = sessionmaker[Session]


def fill(sessions: Sessions, count: int, *, kind: MailKind = MailKind.BULLETIN) -> None:
    with sessions.begin() as session:
        for number in range(count):
            letter = hello(to=f"lab-{number}@example.org", kind=kind)
            outbox.enqueue(session, letter, key=f"{kind}:{number}", identity=IDENTITY, now=NOON)


def send(sessions: Sessions, relay: Scripted, *, limit: int = 20, stop_after: int = 10_000) -> deliver.Tally:
    return deliver.deliver_due(
        Ledger(sessions),
        relay,
        Channel.MAIL,
        limit=limit,
        now=NOON,
        real_now=lambda: REAL,
        stopping=lambda: len(relay.sent) >= stop_after,
    )


def in_flight_while_sending(sessions: Sessions, relay: Scripted) -> list[int]:
    seen: list[int] = []

    def look(_mail: Outgoing) -> Outcome:
        seen.append(Counter(states(sessions))[MailState.IN_FLIGHT])
        return Delivered(reply="250 ok")

    relay.answer = look
    send(sessions, relay)
    return seen


def test_notices_are_in_flight_together(sessions: Sessions, relay: Scripted) -> None:
    fill(sessions, 5)

    assert in_flight_while_sending(sessions, relay) == [5] * 5
    assert states(sessions) == [MailState.SENT] * 5


def test_answers_are_in_flight_one_by_one(sessions: Sessions, relay: Scripted) -> None:
    fill(sessions, 5, kind=MailKind.ANSWER)

    assert in_flight_while_sending(sessions, relay) == [1] * 5


def test_each_notice_keeps_its_own_outcome(sessions: Sessions, relay: Scripted) -> None:
    fill(sessions, 5)
    outcomes: dict[str, Outcome] = {
        "lab-1@example.org": Rejected(code=550, text="no such user"),
        "lab-2@example.org": Unknown(cause="cut"),
        "lab-3@example.org": Deferred(code=451, text="later"),
    }
    relay.answer = lambda mail: outcomes.get(mail.recipient, Delivered(reply="250 ok"))
    tally = send(sessions, relay)

    assert states(sessions) == [
        MailState.SENT,
        MailState.FAILED,
        MailState.UNKNOWN,
        MailState.RETRY,
        MailState.SENT,
    ]
    assert (tally.sent, tally.failed, tally.unknown, tally.deferred) == (2, 1, 1, 1)
    with sessions.begin() as session:
        assert session.scalars(select(Attempt.outcome).order_by(Attempt.mail_id)).all() == [
            "delivered",
            "rejected",
            "unknown",
            "deferred",
            "delivered",
        ]


def test_stopped_sender_gives_the_untried_back_and_sends_nobody_twice(
    sessions: Sessions, relay: Scripted
) -> None:
    fill(sessions, 6)
    stopped = send(sessions, relay, stop_after=2)
    send(sessions, relay)

    assert (stopped.sent, stopped.released) == (2, 4)
    assert Counter(mail.recipient for mail in relay.sent) == Counter(f"lab-{n}@example.org" for n in range(6))


def test_crash_leaves_the_claim_in_doubt_and_no_more(sessions: Sessions, relay: Scripted) -> None:
    fill(sessions, 60)

    class Killed(BaseException):
        """What ends the process."""

    def die(_mail: Outgoing) -> Outcome:
        raise Killed

    relay.answer = die
    with pytest.raises(Killed):
        send(sessions, relay)
    with sessions.begin() as session:
        swept = sending.sweep(session, real_now=REAL + timedelta(hours=1))

    assert len(swept.parked) == 50  # twenty and thirty more, as all were notices
    assert Counter(states(sessions)) == {MailState.UNKNOWN: 50, MailState.QUEUED: 10}
