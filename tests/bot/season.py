"""A season without doors: teams on the roster, ticks at given instants, mails that leave at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from bot import reminding
from bot.reminding import Reminding, Ticked
from bot.roster_tables import Contestant
from bot.storage import Storage
from faq.contest import SEOUL, Stage
from faq.library import Library
from mailer import deliver
from mailer.ledger import Ledger
from mailer.relay import Delivered, Outcome, Outgoing
from mailer.tables import Channel, MailKind, OutboxMail, Reminder, ReminderState
from tests.bot.office import DESK, STAFF_ADDRESS

#: When the teams were put on the roster, and what the 2020 edition plans then.
OPENED = datetime(2020, 11, 2, 9, 0, tzinfo=SEOUL)
D7 = datetime(2020, 11, 23, 10, 0, tzinfo=SEOUL)
D3 = datetime(2020, 11, 27, 10, 0, tzinfo=SEOUL)
D1 = datetime(2020, 11, 29, 10, 0, tzinfo=SEOUL)
LAST_DAY = datetime(2020, 11, 30, 0, 0, tzinfo=SEOUL)
REAL = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def day(month: int, number: int, hour: int = 10, minute: int = 0) -> datetime:
    """An instant of 2020 in Seoul."""
    return datetime(2020, month, number, hour, minute, tzinfo=SEOUL)


@dataclass(slots=True)
class TakesAll:
    """A relay that takes every mail."""

    sent: list[Outgoing] = field(default_factory=list)

    def send(self, mail: Outgoing) -> Outcome:
        self.sent.append(mail)
        return Delivered(reply="250 2.0.0 ok")

    def doctor(self) -> str:
        return "takes all"

    def close(self) -> None:
        pass


def enrol(
    storage: Storage,
    count: int = 3,
    *,
    status: Stage = Stage.DRAFTING,
    prefix: str = "team",
    language: str = "ko",
    at: datetime = OPENED,
    consents: bool = True,
) -> list[str]:
    """Put so many teams on the roster; returns their addresses."""
    addresses = [f"{prefix}-{number}@example.org" for number in range(1, count + 1)]
    with storage.write.begin() as session:
        session.execute(
            insert(Contestant),
            [
                {
                    "team": f"{prefix} {number}호",
                    "contact": None,
                    "address": address,
                    "kind": None,
                    "language": language,
                    "status": status,
                    "consents": consents,
                    "unsubscribed_at": None,
                    "added_at": at,
                    "updated_at": at,
                }
                for number, address in enumerate(addresses, 1)
            ],
        )
    return addresses


def becomes(storage: Storage, address: str, status: Stage) -> None:
    """Staff learn that a team has come this far."""
    with storage.write.begin() as session:
        session.execute(update(Contestant).where(Contestant.address == address).values(status=status))


def tick(storage: Storage, library: Library, now: datetime, *, most: int = reminding.MOST) -> Ticked:
    """One tick of a scheduler that has just started."""
    return reminding.tick(storage, library, DESK, now=now, most=most)


def beats(storage: Storage, library: Library, instants: Sequence[datetime]) -> list[Ticked]:
    """The ticks of one scheduler that goes on running."""
    running = Reminding(storage, DESK)
    return [running.tick(library, now=now) for now in instants]


def send_all(storage: Storage, now: datetime) -> list[str]:
    """Let everything leave that may; returns whom it went to, without staff."""
    relay, ledger = TakesAll(), Ledger(storage.write)
    while deliver.deliver_due(ledger, relay, Channel.MAIL, limit=100, now=now, real_now=lambda: REAL).claimed:
        pass
    return [mail.recipient for mail in relay.sent if mail.recipient != STAFF_ADDRESS]


def reminders(storage: Storage, state: ReminderState | None = None) -> list[tuple[str, str]]:
    """Offset and address of every reminder (in this state), in order."""
    query = (
        select(Reminder.offset, Contestant.address)
        .join(Contestant, Contestant.id == Reminder.person)
        .order_by(Reminder.slot_at, Contestant.id)
    )
    if state is not None:
        query = query.where(Reminder.state == state)
    with storage.read() as session:
        return [(offset, address) for offset, address in session.execute(query)]


def outbox(storage: Storage, kind: MailKind = MailKind.REMINDER) -> list[OutboxMail]:
    """Outbox rows of a kind, oldest first."""
    query = select(OutboxMail).where(OutboxMail.kind == kind).order_by(OutboxMail.id)
    with storage.read() as session:
        return list(session.scalars(query))


def notices(storage: Storage) -> int:
    """How many notices staff got."""
    return len(outbox(storage, MailKind.STAFF_NOTICE))
