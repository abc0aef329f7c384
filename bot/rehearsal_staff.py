"""What staff do in a rehearsal: the roster as teams submit, results from the jury's list to the release.

They use the verbs of the command line, with codes from their mailboxes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from bot import campaigning, canary, codes, roster_import, staff
from bot.desk import Desk
from bot.refusal import Refused
from bot.rehearsal_sink import plain
from bot.roster_file import Line
from bot.season_people import Cast
from bot.storage import Storage
from bot.tables import StaffRole
from faq.contest import SEOUL, Milestone, Round, Stage
from faq.library import Library
from mailer import campaign as campaigns
from mailer.relay import Outgoing

#: People on the staff, none of whom exists.
AUTHOR, SECOND, THIRD = "staff-a@desk.test", "staff-b@desk.test", "staff-c@desk.test"
#: When staff bring decisions, the evening before, and when results are released, in Seoul.
BRINGS_AT, RELEASES_AT = time(18), time(14)
#: The first team presents at this hour, each other one so much later.
FIRST_SLOT, SLOT_EVERY = time(10), timedelta(minutes=15)
#: The roster is imported again when these parts of the application period are over.
IMPORTS = (0.25, 0.5, 0.75, 0.9)

Act = Callable[[datetime], None]
_CODE = re.compile(r"^[2-9A-Z]{4}-[2-9A-Z]{4}\s*$", re.MULTILINE)


class Hands:
    """Three people on the staff, none of whom exists."""

    def __init__(
        self,
        library: Library,
        cast: Cast,
        storage: Storage,
        folder: Path,
        *,
        desk: Desk,
        swapped: tuple[str, str] | None,
        deliver: Act,
        mailbox: Callable[[str], Outgoing | None],
    ) -> None:
        """``deliver`` lets waiting mail out; ``mailbox`` gives the newest mail to an address."""
        self._library = library
        self._cast = cast
        self._storage = storage
        self._folder = folder
        self._desk = desk
        self._swapped = swapped
        self._deliver = deliver
        self._mailbox = mailbox

    def acts(self) -> Iterator[tuple[datetime, Act]]:
        """What they do, and when."""
        milestones = self._library.contest.milestones
        opens = milestones["application"]
        opened = _at(opens.starts_on, time(9))
        yield opened, self._hire
        yield opened, partial(self._import, self._cast.first)
        length = opens.closes_at - opened
        for part in IMPORTS:
            yield opened + length * part, partial(self._import, self._cast.at(part))
        yield opens.closes_at, partial(self._import, self._cast.last)
        for round, milestone in ((Round.FIRST, "first_result"), (Round.FINAL, "final_result")):
            if (found := milestones.get(milestone)) is not None and found.approximate is None:
                evening = _at(found.starts_on - timedelta(days=1), BRINGS_AT)
                yield evening, partial(self._results, round, found)

    def _hire(self, now: datetime) -> None:
        with self._storage.write.begin() as session:
            for address in (AUTHOR, SECOND, THIRD):
                staff.add(
                    session,
                    address,
                    name=address.partition("@")[0],
                    role=StaffRole.APPROVER,
                    slack_id=None,
                    now=now,
                )

    def _import(self, lines: Sequence[Line], now: datetime) -> None:
        with self._storage.write.begin() as session:
            roster_import.apply(session, roster_import.plan(session, lines), now=now)

    def _results(self, round: Round, milestone: Milestone, now: datetime) -> None:
        """From the jury's list to a campaign that waits for its instant."""
        storage, library, identity = self._storage, self._library, self._desk.identity
        path = _written(self._folder / f"{round}.csv", _decisions(self._cast, round, library, self._swapped))
        with storage.write.begin() as session:
            campaign = campaigning.bring(
                session,
                path,
                round=round,
                release_at=_at(milestone.starts_on, RELEASES_AT),
                staff=staff.member(session, AUTHOR),
                library=library,
                identity=identity,
                now=now,
            ).campaign_id
        for approver in (SECOND, THIRD):
            self._approve(campaign, approver, now)
        looked = self._look(campaign, now)
        with storage.write.begin() as session:
            canary.send(
                session,
                campaigns.find(session, campaign),
                looked.content,
                (AUTHOR, SECOND, THIRD),
                contest=library.contest,
                identity=identity,
                now=now,
            )
        self._deliver(now)
        looked = self._look(campaign, now)
        with storage.write.begin() as session:
            campaigning.schedule(session, looked, AUTHOR, now=now)

    def _look(self, campaign: int, now: datetime) -> campaigning.Looked:
        with self._storage.read() as session:
            return campaigning.look_over(
                session, campaign, library=self._library, identity=self._desk.identity, now=now
            )

    def _approve(self, campaign: int, approver: str, now: datetime) -> None:
        storage, identity = self._storage, self._desk.identity
        looked = self._look(campaign, now)
        with storage.write.begin() as session:
            campaigning.send_code(session, looked, approver, identity=identity, now=now, real_now=now)
        self._deliver(now)
        with storage.write.begin() as session:
            done = campaigning.approve(
                session,
                looked,
                approver,
                self._code(approver),
                count=looked.count,
                identity=identity,
                now=now,
                real_now=now,
            )
        if isinstance(done, codes.Redeemed):
            raise Refused(f"{approver}: {codes.SAID[done]}")

    def _code(self, approver: str) -> str:
        """The newest code in an approver's mailbox."""
        newest = self._mailbox(approver)
        if newest is not None and (found := _CODE.search(plain(newest.body))):
            return found[0]
        raise Refused(f"no code came to {approver}")


def _decisions(
    cast: Cast, round: Round, library: Library, swapped: tuple[str, str] | None
) -> list[tuple[str, str, str, str]]:
    """Team, address, decision and slot of everybody whom a round tells."""
    chosen = [line for line in cast.submitted][: _stated(library, "shortlist.teams", 15)]
    day = library.contest.milestones["presentation"].starts_on
    if round is Round.FIRST:
        slots = {line.address: _at(day, FIRST_SLOT) + n * SLOT_EVERY for n, line in enumerate(chosen)}
        decided = {
            line.address: Stage.SHORTLISTED if line.address in slots else Stage.NOT_SHORTLISTED
            for line in cast.submitted
        }
        if swapped is not None:
            one, other = swapped
            decided[one], decided[other] = decided[other], decided[one]
            at = {one: slots.pop(one, None), other: slots.pop(other, None)}
            slots |= {name: slot for name, slot in ((one, at[other]), (other, at[one])) if slot is not None}
        return [
            (line.team, line.address, decided[line.address], _iso(slots.get(line.address)))
            for line in cast.submitted
        ]
    by_address = {line.address: line for line in cast.submitted}
    told = [line.address for line in chosen]
    if swapped is not None:
        one, other = swapped
        told = [other if name == one else one if name == other else name for name in told]
    winners = _stated(library, "support.teams", 10)
    return [
        (by_address[name].team, name, Stage.SELECTED if n < winners else Stage.NOT_SELECTED, "")
        for n, name in enumerate(told)
    ]


def _stated(library: Library, fact: str, otherwise: int) -> int:
    found = library.contest.facts.get(fact)
    return found.value if found is not None and isinstance(found.value, int) else otherwise


def _written(path: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("team", "address", "decision", "slot_at"), *rows])
    return path


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=SEOUL)


def _iso(instant: datetime | None) -> str:
    return instant.isoformat(timespec="minutes") if instant else ""
