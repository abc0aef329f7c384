"""What an edit of the schedule does: said before it is done, and done when it is approved.

Nothing here decides: reminders, invitations and corrections follow from the ticks, which compare what is
with what should be. ``now`` is contest time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import invites, recall, reminding, roster, schedule, told
from bot.desk import Desk
from bot.storage import Storage
from faq import wording
from faq.contest import SEOUL, Language, Milestone
from faq.library import Library
from mailer import reminded, reminders
from mailer.campaign_tables import Campaign, CampaignState
from mailer.reminders import Plan, Slot

#: Campaigns whose mails are not out.
_WAIT = (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChange:
    """What becomes of one reminder of the season; None stands for not there."""

    milestone: str
    offset: str
    was: datetime | None
    now: datetime | None

    @property
    def what(self) -> str:
        """add, move or cancel."""
        if self.was is None:
            return "add"
        return "cancel" if self.now is None else "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an edit does, before it is done."""

    before: Milestone
    after: Milestone
    reminders: tuple[SlotChange, ...]
    #: Reminders that went out already and are not sent again, with the number of people.
    sent: Mapping[str, int]
    #: Why a reminder of the rules is not planned then: H-n without an hour and the like.
    refused: tuple[str, ...]
    #: Teams whose calendar it changes.
    invitations: int
    #: Who was told the old days: address and how many mails.
    people: tuple[told.Told, ...]
    #: People told by Slack.
    by_hand: int
    #: Campaigns that wait: their mails tell the schedule, so they have to be looked at and approved anew.
    campaigns: tuple[int, ...]
    #: Facts of the same milestone, to be looked at: id and what they say.
    facts: tuple[tuple[str, str], ...]

    def as_document(self) -> dict[str, Any]:
        """For a machine; addresses are in it, as it is for staff."""
        return {
            "milestone": self.after.id,
            "before": self.before.says(),
            "after": self.after.says(),
            "reminders": [
                {
                    "change": one.what,
                    "milestone": one.milestone,
                    "offset": one.offset,
                    "was": _iso(one.was),
                    "now": _iso(one.now),
                }
                for one in self.reminders
            ],
            "sent": dict(self.sent),
            "refused": list(self.refused),
            "invitations": self.invitations,
            "told": [
                {
                    "address": one.address,
                    "language": one.language,
                    "mails": [{"id": mail.id, "kind": mail.kind} for mail in one.mails],
                }
                for one in self.people
            ],
            "told_by_hand": self.by_hand,
            "campaigns": list(self.campaigns),
            "facts": dict(self.facts),
        }


def foreseen(session: Session, edition: Library, after: Milestone, *, now: datetime) -> Effect:
    """What would follow from a milestone being like this."""
    before = schedule.find(edition, after.id)
    then = schedule.with_milestones(edition, [after])
    releases = roster.releases(session)
    was = reminders.plan(edition.contest.milestones, edition.reminders, releases=releases)
    will = reminders.plan(then.contest.milestones, then.reminders, releases=releases)
    sent = _sent(session, after.id)
    people: dict[str, told.Told] = {}
    by_hand = 0
    for id in recall.changed(after.id, edition.contest, then.contest):
        found = recall.concerned(session, id, edition.contest, then.contest)
        people |= {one.address: one for one in found.people}
        by_hand = max(by_hand, found.by_hand)
    return Effect(
        before=before,
        after=after,
        reminders=compared(was, will, now=now, sent=frozenset(sent)),
        sent=sent,
        refused=tuple(
            f"{one.milestone} {one.offset}: {one.why}" for one in will.refused if one.milestone == after.id
        ),
        invitations=invites.moved_by(session, before, after, now=now),
        people=tuple(people.values()),
        by_hand=by_hand,
        campaigns=tuple(
            session.scalars(select(Campaign.id).where(Campaign.state.in_(_WAIT)).order_by(Campaign.id))
        ),
        facts=_facts(then, after.id),
    )


def compared(
    was: Plan, will: Plan, *, now: datetime, sent: frozenset[str] = frozenset()
) -> tuple[SlotChange, ...]:
    """What one schedule has otherwise than the other, of what is still to come; ``sent`` stays sent."""
    olds, news = _by_name(was), _by_name(will)
    changes = []
    for name in dict.fromkeys([*olds, *news]):
        old, new = olds.get(name), news.get(name)
        if f"{name[0]} {name[1]}" in sent:
            continue
        old_at = old.at if old is not None and old.not_after >= now else None
        new_at = new.at if new is not None and new.not_after >= now else None
        if old_at != new_at or (old is not None and new is not None and old_at and old.due_at != new.due_at):
            changes.append(SlotChange(milestone=name[0], offset=name[1], was=old_at, now=new_at))
    return tuple(sorted(changes, key=lambda one: (one.now or one.was or now, one.milestone, one.offset)))


def follow_up(
    storage: Storage, files: Library, edition: Library, desk: Desk, *, now: datetime
) -> dict[str, int]:
    """Do what an approved change asks for at once, as the ticks of a running desk would a minute later."""
    corrected = recall.tick(storage, files, desk, now=now)
    called = reminding.tick(storage, edition, desk, now=now)
    invited = invites.tick(storage, edition, desk, now=now)
    return {
        "corrections_drafted": corrected,
        "reminders_called_back": called.cancelled,
        "reminders_queued": called.queued,
        "invitations": invited.new + invited.moved + invited.cancelled,
    }


def _by_name(plan: Plan) -> dict[tuple[str, str], Slot]:
    return {(slot.milestone.id, str(slot.offset)): slot for slot in plan.slots}


def _sent(session: Session, milestone: str) -> dict[str, int]:
    """Reminders of a milestone that people have had: "application D-7" to their number."""
    counted: dict[str, int] = {}
    for one in reminded.told(session, milestone):
        counted[f"{milestone} {one.offset}"] = counted.get(f"{milestone} {one.offset}", 0) + 1
    return counted


def _facts(edition: Library, milestone: str) -> tuple[tuple[str, str], ...]:
    """Facts named after the milestone that are stated in words: they may speak of the old days."""
    found = []
    for name, fact in edition.contest.facts.items():
        if name.startswith(f"{milestone}.") and fact.statements and fact.unit is None:
            said = {wording.value_words(one.value, None, Language.KO) for one in fact.statements}
            found.append((name, "; ".join(sorted(said))))
    return tuple(found)


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(SEOUL).isoformat(timespec="minutes") if instant else None
