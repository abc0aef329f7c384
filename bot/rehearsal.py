"""The whole season on a virtual clock, against a sink on this machine: the desk's own verbs and ticks,
its outbox and its sender. Nothing leaves, and nobody who is written to exists.

The clock leaps from one instant at which something may happen to the next. Staff act as they would: they
import the roster as teams submit, bring the jury's decisions the evening before, approve them with the
codes from their mailboxes, and let them go at the announced day. All instants are contest time, and here
real time as well, so that the pace of a campaign and the age of a code are rehearsed, too.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot import invites, recall, rehearsal_ledger, releasing, season_people
from bot import storage as stores
from bot.desk import Desk
from bot.inbox.rules import DeskNames
from bot.refusal import Refused
from bot.rehearsal_ledger import Rehearsed
from bot.rehearsal_sink import Sink
from bot.rehearsal_staff import Act, Hands
from bot.reminding import Reminding, planned
from bot.storage import Storage
from faq.contest import SEOUL
from faq.library import Library
from mailer import deliver
from mailer.campaign_tables import Campaign, CampaignState
from mailer.ledger import Ledger
from mailer.letter import Identity
from mailer.relay import Outgoing
from mailer.states import WAITING
from mailer.tables import Channel, OutboxMail

NOTICES = "staff@desk.test"
SECRET = b"a rehearsal signs nothing that anybody reads"
APPLICANTS = 400
MINUTE = timedelta(minutes=1)
#: Mails that one sender takes at once.
BATCH = 200
#: Ticks after which something goes round in circles.
_TOO_MANY = 20_000

Progress = Callable[[datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is rehearsed."""

    library: Library
    #: First and last instant.
    begins: datetime
    ends: datetime
    applicants: int = APPLICANTS
    #: When the desk does not run: from, to.
    down: tuple[tuple[datetime, datetime], ...] = ()
    #: How many desks run on the database at the same time.
    schedulers: int = 1
    #: Addresses of two teams whose decisions are exchanged.
    swapped: tuple[str, str] | None = None


def run(plot: Plot, *, progress: Progress | None = None) -> Rehearsed:
    """Rehearse a season from its first to its last instant."""
    with tempfile.TemporaryDirectory(prefix="contestdesk-rehearsal-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'season.db'}"
        with _opened(url) as first:
            stores.upgrade(first)
            others = [stores.open_storage(url) for _ in range(plot.schedulers - 1)]
            try:
                season = _Season(plot, [first, *others], folder)
                season.play(progress or (lambda _: None))
                return rehearsal_ledger.read(first, season.mails(), season.refused)
            finally:
                for other in others:
                    other.close()


def plot(library: Library, *, begins: date | None = None, ends: date | None = None, **more: Any) -> Plot:
    """The season of an edition: from its first settled day to its last one, both whole."""
    settled = [one for one in library.contest.milestones.values() if one.approximate is None]
    if not settled:
        raise Refused("no milestone has a settled day; there is nothing to rehearse")
    first = begins or min(one.starts_on for one in settled)
    last = ends or max(one.ends_on for one in settled)
    if last < first:
        raise Refused(f"the season would end on {last}, before it begins on {first}")
    return Plot(library=library, begins=_at(first, time()), ends=_at(last, time(23, 59)), **more)


# -- the clock --------------------------------------------------------------------------------


class _Season:
    """One database, one or more desks on it, and the hands of staff."""

    def __init__(self, plot: Plot, storages: Sequence[Storage], folder: Path) -> None:
        self._plot = plot
        self._storages = storages
        self._folder = folder
        self._desk = _desk(plot.library)
        self._reminding = [Reminding(storage, self._desk) for storage in storages]
        self._cast = season_people.invent(plot.applicants)
        self._sink = Sink()
        self._hands = Hands(
            plot.library,
            self._cast,
            storages[0],
            folder,
            desk=self._desk,
            swapped=plot.swapped,
            deliver=lambda now: self._deliver(0, now),
            mailbox=self._sink.newest,
        )
        self.refused: list[str] = []

    def play(self, progress: Progress) -> None:
        """Go through the season, instant by instant."""
        acts = sorted(self._hands.acts(), key=lambda act: act[0])
        now: datetime | None = self._plot.begins
        for _ in range(_TOO_MANY):
            if now is None or now > self._plot.ends:
                return
            progress(now)
            now = self._up(now)
            while acts and acts[0][0] <= now:
                self._do(acts.pop(0)[1], now)
            self._tick(now)
            now = self._next(now, acts)
        raise RuntimeError(f"the rehearsal does not get on from {now}")

    def _up(self, now: datetime) -> datetime:
        """The same instant, or when the desk runs again."""
        for begins, ends in self._plot.down:
            if begins <= now < ends:
                return ends
        return now

    def _next(self, now: datetime, acts: Sequence[tuple[datetime, Act]]) -> datetime | None:
        storage = self._storages[0]
        with storage.read() as session:
            instants = [at for at in planned(session, self._plot.library).instants() if at > now]
            waits = session.scalars(
                select(
                    func.coalesce(OutboxMail.embargo_until, OutboxMail.not_before, OutboxMail.created_at)
                ).where(OutboxMail.state.in_(WAITING))
            ).all()
            found = session.execute(select(Campaign.state, Campaign.release_at)).all()
        releases = [row.release_at for row in found if row.state is CampaignState.SCHEDULED]
        ahead = [*instants[:1], *[at for at, _ in acts[:1]], *releases]
        ahead += [max(at, now + MINUTE) for at in waits]
        if any(row.state is CampaignState.SENDING for row in found):
            ahead.append(now + MINUTE)  # a pace lets some go each minute
        later = [at for at in ahead if at > now]
        return min(later, default=None)

    def _do(self, act: Act, now: datetime) -> None:
        try:
            act(now)
        except Refused as error:
            self.refused.append(f"{now.astimezone(SEOUL):%Y-%m-%d %H:%M}: {error}")

    def _tick(self, now: datetime) -> None:
        """Every desk at once, as often as there is something left."""
        if len(self._storages) == 1:
            self._beat(0, now)
            return
        faults: list[BaseException] = []

        def beat(number: int) -> None:
            try:
                self._beat(number, now)
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=beat, args=(number,)) for number in range(len(self._storages))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    def _beat(self, number: int, now: datetime) -> None:
        storage, library = self._storages[number], self._plot.library
        releasing.tick(storage, library, self._desk, now=now, real_now=now)
        self._reminding[number].tick(library, now=now)
        self._deliver(number, now)
        recall.tick(storage, library, self._desk, now=now)
        invites.tick(storage, library, self._desk, now=now)
        self._deliver(number, now)
        releasing.tick(storage, library, self._desk, now=now, real_now=now)

    def mails(self) -> Sequence[Outgoing]:
        """What the sink was given."""
        return self._sink.taken()

    def _deliver(self, number: int, now: datetime) -> None:
        ledger = Ledger(self._storages[number].write)
        for channel in Channel:
            while deliver.deliver_due(
                ledger, self._sink, channel, limit=BATCH, now=now, real_now=lambda: now.astimezone(UTC)
            ).claimed:
                pass


def _desk(library: Library) -> Desk:
    identity = Identity(
        address="contest@desk.test",
        name=library.contest.name,
        domain="desk.test",
        secret=SECRET,
        public_url="https://desk.test",
    )
    names = DeskNames(addresses=(identity.address,), domain=identity.domain, secret=SECRET)
    return Desk(identity=identity, names=names, staff_address=NOTICES)


@contextmanager
def _opened(url: str) -> Iterator[Storage]:
    storage = stores.open_storage(url)
    try:
        yield storage
    finally:
        storage.close()


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=SEOUL)
