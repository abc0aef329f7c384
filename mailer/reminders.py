"""Reminders as instants: from a milestone and a rule to the slots of the season. Pure; rows are elsewhere.

Nothing is kept between two looks: what is due is computed anew from the schedule as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from faq.contest import ROUND_OF, SEOUL, Milestone, Round, Stage
from faq.reminders import CountsTo, Offset, Reminders, Rule, Unit

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One reminder of the season: of what, when, to whom. Instants are in UTC."""

    milestone: Milestone
    offset: Offset
    #: When it goes out.
    at: datetime
    #: What the offset counts to.
    due_at: datetime
    #: Last instant at which it may leave: within its own day, before the quiet hours.
    not_after: datetime
    #: Those who still owe something.
    audience: tuple[Stage, ...]
    #: Release of the decision that the audience reads; None without one, or while none is imported.
    embargo_until: datetime | None

    @property
    def name(self) -> str:
        """Such as ``application:D-3:20201130T1500Z``: what a moved day makes another one."""
        return f"{self.milestone.id}:{self.offset}:{self.due_at:%Y%m%dT%H%MZ}"

    def key(self, person: int) -> str:
        """The unique key of this reminder to one person."""
        return f"reminder:{self.name}:{person}"

    @property
    def counted_on(self) -> date:
        """The day (KST) that is counted to."""
        return (self.due_at - _SECOND).astimezone(SEOUL).date() if self.at_end else self.milestone.starts_on

    @property
    def at_end(self) -> bool:
        """True when it counts to the end of a period, which then closes."""
        period = self.milestone.starts_on != self.milestone.ends_on
        return period and self.due_at == self.milestone.closes_at.astimezone(UTC)

    @property
    def decided(self) -> bool:
        """True when the audience reads a decision, which nobody may learn before its release."""
        return any(stage in ROUND_OF for stage in self.audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reminder of the rules that cannot be planned."""

    milestone: str
    offset: Offset
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The slots of the season, past and to come, by time; and what cannot be one."""

    slots: tuple[Slot, ...]
    refused: tuple[Refusal, ...]

    def due(self, *, now: datetime) -> tuple[Slot, ...]:
        """Slots that may go out now."""
        return tuple(slot for slot in self.slots if slot.at <= now <= slot.not_after)

    def closed(self, *, after: datetime | None, now: datetime) -> tuple[Slot, ...]:
        """Slots whose last instant has gone by, and lies after ``after``."""
        return tuple(
            slot for slot in self.slots if slot.not_after < now and (after is None or slot.not_after > after)
        )

    def instants(self) -> tuple[datetime, ...]:
        """When something may happen: a slot opens, or has just closed; for clocks that leap."""
        ends = (slot.not_after + _SECOND for slot in self.slots)
        return tuple(sorted({*(slot.at for slot in self.slots), *ends}))


def plan(
    milestones: Mapping[str, Milestone],
    reminders: Reminders,
    *,
    releases: Mapping[Round, datetime] | None = None,
) -> Plan:
    """Lay the rules over the schedule.

    ``releases`` says when each round that was imported is released: a slot of its audience before that
    is not planned. Refused are H-n where no hour is stated, and milestones whose days are not settled.
    """
    slots: list[Slot] = []
    refused: list[Refusal] = []
    for rule in reminders.rules:
        milestone = milestones.get(rule.milestone)
        for offset in rule.offsets if milestone else ():
            made = _slot(milestone, rule, offset, reminders, releases or {}) if milestone else ""
            if isinstance(made, Slot):
                slots.append(made)
            else:
                refused.append(Refusal(milestone=rule.milestone, offset=offset, why=made))
    slots.sort(key=lambda slot: (slot.at, slot.due_at, slot.milestone.id))
    return Plan(slots=tuple(slots), refused=tuple(refused))


def _slot(
    milestone: Milestone,
    rule: Rule,
    offset: Offset,
    reminders: Reminders,
    releases: Mapping[Round, datetime],
) -> Slot | str:
    """The slot, or why there is none."""
    if milestone.approximate is not None:
        return "the days are not settled yet"
    due_at = _due_at(milestone, rule.counts_to)
    if offset.unit is Unit.HOURS and (milestone.at is None or not _is_hour(milestone, due_at)):
        return "no hour is announced; set one with: contestdesk schedule set"
    counted_on = milestone.ends_on if rule.counts_to is CountsTo.END else milestone.starts_on
    at, not_after = _window(offset, rule, counted_on, due_at, reminders)
    if at >= due_at:
        return "it would come when all is over"
    releases_of = [releases[ROUND_OF[stage]] for stage in rule.audience if ROUND_OF.get(stage) in releases]
    embargo_until = max(releases_of, default=None)
    if embargo_until is not None and at < embargo_until:
        return "its audience hangs on a decision that is not released by then"
    return Slot(
        milestone=milestone,
        offset=offset,
        at=at,
        due_at=due_at,
        not_after=min(not_after, due_at - _SECOND),
        audience=rule.audience,
        embargo_until=embargo_until.astimezone(UTC) if embargo_until else None,
    )


def _due_at(milestone: Milestone, counts_to: CountsTo) -> datetime:
    if counts_to is CountsTo.END:
        return milestone.closes_at.astimezone(UTC)
    # The hour closes the last day; it is also when a single day begins.
    hour = milestone.at if milestone.at and milestone.starts_on == milestone.ends_on else time.min
    return datetime.combine(milestone.starts_on, hour, tzinfo=SEOUL).astimezone(UTC)


def _is_hour(milestone: Milestone, due_at: datetime) -> bool:
    """False for a period that is counted to its first day, whose hour nobody states."""
    return due_at == milestone.closes_at


def _window(
    offset: Offset, rule: Rule, counted_on: date, due_at: datetime, reminders: Reminders
) -> tuple[datetime, datetime]:
    """When it goes out, and the last second at which it still may."""
    if offset.unit is Unit.DAYS:
        local = datetime.combine(counted_on - timedelta(days=offset.count), rule.at, tzinfo=SEOUL)
    else:
        local = (due_at - timedelta(hours=offset.count)).astimezone(SEOUL)
    local = _before_quiet(local, reminders)
    # What it says of days left is true on its day only.
    ends = datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=SEOUL)
    if reminders.quiet_from != reminders.quiet_until:
        ends = min(ends, _quiet_after(local, reminders.quiet_from))
    if offset.unit is Unit.HOURS:
        # Of hours left, half of them are a long while.
        ends = min(ends, local + (due_at - local) / 2)
    return local.astimezone(UTC), ends.astimezone(UTC) - _SECOND


def _before_quiet(local: datetime, reminders: Reminders) -> datetime:
    """The instant itself, or the last minute before the quiet hours that it falls into."""
    starts, ends = reminders.quiet_from, reminders.quiet_until
    clock = local.time()
    over_night = starts > ends
    if not (clock >= starts or clock < ends if over_night else starts <= clock < ends):
        return local
    began_on = local.date() if clock >= starts else local.date() - timedelta(days=1)
    return datetime.combine(began_on, starts, tzinfo=SEOUL) - _MINUTE


def _quiet_after(local: datetime, starts: time) -> datetime:
    """When the next quiet hours begin."""
    today = datetime.combine(local.date(), starts, tzinfo=SEOUL)
    return today if today > local else today + timedelta(days=1)
