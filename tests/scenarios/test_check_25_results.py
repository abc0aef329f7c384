"""Check 25 for results: 1,000 of them, four senders killed at each change of state, on both databases."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bot import desk as desks
from bot.settings import Settings
from bot.storage import Storage
from faq import library
from mailer.campaign_tables import CampaignState
from mailer.tables import MailState
from tests.bot.results import RELEASE, Row, Season, rows
from tests.scenarios import rows as tables
from tests.scenarios import waiting
from tests.scenarios.conftest import Start
from tests.scenarios.gate import closed_gate
from tests.scenarios.serving import CONTEST, STAFF, Desk, until
from tests.servers.sink import At, Fault, Sink

pytestmark = pytest.mark.long

RESULTS = 1000
WORKERS = 4
#: Where everything is killed, one after the other: the release itself, a row that is queued, each state.
GATES = (
    ("BEFORE UPDATE ON campaign", "NEW.state = 'sending' AND OLD.state <> NEW.state"),
    ("BEFORE UPDATE ON recipient", "NEW.mail_id IS NOT NULL AND OLD.mail_id IS NULL AND NEW.number > 300"),
    (
        "BEFORE UPDATE ON outbox_mail",
        "NEW.kind = 'result' AND NEW.state = 'claimed' AND OLD.state <> NEW.state",
    ),
    (
        "BEFORE UPDATE ON outbox_mail",
        "NEW.kind = 'result' AND NEW.state = 'in_flight' AND OLD.state <> NEW.state",
    ),
    ("BEFORE UPDATE ON outbox_mail", "NEW.kind = 'result' AND NEW.state = 'sent' AND OLD.state <> NEW.state"),
    (
        "BEFORE UPDATE ON outbox_mail",
        "NEW.kind = 'result' AND NEW.state = 'retry' AND OLD.state <> NEW.state",
    ),
    (
        "BEFORE UPDATE ON outbox_mail",
        "NEW.kind = 'result' AND NEW.state = 'failed' AND OLD.state <> NEW.state",
    ),
)
FAULTS = {
    5: Fault(at=At.RCPT, reply="451 4.2.0 later", times=1),
    6: Fault(at=At.RCPT, reply="550 5.1.1 no such user", times=1),
}


def prepared(storage: Storage, folder: Path) -> Season:
    """A round of a thousand, approved and scheduled, of the very desk that will send it."""
    packaged = library.load(library.PACKAGED)
    settings = Settings(contest_address=CONTEST, mail_domain="contest.test", staff_address=STAFF)
    season = Season(
        storage=storage, library=packaged, folder=folder, desk=desks.of(settings, packaged.contest)
    )
    listed: list[Row] = rows(RESULTS)
    season.add_people(listed)
    season.bring(listed)
    season.arm()
    return season


def test_check_25_results_killed_at_each_change_of_state(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start, tmp_path: Path
) -> None:
    season = prepared(storage, tmp_path)
    everybody = {row.address for row in rows(RESULTS)}

    def start() -> Desk:
        tables.let_leases_end(storage)
        tables.let_back_off_end(storage)
        waiting.let_trouble_end(storage)
        return serve(
            migrated_url,
            "sender",
            "clock",
            sink=sink,
            SENDERS=str(WORKERS),
            CLOCK_START=RELEASE.isoformat(),
        )

    for number, (at, when) in enumerate(GATES):
        sink.follow(*([FAULTS[number]] if number in FAULTS else []))
        with closed_gate(migrated_url, at=at, when=when) as gate:
            desk = start()
            gate.wait_until_reached()
            desk.kill()
    sink.follow(Fault(at=At.DOT, delay_seconds=600, times=WORKERS))
    already = waiting.by_state(storage)[MailState.IN_FLIGHT]
    desk = start()
    until(
        lambda: waiting.by_state(storage)[MailState.IN_FLIGHT] >= WORKERS,
        f"held up at the dot, {already} before",
    )
    desk.kill()
    sink.follow()
    desk = start()
    until(lambda: season.state() is CampaignState.DONE, "the campaign is done", timeout=240)

    kills = len(GATES) + 1
    results = season.results()
    states = Counter(mail.state for mail in results)
    # Calendar invitations follow to those who were told a slot; they are mails of their own.
    ids = {mail.message_id for mail in results}
    got = Counter(mail.recipients[0] for mail in sink.messages() if str(mail.message["Message-ID"]) in ids)
    unknown = {mail.recipient for mail in results if mail.state is MailState.UNKNOWN}
    failed = {mail.recipient for mail in results if mail.state is MailState.FAILED}
    assert set(states) <= {MailState.SENT, MailState.UNKNOWN, MailState.FAILED}
    assert Counter(mail.recipient for mail in results) == Counter(everybody)
    assert max(got.values()) == 1
    assert len(unknown) <= WORKERS * kills
    assert len(failed) <= 1
    assert states[MailState.SENT] + len(unknown) + len(failed) == RESULTS
    assert {mail.recipient for mail in results if mail.state is MailState.SENT} <= set(got)
    assert everybody - failed - unknown <= set(got)
    # Every mail that is not proven to be out is listed, and nothing else is amiss.
    told = json.loads(desk.command("campaign", "verify", "1", "--json").stdout)
    assert len(told["differences"]) == len(unknown) + len(failed)
