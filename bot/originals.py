"""Mails as they came, for staff: the raw octets, and what lay in them beside the text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from bot.inbox import parse
from bot.refusal import Refused
from bot.tables import HandledMail, InboundMail
from faq.contest import SEOUL


def raw(session: Session, inbound_id: int) -> bytes:
    """The octets of a mail, byte for byte as the door took them.

    Raises:
        Refused: there is no such mail.
    """
    row = session.get(InboundMail, inbound_id, options=[undefer(InboundMail.raw)])
    if row is None:
        raise Refused(
            f"there is no inbound mail {inbound_id}; contestdesk inquiries show lists those of an inquiry"
        )
    return row.raw


def of_inquiry(session: Session, inquiry_id: int) -> list[dict[str, Any]]:
    """The mails of an inquiry, oldest first, with their attachments: read anew from the raw octets."""
    wanted = (
        select(InboundMail)
        .join(HandledMail, HandledMail.inbound_id == InboundMail.id)
        .where(HandledMail.inquiry_id == inquiry_id)
        .order_by(InboundMail.id)
        .options(undefer(InboundMail.raw))
    )
    return [_mail(row) for row in session.scalars(wanted)]


def attachments(row: InboundMail) -> list[dict[str, Any]]:
    """What lay in a mail beside its text; nothing when it cannot be read."""
    return list(_mail(row)["attachments"])


def _mail(row: InboundMail) -> dict[str, Any]:
    unreadable, attachments = None, []
    try:
        attachments = [
            {"name": found.name, "size_bytes": found.size_bytes, "type": found.type}
            for found in parse.parse(row.raw).attachments
        ]
    except parse.Unreadable as error:
        unreadable = str(error)
    return {
        "inbound": row.id,
        "received_at": row.received_at.astimezone(SEOUL).isoformat(timespec="seconds"),
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "unreadable": unreadable,
        "attachments": attachments,
    }
