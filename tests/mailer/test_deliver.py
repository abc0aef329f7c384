from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import structlog
from sqlalchemy.orm import Session, sessionmaker

from mailer import deliver, outbox, sending
from mailer.deliver import Sent, Tally
from mailer.ledger import Ledger
from mailer.relay import Deferred, Delivered, Outcome, Outgoing, Rejected, SmtpRelay, Unknown
from mailer.tables import Channel, MailState
from tests.mailer.letters import IDENTITY, NOON, REAL, Scripted, hello, queue, states
from tests.servers.sink import At, Fault, Sink

Sessions = sessionmaker[Session]


def tick(
    sessions: Sessions, relay: Scripted | SmtpRelay, *, limit: int = 10, after: timedelta = timedelta(0)
) -> Tally:
    return deliver.deliver_due(
        Ledger(sessions), relay, Channel.MAIL, limit=limit, now=NOON + after, real_now=lambda: REAL + after
    )


def test_outbox_sends_once_when_a_key_is_repeated(sessions: Sessions, relay: Scripted) -> None:
    for _ in range(2):
        with sessions.begin() as session:
            outbox.enqueue(session, hello(), key="answer:inbound-7", identity=IDENTITY, now=NOON)
    first = tick(sessions, relay)
    second = tick(sessions, relay)

    assert [mail.recipient for mail in relay.sent] == ["lab@example.org"]
    assert (first, second) == (Tally(claimed=1, sent=1), Tally())


def test_deliver_due_takes_nothing_where_nothing_waits(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello())
    looked = threading.Lock()
    held: list[bool] = []

    def waits() -> bool:
        held.append(looked.locked())
        return False

    done = deliver.deliver_due(
        Ledger(sessions),
        relay,
        Channel.MAIL,
        limit=10,
        now=NOON,
        real_now=lambda: REAL,
        waits=waits,
        taking=looked,
    )

    assert (done, held, looked.locked()) == (Tally(), [True], False)
    assert states(sessions) == [MailState.QUEUED]


def test_deliver_due_is_in_flight_while_it_sends(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello())
    seen: list[MailState] = []

    def look(mail: Outgoing) -> Outcome:
        # In a session of its own: it must be committed, and no transaction may be open around it.
        seen.extend(states(sessions))
        return Delivered(reply="250")

    relay.answer = look
    tick(sessions, relay)

    assert seen == [MailState.IN_FLIGHT]


@pytest.mark.parametrize(
    ("outcome", "state", "event"),
    [
        (Delivered(reply="250 ok"), MailState.SENT, "outbox.sent"),
        (Deferred(code=451, text="later"), MailState.RETRY, "outbox.deferred"),
        (Deferred(code=None, text="away"), MailState.RETRY, "outbox.deferred"),
        (Rejected(code=550, text="no"), MailState.FAILED, "outbox.rejected"),
        (Unknown(cause="cut"), MailState.UNKNOWN, "outbox.unknown"),
    ],
)
def test_deliver_due_records_what_became_of_it(
    sessions: Sessions, relay: Scripted, outcome: Outcome, state: MailState, event: str
) -> None:
    queue(sessions, hello())
    relay.answer = lambda _mail: outcome
    with structlog.testing.capture_logs() as logs:
        tick(sessions, relay)

    assert states(sessions) == [state]
    assert [entry["event"] for entry in logs] == [event]
    assert "lab@example.org" not in str(logs)


def test_deliver_due_goes_on_after_one_refusal(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello(to="a@example.org"), hello(to="bad@example.org"), hello(to="c@example.org"))
    relay.answer = lambda mail: (
        Rejected(code=550, text="no") if mail.recipient == "bad@example.org" else Delivered(reply="250")
    )

    tally = tick(sessions, relay)

    assert (tally.sent, tally.failed) == (2, 1)
    assert states(sessions) == [MailState.SENT, MailState.FAILED, MailState.SENT]


def test_deliver_due_stops_when_the_relay_is_away(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello(), hello(), hello())
    relay.answer = lambda _mail: Deferred(code=None, text="no route")

    tally = tick(sessions, relay)

    assert (tally.deferred, tally.released, tally.unreachable) == (1, 2, True)
    assert len(relay.sent) == 1
    assert states(sessions) == [MailState.RETRY, MailState.QUEUED, MailState.QUEUED]


def test_deliver_due_finishes_the_mail_in_hand_when_it_is_stopped(
    sessions: Sessions, relay: Scripted
) -> None:
    queue(sessions, hello(), hello())

    tally = deliver.deliver_due(
        Ledger(sessions),
        relay,
        Channel.MAIL,
        limit=10,
        now=NOON,
        real_now=lambda: REAL,
        stopping=lambda: len(relay.sent) == 1,
    )

    assert (tally.sent, tally.released) == (1, 1)
    assert states(sessions) == [MailState.SENT, MailState.QUEUED]


def test_deliver_due_parks_a_mail_whose_relay_is_at_fault(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello(), hello())

    def broken(mail: Outgoing) -> Outcome:
        if mail.id == relay.sent[0].id:
            raise RuntimeError("not foreseen")
        return Delivered(reply="250")

    relay.answer = broken
    tally = tick(sessions, relay)

    assert (tally.unknown, tally.sent) == (1, 1)
    with sessions.begin() as session:
        assert outbox.listing(session)[0].last_reply == "fault in the relay: RuntimeError"


def test_deliver_due_does_not_send_what_another_took(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello(), hello())

    def slow(_mail: Outgoing) -> Outcome:
        # Meanwhile our lease ends, and another sender takes the second mail.
        with sessions.begin() as session:
            sending.sweep(session, real_now=REAL + timedelta(hours=1))
        other = Scripted()
        tick(sessions, other, after=timedelta(hours=1))
        taken.extend(mail.id for mail in other.sent)
        return Delivered(reply="250")

    taken: list[int] = []
    relay.answer = slow
    tally = tick(sessions, relay)

    assert (tally.sent, tally.lost) == (1, 1)
    assert sorted(taken + [mail.id for mail in relay.sent]) == [1, 2]
    assert states(sessions) == [MailState.SENT, MailState.SENT]


def test_deliver_due_tells_of_what_is_too_late(sessions: Sessions, relay: Scripted) -> None:
    (mail_id,) = queue(sessions, hello(not_after=NOON))

    tally = tick(sessions, relay, after=timedelta(minutes=1))

    assert (tally.skipped_late, relay.sent) == ((mail_id,), [])


def test_deliver_due_tells_whoever_watches(sessions: Sessions, relay: Scripted) -> None:
    (mail_id,) = queue(sessions, hello())
    seen: list[Sent] = []

    deliver.deliver_due(
        Ledger(sessions), relay, Channel.MAIL, limit=10, now=NOON, real_now=lambda: REAL, on_sent=seen.append
    )

    assert seen == [
        Sent(
            mail_id=mail_id,
            recipient="lab@example.org",
            outcome=Delivered(reply=f"250 kept as Q{mail_id}"),
            state=MailState.SENT,
        )
    ]


def test_mail_goes_through_a_real_server_and_its_faults(sessions: Sessions, sink: Sink) -> None:
    queue(sessions, *[hello(to=f"{name}@example.org") for name in ("ok", "grey", "gone", "cut")])
    sink.follow(
        Fault(at=At.RCPT, recipient="grey@example.org", reply="451 4.7.1 greylisted", times=1),
        Fault(at=At.RCPT, recipient="gone@example.org", reply="550 5.1.1 no such user"),
        Fault(at=At.DOT, recipient="cut@example.org", cut=True, stored=True),
    )
    relay = SmtpRelay(f"smtp://127.0.0.1:{sink.port}", timeout=timedelta(seconds=5))

    tick(sessions, relay)
    tick(sessions, relay, after=timedelta(minutes=5))
    tick(sessions, relay, after=timedelta(days=1))
    relay.close()

    assert states(sessions) == [MailState.SENT, MailState.SENT, MailState.FAILED, MailState.UNKNOWN]
    caught = sink.wait_for(3)
    assert sorted(mail.recipients[0] for mail in caught) == [
        "cut@example.org",
        "grey@example.org",
        "ok@example.org",
    ]
    assert {tuple(mail.header_names) for mail in caught} == {
        (
            "Date",
            "From",
            "Reply-To",
            "To",
            "Subject",
            "Message-ID",
            "Content-Language",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "MIME-Version",
            "Content-Type",
        )
    }
