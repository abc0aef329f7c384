"""The whole desk on this machine: no account anywhere, sample questions, each step shown."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select

from bot import logs, pretending, samples, settings, standin, triage
from bot.app import App
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.settings import Settings
from bot.standin import Standin
from bot.tables import Inquiry
from faq import library, render
from faq.contest import SEOUL, Language
from mailer.relay import Delivered, MailboxRelay, Outcome, Outgoing, SmtpRelay
from mailer.tables import MailState, OutboxMail

#: Ten days before the 2020 edition closes; the clock runs from here.
START = datetime(2020, 11, 20, 10, 0, tzinfo=SEOUL)
PATIENCE_SECONDS = 60.0
#: What would lead to a real workspace.
SLACK = (
    *("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_api_url"),
    *("slack_triage_channel", "slack_help_channel", "slack_staff_groups"),
)

Say = Callable[[str], None]


class ShownMailbox:
    """The mailbox on this machine, telling what it was given."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._mailbox = MailboxRelay(folder)
        self._say = say
        #: Message-ID of the newest mail to each address.
        self.newest: dict[str, str] = {}

    def send(self, mail: Outgoing) -> Outcome:
        """Store it, and show what went out."""
        outcome = self._mailbox.send(mail)
        match outcome:
            case Delivered():
                self.newest[mail.recipient] = mail.message_id
                text = _text_part(mail.body)
                self._say(f"  → out to {mail.recipient}")
                for line in text.splitlines():
                    self._say(f"    │ {line}")
            case other:
                self._say(f"  → not out to {mail.recipient}: {other}")
        return outcome

    def doctor(self) -> str:
        """Say that mail can be stored here."""
        return self._mailbox.doctor()

    def close(self) -> None:
        """Nothing is kept open."""
        self._mailbox.close()


def run(*, once: bool, say: Say) -> bool:
    """Start, send the samples, show what happens; with ``once`` end there, else stay up until told.

    Returns False when a sample was not settled in time.
    """
    # The steps are shown in words; the log lines would only stand between them.
    logs.configure("console", level=logging.WARNING)
    base = settings.read()
    slack = standin.find(base.slack_api_url)
    chosen = _settings(base, slack)
    mailbox = ShownMailbox(chosen.data_dir / "mailbox", say)
    clock = ContestClock.starting_at(START)
    stage = _Stage(say, clock)
    say("Reading the phrasings of the 2020 edition ...")
    app = App(chosen, clock=clock, leave_by=mailbox, on_handled=stage.show)
    try:
        if slack:
            pretending.employ(slack, app.storage, now=START)
        opened = app.start()
        port = opened.smtp_port or 0  # the demo's own settings open this door
        assert opened.smtp_port is not None
        say(f"The desk is up. The contest's clock shows {render.clock_text(START, Language.EN)}.")
        say(_about_slack(slack))
        settled = all(
            _perform(sample, port=port, chosen=chosen, mailbox=mailbox, stage=stage, app=app)
            for sample in samples.SAMPLES
        )
        if slack:
            settled = _perform_in_slack(slack, stage, app) and settled
        _show_rest(app, say)
    except BaseException:
        app.stop()
        raise
    if once:
        app.stop()
        return settled
    say("\nThe desk stays up. Send your own mail with any client, for example:")
    say(
        f"  swaks --server 127.0.0.1:{port} --from you@example.org "
        f"--to {chosen.contest_address} --header 'Subject: 질문' --body '소유권은 누구에게 있나요?'"
    )
    say(
        f"What goes out lies in {chosen.data_dir / 'mailbox'}; health: http://127.0.0.1:{opened.http_port}/health"
    )
    if slack:
        say(f"In {slack.url}/ be staff-a and look into contest-triage, or ask as somebody else.")
    say("From temperror@, permerror@ or timeout@example.org the reply fails as the name says.")
    say(
        f"To look as staff, in this folder: CONTESTDESK_DATA_DIR={chosen.data_dir} contestdesk inquiries list"
    )
    say("Stop with Ctrl-C.")
    app.run_until_signal()
    return settled


def _settings(base: Settings, slack: Standin | None) -> Settings:
    """Settings of its own, whatever the environment says: new folder, free ports, no relay, no real Slack."""
    folder = base.data_dir / "demo"
    # Only what an earlier demo left; a running desk keeps its data one folder up.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The stand-in's own settings come by the environment; any other workspace is left alone.
    no_slack: dict[str, Any] = {} if slack else dict.fromkeys(SLACK, "") | {"slack_http": False}
    return settings.read(
        environment="development",
        data_dir=folder,
        database_url="",
        smtp_relay_url="",
        contest_dir=library.PACKAGED,
        staff_address="staff@contest.test",
        contest_address="contest@contest.test",
        mail_domain="contest.test",
        smtp_listen="127.0.0.1:0",
        http_listen="127.0.0.1:0",
        clock_start=None,
        **no_slack,
    )


class _Stage:
    """Shows what was understood, and lets the demo wait until all of it is settled."""

    def __init__(self, say: Say, clock: ContestClock) -> None:
        self.say = say
        self._clock = clock
        self._changed = threading.Condition()
        self.handled = 0

    def show(self, handled: Handled) -> None:
        """Tell what became of one mail."""
        self.say(f"  ← in from {handled.from_address}: {handled.ruling.verdict} ({handled.ruling.reason})")
        for part in handled.decision.parts if handled.decision else ():
            found = part.topic or part.unknown or ""
            self.say(f"    {part.decision}: “{part.text}” {found} {part.confidence:.2f}: {part.reason}")
        if handled.withheld:
            self.say(f"    no reply: {handled.withheld}")
        if handled.waits and handled.inquiry_id:
            self.say(f"    inquiry #{handled.inquiry_id} waits for staff")
        with self._changed:
            self.handled += 1
            self._changed.notify_all()

    def quote(self, text: str) -> None:
        """Show a mail's words, set off by a line."""
        for line in text.splitlines():
            self.say(f"    │ {line}")

    def wait_for(self, handled: int, app: App) -> bool:
        """Wait until so many mails are handled and nothing is on its way out; False if it takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            if not self._changed.wait_for(lambda: self.handled >= handled, PATIENCE_SECONDS):
                return False
        while _on_its_way(app, now=self._clock.now()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _on_its_way(app: App, *, now: datetime) -> bool:
    moving = (MailState.QUEUED, MailState.CLAIMED, MailState.IN_FLIGHT)
    is_due = or_(OutboxMail.not_before.is_(None), OutboxMail.not_before <= now)
    with app.storage.read() as session:
        counted = select(func.count(OutboxMail.id)).where(OutboxMail.state.in_(moving), is_due)
        return bool(session.scalar(counted))


def _perform(
    sample: samples.Sample, *, port: int, chosen: Settings, mailbox: ShownMailbox, stage: _Stage, app: App
) -> bool:
    stage.say(f"── {sample.title}")
    stage.quote(sample.text)
    expected = stage.handled + 1
    mail = samples.write(
        sample, to=chosen.contest_address, at=START, reply_to=mailbox.newest.get(sample.sender)
    )
    client = SmtpRelay(f"smtp://127.0.0.1:{port}")
    outcome = client.send(
        Outgoing(
            id=expected,
            envelope_sender=sample.sender,
            recipient=chosen.contest_address,
            message_id=mail["Message-ID"],
            body=mail.as_bytes(policy=SMTP),
        )
    )
    client.close()
    if not isinstance(outcome, Delivered):
        stage.say(f"  the listener did not take it: {outcome}")
        return False
    settled = stage.wait_for(expected, app)
    stage.say("")
    return settled


def _about_slack(slack: Standin | None) -> str:
    if slack is None:
        return "Slack is left out here: make demo, in a checkout, brings a stand-in to click through.\n"
    return f"Slack is a stand-in of its own, to click through in a browser: {slack.url}/\n"


def _perform_in_slack(slack: Standin, stage: _Stage, app: App) -> bool:
    if not pretending.wait_until_heard(slack):
        stage.say("the desk did not connect to Slack's stand-in")
        return False
    for sample in samples.SLACK_SAMPLES:
        stage.say(f"── {sample.title}")
        stage.quote(sample.text)
        asked = pretending.ask(slack, sample)
        if not pretending.show_answer(slack, asked, stage.say):
            stage.say("  no answer came")
            return False
        stage.say("")
    # The card that staff get of it, too.
    return stage.wait_for(stage.handled, app)


def _show_rest(app: App, say: Say) -> None:
    with app.storage.read() as session:
        waiting = session.scalars(select(Inquiry).where(Inquiry.state.in_(triage.WAITING))).all()
        say(f"Waiting for staff: {len(waiting)}")
        for inquiry in waiting:
            asked = " / ".join(part.text for part in inquiry.parts if part.waits)
            say(f"  #{inquiry.id} {asked}")
        states = session.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state)).all()
    say("Outbox: " + ", ".join(f"{count} {MailState(state)}" for state, count in states))


def _text_part(body: bytes) -> str:
    for part in message_from_bytes(body).walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8") if isinstance(payload, bytes) else ""
    return ""
