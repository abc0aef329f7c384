"""What a reminder says: its day, its hour or that none is announced, how long there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from faq import wording
from faq.contest import SEOUL, Contest, FactStatus, Language, Person, Stage
from faq.reminders import Unit
from mailer import unsubscribe
from mailer.attach import Attachment
from mailer.letter import Identity, Letter
from mailer.reminders import Slot
from mailer.tables import MailKind

#: Where something is handed in, by milestone: the fact that names the place.
_PLACES: Mapping[str, str] = {"application": "site.form"}
_SILENCE = {
    Language.KO: "시각은 공고에 적혀 있지 않습니다.",
    Language.EN: "The announcement gives no hour.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One of those who are reminded."""

    #: As whoever keeps the roster numbers people.
    id: int
    person: Person
    team: str
    stage: Stage
    #: Since when the person belongs to the audience: only earlier than a slot counts.
    since: datetime
    #: When the team itself has its turn; None when that is not told.
    slot_at: datetime | None = None


def letter(
    slot: Slot,
    to: Addressee,
    *,
    contest: Contest,
    identity: Identity,
    now: datetime,
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """Write the reminder of a slot to one person, true at ``now``."""
    language = to.person.language
    local_part = unsubscribe.local_part(to.id, identity.secret)
    day = slot.counted_on
    return Letter(
        kind=MailKind.REMINDER,
        recipient=to.person,
        subject=subject(slot, language, now=now),
        template="reminder",
        data={
            "greeting": to.person.name,
            "team": to.team,
            "milestone": slot.milestone.title[language],
            "stage": to.stage.value,
            "day": wording.date_words(day, language),
            "period": slot.at_end,
            **_hour(slot, to, contest, language),
            "days_left": days_left(slot, now=now),
            "hours_left": _hours_left(slot, now=now),
            "site": _site(slot, contest, language),
            "unsubscribe": unsubscribe.link(local_part, identity),
        },
        automatic=True,
        unsubscribe=local_part,
        provenance=_provenance(slot, contest),
        attachments=attachments,
        embargo_until=slot.embargo_until,
        not_after=slot.not_after,
    )


def days_left(slot: Slot, *, now: datetime) -> int:
    """Whole days from today (KST) to the day counted to."""
    return (slot.counted_on - now.astimezone(SEOUL).date()).days


def subject(slot: Slot, language: Language, *, now: datetime) -> str:
    """Such as "[D-3] 접수 마감까지 3일 남았습니다 (11월 30일(월))"."""
    days, title = days_left(slot, now=now), slot.milestone.title[language]
    day = wording.date_words(slot.counted_on, language, year=False)
    if language is Language.KO:
        what = f"{title} 마감" if slot.at_end else title
        when = {0: f"{wording.with_particle(what, '이/가')} 오늘입니다"}
        when[1] = f"{wording.with_particle(what, '이/가')} 내일입니다"
        return f"[D-{days or 'Day'}] {when.get(days, f'{what}까지 {days}일 남았습니다')} ({day})"
    last = "the last day is " if slot.at_end else ""
    when_en = {0: f"{last}today", 1: f"{last}tomorrow"}
    left = f"{days} days left" if slot.at_end else f"in {days} days"
    return f"[D-{days or 'Day'}] {title}: {when_en.get(days, left)} ({day})"


def _hour(slot: Slot, to: Addressee, contest: Contest, language: Language) -> dict[str, str | None]:
    """The hour, the sentence that none is announced, the team's own turn: what is known of the three."""
    said: dict[str, str | None] = {"hour": None, "silence": None, "slot": None}
    if to.slot_at is not None:
        return said | {"slot": wording.clock_text(to.slot_at, language)}
    if slot.milestone.at is not None and slot.due_at == slot.milestone.closes_at:
        return said | {"hour": f"{slot.milestone.at:%H:%M} KST"}
    fact = contest.facts.get(f"{slot.milestone.id}.hour")
    if fact is not None and fact.status is FactStatus.STATED and fact.value is not None:
        return said | {"hour": wording.value_words(fact.value, fact.unit, language)}
    remark = fact.remark.get(language) if fact is not None else None
    return said | {"silence": remark or _SILENCE[language]}


def _hours_left(slot: Slot, *, now: datetime) -> int | None:
    """Told by H-n alone, which needs a stated hour; rounded down."""
    return (slot.due_at - now) // timedelta(hours=1) if slot.offset.unit is Unit.HOURS else None


def _site(slot: Slot, contest: Contest, language: Language) -> str | None:
    fact = contest.facts.get(_PLACES.get(slot.milestone.id, ""))
    if fact is None or fact.value is None:
        return None
    return wording.value_words(fact.value, fact.unit, language)


def _provenance(slot: Slot, contest: Contest) -> dict[str, Any]:
    """What it told, with its value (day and hour): a later change finds whom it told the old one."""
    milestone = slot.milestone
    hour = f"T{milestone.at:%H:%M}" if milestone.at else ""
    return {
        "milestone": milestone.id,
        "offset": str(slot.offset),
        "due": slot.due_at.isoformat(),
        "facts": {milestone.id: f"{slot.counted_on.isoformat()}{hour}"},
        "values": {milestone.id: contest.says(milestone.id)},
    }
