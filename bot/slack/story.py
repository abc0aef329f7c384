"""What happened to an inquiry, told below its card: full texts, attachments, letters, who did what.

Pure but for the reading of events. Attachments are named, never opened and never shared on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from bot import originals
from bot.slack import cards, case, heard, labels, richtext
from bot.tables import Event, InboundMail

#: What an applicant's message takes in one post; the rest follows in the next.
PART_CHARS = 9_000
#: Files that are named; more are counted.
FILES = 20
#: Events that a thread tells of; the others show on the card, or are nobody's business but the log's.
TOLD = (
    *("asked", "thanks", "letter", "detail", "note", "sent", "undone", "not_sent", "closed", "reopened"),
    *("assigned", "took_over", "snoozed", "woken", "spam", "duplicate", "merged", "verdict", "precedent"),
    *("feedback", "claims_thread", "answered", "edited", "deleted"),
)
#: Notes that were written in the thread itself are there already.
FROM_THREAD = "slack_ts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One reply in the thread of a card."""

    event_id: int
    #: Of the outbox row.
    key: str
    #: text and blocks.
    arguments: dict[str, Any]


def since(session: Session, number: int, told: int) -> Iterator[Message]:
    """The messages that tell of what happened after event ``told``, oldest first."""
    events = session.scalars(
        select(Event)
        .where(Event.inquiry_id == number, Event.id > told, Event.kind.in_(TOLD))
        .order_by(Event.id)
    ).all()
    for event in events:
        if FROM_THREAD not in event.data:
            yield from of_event(session, event)


def first_told(session: Session, number: int, *, upto: int) -> int:
    """Up to which event a new card tells everything by itself: ``upto``, or 0 when there is more to say."""
    events = session.scalars(
        select(Event).where(Event.inquiry_id == number, Event.kind.in_(TOLD)).order_by(Event.id)
    ).all()
    plain = [event for event in events if event.kind != "answered"]
    if len(plain) > 1 or any(_is_more(session, event) for event in plain):
        return 0
    return upto


def of_event(session: Session, event: Event) -> Iterator[Message]:
    """The posts that tell of one event; several for a long text."""
    who = "신청자 Applicant" if event.actor == "applicant" else _name(session, event.actor)
    head = f"{labels.EVENTS.get(event.kind, event.kind)} · {who} · {labels.instant(event.at)}"
    parts = pieces(_said(event))
    files = _files(session, event)
    for number, part in enumerate(parts or [""]):
        counted = f" ({number + 1}/{len(parts)})" if len(parts) > 1 else ""
        blocks = [richtext.context(head + counted)]
        if part:
            blocks.append(richtext.block(richtext.quote(richtext.text(part))))
        if files and number == max(0, len(parts) - 1):
            blocks += _listed(files)
        yield Message(
            event_id=event.id,
            key=f"event:{event.id}" + (f":{number}" if number else ""),
            arguments={"text": richtext.fallback(f"{head}{counted}: {part}"), "blocks": blocks},
        )


def pieces(text: str) -> list[str]:
    """Cut a long text where a line or a word ends."""
    rest, found = richtext.clean(text).strip(), []
    while len(rest) > PART_CHARS:
        window = rest[:PART_CHARS]
        at = max(window.rfind("\n"), window.rfind(" "))
        at = at if at > PART_CHARS // 2 else PART_CHARS
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*found, rest] if rest else found


def _said(event: Event) -> str:
    data = event.data
    match event.kind:
        case "assigned":
            return f"→ {data.get('to', '')}"
        case "snoozed":
            return f"→ {data.get('until', '')}"
        case "duplicate":
            return f"→ #{data.get('of', '')}"
        case "merged":
            return f"← #{data.get('source', '')}"
        case "claims_thread":
            return f"→ #{data.get('of', '')}"
        case "feedback":
            return str(data.get("opinion", ""))
        case _:
            return str(data.get("text") or data.get("reason") or "")


def _files(session: Session, event: Event) -> Sequence[dict[str, Any]]:
    if event.kind not in case.WROTE or "inbound" not in event.data:
        return ()
    row = session.get(InboundMail, int(event.data["inbound"]), options=[undefer(InboundMail.raw)])
    if row is None:  # erased since
        return ()
    if row.door == heard.DOOR:
        found = [
            {"name": one.name, "size_bytes": one.size_bytes, "type": one.type}
            for one in heard.said(row.raw).files
        ]
    else:
        found = originals.attachments(row)
    return [one | {"inbound": row.id} for one in found]


def _listed(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = [
        f"📎 {one['name'] or '(이름 없음 no name)'} · {_size(int(one['size_bytes']))} · {one['type']}"
        for one in files[:FILES]
    ]
    if len(files) > FILES:
        lines.append(f"… 외 {len(files) - FILES}개 more")
    told = (
        f"첨부 {len(files)}개는 격리되어 있으며 Slack에 올리지 않습니다. Quarantined, never shared here:"
        f" contestdesk inquiries raw {files[0]['inbound']}"
    )
    return [
        richtext.block(richtext.bullets([richtext.cut(line, 200) for line in lines])),
        richtext.context(told),
    ]


def _size(size_bytes: int) -> str:
    return (
        f"{size_bytes / 1024 / 1024:.1f} MB" if size_bytes >= 1024 * 1024 else f"{size_bytes / 1024:.0f} KB"
    )


def _is_more(session: Session, event: Event) -> bool:
    return len(_said(event)) > cards.SHOWN or event.kind not in case.WROTE or bool(_files(session, event))


def _name(session: Session, actor: str) -> str:
    return "안내 데스크 Desk" if actor == "desk" else case.staff_name(session, actor)
