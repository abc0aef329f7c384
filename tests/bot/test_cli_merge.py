"""Staff at the command line: who takes what, what rests, what is one; and who writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.storage import open_storage
from bot.tables import InquiryState
from bot.understanding import Understanding
from tests.bot.command import Command
from tests.bot.office import DEADLINE, LATE, OTHER, Office, eml

STAFF = ("--staff", "staff-a@example.org")
NOON = "2020-11-20T12:00+09:00"


@pytest.fixture
def busy(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """Two inquiries of one sender and one of another wait; one staff member."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    office = Office(storage=storage, understanding=understanding)
    office.add_staff()
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>"))
    office.take(eml(LATE, id="<3@example.org>", sender="eve@example.org", answers="<1@example.org>"))
    yield office
    storage.close()


def test_merge_says_what_it_did_and_twice_is_once(command: Command, busy: Office) -> None:
    said = [command("inquiries", "merge", "2", "1", *STAFF, CLOCK_START=NOON) for _ in range(2)]

    assert [(ran.code, ran.out, ran.err) for ran in said] == [
        (0, "inquiry 2: a duplicate of 1\n", ""),
        (0, "inquiry 2: already a duplicate of 1\n", ""),
    ]
    assert busy.inquiry(2).state is InquiryState.DUPLICATE


def test_merge_of_two_senders_needs_the_word(command: Command, busy: Office) -> None:
    refused = command("inquiries", "merge", "3", "1", *STAFF, CLOCK_START=NOON)
    done = command("inquiries", "merge", "3", "1", "--other-sender", *STAFF, CLOCK_START=NOON)

    assert (refused.code, refused.out, refused.complaints) == (
        1,
        "",
        [
            "contestdesk: inquiries 3 and 1 have different senders; with --other-sender 3 is closed as a"
            " duplicate, and only the sender of 1 is written to"
        ],
    )
    assert (done.code, done.out) == (0, "inquiry 3: a duplicate of 1; its sender is not written to\n")


def test_merge_into_nothing_is_refused(command: Command, busy: Office) -> None:
    assert command("inquiries", "merge", "3", "99", *STAFF, CLOCK_START=NOON).complaints == [
        "contestdesk: there is no inquiry 99; contestdesk inquiries list --all shows them"
    ]


def test_claim_and_snooze(command: Command, busy: Office) -> None:
    until = ("--until", "2020-11-24 09:00")
    said = [
        command("inquiries", *words, *STAFF, CLOCK_START=NOON).out
        for words in (("claim", "1"), ("claim", "1"), ("snooze", "1", *until))
    ]
    shown = command("inquiries", "show", "1").out

    assert said == [
        "inquiry 1: yours\n",
        "inquiry 1: yours already\n",
        "inquiry 1: rests until 2020-11-24T09:00+09:00\n",
    ]
    assert "rests until 2020-11-24T09:00:00+09:00\n" in shown


@pytest.mark.parametrize(
    ("until", "code", "said"),
    [("2020-11-19", 1, "2020-11-19 00:00 KST is past"), ("tomorrow", 2, "'tomorrow' is not an ISO instant")],
)
def test_snooze_until_nonsense_is_refused(
    command: Command, busy: Office, until: str, code: int, said: str
) -> None:
    ran = command("inquiries", "snooze", "1", "--until", until, *STAFF, CLOCK_START=NOON)

    assert (ran.code, said in ran.err) == (code, True)


def test_show_says_who_writes(command: Command, busy: Office) -> None:
    first, stranger = (command("inquiries", "show", number).out for number in ("1", "3"))

    assert "sender unproven\nthe same sender has #2 open\n" in first
    assert "sender unproven\nclaims to belong to #1, which is of another sender\n" in stranger


def test_show_as_json_says_who_writes(command: Command, busy: Office) -> None:
    told = json.loads(command("inquiries", "show", "3", "--json").out)

    assert {
        name: told[name] for name in ("identity", "claims", "same_sender", "personal", "duplicate_of")
    } == {
        "identity": "unproven",
        "claims": 1,
        "same_sender": [],
        "personal": [],
        "duplicate_of": None,
    }


def test_show_of_a_duplicate_names_the_one_that_stays(command: Command, busy: Office) -> None:
    command("inquiries", "merge", "2", "1", *STAFF, CLOCK_START=NOON)

    assert "a duplicate of #1\n" in command("inquiries", "show", "2").out


def test_answered_inquiry_is_not_called_open(command: Command, busy: Office) -> None:
    busy.take(eml(DEADLINE, id="<4@example.org>", sender="eve@example.org"))

    assert "the same sender" not in command("inquiries", "show", "3").out
