"""Postfix hands mail over by SMTP within TLS."""

import pytest

from bot.storage import Storage
from tests.inbox.door import CERTIFICATE
from tests.postfix import stored
from tests.postfix.conftest import StartFront
from tests.postfix.test_lmtp_by_postfix import give
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter
from tests.scenarios.serving import CONTEST
from tests.servers.free_port import free_port

pytestmark = pytest.mark.long


def test_postfix_delivers_within_tls_where_it_must(
    start_front: StartFront, sqlite_url: str, migrated_sqlite: Storage, serve: Start
) -> None:
    port = free_port()
    front = start_front(
        transport_maps=f"inline:{{contest.test=smtp:[127.0.0.1]:{port}}}",
        smtp_tls_security_level="encrypt",
        smtp_tls_loglevel="1",
    )
    serve(sqlite_url, "intake", SMTP_LISTEN=f"127.0.0.1:{port}", SMTP_TLS_CERT=str(CERTIFICATE))
    give(front, letter(sender="lab@example.org", text=QUESTIONS[0]))
    front.postfix.wait_until_empty(timeout=60)
    log = (front.postfix.folder / "mail.log").read_text("utf-8")

    assert front.postfix.statuses() == [(CONTEST, "sent")]
    assert "TLS connection established" in log
    assert [row.door for row in stored.envelopes(migrated_sqlite)] == ["smtp"]
