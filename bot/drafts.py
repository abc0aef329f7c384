"""Proposed changes to the library: written down, looked over, approved into an overlay row or rejected.

What applicants are told (entries, facts, milestones) takes two persons: who wrote it cannot approve it.
Phrasings, known unknowns and modes change nobody's words; one approver with a code is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from bot import codes, reviews
from bot import understanding as understandings
from bot.refusal import Refused
from bot.tables import Draft, DraftState, Overlay, Staff, StaffRole
from faq import library as libraries
from faq import lint
from faq.contest import Language
from faq.library import Library, LibraryError


class Kind(StrEnum):
    """What a draft changes; the kinds of overlay rows."""

    ENTRY = "entry"
    PHRASINGS = "phrasings"
    UNKNOWN = "unknown"
    FACT = "fact"
    MILESTONE = "milestone"
    MODE = "mode"


TWO_PERSONS = frozenset({Kind.ENTRY, Kind.FACT, Kind.MILESTONE})
#: What changes the classes that questions are compared with.
TRAINS = frozenset({Kind.ENTRY, Kind.PHRASINGS, Kind.UNKNOWN})

#: What an applicant's words may hold and a phrasing must not: addresses and telephone numbers.
PRIVATE = re.compile(r"[^\s<>()]+@[^\s<>()]+\.[A-Za-z]{2,}|(?:\+\d|(?<!\d)0)\d[\d -]{5,}\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that somebody wants, in the form of an overlay row."""

    kind: Kind
    subject: str
    content: Mapping[str, Any]
    #: The question whose letter it was made from.
    part_id: int | None = None


def add(session: Session, proposal: Proposal, *, staff: Staff, now: datetime) -> Draft:
    """Write a proposal down."""
    draft = Draft(
        kind=proposal.kind,
        subject=proposal.subject,
        content=dict(proposal.content),
        author=staff.address,
        at=now,
        state=DraftState.OPEN,
        part_id=proposal.part_id,
    )
    session.add(draft)
    session.flush()
    return draft


def edit(session: Session, draft: Draft, proposal: Proposal, *, staff: Staff, now: datetime) -> None:
    """Give an open draft new content; who does is its author from now on, and codes for it are void.

    Raises:
        Refused: it is decided, or of another kind.
    """
    _check_open(draft)
    if proposal.kind != draft.kind:
        raise Refused(f"draft {draft.id} is of kind {draft.kind}, not {proposal.kind}; make a new one")
    draft.subject, draft.content = proposal.subject, dict(proposal.content)
    draft.author, draft.at, draft.regression = staff.address, now, None
    session.flush()


def find(session: Session, draft_id: int) -> Draft:
    """The draft with this number.

    Raises:
        Refused: there is none.
    """
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise Refused(f"there is no draft {draft_id}; contestdesk faq drafts shows them")
    return draft


def listed(session: Session, *, everything: bool = False) -> Sequence[Draft]:
    """Drafts that wait for a decision, oldest first; with ``everything`` also the decided ones."""
    query = select(Draft).order_by(Draft.id)
    if not everything:
        query = query.where(Draft.state == DraftState.OPEN)
    return session.scalars(query).all()


def content_hash(draft: Draft) -> str:
    """Name exactly what is approved: kind, subject and content."""
    return codes.content_hash([draft.kind, draft.subject, draft.content])


def as_overlay(draft: Draft, number: int, *, approved_by: str = "", at: datetime | None = None) -> Overlay:
    """The overlay row that an approval of this draft writes."""
    return Overlay(
        id=number,
        kind=draft.kind,
        subject=draft.subject,
        content=draft.content,
        author=draft.author,
        approved_by=approved_by,
        at=at,
    )


def faults(draft: Draft, current: Library, files: Library) -> list[str]:
    """Say why a draft cannot be approved as it stands; empty when it can.

    It must be readable, fit the library as it is now, and bring no new finding of the lint: a date or
    an amount that is typed into an answer is such a finding.
    """
    found = list(_private(draft))
    if draft.kind == Kind.ENTRY:
        found += _unfinished(draft.content)
    if found:
        return found
    try:
        changed = libraries.overlay(
            current, [understandings.change(as_overlay(draft, current.version + 1), files)]
        )
    except LibraryError as error:
        return [str(error)]
    if draft.kind == Kind.MODE:
        return []
    known = {finding for finding in lint.check(current) if finding.level is lint.Level.ERROR}
    return [
        f"{finding.where}: {finding.what}"
        for finding in lint.check(changed)
        if finding.level is lint.Level.ERROR and finding not in known
    ]


def _private(draft: Draft) -> Iterator[str]:
    for phrasing in _phrasings(draft):
        if PRIVATE.search(phrasing):
            yield f"a phrasing holds an address or a number of a person: '{phrasing}'"


def _phrasings(draft: Draft) -> Iterator[str]:
    content = draft.content
    match draft.kind:
        case Kind.PHRASINGS:
            yield from content["phrasings"]
        case Kind.ENTRY:
            for language in Language:
                yield from content[language]["phrasings"]
        case Kind.UNKNOWN:
            for language in Language:
                yield from content[language]


def _unfinished(content: Mapping[str, Any]) -> Iterator[str]:
    """Find what a draft made from a letter lacks; files cannot lack it."""
    if not content["source"]:
        yield "'source' is empty: name the section or the notice that the answer rests on"
    if not content["asks"]:
        yield "'asks' is empty: say what kind of thing the question wants to know"
    for language in Language:
        if not content["title"][language]:
            yield f"the title in '{language}' is empty"
        if not content[language]["answer"]:
            yield f"the answer in '{language}' is empty"
        if not content[language]["phrasings"]:
            yield f"there is no phrasing in '{language}'"


def check_approver(draft: Draft, staff: Staff) -> None:
    """Make sure that this person may approve this draft now.

    Raises:
        Refused: it is decided, or the change takes two persons and this is its author.
    """
    _check_open(draft)
    if draft.kind in TWO_PERSONS and staff.address == draft.author:
        raise Refused(
            f"draft {draft.id} changes what applicants are told, and {staff.address} wrote it:"
            " another approver has to approve it"
        )


def approve(
    session: Session, draft: Draft, *, staff: Staff, version: int, now: datetime, reason: str | None = None
) -> int:
    """Turn a draft into an overlay row and return its number, the library's new version.

    ``version`` is the library's when the draft was looked over; every process reloads by itself.

    Raises:
        Refused: somebody else approved something meanwhile, or this draft is decided already.
    """
    check_approver(draft, staff)
    if session.get_bind().dialect.name == "postgresql":
        # Two approvals that know nothing of each other could leave a library that does not load.
        session.execute(text("LOCK TABLE overlay IN EXCLUSIVE MODE"))
    if understandings.version(session) != version:
        raise Refused("another change was approved at the same moment; look at the draft again and repeat")
    row = Overlay(
        kind=draft.kind,
        subject=draft.subject,
        content=draft.content,
        author=draft.author,
        approved_by=staff.address,
        at=now,
    )
    session.add(row)
    session.flush()
    _decide(session, draft, DraftState.APPROVED, staff=staff, reason=reason, overlay_id=row.id, now=now)
    if draft.part_id is not None:
        reviews.teach(session, draft.part_id, label=draft.subject, staff=staff, now=now)
    return row.id


def reject(session: Session, draft: Draft, *, staff: Staff, reason: str, now: datetime) -> None:
    """Lay a draft aside for good; it stays on record.

    Raises:
        Refused: it is decided already, or no reason is given.
    """
    _check_open(draft)
    if not reason.strip():
        raise Refused("say why with --reason: the author will want to know")
    _decide(session, draft, DraftState.REJECTED, staff=staff, reason=reason.strip(), overlay_id=None, now=now)


def set_mode(session: Session, topic: str, mode: str, *, staff: Staff, now: datetime) -> int:
    """Change how far the desk goes with a topic, at once; the row's number is the library's new version.

    No code is asked for: no applicant reads other words, and the same verb takes it back.
    """
    row = Overlay(
        kind=Kind.MODE,
        subject=topic,
        content={"mode": mode},
        author=staff.address,
        approved_by=staff.address,
        at=now,
    )
    session.add(row)
    session.flush()
    return row.id


#: Who may decide on drafts and set modes.
ROLE = StaffRole.APPROVER


def _check_open(draft: Draft) -> None:
    if draft.state is not DraftState.OPEN:
        raise Refused(f"draft {draft.id} is {draft.state} already, by {draft.decided_by}")


def _decide(
    session: Session,
    draft: Draft,
    state: DraftState,
    *,
    staff: Staff,
    reason: str | None,
    overlay_id: int | None,
    now: datetime,
) -> None:
    decided = session.execute(
        update(Draft)
        .where(Draft.id == draft.id, Draft.state == DraftState.OPEN)
        .values(state=state, decided_by=staff.address, decided_at=now, reason=reason, overlay_id=overlay_id)
        .returning(Draft.id)
    )
    if decided.scalar() is None:
        raise Refused(f"somebody else decided on draft {draft.id} at the same moment")
