"""The relay that is away, and the domain that pushes back, are left alone for a while; others go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from mailer import deliver, trouble
from mailer.deliver import Tally
from mailer.ledger import Ledger
from mailer.relay import Deferred, Delivered, Outcome, Rejected, Unknown
from mailer.tables import Channel, MailState
from tests.mailer.letters import NOON, REAL, Scripted, hello, queue, states

Sessions = sessionmaker[Session]
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
AWAY = Deferred(code=None, text="relay.test:25: ConnectionRefusedError")


def tick(sessions: Sessions, relay: Scripted, *, after: timedelta = timedelta(0)) -> Tally:
    return deliver.deliver_due(
        Ledger(sessions), relay, Channel.MAIL, limit=10, now=NOON, real_now=lambda: REAL + after
    )


@pytest.mark.parametrize(
    ("outcome", "concerns"),
    [
        (Deferred(code=421, text="4.7.28 unusual rate"), True),
        (Deferred(code=421, text="too many connections"), True),
        (Deferred(code=451, text="4.7.500 server busy"), True),
        (Deferred(code=451, text="4.7.1 Greylisting in action, come back later"), False),
        (Deferred(code=450, text="4.2.0 graylisted"), False),
        (Deferred(code=450, text="4.2.2 mailbox full"), False),
        (Deferred(code=None, text="421 4.7.0 shutting down"), False),
        (Rejected(code=550, text="5.7.1 no"), False),
        (Unknown(cause="cut"), False),
        (Delivered(reply="250"), False),
    ],
)
def test_concerns_domain_is_421_or_policy_but_no_greylisting(outcome: Outcome, concerns: bool) -> None:
    assert trouble.concerns_domain(outcome) is concerns


def test_domain_that_pushes_back_is_left_alone_and_others_go_on(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, *[hello(to=f"{name}@big.test") for name in "abc"], hello(to="d@small.test"))
    relay.answer = lambda mail: (
        Deferred(code=421, text="4.7.28 slow down") if "big" in mail.recipient else Delivered(reply="250")
    )

    first = tick(sessions, relay)
    again = tick(sessions, relay, after=4 * MINUTE)

    assert (first.deferred, first.released, first.sent) == (1, 2, 1)
    assert again.claimed == 0
    assert [mail.recipient for mail in relay.sent] == ["a@big.test", "d@small.test"]


def test_domain_is_left_alone_twice_as_long_each_time(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, *[hello(to=f"{name}@big.test") for name in "abc"])
    relay.answer = lambda _mail: Deferred(code=421, text="slow down")
    tick(sessions, relay)
    tick(sessions, relay, after=5 * MINUTE)

    assert tick(sessions, relay, after=14 * MINUTE).claimed == 0
    assert tick(sessions, relay, after=15 * MINUTE).deferred == 1


def test_domain_that_is_open_again_gets_everything(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, *[hello(to=f"{name}@big.test") for name in "abc"])
    relay.answer = lambda _mail: Deferred(code=421, text="slow down")
    tick(sessions, relay)
    relay.answer = lambda _mail: Delivered(reply="250")

    assert tick(sessions, relay, after=6 * MINUTE).sent == 3


def test_relay_that_is_away_is_probed_by_one_mail_at_a_time(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, *[hello(to=f"{name}@example.org") for name in "abcdef"])
    relay.answer = lambda _mail: AWAY
    tallies = [tick(sessions, relay, after=seconds * SECOND) for seconds in (0, 1, 2, 3, 6, 7)]

    # Two seconds after the first, four after the second.
    assert [tally.claimed for tally in tallies] == [6, 0, 1, 0, 1, 0]
    assert [tally.unreachable for tally in tallies] == [True] * 6
    assert len(relay.sent) == 3


def test_relay_that_is_back_gets_everything_at_once(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, *[hello(to=f"{name}@example.org") for name in "abcdef"])
    relay.answer = lambda _mail: AWAY
    tick(sessions, relay)
    relay.answer = lambda _mail: Delivered(reply="250")
    probe = tick(sessions, relay, after=3 * SECOND)
    rest = tick(sessions, relay, after=3 * SECOND)

    assert (probe.sent, rest.sent) == (1, 4)
    assert states(sessions) == [MailState.RETRY] + [MailState.SENT] * 5
    with sessions.begin() as session:
        assert trouble.relay_away_since(session) is None


def test_alarm_is_due_once_after_a_quarter_of_an_hour(sessions: Sessions) -> None:
    with sessions.begin() as session:
        trouble.note_relay(session, "refused", real_now=REAL)
        trouble.note_relay(session, "refused again", real_now=REAL + MINUTE)
    due = []
    for minutes in (14, 15, 16):
        with sessions.begin() as session:
            found = trouble.alarm_due(session, after=15 * MINUTE, real_now=REAL + minutes * MINUTE)
            due.append(found and (found.since, found.reply))

    assert due == [None, (REAL, "refused again"), None]


def test_alarm_is_due_again_in_the_next_outage(sessions: Sessions) -> None:
    with sessions.begin() as session:
        trouble.note_relay(session, "refused", real_now=REAL)
        trouble.alarm_due(session, after=15 * MINUTE, real_now=REAL + 20 * MINUTE)
        since = trouble.relay_is_back(session)
        trouble.note_relay(session, "refused", real_now=REAL + 60 * MINUTE)
    with sessions.begin() as session:
        again = trouble.alarm_due(session, after=15 * MINUTE, real_now=REAL + 75 * MINUTE)

    assert (since, again is not None) == (REAL, True)
