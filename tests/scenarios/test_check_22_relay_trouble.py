"""Check 22: the relay is down, slow, greylists, pushes back or fails TLS; the clock is the test's own.

Every mail goes out once in the end, in each person's order, and staff learn of a relay that stays away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

import pytest
from sqlalchemy import func, select

from bot import alarm
from bot.desk import Desk
from bot.inbox.rules import DeskNames
from bot.storage import Storage
from mailer import deliver
from mailer.ledger import Ledger
from mailer.relay import Relay, SmtpRelay
from mailer.tables import Attempt, Channel, MailKind, MailState, OutboxMail
from tests.mailer.letters import IDENTITY, NOON, REAL
from tests.scenarios.waiting import by_state, fill
from tests.servers.sink import At, Fault, Sink

# Each starts the desk as processes of its own, more than once.
pytestmark = pytest.mark.long

MINUTE = timedelta(minutes=1)
PEOPLE = ("a@example.org", "b@example.org", "c@big.test", "d@big.test")
EACH = 3
OURS = Desk(
    identity=IDENTITY,
    names=DeskNames(addresses=(IDENTITY.address,), domain=IDENTITY.domain, secret=IDENTITY.secret),
    staff_address="staff@example.org",
)


@dataclass(kw_only=True)
class Office:
    """A sender whose hours pass in a moment."""

    storage: Storage
    relay: Relay
    at: datetime = REAL
    alarms: list[datetime] = field(default_factory=list)

    def pass_minutes(self, minutes: int, *, then: Callable[[], object] = lambda: None) -> None:
        """Send what is due, minute by minute; `then` is what is to be looked at in each."""
        for _ in range(minutes):
            while deliver.deliver_due(
                Ledger(self.storage.write),
                self.relay,
                Channel.MAIL,
                limit=4,
                now=NOON,
                real_now=lambda: self.at,
            ).sent:
                pass
            if alarm.relay_away(self.storage, OURS, now=NOON, real_now=self.at):
                self.alarms.append(self.at)
            then()
            self.at += MINUTE


@pytest.fixture
def office(storage: Storage, sink: Sink) -> Iterator[Office]:
    """Three mails for each of four people, and a relay that answers within a second or is given up."""
    fill(storage, PEOPLE * EACH)
    relay = SmtpRelay(f"smtp://127.0.0.1:{sink.port}", timeout=timedelta(milliseconds=400))
    yield Office(storage=storage, relay=relay)
    relay.close()


def tries(storage: Storage) -> int:
    with storage.read() as session:
        return session.scalar(select(func.count(Attempt.id))) or 0


def assert_once_and_in_order(office: Office, sink: Sink) -> None:
    """Each of the twelve once, each person's in the order in which they were accepted."""
    got = [(mail.recipients[0], str(mail.message["Message-ID"])) for mail in sink.messages()]
    with office.storage.read() as session:
        rows = session.execute(
            select(OutboxMail.recipient, OutboxMail.message_id)
            .where(OutboxMail.kind == MailKind.ANSWER)
            .order_by(OutboxMail.id)
        )
        accepted = [(recipient, message_id or "") for recipient, message_id in rows]

    def persons(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
        in_turn = sorted(pairs, key=lambda pair: pair[0])
        return {who: [id for _, id in mails] for who, mails in groupby(in_turn, key=lambda pair: pair[0])}

    to_people = [pair for pair in got if pair[0] in PEOPLE]
    assert persons(to_people) == persons(accepted)
    assert set(by_state(office.storage)) == {MailState.SENT}


def test_check_22_relay_that_is_down(office: Office, sink: Sink) -> None:
    sink.stop()
    office.pass_minutes(20)
    tried = tries(office.storage)
    sink.start()
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)
    # One mail a minute asked whether it is back, not twelve.
    assert tried <= 21
    assert office.alarms == [REAL + 15 * MINUTE]
    # The notice itself waited, and left with the others.
    assert [mail.recipients for mail in sink.messages()].count(("staff@example.org",)) == 1


def test_check_22_relay_that_is_slow(office: Office, sink: Sink) -> None:
    sink.follow(Fault(at=At.RCPT, delay_seconds=2.0))
    office.pass_minutes(3)
    assert by_state(office.storage)[MailState.SENT] == 0
    sink.follow(Fault(at=At.RCPT, delay_seconds=0.05))
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)
    assert office.alarms == []


def test_check_22_greylisting_for_five_minutes(office: Office, sink: Sink) -> None:
    sink.follow(Fault(at=At.RCPT, reply="451 4.7.1 Greylisted, please come back in 5 minutes"))
    office.pass_minutes(5)
    # One try a person a minute at most: the later mails wait behind the first.
    assert tries(office.storage) <= 5 * len(PEOPLE)
    sink.follow()
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)


@pytest.mark.parametrize("reply", ["421 4.7.28 unusual rate of mail", "451 4.7.500 server busy"])
def test_check_22_domain_that_pushes_back(office: Office, sink: Sink, reply: str) -> None:
    big = [Fault(at=At.RCPT, recipient=person, reply=reply) for person in PEOPLE if "big" in person]
    sink.follow(*big)
    office.pass_minutes(1)
    # The others are all out, and that domain was asked once.
    assert by_state(office.storage) == {MailState.SENT: 6, MailState.RETRY: 1, MailState.QUEUED: 5}
    office.pass_minutes(4)
    assert tries(office.storage) == 7
    sink.follow()
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)
    assert office.alarms == []


def test_check_22_relay_that_fails_tls(office: Office, sink: Sink) -> None:
    plain = office.relay
    office.relay = SmtpRelay(f"smtp+starttls://127.0.0.1:{sink.port}")  # it offers none
    office.pass_minutes(16)
    assert sink.messages() == []
    assert office.alarms == [REAL + 15 * MINUTE]
    office.relay = plain
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)


def test_check_22_relay_that_answers_421_at_the_door(office: Office, sink: Sink) -> None:
    sink.follow(Fault(at=At.CONNECT, reply="421 4.3.2 shutting down"))
    office.pass_minutes(16)
    assert office.alarms == [REAL + 15 * MINUTE]
    sink.follow()
    office.pass_minutes(15)

    assert_once_and_in_order(office, sink)
