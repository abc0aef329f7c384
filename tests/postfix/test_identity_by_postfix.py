"""Check 18 behind a real mail server set up as docs/identity.md asks: forged proofs do not come through."""

import smtplib

import pytest

from bot.inbox.identity import Level
from bot.storage import Storage
from tests.postfix.conftest import StartFront
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter
from tests.scenarios.serving import CONTEST
from tests.servers.sink import Sink

OUR_SERVER = "mx.contest.test"
PASS = "dmarc=pass header.from=example.org"
#: As docs/identity.md says; the second line stands for the filter, which vouches for one address.
HEADER_CHECKS = (
    "regexp:{ {/^Authentication-Results:/ IGNORE},"
    f" {{/^From: honest@/ PREPEND Authentication-Results: {OUR_SERVER}; {PASS}}} }}"
)
#: How a sender may write the name of our server above his own proof.
FORGED = (
    f"Authentication-Results: {OUR_SERVER}; {PASS}",
    f"authentication-RESULTS:{OUR_SERVER.upper()}; {PASS}",
    f"Authentication-Results: (x) {OUR_SERVER} 1; {PASS}",
    f'Authentication-Results: "{OUR_SERVER}"; {PASS}',
    f"Authentication-Results:\r\n {OUR_SERVER};\r\n\t{PASS}",
    f"Authentication-Results : {OUR_SERVER}; {PASS}",
)


@pytest.mark.long
def test_check_18_forged_fields_do_not_pass_a_server_that_strips_them(
    start_front: StartFront, sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    front = start_front(header_checks=HEADER_CHECKS)
    serve(sqlite_url, sink=sink, LMTP_LISTEN=front.listen, SMTP_LISTEN="", AUTHSERV_ID=OUR_SERVER)
    mails = [
        (sender, f"{forged}\r\n".encode() + letter(sender=sender, text=QUESTIONS[0]))
        for number, forged in enumerate(FORGED)
        for sender in (f"eve-{number}@example.org",)
    ]
    mails.append(("honest@example.org", letter(sender="honest@example.org", text=QUESTIONS[0])))
    with smtplib.SMTP("127.0.0.1", front.postfix.port, timeout=60) as client:
        for sender, raw in mails:
            client.sendmail(sender, [CONTEST], raw)
    marks = rows.wait_until_handled(migrated_sqlite, len(mails))

    assert {mark.from_address: mark.identity for mark in marks} == {
        **{f"eve-{number}@example.org": Level.UNPROVEN for number in range(len(FORGED))},
        "honest@example.org": Level.PROVEN,
    }
