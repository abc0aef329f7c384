"""Check 9, end to end: whatever came over SMTP, staff get its octets back as they were sent."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from bot.storage import Storage
from tests.inbox.crafted import MAILS
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import send
from tests.scenarios.serving import COMMAND, STAFF
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

#: Those that fit through the door of this desk. A sender has to end with CRLF (RFC 5321 §2.3.8).
SENT = [
    mail.raw if mail.raw.endswith(b"\r\n") else mail.raw + b"\r\n"
    for mail in MAILS
    if len(mail.raw) < 2_000_000
]
#: A command is a process of its own, so only some are asked for one by one.
ASKED = 12


def test_check_9_octets_of_every_mail_are_kept_and_given_back(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start, tmp_path: Path
) -> None:
    desk = serve(sqlite_url, sink=sink)
    for raw in SENT:
        send(desk.smtp_port, raw, sender="lab@example.org")
    marks = rows.wait_until_handled(migrated_sqlite, len(SENT))

    assert rows.stored(migrated_sqlite) == {hashlib.sha256(raw).hexdigest(): 1 for raw in SENT}
    assert {mark.verdict for mark in marks} <= {"question", "reply", "auto_reply", "unreadable", "duplicate"}
    for number in range(1, len(SENT) + 1, len(SENT) // ASKED):
        given = subprocess.run(
            [COMMAND, "inquiries", "raw", str(number)],
            env=desk.variables,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        assert given.stdout == SENT[number - 1]
    unreadable = [mark.inbound_id for mark in marks if mark.verdict == "unreadable"]
    told = b"".join(mail.raw for mail in sink.messages() if STAFF in mail.recipients)
    assert unreadable
    assert told
