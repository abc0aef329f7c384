"""Checks 26 and 27 as an operator lives them: reminders by two desks, a kill, and a copy that is held."""

import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from bot import roster
from bot.sender import CLAIM_LIMIT
from bot.storage import Storage, open_storage
from faq.contest import SEOUL
from mailer.tables import MailState
from tests.bot import season
from tests.scenarios import rows, waiting
from tests.scenarios.conftest import Start
from tests.scenarios.passing import recipients
from tests.scenarios.serving import PATIENCE_SECONDS, Desk, environment, until
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

#: A minute after the reminder of seven days is due.
DUE = "2020-11-23T10:01+09:00"
STAFF = "staff-a@example.org"


def reminded(storage: Storage, count: int) -> None:
    """Wait until so many reminders are sent."""
    until(
        lambda: [row.state for row in rows.outbox(storage, key="reminder:%")] == [MailState.SENT] * count,
        f"{count} reminders are sent",
    )


def test_check_27_two_desks_one_of_them_killed_remind_each_team_once(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    addresses = season.enrol(storage, 60)
    first, second = (serve(migrated_url, "sender", "clock", sink=sink, CLOCK_START=DUE) for _ in range(2))
    until(lambda: recipients(sink), "the first reminder is out")
    first.kill()
    serve(migrated_url, "sender", "clock", sink=sink, CLOCK_START=DUE)
    rows.let_leases_end(storage)
    until(lambda: not waiting.by_state(storage)[MailState.QUEUED], "nothing waits")
    waiting.wait_until_settled(storage)

    got, unknown = recipients(sink), waiting.in_state(storage, MailState.UNKNOWN)
    assert max(got.values()) == 1
    assert set(got) | set(unknown) == set(addresses)
    assert len(unknown) <= CLAIM_LIMIT  # of one kill: reminders are begun a claim at a time
    assert second.terminate()[0] == 0


def test_check_33_reminder_ends_by_its_own_link(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    (address,) = season.enrol(migrated_sqlite, 1)
    desk = serve(
        sqlite_url,
        *("sender", "clock", "http"),
        sink=sink,
        CLOCK_START=DUE,
        HTTP_LISTEN="127.0.0.1:0",
        PUBLIC_URL="https://desk.example.org",
    )
    reminded(migrated_sqlite, 1)
    [mail] = sink.messages()
    links = mail.message["List-Unsubscribe"].split(", ")
    path = links[0].strip("<>").removeprefix("https://desk.example.org")
    port = next(line.split()[-1] for line in desk.lines if line.startswith("HTTP on port "))
    click = Request(f"http://127.0.0.1:{port}{path}", data=b"List-Unsubscribe=One-Click")
    with urlopen(click, timeout=PATIENCE_SECONDS) as answer:
        status = answer.status

    assert (mail.recipients, status) == ((address,), 200)
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in mail.message.iter_attachments()] == ["text/calendar"]
    with migrated_sqlite.read() as session:
        assert not roster.standings(session, now=datetime(2020, 11, 24, tzinfo=SEOUL))[0].reminded


def test_check_26_copied_desk_sends_nothing_until_it_is_confirmed(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start, tmp_path: Path, warm_cache: Path
) -> None:
    addresses = season.enrol(migrated_sqlite, 5)
    original = serve(sqlite_url, "clock", sink=sink, CLOCK_START=DUE)
    until(lambda: len(rows.outbox(migrated_sqlite, key="reminder:%")) == 5, "the reminders wait")
    assert original.command("staff", "add", STAFF, "--role", "approver").returncode == 0
    assert original.terminate()[0] == 0
    migrated_sqlite.close()
    # The whole machine is copied, database and data folder, and started beside the original.
    shutil.copytree(tmp_path / "desk", tmp_path / "clone")
    copy = tmp_path / "clone" / "desk.sqlite"
    shutil.copyfile(Path(sqlite_url.removeprefix("sqlite:///")), copy)
    url = f"sqlite:///{copy}"
    relay = f"smtp://127.0.0.1:{sink.port}"
    variables = environment(
        tmp_path / "clone", cache=warm_cache, DATABASE_URL=url, SMTP_RELAY_URL=relay, CLOCK_START=DUE
    )
    clone = Desk(variables, tmp_path / "clone", "sender", "clock")
    try:
        clone.start()
        until(lambda: "fence.closed" in clone.log, "the copy holds back")
        held = recipients(sink)
        serve(sqlite_url, "sender", "clock", sink=sink, CLOCK_START=DUE)
        until(lambda: len(recipients(sink)) == 5, "the original sends")
        confirmed = clone.command("db", "confirm", "--staff", STAFF, "--waiting", "cancel")
        until(lambda: "fence.opened" in clone.log, "the copy is let go")
    finally:
        clone.close()
    cloned = open_storage(url)
    states = Counter(row.state for row in rows.outbox(cloned, key="reminder:%"))
    cloned.close()

    assert held == {}
    assert confirmed.returncode == 0
    assert states == {MailState.CANCELLED: 5}
    assert recipients(sink) == dict.fromkeys(addresses, 1)
