"""What the desk has written down, read from beside it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.storage import Storage
from bot.tables import Event, HandledMail, InboundMail, Inquiry
from mailer.tables import MailState, OutboxMail
from tests.scenarios.serving import until

MOVING = (MailState.QUEUED, MailState.CLAIMED, MailState.IN_FLIGHT)


def stored(storage: Storage) -> Counter[str]:
    """How often each mail was stored, by the hash of its bytes."""
    with storage.read() as session:
        return Counter(session.scalars(select(InboundMail.sha256)))


def outbox(storage: Storage, *, key: str = "%") -> Sequence[OutboxMail]:
    """The outbox, oldest first, without the messages themselves."""
    with storage.read() as session:
        return session.scalars(
            select(OutboxMail).where(OutboxMail.key.like(key)).order_by(OutboxMail.id)
        ).all()


def states(storage: Storage, *, key: str = "reply:%") -> list[MailState]:
    """The states of the replies, oldest first."""
    return [row.state for row in outbox(storage, key=key)]


def final_states(storage: Storage, *, key: str = "reply:%") -> list[MailState]:
    """The states of the replies once nothing is on its way: the relay has a mail before its row says so."""
    until(lambda: not set(MOVING) & set(states(storage, key="%")), "nothing is on its way out")
    return states(storage, key=key)


def inquiries(storage: Storage) -> Sequence[Inquiry]:
    """All inquiries, oldest first."""
    with storage.read() as session:
        return session.scalars(select(Inquiry).order_by(Inquiry.id)).all()


def handled(storage: Storage) -> Sequence[HandledMail]:
    """The marks of the handled mails, in the order in which the mails came."""
    with storage.read() as session:
        return session.scalars(select(HandledMail).order_by(HandledMail.inbound_id)).all()


def events(storage: Storage, *, kind: str) -> Sequence[Event]:
    """What happened of this kind, in any inquiry, oldest first."""
    with storage.read() as session:
        return session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)).all()


def wait_until_handled(storage: Storage, count: int) -> Sequence[HandledMail]:
    """Wait until so many mails are handled, and nothing is on its way out."""

    def done() -> bool:
        moving = [row for row in outbox(storage) if row.state in MOVING]
        return len(handled(storage)) >= count and not moving

    until(done, f"{count} mails handled, and nothing on its way out")
    return handled(storage)


def let_leases_end(storage: Storage) -> None:
    """Do what a quarter of an hour does: every lease lies in the past."""
    with storage.write.begin() as session:
        session.execute(
            update(OutboxMail)
            .where(OutboxMail.lease_until.is_not(None))
            .values(lease_until=datetime.now(UTC) - timedelta(seconds=1))
        )


def let_back_off_end(storage: Storage) -> None:
    """Do what the minutes of a back-off do: every next try is due."""
    with storage.write.begin() as session:
        session.execute(
            update(OutboxMail)
            .where(OutboxMail.state == MailState.RETRY)
            .values(next_try_at=datetime.now(UTC) - timedelta(seconds=1))
        )
