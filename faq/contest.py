"""The records of one contest: who runs it, what it states, and when things happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

#: The zone in which the contest's days and hours are meant and shown.
SEOUL = ZoneInfo("Asia/Seoul")

#: What one statement may say: a count or an amount, a day, words, or the same words per language.
Value = int | str | date | Mapping[str, str]


class Language(StrEnum):
    """The two languages in which the desk reads and writes."""

    KO = "ko"
    EN = "en"


class FactStatus(StrEnum):
    """What the announcement does with a fact."""

    STATED = "stated"
    SILENT = "silent"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One place of the announcement that says what a fact is."""

    value: Value
    #: Section of the announcement, such as "2" or "4".
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that answers may state, with every place that states it."""

    id: str
    #: Such as ``teams``, ``krw``, ``pages``; None for words, addresses and days.
    unit: str | None
    statements: tuple[Statement, ...]
    #: What to tell an applicant when the announcement is silent or contradicts itself.
    remark: Mapping[Language, str]

    @property
    def status(self) -> FactStatus:
        """Compare the statements: none is silence, two different ones are a contradiction."""
        if not self.statements:
            return FactStatus.SILENT
        first = self.statements[0].value
        agree = all(statement.value == first for statement in self.statements)
        return FactStatus.STATED if agree else FactStatus.CONTRADICTORY

    @property
    def value(self) -> Value | None:
        """The stated value; None when silent or contradictory."""
        return self.statements[0].value if self.status is FactStatus.STATED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A dated event of the contest; days and hours are meant in Asia/Seoul."""

    id: str
    title: Mapping[Language, str]
    starts_on: date
    #: The last day of a period; equal to ``starts_on`` for a single day.
    ends_on: date
    #: The hour at which the last day closes, only when the contest states one.
    at: time | None
    #: The contest's own vague words ("late December"); the days are then outer bounds, never shown.
    approximate: Mapping[Language, str] | None
    source: tuple[str, ...]

    def says(self) -> str:
        """Its days and hour in one line, such as ``2020-11-02/2020-11-30T18:00``."""
        hour = f"T{self.at:%H:%M}" if self.at else ""
        vague = f" ({self.approximate[Language.KO]})" if self.approximate else ""
        return f"{self.starts_on}/{self.ends_on}{hour}{vague}"

    @property
    def closes_at(self) -> datetime:
        """The stated minute, or 00:00 KST of the next day when no hour is stated."""
        if self.at is not None:
            return datetime.combine(self.ends_on, self.at, tzinfo=SEOUL)
        return datetime.combine(self.ends_on + timedelta(days=1), time.min, tzinfo=SEOUL)

    def is_past(self, *, now: datetime) -> bool:
        """True from the stated minute on, or from the next day when no hour is stated."""
        return now >= self.closes_at

    def is_ahead(self, *, now: datetime) -> bool:
        """True until 00:00 KST of the first day."""
        return now < datetime.combine(self.starts_on, time.min, tzinfo=SEOUL)

    def is_last_day(self, *, now: datetime) -> bool:
        """True on the last day, as long as it is not past."""
        return now.astimezone(SEOUL).date() == self.ends_on and not self.is_past(now=now)

    def days_left(self, *, now: datetime) -> int:
        """Whole days from today (KST) to the last day; negative when it has gone by."""
        return (self.ends_on - now.astimezone(SEOUL).date()).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may get a mail, from whoever keeps the roster."""

    address: str
    name: str | None
    language: Language


class Stage(StrEnum):
    """How far a team has come: what staff know from it, then what the jury decided."""

    INTERESTED = "interested"
    DRAFTING = "drafting"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    SHORTLISTED = "shortlisted"
    NOT_SHORTLISTED = "not_shortlisted"
    SELECTED = "selected"
    NOT_SELECTED = "not_selected"
    ABSENT = "absent"


class Round(StrEnum):
    """Which of its two times the jury decides."""

    FIRST = "first"
    FINAL = "final"


#: In which round a decision is made.
ROUND_OF: Mapping[Stage, Round] = {
    Stage.SHORTLISTED: Round.FIRST,
    Stage.NOT_SHORTLISTED: Round.FIRST,
    Stage.SELECTED: Round.FINAL,
    Stage.NOT_SELECTED: Round.FINAL,
    Stage.ABSENT: Round.FINAL,
}
#: Stages that are decisions: nobody may tell them, by whatever means, before their release instant.
DECIDED = frozenset(ROUND_OF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One edition of the contest: names, facts and milestones, from ``contest.yaml``."""

    id: str
    name: Mapping[Language, str]
    organiser: Mapping[Language, str]
    facts: Mapping[str, Fact]
    milestones: Mapping[str, Milestone]

    def says(self, id: str) -> str:
        """What is said of a fact or milestone, in one line to compare with another time; "" for others.

        Kept beside every mail that tells it, so that a later change finds whom it told what.
        """
        if (milestone := self.milestones.get(id)) is not None:
            return milestone.says()
        fact = self.facts.get(id)
        return "" if fact is None else json.dumps([_plain(one.value) for one in fact.statements])


def _plain(value: Value) -> object:
    if isinstance(value, Mapping):
        return {str(language): words for language, words in sorted(value.items())}
    return value.isoformat() if isinstance(value, date) else value
