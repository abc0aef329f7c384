"""An outbox full of answers, as the worker leaves it, for stories that begin with the sender."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select, text

from bot.storage import Storage
from mailer import outbox
from mailer.tables import MailState, OutboxMail
from tests.mailer.letters import IDENTITY, NOON, hello
from tests.scenarios.serving import until

MOVING = (MailState.QUEUED, MailState.CLAIMED, MailState.IN_FLIGHT, MailState.RETRY)


def fill(storage: Storage, recipients: Sequence[str]) -> None:
    """Put an answer for each of these into the outbox, in this order."""
    with storage.write.begin() as session:
        for number, recipient in enumerate(recipients):
            outbox.enqueue(session, hello(to=recipient), key=f"reply:{number}", identity=IDENTITY, now=NOON)


def by_state(storage: Storage) -> Counter[MailState]:
    """How many rows are in which state."""
    with storage.read() as session:
        found = session.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state))
        return Counter({state: count for state, count in found})


def in_state(storage: Storage, state: MailState) -> list[str]:
    """The recipients of the rows in this state, oldest first."""
    with storage.read() as session:
        found = select(OutboxMail.recipient).where(OutboxMail.state == state).order_by(OutboxMail.id)
        return list(session.scalars(found))


def wait_until_settled(storage: Storage) -> None:
    """Wait until nothing is on its way, nor waits to be."""

    def settled() -> bool:
        counts = by_state(storage)
        return not any(counts[state] for state in MOVING)

    until(settled, f"the outbox is settled: {by_state(storage)}", timeout=240)


def let_trouble_end(storage: Storage) -> None:
    """Do what the minutes do for which the relay or a domain is left alone."""
    with storage.write.begin() as session:
        session.execute(text("DELETE FROM trouble"))
