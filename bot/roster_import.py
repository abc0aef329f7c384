"""A file of teams against the roster: what it would add and change, who looks like somebody else."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot import roster
from bot.roster_file import Line
from bot.roster_tables import Contestant

#: Likeness of two teams' names, 0 to 100, from which they are shown together.
ALIKE = 90.0
#: Rows above which nobody is compared with everybody: the pairs would be too many.
MOST_COMPARED = 4000
#: Pairs that are shown.
MOST_PAIRS = 50
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of the roster that the file says something else of."""

    contestant_id: int
    line: Line
    #: Column to what it was and what it becomes.
    fields: dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two rows that may be one team, for a person to look at."""

    #: Which column resembles: team or address.
    column: str
    left: str
    right: str
    #: 0 to 100.
    likeness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do."""

    added: tuple[Line, ...]
    changed: tuple[Change, ...]
    unchanged: int
    #: Addresses of the roster that the file leaves out; they stay as they are.
    left_out: tuple[str, ...]
    #: Who may be there twice.
    near: tuple[Pair, ...]
    #: True when there were too many rows to compare each with each.
    not_compared: bool = False


def plan(session: Session, lines: Sequence[Line]) -> Plan:
    """Compare a file with the roster; writes nothing.

    A row is known by its address; where that is new, by its team, if both the file and the roster have
    that team once and the file does not name the old address any more: then the address was corrected.
    """
    rows = roster.people(session)
    by_address = {row.address: row for row in rows}
    named = {line.address for line in lines}
    free = _once([row for row in rows if row.address not in named], rows)
    once_in_file = Counter(roster.folded(line.team) for line in lines)
    added: list[Line] = []
    changed: list[Change] = []
    met: set[int] = set()
    for line in lines:
        row = by_address.get(line.address)
        team = roster.folded(line.team)
        if row is None and once_in_file[team] == 1:
            row = free.get(team)
        if row is None:
            added.append(line)
            continue
        met.add(row.id)
        fields = _differences(row, line)
        if fields:
            changed.append(Change(contestant_id=row.id, line=line, fields=fields))
    left_out = [row for row in rows if row.id not in met]
    everybody = [(line.team, line.address) for line in lines] + [(row.team, row.address) for row in left_out]
    compared = len(everybody) <= MOST_COMPARED
    return Plan(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=len(met) - len(changed),
        left_out=tuple(row.address for row in left_out),
        near=_near(everybody) if compared else (),
        not_compared=not compared,
    )


def apply(session: Session, planned: Plan, *, now: datetime) -> None:
    """Write what was planned, in the transaction that planned it.

    An unsubscription stays whatever the file says, and so does consent where the file is silent.
    """
    for change in planned.changed:
        row, line = session.get_one(Contestant, change.contestant_id), change.line
        row.team, row.contact, row.address = line.team, line.contact, line.address
        row.kind, row.language, row.status = line.kind, line.language.value, line.status
        row.consents = row.consents if line.consents is None else line.consents
        row.updated_at = now
    session.flush()
    if planned.added:
        session.execute(insert(Contestant), [_row(line, now=now) for line in planned.added])


def _row(line: Line, *, now: datetime) -> dict[str, object]:
    return {
        "team": line.team,
        "contact": line.contact,
        "address": line.address,
        "kind": line.kind,
        "language": line.language.value,
        "status": line.status,
        "consents": line.consents is not False,
        "unsubscribed_at": None,
        "added_at": now,
        "updated_at": now,
    }


def _once(rows: Sequence[Contestant], everybody: Sequence[Contestant]) -> dict[str, Contestant]:
    """Rows by the name of their team, where the roster has the team once."""
    counted = Counter(roster.folded(row.team) for row in everybody)
    named = {roster.folded(row.team): row for row in rows}
    return {team: row for team, row in named.items() if counted[team] == 1}


def _differences(row: Contestant, line: Line) -> dict[str, tuple[str | None, str | None]]:
    consents = row.consents if line.consents is None else line.consents
    pairs = {
        "team": (row.team, line.team),
        "contact": (row.contact, line.contact),
        "address": (row.address, line.address),
        "kind": (row.kind, line.kind),
        "language": (row.language, line.language.value),
        "status": (row.status.value, line.status.value),
        "consent": (_yes(row.consents), _yes(consents)),
    }
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _yes(consents: bool) -> str:
    return "yes" if consents else "no"


# -- who looks like somebody else -------------------------------------------------------------


def _near(everybody: Sequence[tuple[str, str]]) -> tuple[Pair, ...]:
    """Pairs of rows whose team or address differ by a slip of the pen, the likest first.

    What differs by digits alone ("팀 1", "팀 2") is meant to differ.
    """
    # By letters, not by syllables: 데이터 and 데이타 differ by one of six.
    teams = [
        (unicodedata.normalize("NFD", roster.folded(team)), f"{team} <{address}>")
        for team, address in everybody
    ]
    addresses = [(address, address) for _, address in everybody]
    pairs = [*_alike("team", teams, least=ALIKE), *_alike("address", addresses, least=_ONE_SLIP)]
    return tuple(sorted(pairs, key=lambda pair: (-pair.likeness, pair.left, pair.right))[:MOST_PAIRS])


#: Addresses are long: one slip in a short one leaves this much.
_ONE_SLIP = 94.0


def _alike(column: str, named: Sequence[tuple[str, str]], *, least: float) -> list[Pair]:
    import numpy as np  # noqa: PLC0415  slow to load
    from rapidfuzz import fuzz, process  # noqa: PLC0415  slow to load

    keys = [key for key, _ in named]
    likeness = process.cdist(keys, keys, scorer=fuzz.ratio, score_cutoff=least, dtype=np.float32)
    bare = [_DIGITS.sub("", key) for key in keys]
    return [
        Pair(column=column, left=named[left][1], right=named[right][1], likeness=float(likeness[left, right]))
        for left, right in zip(*np.nonzero(np.triu(likeness, 1)), strict=True)
        if keys[left] == keys[right] or bare[left] != bare[right]
    ]
