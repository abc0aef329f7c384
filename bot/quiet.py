"""The quiet list: mail that nobody answers, and by which rule, for staff to look through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox.rules import MailVerdict
from bot.tables import HandledMail
from faq.contest import SEOUL

#: What is never answered, in the order in which the rules ask.
VERDICTS = (
    MailVerdict.UNREADABLE,
    MailVerdict.OWN,
    MailVerdict.BOUNCE,
    MailVerdict.AUTO_REPLY,
    MailVerdict.LIST,
    MailVerdict.SPAM,
)


def listed(
    session: Session, *, verdicts: Collection[MailVerdict] = VERDICTS, limit: int | None = None
) -> list[dict[str, Any]]:
    """The latest silent mails as documents, in the order they came."""
    rows = session.scalars(
        select(HandledMail)
        .where(HandledMail.verdict.in_([verdict.value for verdict in verdicts]))
        .order_by(HandledMail.inbound_id.desc())
        .limit(limit)
    ).all()
    return [_as_line(row) for row in reversed(rows)]


def _as_line(row: HandledMail) -> dict[str, Any]:
    return {
        "inbound": row.inbound_id,
        "at": row.handled_at.astimezone(SEOUL).isoformat(timespec="seconds"),
        "verdict": row.verdict,
        "rule": row.rule,
        "reason": row.reason,
        "from": row.from_address,
        "subject": row.subject,
        "inquiry": row.inquiry_id,
    }
