"""What comes back to a bounce address proves what became of the mail that carried it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bot.inbox import rules
from mailer import sending, token
from mailer.tables import MailState

log = structlog.get_logger(__name__)


def row_of(recipients: Sequence[str], secret: bytes) -> int | None:
    """Find the outbox row whose signed envelope sender this mail was sent to; None for all other mail.

    The signature is the proof: a DSN without our token changes nothing, whatever it says.
    """
    for address in recipients:
        read = token.read(address.partition("@")[0], secret)
        if read is not None and read.kind == token.BOUNCES:
            return read.id
    return None


def settle(session: Session, outbox_id: int, ruling: rules.Ruling, *, inbound_id: int, now: datetime) -> bool:
    """Settle an unknown outcome: failed when a DSN says so, sent for whatever else a machine returned.

    A delay, a success, a vacation note: each was caused by the mail, so it had left. True when the row
    was unknown until now.
    """
    failed = ruling.bounce is not None and not ruling.bounce.delayed
    status = f" {ruling.bounce.status}" if ruling.bounce and ruling.bounce.status else ""
    evidence = f"inbound {inbound_id}: {ruling.verdict}{status}, {ruling.reason}"
    to = MailState.FAILED if failed else MailState.SENT
    settled = sending.settle(session, outbox_id, to, evidence, now=now)
    if settled:
        log.info("outbox.settled", mail=outbox_id, state=to, inbound=inbound_id)
    return settled
