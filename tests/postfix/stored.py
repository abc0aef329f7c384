"""What the door has stored, read from beside it."""

from sqlalchemy import select

from bot.storage import Storage
from bot.tables import InboundMail


def envelopes(storage: Storage) -> list[InboundMail]:
    """All mails, oldest first, without their octets."""
    with storage.read() as session:
        return list(session.scalars(select(InboundMail).order_by(InboundMail.id)))


def recipients(storage: Storage) -> list[list[str]]:
    """The recipients of each mail, oldest first."""
    return [list(row.recipients) for row in envelopes(storage)]
