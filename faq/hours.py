"""The hour of a milestone stands in two places: in the milestone, which is counted to, and in the fact
``<milestone>.hour``, which answers tell. Whichever changes takes the other along.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import time

from faq.contest import Contest, Fact, Milestone, Statement

_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?: KST)?")


def fact_of(milestone: str) -> str:
    """Id of the fact that tells the hour of a milestone; not every edition has one."""
    return f"{milestone}.hour"


def told_by_milestone(contest: Contest, milestone: Milestone) -> Contest:
    """The contest with this milestone, and with its hour in the words of answers."""
    facts = dict(contest.facts)
    fact = facts.get(fact_of(milestone.id))
    before = contest.milestones.get(milestone.id)
    # An hour that only words tell ("in the afternoon") is not taken away by a change of days.
    if fact is not None and (milestone.at is not None or (before is not None and before.at is not None)):
        told = () if milestone.at is None else (_statement(milestone),)
        facts[fact.id] = dataclasses.replace(fact, statements=told)
    milestones = {**contest.milestones, milestone.id: milestone}
    return dataclasses.replace(contest, milestones=milestones, facts=facts)


def told_by_fact(contest: Contest, fact: Fact) -> Contest:
    """The contest with the hour that such a fact states, where it is written as 18:00."""
    name, _, last = fact.id.rpartition(".")
    milestone = contest.milestones.get(name)
    if milestone is None or last != "hour":
        return contest
    read = _HOUR.fullmatch(fact.value) if isinstance(fact.value, str) else None
    at = time(int(read[1]), int(read[2])) if read else None
    milestones = {**contest.milestones, name: dataclasses.replace(milestone, at=at)}
    return dataclasses.replace(contest, milestones=milestones)


def _statement(milestone: Milestone) -> Statement:
    return Statement(value=f"{milestone.at:%H:%M} KST", source=milestone.source[0])
