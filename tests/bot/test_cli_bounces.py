"""Staff at the command line: what bounced, which addresses are closed, what stays unanswered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import returned
from bot.inbox import rules
from bot.inbox.parse import parse
from bot.storage import open_storage
from bot.understanding import Understanding
from tests.bot.command import Command, Ran
from tests.bot.office import LATE, NOON, SECRET, Office, eml, put
from tests.bot.test_bounces import sent
from tests.bot.test_returned import dsn

STAFF = ("--staff", "staff-a@example.org")


@pytest.fixture
def office(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """A desk whose one answer bounced, over the database that the commands of this test use."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    office = Office(storage=storage, understanding=understanding)
    office.add_staff()
    sent(office)
    for raw, address in (
        (dsn("failed", "5.1.1"), office.to_applicants()[0].envelope_sender),
        (dsn("failed", "5.2.2").replace(b"lab@", b"full@"), "contest@contest.test"),
    ):
        inbound_id = put(storage, raw, envelope_sender="", recipients=(address,))
        ruling = rules.classify(parse(raw), envelope_sender="", desk=office.desk.names, recipients=(address,))
        with storage.write.begin() as session:
            row = returned.row_of((address,), SECRET)
            returned.take(session, row, ruling, inbound_id=inbound_id, desk=office.desk, now=NOON)
    yield office
    storage.close()


def lines(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def test_mail_bounces_lists_what_came_back(command: Command, office: Office) -> None:
    found = lines(command("mail", "bounces", "--json"))

    assert [
        (line["recipient"], line["status"], line["permanent"], line["outbox"], line["kind"]) for line in found
    ] == [
        ("lab@example.org", "5.1.1", True, 1, "answer"),
        ("full@example.org", "5.2.2", False, None, None),
    ]


def test_mail_bounces_is_a_table_for_people(command: Command, office: Office) -> None:
    ran = command("mail", "bounces", "--limit", "1")

    assert (ran.code, "full@example.org" in ran.out, "lab@example.org" in ran.out) == (0, True, False)


def test_suppressions_list_shows_the_closed_addresses(command: Command, office: Office) -> None:
    (line,) = lines(command("suppressions", "list", "--json"))

    assert (line["address"], line["reason"], set(line)) == (
        "lab@example.org",
        "5.1.1, mail 1 bounced (inbound 2)",
        {"address", "reason", "since"},
    )


def test_suppressions_remove_opens_the_address_and_names_what_was_kept_back(
    command: Command, office: Office
) -> None:
    office.take(eml(LATE, id="<2@example.org>"))
    ran = command("suppressions", "remove", "lab@example.org", *STAFF)
    after = command("suppressions", "list")
    kept = office.to_applicants()[-1].id

    assert ran.code == 0
    assert ran.out.splitlines() == [
        "lab@example.org is written to again (it was closed: 5.1.1, mail 1 bounced (inbound 2))",
        f"kept back meanwhile: mail {kept}; to send one: contestdesk outbox resend NUMBER",
    ]
    assert after.out == "no address is suppressed\n"


def test_suppressions_remove_tells_machines(command: Command, office: Office) -> None:
    (line,) = lines(command("suppressions", "remove", "lab@example.org", *STAFF, "--json"))

    assert line == {
        "address": "lab@example.org",
        "reason": "5.1.1, mail 1 bounced (inbound 2)",
        "kept_back": [],
        "by": "staff-a@example.org",
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("lab@example.org", "--staff", "eve@example.org"),
            "contestdesk: eve@example.org is not staff; add the person with: contestdesk staff add eve@example.org",
        ),
        (
            ("other@example.org", *STAFF),
            "contestdesk: other@example.org is not suppressed; contestdesk suppressions list shows who is",
        ),
    ],
)
def test_suppressions_remove_is_refused(
    command: Command, office: Office, arguments: tuple[str, ...], complaint: str
) -> None:
    ran = command("suppressions", "remove", *arguments)

    assert (ran.code, ran.out, ran.complaints) == (1, "", [complaint])


def test_mail_quiet_lists_silent_mail_with_its_rule(command: Command, office: Office) -> None:
    office.take(eml("x", id="<9@example.org>", headers={"Precedence": "junk"}))
    found = lines(command("mail", "quiet", "--json", "--verdict", "auto_reply"))

    assert [(line["verdict"], line["rule"], line["reason"]) for line in found] == [
        ("auto_reply", "precedence", "Precedence: junk (RFC 3834 §2)")
    ]


def test_mail_quiet_says_when_nothing_is(command: Command, office: Office) -> None:
    assert command("mail", "quiet", "--verdict", "spam").out == "nothing is quiet\n"


def test_mail_quiet_refuses_a_verdict_that_is_answered(command: Command, office: Office) -> None:
    ran = command("mail", "quiet", "--verdict", "question")

    assert (ran.code, "'question' is none of" in ran.err) == (2, True)
