"""What a result letter is filled with: the contest's facts, and what was decided on one team."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from faq import wording
from faq.contest import Contest, Fact, FactStatus, Language, Stage

#: Decisions that a team is told by mail; whoever withdrew or stayed away is not written to.
TOLD = (Stage.SHORTLISTED, Stage.NOT_SHORTLISTED, Stage.SELECTED, Stage.NOT_SELECTED)
#: Template families of the letters about a presentation slot.
SLOT_ACK, SLOT_NUDGE = "slot_ack", "slot_nudge"

#: What the letters rest on; a fact that is none of the contest's is left out of them.
VENUE, MINUTES, FORM, KICKOFF = "presentation.venue", "presentation.minutes", "presentation.form", "kickoff"

# A team that was not chosen reads nothing of it in a list of mails; one that has to answer sees that.
_SUBJECTS: Mapping[str, Mapping[Language, str]] = {
    "shortlisted": {
        Language.KO: "[회신 필요] {contest} 1차 결과와 발표 시각 안내",
        Language.EN: "[Reply needed] {contest}: first-round result and your presentation slot",
    },
    "not_shortlisted": {
        Language.KO: "{contest} 1차 결과 안내",
        Language.EN: "{contest}: first-round result",
    },
    "selected": {
        Language.KO: "{contest} 최종 결과 안내",
        Language.EN: "{contest}: final result",
    },
    "not_selected": {
        Language.KO: "{contest} 최종 결과 안내",
        Language.EN: "{contest}: final result",
    },
    SLOT_ACK: {
        Language.KO: "{contest} 발표 참석 여부를 확인했습니다",
        Language.EN: "{contest}: we have noted your answer",
    },
    SLOT_NUDGE: {
        Language.KO: "[회신 필요] {contest} 발표 참석 여부를 알려 주세요",
        Language.EN: "[Reply needed] {contest}: will you present?",
    },
}


def subject(family: str, contest: Contest, language: Language) -> str:
    """The subject of a family's letter."""
    return _SUBJECTS[family][language].format(contest=contest.name[language])


def data(
    decision: Stage,
    contest: Contest,
    language: Language,
    *,
    team: str,
    name: str | None,
    slot_at: datetime | None,
    file: str | None,
) -> Mapping[str, Any]:
    """What the letter of a decision is filled with; ``file`` is the name of what goes with it."""
    told: dict[str, Any] = {"team": team, "greeting": name}
    if decision is Stage.SHORTLISTED:
        told |= {
            "slot": slot(slot_at, language) if slot_at else None,
            "venue": _stated(contest, VENUE, language),
            "minutes": _stated(contest, MINUTES, language),
            "form": _remark(contest, FORM, language),
            "file": file,
        }
    if decision is Stage.SELECTED:
        milestone = contest.milestones.get(KICKOFF)
        told |= {"kickoff": wording.period(milestone, language) if milestone else None, "file": file}
    return told


def slot(at: datetime, language: Language) -> str:
    """An instant in Seoul, as letters write it."""
    return wording.clock_text(at, language)


def facts(contest: Contest) -> Mapping[str, str]:
    """The facts that letters tell, in words, for the record of what was said."""
    told = {name: _stated(contest, name, Language.KO) for name in (VENUE, MINUTES)}
    return {name: words for name, words in told.items() if words is not None}


def _stated(contest: Contest, name: str, language: Language) -> str | None:
    fact = contest.facts.get(name)
    if fact is None or fact.value is None:
        return None
    return wording.value_words(fact.value, fact.unit, language)


def _remark(contest: Contest, name: str, language: Language) -> str | None:
    """What is told where the announcement is silent or contradicts itself, else what it states."""
    fact: Fact | None = contest.facts.get(name)
    if fact is None or fact.status is FactStatus.STATED:
        return _stated(contest, name, language)
    return fact.remark[language]
