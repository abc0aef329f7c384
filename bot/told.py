"""Who was told what: the mails that told a fact, found by what was kept beside each, and the people behind.

Letters of staff keep no facts; they are found by their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.tables import Event
from faq import wording
from faq.contest import Contest, Language
from mailer.tables import Channel, MailKind, MailState, OutboxMail

#: Mails that never reached anybody, and will not.
_NEVER = (MailState.FAILED, MailState.CANCELLED)
#: To the contest's staff, or corrected in their own way: a moved invitation goes out by itself.
_APART = (MailKind.STAFF_NOTICE, MailKind.CODE, MailKind.INVITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that told a fact."""

    id: int
    kind: MailKind
    at: datetime
    message_id: str | None
    inquiry: int | None
    #: What it told, comparable with ``Contest.says``; None where only its words are known.
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One person and the mails that told the old fact, oldest first."""

    address: str
    language: Language
    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who was told what is no longer so."""

    people: tuple[Told, ...]
    #: Told in a channel that takes no mail, such as Slack: for staff.
    by_hand: int


def find(session: Session, id: str, before: Contest, after: Contest) -> Found:
    """Who was told ``id`` as it was before and has not heard of it as it is after."""
    if before.says(id) == after.says(id):
        return Found(people=(), by_hand=0)
    by_person: dict[str, list[tuple[Mail, str]]] = {}
    by_hand: set[str] = set()
    for row in [*_provenant(session, id), *_lettered(session, id, before, after)]:
        if row.channel is not Channel.MAIL:
            by_hand.add(row.recipient)
            continue
        by_person.setdefault(row.recipient, []).append((_mail(row, id), row.language))
    people = []
    for address, pairs in sorted(by_person.items()):
        pairs.sort(key=lambda pair: pair[0].id)
        newest = pairs[-1][0]
        if newest.value is not None and _is_current(newest.value, id, after):
            continue
        people.append(
            Told(address=address, language=Language(pairs[-1][1]), mails=tuple(mail for mail, _ in pairs))
        )
    return Found(people=tuple(people), by_hand=len(by_hand))


def _provenant(session: Session, id: str) -> Iterable[OutboxMail]:
    """Mails that keep what they told, and told this."""
    rows = session.scalars(
        select(OutboxMail)
        .where(OutboxMail.kind.not_in((*_APART, MailKind.LETTER)), OutboxMail.state.not_in(_NEVER))
        .order_by(OutboxMail.id)
    )
    for row in rows:
        facts = row.provenance.get("facts") or {}
        # Words that are empty only steered what was said; a reminder names the day it counts to.
        if facts.get(id) or f"milestone.{id}" in facts:
            yield row


def _lettered(session: Session, id: str, before: Contest, after: Contest) -> Iterable[OutboxMail]:
    """Letters of staff whose words hold what was changed."""
    forms = _forms(id, before, after)
    if forms is None:
        return
    rows = session.scalars(
        select(OutboxMail)
        .where(OutboxMail.kind == MailKind.LETTER, OutboxMail.state.not_in(_NEVER))
        .order_by(OutboxMail.id)
    ).all()
    numbers = [row.provenance.get("event") for row in rows]
    asked = select(Event).where(Event.id.in_([number for number in numbers if number]))
    events = {event.id: event for event in session.scalars(asked)}
    for row, number in zip(rows, numbers, strict=True):
        event = events.get(number) if number else None
        if event is not None and forms.search(str(event.data.get("text", ""))):
            yield row


def _mail(row: OutboxMail, id: str) -> Mail:
    values = row.provenance.get("values") or {}
    facts = row.provenance.get("facts") or {}
    return Mail(
        id=row.id,
        kind=row.kind,
        at=row.sent_at or row.created_at,
        message_id=row.message_id,
        inquiry=row.inquiry,
        value=values.get(id) or facts.get(f"milestone.{id}"),
    )


def _is_current(value: str, id: str, after: Contest) -> bool:
    if value == after.says(id):
        return True
    milestone = after.milestones.get(id)
    if milestone is None:
        return False
    # A reminder tells one day alone, with the hour where one is stated.
    hour = f"T{milestone.at:%H:%M}" if milestone.at else ""
    return value in (f"{milestone.ends_on}{hour}", f"{milestone.starts_on}{hour}", f"{milestone.starts_on}")


def _forms(id: str, before: Contest, after: Contest) -> re.Pattern[str] | None:
    """How people write what was changed; None where it has no form that would be known again."""
    was, now = before.milestones.get(id), after.milestones.get(id)
    forms: list[str] = []
    if was is not None and now is not None:
        for day in {was.starts_on, was.ends_on} - {now.starts_on, now.ends_on}:
            forms += _day_forms(day)
        if was.at is not None and was.at != now.at:
            forms += [rf"{was.at.hour}:{was.at.minute:02}", rf"{was.at.hour}\s*시"]
            forms += [rf"{was.at.hour - 12}\s*(?:시|pm)"] if was.at.hour > 12 else []
    elif (fact := before.facts.get(id)) is not None and fact.value is not None:
        words = {wording.value_words(fact.value, fact.unit, language) for language in Language}
        forms += [re.escape(one) for one in words if len(one) > 1]
    return re.compile("|".join(rf"(?<!\d)(?:{form})(?!\d)" for form in forms), re.I) if forms else None


def _day_forms(day: date) -> list[str]:
    name = f"{day:%B}"
    month = rf"(?:{name}|{name[:3]}\.?)"
    return [
        rf"{day.month}\s*월\s*{day.day}\s*일",
        rf"0?{day.month}\s*[./-]\s*{day.day:02}",
        rf"{day.month}\s*/\s*{day.day}",
        rf"{day.day}(?:st|nd|rd|th)?\s+(?:of\s+)?{month}",
        rf"{month}\s+{day.day}(?:st|nd|rd|th)?",
    ]
