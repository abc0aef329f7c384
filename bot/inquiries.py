"""Inquiries as documents: for lists, for a closer look, for export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bot import documents, strangers, triage
from bot.tables import Event, Inquiry, InquiryPart, InquiryState
from faq.contest import SEOUL

CSV_COLUMNS = (
    "id", "state", "owner", "origin", "language", "opened_at", "applicant", "subject",
    "question", "decision", "topic", "unknown", "nearest", "confidence", "waits", "reason",
)  # fmt: skip


def listed(session: Session, *, waiting: bool) -> Sequence[Inquiry]:
    """Inquiries, oldest first; with ``waiting`` only those that need staff."""
    query = select(Inquiry).options(selectinload(Inquiry.parts)).order_by(Inquiry.id)
    if waiting:
        query = query.where(Inquiry.state.in_(triage.WAITING))
    return session.scalars(query).all()


def as_line(inquiry: Inquiry) -> dict[str, Any]:
    """One inquiry in the form of the contract."""
    return {
        "id": inquiry.id,
        "state": inquiry.state,
        "owner": inquiry.owner,
        "origin": inquiry.origin,
        "language": inquiry.language,
        "opened_at": inquiry.opened_at.astimezone(SEOUL).isoformat(timespec="seconds"),
        "parts": [_part(part) for part in inquiry.parts],
    }


def as_document(session: Session, inquiry: Inquiry) -> dict[str, Any]:
    """One inquiry with everything that happened to it."""
    sender = strangers.of(session, inquiry)
    events = session.scalars(select(Event).where(Event.inquiry_id == inquiry.id).order_by(Event.id))
    return {
        **as_line(inquiry),
        "applicant": inquiry.applicant.address,
        "subject": inquiry.subject,
        "identity": sender.level,
        "claims": sender.claims,
        "same_sender": list(sender.others),
        "same_sender_count": sender.others_count,
        "personal": list(sender.personal),
        "duplicate_of": inquiry.duplicate_of,
        "snooze_until": inquiry.snooze_until.astimezone(SEOUL).isoformat(timespec="seconds")
        if inquiry.snooze_until and inquiry.state is InquiryState.SNOOZED
        else None,
        "events": [
            {
                "at": event.at.astimezone(SEOUL).isoformat(timespec="seconds"),
                "actor": event.actor,
                "kind": event.kind,
                "data": event.data,
            }
            for event in events
        ],
    }


def as_csv(documents: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    """A header and a row a question.

    A cell that a spreadsheet would take for a formula gets an apostrophe: the words are strangers'.
    """
    yield list(CSV_COLUMNS)
    for document in documents:
        for part in document["parts"] or [{}]:
            merged = {**document, **part, "question": part.get("text", "")}
            yield [_cell(merged.get(column)) for column in CSV_COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return f"'{value}"
    return value


def _part(part: InquiryPart) -> dict[str, Any]:
    return {
        "text": part.text,
        "decision": part.decision,
        "topic": part.topic,
        "unknown": part.unknown,
        "nearest": part.nearest,
        "confidence": round(part.confidence, 4),
        "reason": part.reason,
        "feasibility": documents.of_dataset(part.feasibility) if part.feasibility else None,
        "asks_back": part.asks_back,
        "waits": part.waits,
    }
