"""The schedule in staff's hands: an edit of a milestone, what it would do, and its approval.

An edit is a draft of kind milestone like any other change of the library, so another person approves it
with a code. What follows from it (reminders, invitations, corrections) follows from the ticks, which
compare what is with what should be; the preview says it before. ``now`` is contest time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import drafts
from bot.drafts import Kind, Proposal
from bot.refusal import Refused
from bot.tables import Draft, DraftState, Staff
from faq import library as libraries
from faq.contest import Language, Milestone
from faq.library import Library, MilestoneChange

#: What of a milestone can be set: `on` is first and last day at once; `at` takes none as well.
FIELDS = ("on", "starts_on", "ends_on", "at")


def edited(milestone: Milestone, field: str, value: str) -> Milestone:
    """The milestone with one field set; days settle what was only vague before.

    Raises:
        Refused: no such field, no such day or hour, or it would end before it starts.
    """
    changed = with_field(milestone, field, value)
    check(changed)
    return changed


def with_field(milestone: Milestone, field: str, value: str) -> Milestone:
    """The milestone with one field set, which may not fit the others yet. Raises Refused."""
    match field:
        case "on":
            day = _day(value)
            return dataclasses.replace(milestone, starts_on=day, ends_on=day, approximate=None)
        case "starts_on":
            return dataclasses.replace(milestone, starts_on=_day(value), approximate=None)
        case "ends_on":
            return dataclasses.replace(milestone, ends_on=_day(value), approximate=None)
        case "at":
            return dataclasses.replace(milestone, at=_hour(value))
    raise Refused(f"no field {field!r}; set one of {', '.join(FIELDS)}")


def check(milestone: Milestone) -> None:
    """Make sure that it does not end before it starts. Raises Refused."""
    if milestone.ends_on < milestone.starts_on:
        raise Refused(
            f"{milestone.id} would end on {milestone.ends_on}, before it starts on {milestone.starts_on};"
            " set `on` for a single day"
        )


def find(edition: Library, milestone: str) -> Milestone:
    """The milestone of this id. Raises Refused, naming those there are."""
    found = edition.contest.milestones.get(milestone)
    if found is None:
        raise Refused(f"no milestone {milestone!r}; there are {', '.join(edition.contest.milestones)}")
    return found


def propose(
    session: Session, edition: Library, milestone: str, field: str, value: str, *, staff: Staff, now: datetime
) -> Draft:
    """Write an edit down; it is put on top of an open one of the same milestone, if there is one.

    Raises:
        Refused: see ``edited``, or the schedule says so already.
    """
    current = find(edition, milestone)
    open_one = _open_draft(session, milestone)
    base = _read(open_one, current) if open_one is not None else current
    changed = edited(base, field, value)
    if changed == current:
        raise Refused(f"{milestone} is {current.says()} already")
    proposal = Proposal(kind=Kind.MILESTONE, subject=milestone, content=_content(changed))
    if open_one is None:
        return drafts.add(session, proposal, staff=staff, now=now)
    drafts.edit(session, open_one, proposal, staff=staff, now=now)
    return open_one


def with_milestones(edition: Library, changed: Sequence[Milestone]) -> Library:
    """The library as it would be with these milestones."""
    number = edition.version + 1
    return libraries.overlay(edition, [MilestoneChange(milestone=one, version=number) for one in changed])


def proposed(draft: Draft, edition: Library) -> Milestone:
    """The milestone as a draft has it."""
    return _read(draft, find(edition, draft.subject))


# -- pieces -----------------------------------------------------------------------------------


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refused(f"{value!r} is no day such as 2020-12-07") from error


def _hour(value: str) -> time | None:
    if value.lower() == "none":
        return None
    try:
        hour = time.fromisoformat(value)
    except ValueError as error:
        raise Refused(f"{value!r} is no hour such as 18:00 (or none)") from error
    if hour.tzinfo is not None or hour.second or hour.microsecond:
        raise Refused(f"{value!r}: write hours and minutes in Korean time, such as 18:00")
    return hour


def _content(milestone: Milestone) -> dict[str, Any]:
    content: dict[str, Any] = {
        "starts_on": milestone.starts_on.isoformat(),
        "ends_on": milestone.ends_on.isoformat(),
    }
    if milestone.at is not None:
        content["at"] = f"{milestone.at:%H:%M}"
    if milestone.approximate is not None:
        content["approximate"] = {str(language): words for language, words in milestone.approximate.items()}
    return content


def _read(draft: Draft, current: Milestone) -> Milestone:
    content = draft.content
    vague = content.get("approximate")
    return dataclasses.replace(
        current,
        starts_on=date.fromisoformat(content["starts_on"]),
        ends_on=date.fromisoformat(content["ends_on"]),
        at=time.fromisoformat(content["at"]) if content.get("at") else None,
        approximate={Language(name): words for name, words in vague.items()} if vague else None,
    )


def _open_draft(session: Session, milestone: str) -> Draft | None:
    return session.scalar(
        select(Draft)
        .where(Draft.kind == Kind.MILESTONE, Draft.subject == milestone, Draft.state == DraftState.OPEN)
        .order_by(Draft.id.desc())
        .limit(1)
    )
