"""A desk with its Slack side as it runs, towards a workspace of the stand-in: applicants ask it.

The inbox, the worker with its engine, the outbox and its senders are the real ones, in this process.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import worker as workers
from bot.clock import ContestClock
from bot.settings import Settings
from bot.slack import side
from bot.slack.side import SlackSide
from bot.slack.transport import Watch
from bot.storage import Storage
from bot.tables import Event, Inquiry
from bot.understanding import Understanding
from mailer.tables import Channel, OutboxMail
from tests.bot.office import DESK, EDITION, NOON, SECRET
from tests.slack_standin.driver import Payload, Workspace

#: Ten milliseconds: no test waits for what Slack allows but those that are about it.
FAST = 0.01
POLL = timedelta(seconds=0.2)


def settings_of(workspace: Workspace, folder: Path, **given: Any) -> Settings:
    """The settings of a desk in this workspace."""
    told = {name.lower(): value for name, value in workspace.settings().items()}
    base = {
        "contest_dir": EDITION,
        "data_dir": folder,
        "secret_key": SECRET.decode(),
        "slack_triage_channel": workspace.add_channel("triage", kind="private"),
    }
    return Settings(**{**base, **told, **given})


class HelpDesk:
    """The desk, and what can be asked about it."""

    def __init__(
        self,
        storage: Storage,
        workspace: Workspace,
        understanding: Understanding,
        settings: Settings,
        *,
        pace_s: float = FAST,
        works: bool = True,
        sends: bool = True,
        lease: timedelta = side.LEASE,
        watch: Watch | None = None,
    ) -> None:
        self.storage = storage
        self.workspace = workspace
        self.triage_channel = settings.slack_triage_channel
        #: Where every message is a question; '' for none.
        self.help_channel = ",".join(settings.slack_help_channel)
        clock = ContestClock.starting_at(NOON)
        self.worker = workers.Worker(
            storage, understanding, DESK, clock, on_handled=lambda _handled: self.side.wake(), poll=POLL
        )
        self._works = works
        self._open = False
        self.side = SlackSide(
            settings,
            storage,
            DESK,
            clock,
            understanding=lambda: understanding,
            listens=True,
            sends=sends,
            poll=POLL,
            wakes=(self.worker.loop.wake,),
            pace_s=pace_s,
            settled_after=timedelta(seconds=0.3),
            lease=lease,
            watch=watch,
        )

    def start(self) -> None:
        """Open; returns when Slack has let us in."""
        self._open = True
        self.side.start()
        assert self.side.ready.wait(20), "Slack did not let us in"
        if self._works:
            self.worker.loop.start()

    def stop(self) -> bool:
        """Close as SIGTERM does; False when something was still at work after ten seconds."""
        self.side.ask_to_stop()
        self.worker.loop.ask_to_stop()
        ended = self.side.join(timedelta(seconds=10))
        self._open = False
        return self.worker.loop.join(timedelta(seconds=5)) and ended

    def close(self) -> None:
        """Make sure that nothing of it is left."""
        if self._open:
            self.stop()

    def ask(self, user: str, text: str, **how: Any) -> tuple[str, str]:
        """Let somebody write to the desk; returns the channel and the ts."""
        channel = self.workspace.im(user)
        return channel, self.workspace.say(user, channel, text, **how)

    def answers(self, channel: str, ts: str, count: int = 1) -> list[Payload]:
        """Wait until so many messages hang under this one."""

        def enough() -> list[Payload]:
            replies = self.workspace.messages(channel, thread_ts=ts)[1:]
            return replies if len(replies) >= count else []

        return self.workspace.wait_until(enough, "an answer")

    def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        self.workspace.wait_until(lambda: not self.on_its_way() or None, "the outbox to be empty")

    def on_its_way(self) -> int:
        """How many rows of Slack are neither sent nor given up."""
        return len([row for row in self.rows() if row.state not in ("sent", "failed", "cancelled")])

    def rows(self) -> list[OutboxMail]:
        """The rows of Slack, oldest first."""
        query = select(OutboxMail).where(OutboxMail.channel == Channel.SLACK).order_by(OutboxMail.id)
        with self.storage.read() as session:
            return list(session.scalars(query))

    def inquiries(self) -> list[Inquiry]:
        """All inquiries."""
        with self.storage.read() as session:
            return list(session.scalars(select(Inquiry).order_by(Inquiry.id)))

    def events(self, number: int) -> list[str]:
        """What happened in an inquiry, in order."""
        with self.storage.read() as session:
            found = session.scalars(select(Event).where(Event.inquiry_id == number).order_by(Event.id))
            return [event.kind for event in found]
