"""A desk with its Slack door open towards a workspace of the stand-in, in this process.

Everything is as it runs: Socket Mode, the inbox, the outbox with its sender, the loops that draw the
cards. Only the contest's clock is moved by the test, and mails are settled and sent when it says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import select

from bot import staff
from bot.clock import ContestClock, real_now
from bot.conversation import Handled
from bot.settings import Settings
from bot.slack.limiter import PACE_S
from bot.slack.side import SlackSide
from bot.slack.tables import SlackEvent
from bot.storage import Storage
from bot.tables import HandledMail, InboundMail, Inquiry, Staff, StaffRole
from bot.understanding import Understanding
from mailer import deliver
from mailer.ledger import Ledger
from mailer.relay import MailboxRelay
from mailer.tables import Channel
from tests.bot.office import EDITION, NOON, Office, put, words
from tests.slack_standin.driver import Payload, Workspace
from tests.slack_standin.reading import plain

T = TypeVar("T")

#: Staff write here; applicants never come in.
TRIAGE = "triage"
#: No test waits for Slack's pace but the one that is about it.
FAST = 0.0


class MovedClock(ContestClock):
    """The contest's present: noon of the edition's day, moved by the test, and running."""

    def __init__(self, start: datetime = NOON) -> None:
        object.__setattr__(self, "ahead_of_real", start - real_now())

    def move(self, by: timedelta) -> None:
        """Let time pass at once."""
        object.__setattr__(self, "ahead_of_real", self.ahead_of_real + by)

    def set(self, to: datetime) -> None:
        """It is this late now."""
        object.__setattr__(self, "ahead_of_real", to - real_now())


#: How much faster than real a hurried workspace runs, and how often its clock is set.
SPEED = 8
STEP_S = 0.05
#: Slack's pace in such a workspace; a little slower, as its clock goes by steps.
HURRIED = (PACE_S + SPEED * STEP_S) / SPEED
POLL = timedelta(seconds=0.2)
READY_S = 20.0


@contextmanager
def hurrying(workspace: Workspace) -> Iterator[None]:
    """Let the clock of a workspace run faster."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(STEP_S):
            workspace.advance((SPEED - 1) * STEP_S)

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield
    finally:
        over.set()
        runner.join()


class Room:
    """A desk, its Slack, and the people in it."""

    def __init__(
        self,
        storage: Storage,
        workspace: Workspace,
        understanding: Understanding,
        *,
        folder: Path,
        groups: dict[str, str] | None = None,
        kind: str = "private",
        pace_s: float = FAST,
    ) -> None:
        self.office = Office(storage=storage, understanding=understanding)
        self.storage = storage
        self.workspace = workspace
        self.folder = folder
        self.clock = MovedClock()
        self.mailbox = MailboxRelay(folder / "mailbox")
        self.channel = workspace.add_channel(TRIAGE, kind=kind)
        self.groups: dict[str, str] = groups or {}
        self.pace_s = pace_s
        self.understanding = understanding
        self.people: dict[str, str] = {}

    # -- opening and closing --------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[Room]:
        """Run the door until the end of the test."""
        side = SlackSide(
            self._settings(),
            self.storage,
            self.office.desk,
            self.clock,
            understanding=lambda: self.understanding,
            listens=True,
            sends=True,
            poll=POLL,
            pace_s=self.pace_s,
        )
        side.start()
        assert side.ready.wait(READY_S), "no Slack"
        self.workspace.wait_for_sockets(1)
        assert side.deps is not None
        self.deps = side.deps
        try:
            yield self
        finally:
            side.ask_to_stop()
            side.join(timedelta(seconds=10))

    def _settings(self) -> Settings:
        workspace = self.workspace
        return Settings(
            contest_dir=EDITION,
            data_dir=self.folder,
            slack_bot_token=SecretStr(workspace.bot_token),
            slack_app_token=SecretStr(workspace.app_token),
            slack_signing_secret=SecretStr(workspace.signing_secret),
            slack_api_url=workspace.api_url,
            slack_triage_channel=self.channel,
            slack_staff_groups=self.groups,
        )

    # -- people ---------------------------------------------------------------------------------------

    def add_staff(self, name: str, *, role: StaffRole = StaffRole.TRIAGE) -> str:
        """A staff member with a Slack account, in the triage channel; returns the Slack id."""
        user = self.workspace.add_user(name)
        self.workspace.join(self.channel, user)
        with self.storage.write.begin() as session:
            staff.add(
                session, f"{name}@example.org", name=name, role=role, slack_id=user, now=self.clock.now()
            )
        self.people[name] = user
        return user

    def member(self, name: str) -> Staff:
        """The row of a staff member."""
        with self.storage.read() as session:
            return staff.member(session, f"{name}@example.org")

    # -- mail -------------------------------------------------------------------------------------------

    def take(self, raw: bytes) -> Handled:
        """A mail comes in and is settled; the cards are looked at."""
        handled = self.office.settle(put(self.storage, raw), now=self.clock.now())
        assert handled is not None
        self.deps.wake()
        return handled

    def settle_slack(self) -> None:
        """What was asked in Slack is settled: each question that lies in the inbox and waits."""

        def waiting() -> list[int]:
            with self.storage.read() as session:
                done = select(HandledMail.inbound_id)
                return list(
                    session.scalars(
                        select(InboundMail.id)
                        .where(InboundMail.door == "slack", InboundMail.id.not_in(done))
                        .order_by(InboundMail.id)
                    )
                )

        for number in self.workspace.wait_until(waiting, "a question in the inbox"):
            self.office.settle(number, now=self.clock.now())
        self.deps.wake()

    def heard(self, kind: str) -> list[SlackEvent]:
        """The events of a kind that came in."""
        with self.storage.read() as session:
            return list(session.scalars(select(SlackEvent).where(SlackEvent.kind == f"event:{kind}")))

    def replies(self, user: str) -> list[Payload]:
        """What we wrote to somebody in the threads of his conversation with the desk."""
        channel = self.workspace.im(user)
        return [
            reply
            for message in self.workspace.messages(channel)
            for reply in self.workspace.thread(channel, message["ts"])
            if reply.get("bot_id")
        ]

    def send_mails(self) -> int:
        """Let the mails leave that are due now; returns how many did."""
        tally = deliver.deliver_due(
            Ledger(self.storage.write), self.mailbox, Channel.MAIL, limit=100,
            now=self.clock.now(), real_now=real_now,
        )  # fmt: skip
        self.deps.wake()
        return tally.sent

    # -- what is seen -------------------------------------------------------------------------------------

    def inquiry(self, number: int) -> Inquiry:
        """An inquiry as the table has it now."""
        return self.office.inquiry(number)

    def cards(self) -> list[Payload]:
        """The messages of the triage channel, oldest first."""
        return self.workspace.messages(self.channel)

    def wait(self, look: Callable[[], T | None], what: str) -> T:
        """What ``look`` finds in the workspace, once it finds something."""
        found = self.workspace.wait_until(look, what)
        assert found is not None
        return found

    def card(self, number: int, *, until: Callable[[str], bool] = bool) -> Payload:
        """The card of an inquiry, once it is there and its words are as ``until`` says."""

        def found() -> Payload | None:
            for message in reversed(self.cards()):
                said = self.plain(message)
                if f"#{number} " in said and until(said):
                    return message
            return None

        return self.wait(found, f"the card of #{number}")

    def plain(self, shown: Payload) -> str:
        """What a reader sees."""
        return plain(shown)

    def click(self, who: str, number: int, action_id: str, **more: Any) -> Any:
        """Somebody presses a button of a card."""
        return self.workspace.click(
            self.people[who], self.channel, self.card(number)["ts"], action_id, **more
        )

    def choose(self, who: str, number: int, what: str) -> Any:
        """Somebody chooses in the menu of a card: assign, duplicate, snooze, spam, close."""
        return self.click(who, number, "inq.more", value=f"{number}:{what}")

    def letter(self, row_id: int) -> str:
        """The words of a mail of ours."""
        return words(self.office.message(row_id))

    def view(self, who: str, *, until: Callable[[str], bool] = bool) -> Payload:
        """The dialogue that somebody has open, once it is as ``until`` says."""

        def found() -> Payload | None:
            views = self.workspace.views(self.people[who])
            return views[-1] if views and until(self.plain(views[-1])) else None

        return self.wait(found, f"a dialogue of {who}")

    def told(self, who: str, words: str) -> str:
        """What is said to one person alone and has these words."""

        def found() -> str:
            said = [self.plain(one) for one in self.workspace.ephemerals(self.people[who])]
            return next((one for one in said if words in one), "")

        return str(self.workspace.wait_until(found, f"{who} is told {words!r}"))

    def below(self, number: int, action_id: str) -> Payload | None:
        """The newest reply below a card that has this button."""
        card = self.card(number)
        found = [
            one
            for one in self.workspace.thread(self.channel, card["ts"])[1:]
            if f"'{action_id}'" in str(one.get("blocks"))
        ]
        return found[-1] if found else None

    def thread(self, number: int) -> list[str]:
        """What stands below a card, as text."""
        card = self.card(number)
        return [self.plain(one) for one in self.workspace.thread(self.channel, card["ts"])[1:]]
