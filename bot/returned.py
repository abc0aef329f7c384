"""What comes back to a bounce address tells what became of the mail that carried it.

The signature of the address is the proof. A bounce without our token is written down, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import notice, triage
from bot.desk import Desk
from bot.inbox import rules
from bot.tables import Applicant, Inquiry, Staff
from faq.contest import SEOUL
from mailer import sending, suppression, token
from mailer.bounce import Bounce
from mailer.suppression import Lifted
from mailer.tables import BouncedMail, MailKind, MailState, OutboxMail

log = structlog.get_logger(__name__)

#: Mail of machines that a mail of ours caused.
_OF_OUR_MAIL = (rules.MailVerdict.BOUNCE, rules.MailVerdict.AUTO_REPLY)
#: Mail to the desk's own people: closing their address would silence all notices.
_TO_STAFF = (MailKind.STAFF_NOTICE, MailKind.CODE)


def row_of(recipients: Sequence[str], secret: bytes) -> int | None:
    """Find the outbox row whose signed envelope sender this mail was sent to; None for all other mail.

    The signature is the proof: a DSN without our token changes nothing, whatever it says.
    """
    for address in recipients:
        read = token.read(address.partition("@")[0], secret)
        if read is not None and read.kind == token.BOUNCES:
            return read.id
    return None


def take(
    session: Session,
    outbox_id: int | None,
    ruling: rules.Ruling,
    *,
    inbound_id: int,
    desk: Desk,
    now: datetime,
) -> None:
    """Take in a mail of a machine: settle what was unknown, record a bounce, close a dead address.

    ``outbox_id`` is what ``row_of`` found, None without our token: then a bounce is only listed.
    """
    if outbox_id is not None and ruling.verdict in _OF_OUR_MAIL:
        settle(session, outbox_id, ruling, inbound_id=inbound_id, now=now)
    failed = ruling.bounce
    if failed is None:
        return
    row = session.get(OutboxMail, outbox_id) if outbox_id is not None else None
    closed = row.recipient if row is not None and _is_dead(row, failed) else None
    suppression.record(
        session,
        failed,
        inbound_id=inbound_id,
        outbox_id=row.id if row is not None else None,
        suppressed=closed,
        now=now,
    )
    log.info(
        "mail.bounced",
        inbound=inbound_id,
        mail=row.id if row is not None else None,
        status=failed.status,
        permanent=failed.permanent,
    )
    if row is not None:
        _draw_conclusions(session, row, failed, closed, inbound_id=inbound_id, desk=desk, now=now)


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


def open_again(session: Session, address: str, *, staff: Staff, now: datetime) -> Lifted:
    """Write to an address again because staff say so; it stays on record with its bounce and its inquiries.

    Raises NoSuchSuppression when the address is not closed.
    """
    lifted = suppression.lift(session, address, by=staff.address, now=now)
    theirs = select(Inquiry).join(Inquiry.applicant).where(Applicant.address == lifted.address)
    for inquiry in session.scalars(theirs):
        triage.record(session, inquiry, "unsuppressed", actor=staff.address, now=now, reason=lifted.reason)
    return lifted


def listed(session: Session, *, limit: int | None = None) -> list[dict[str, Any]]:
    """The latest bounces as documents, in the order they came."""
    return [_as_line(session, row) for row in suppression.bounces(session, limit=limit)]


def _is_dead(row: OutboxMail, failed: Bounce) -> bool:
    """True when the bounce says that the very address we wrote to is dead.

    A forwarding address lives though its goal is dead, and the goal is named by whoever writes the bounce.
    """
    if not failed.permanent or row.kind in _TO_STAFF:
        return False
    return failed.recipient is None or failed.recipient.lower() == row.recipient


def _draw_conclusions(
    session: Session,
    row: OutboxMail,
    failed: Bounce,
    closed: str | None,
    *,
    inbound_id: int,
    desk: Desk,
    now: datetime,
) -> None:
    inquiry = session.get(Inquiry, row.inquiry) if row.inquiry is not None else None
    if inquiry is not None:
        triage.record(
            session,
            inquiry,
            "bounced",
            actor="desk",
            now=now,
            outbox=row.id,
            inbound=inbound_id,
            status=failed.status,
            permanent=failed.permanent,
            reason=failed.cause.value,
        )
    if row.kind in _TO_STAFF:
        # No notice can tell of it: it would go to the same address.
        log.error("outbox.staff_bounced", mail=row.id, status=failed.status)
        return
    if closed is not None:
        reason = f"{failed.status or failed.cause.value}, mail {row.id} bounced (inbound {inbound_id})"
        cancelled = suppression.suppress(session, closed, reason=reason, now=now)
        log.info("outbox.suppressed", mail=row.id, cancelled=len(cancelled))
    if failed.permanent:
        notice.of_bounce(session, desk, row, failed, is_closed=closed is not None, now=now)


def _as_line(session: Session, row: BouncedMail) -> dict[str, Any]:
    mail = session.get(OutboxMail, row.outbox_id) if row.outbox_id is not None else None
    return {
        "at": row.at.astimezone(SEOUL).isoformat(timespec="seconds"),
        "recipient": row.recipient,
        "status": row.status,
        "permanent": row.permanent,
        "delayed": row.delayed,
        "cause": row.cause,
        "rule": row.voice,
        "outbox": row.outbox_id,
        "kind": mail.kind if mail is not None else None,
        "inbound": row.inbound_id,
        "suppressed": row.suppressed,
        "lifted_by": row.lifted_by,
    }
