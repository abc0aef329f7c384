"""What nobody has taken on for too long, and who is to hear of it next.

Each step is taken once for each time that an inquiry begins to wait, and only in office hours; time
out of office does not count. What somebody does with an inquiry ends it at once: the steps are asked
of the state as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import office_hours, triage
from bot.tables import Event, Inquiry, InquiryState

#: Kind of the event that a nudge leaves.
NUDGED = "nudged"
#: What makes an inquiry begin to wait for somebody.
_BEGINS = ("asked", "reopened", "woken", "released", "feedback")


class Step(StrEnum):
    """Who hears of an inquiry that nobody takes on."""

    #: A line in its own thread.
    THREAD = "thread"
    #: Everybody of the triage group.
    GROUP = "group"
    #: The approvers, each by himself.
    APPROVER = "approver"


#: Working time after which each step is due.
AFTER = {
    Step.THREAD: timedelta(minutes=30),
    Step.GROUP: timedelta(hours=2),
    Step.APPROVER: timedelta(hours=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One inquiry for which a step is due."""

    inquiry_id: int
    step: Step
    #: Since when it has been waiting for somebody.
    since: datetime
    #: Working time that has gone by.
    waited: timedelta

    @property
    def name(self) -> str:
        """Names the ping: once for each step of each wait."""
        return f"{self.inquiry_id}@{self.since:%Y%m%dT%H%M%S}"


def due(session: Session, *, now: datetime) -> Sequence[Due]:
    """The steps that are due now, oldest inquiry first; of one inquiry only the furthest one."""
    if not office_hours.is_open(now):
        return ()
    since = (
        select(Event.inquiry_id, func.max(Event.at).label("at"))
        .where(Event.kind.in_(_BEGINS))
        .group_by(Event.inquiry_id)
        .subquery()
    )
    waiting = session.execute(
        select(Inquiry.id, Inquiry.opened_at, since.c.at)
        .outerjoin(since, since.c.inquiry_id == Inquiry.id)
        .where(Inquiry.state == InquiryState.NEW)
        .order_by(Inquiry.id)
    ).all()
    found = []
    for inquiry_id, opened_at, began_at in waiting:
        began = began_at or opened_at
        waited = office_hours.worked(began, now)
        step = next((step for step in reversed(Step) if waited >= AFTER[step]), None)
        if step is not None and step not in _taken(session, inquiry_id, began):
            found.append(Due(inquiry_id=inquiry_id, step=step, since=began, waited=waited))
    return found


def take(session: Session, one: Due, *, now: datetime) -> None:
    """Write down that a step was taken, in the transaction that lets the ping leave."""
    inquiry = triage.find(session, one.inquiry_id)
    triage.record(session, inquiry, NUDGED, actor="desk", now=now, step=one.step)


def _taken(session: Session, inquiry_id: int, began: datetime) -> set[str]:
    """Steps taken since the wait began; a later step stands for those before it."""
    data = session.scalars(
        select(Event.data).where(Event.inquiry_id == inquiry_id, Event.kind == NUDGED, Event.at >= began)
    )
    taken = {str(one["step"]) for one in data}
    last = max((list(Step).index(Step(step)) for step in taken), default=-1)
    return {str(step) for step in list(Step)[: last + 1]}
