"""The proof of a list before anybody is told: everybody once, nobody else, the announced numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from faq.contest import SEOUL, Contest, Fact, Round, Stage
from mailer.campaign import Addressee, fold

#: What may be decided in a round; the first of each is the one that is counted.
DECISIONS: Mapping[Round, tuple[Stage, ...]] = {
    Round.FIRST: (Stage.SHORTLISTED, Stage.NOT_SHORTLISTED, Stage.WITHDRAWN),
    Round.FINAL: (Stage.SELECTED, Stage.NOT_SELECTED, Stage.WITHDRAWN, Stage.ABSENT),
}
#: The fact that says how many are chosen, and the milestone on whose day it is announced.
COUNTED: Mapping[Round, str] = {Round.FIRST: "shortlist.teams", Round.FINAL: "support.teams"}
ANNOUNCED: Mapping[Round, str] = {Round.FIRST: "first_result", Round.FINAL: "final_result"}
PRESENTATION = "presentation"
PRESENTATION_MINUTES = "presentation.minutes"
#: "About 15" is 13 to 17, as long as staff say nothing narrower or wider.
ABOUT = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A team of the roster that a round is about."""

    person: int
    team: str
    address: str
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """How many may be chosen."""

    least: int
    most: int


def range_of(contest: Contest, round: Round, *, least: int | None = None, most: int | None = None) -> Range:
    """How many may be chosen, by the contest's fact; staff may set a range only where it says "about".

    Raises:
        ValueError: the contest does not state it, or states it exactly and staff want another number.
    """
    name = COUNTED[round]
    fact = contest.facts.get(name)
    stated = fact.value if fact is not None else None
    if fact is None or not isinstance(stated, int):
        raise ValueError(
            f"the contest does not state {name}; settle it with: contestdesk faq fact set {name} NUMBER"
        )
    if _is_exact(fact):
        if (least, most) != (None, None) and (least or stated, most or stated) != (stated, stated):
            raise ValueError(f"the contest states {name} exactly: {stated}; a range cannot be set for it")
        return Range(least=stated, most=stated)
    spread = max(1, round_half_up(stated * ABOUT))
    found = Range(
        least=stated - spread if least is None else least, most=stated + spread if most is None else most
    )
    if not 0 < found.least <= found.most:
        raise ValueError(f"{found.least} to {found.most} is no range for {name}")
    return found


def round_half_up(value: float) -> int:
    """Whole numbers as people round them."""
    return int(value + 0.5)


def _is_exact(fact: Fact) -> bool:
    return not (fact.unit or "").startswith("about_")


def faults(
    addressees: Sequence[Addressee],
    members: Sequence[Member],
    *,
    round: Round,
    allowed: Range,
    elsewhere: Mapping[int, Stage],
    contest: Contest,
    release_at: datetime,
) -> Iterator[str]:
    """Say everything that is wrong with a list; nothing when it is proven.

    ``members`` are all whom the round is about, those who withdrew among them; ``elsewhere`` is what
    other campaigns of the round have told already, which counts but must not come again.
    """
    yield from twice(addressees)
    yield from _known(addressees, members, elsewhere)
    yield from _covered(addressees, members, elsewhere)
    yield from _decisions(addressees, round)
    yield from _counts(addressees, round, allowed, elsewhere)
    yield from _slots(addressees, contest, release_at)


def twice(addressees: Sequence[Addressee]) -> Iterator[str]:
    """Say which lines tell a person or a team that an earlier line has told."""
    for what, keys in (
        ("address", [one.address for one in addressees]),
        ("team", [fold(one.team) for one in addressees]),
        ("roster row", [one.person for one in addressees]),
    ):
        seen: dict[object, int] = {}
        for one, key in zip(addressees, keys, strict=True):
            if key in seen:
                yield f"line {one.number}: the same {what} as in line {seen[key]}; nobody is told twice"
            seen.setdefault(key, one.number)


def _known(
    addressees: Sequence[Addressee], members: Sequence[Member], elsewhere: Mapping[int, Stage]
) -> Iterator[str]:
    known = {member.person: member for member in members}
    for one in addressees:
        member = known.get(one.person)
        if one.person in elsewhere:
            yield f"line {one.number}: {one.team} has been told already, by another campaign of this round"
        elif member is None:
            yield f"line {one.number}: {one.team} is not among the teams that this round is about"
        elif (member.address, fold(member.team)) != (one.address, fold(one.team)):
            yield f"line {one.number}: roster row {one.person} has another team or address; import again"
        elif member.withdrawn and one.decision is not Stage.WITHDRAWN:
            yield f"line {one.number}: {one.team} has withdrawn; it cannot be {one.decision}"


def _covered(
    addressees: Sequence[Addressee], members: Sequence[Member], elsewhere: Mapping[int, Stage]
) -> Iterator[str]:
    listed = {one.person for one in addressees} | set(elsewhere)
    for member in members:
        if member.person not in listed and not member.withdrawn:
            yield f"{member.team} (roster row {member.person}) has no decision; every team must have one"


def _decisions(addressees: Sequence[Addressee], round: Round) -> Iterator[str]:
    allowed = DECISIONS[round]
    for one in addressees:
        if one.decision not in allowed:
            known = ", ".join(allowed)
            yield f"line {one.number}: {one.decision} is no decision of the {round} round ({known})"


def _counts(
    addressees: Sequence[Addressee], round: Round, allowed: Range, elsewhere: Mapping[int, Stage]
) -> Iterator[str]:
    chosen = DECISIONS[round][0]
    counts = Counter([one.decision for one in addressees] + list(elsewhere.values()))
    if not allowed.least <= counts[chosen] <= allowed.most:
        wanted = (
            f"exactly {allowed.least}"
            if allowed.least == allowed.most
            else f"{allowed.least} to {allowed.most}"
        )
        yield f"{counts[chosen]} teams are {chosen}; the contest says {wanted} ({COUNTED[round]})"


def _slots(addressees: Sequence[Addressee], contest: Contest, release_at: datetime) -> Iterator[str]:
    days = _presentation_days(contest)
    taken: list[tuple[datetime, int]] = []
    for one in addressees:
        if one.decision is not Stage.SHORTLISTED:
            if one.slot_at is not None:
                yield f"line {one.number}: {one.decision}, and yet a presentation slot"
            continue
        if one.slot_at is None:
            yield f"line {one.number}: shortlisted, but no presentation slot (slot_at)"
            continue
        if one.slot_at <= release_at:
            yield f"line {one.number}: the slot lies before the release of the result"
        day = one.slot_at.astimezone(SEOUL).date()
        if days and not days[0] <= day <= days[1]:
            yield f"line {one.number}: the slot is on {day}, the presentation on {days[0]}"
        taken.append((one.slot_at, one.number))
    yield from _overlaps(sorted(taken), _length(contest))


def _overlaps(taken: Sequence[tuple[datetime, int]], length: timedelta) -> Iterator[str]:
    for (earlier, first), (later, second) in pairwise(taken):
        if later - earlier < length:
            yield f"line {second}: its slot begins before that of line {first} is over"


def _presentation_days(contest: Contest) -> tuple[date, date] | None:
    milestone = contest.milestones.get(PRESENTATION)
    if milestone is None or milestone.approximate is not None:
        return None
    return milestone.starts_on, milestone.ends_on


def _length(contest: Contest) -> timedelta:
    fact = contest.facts.get(PRESENTATION_MINUTES)
    minutes = fact.value if fact is not None else None
    return timedelta(minutes=minutes if isinstance(minutes, int) else 1)
