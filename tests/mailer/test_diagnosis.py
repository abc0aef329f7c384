"""What a refusal means: words weigh more than numbers."""

from __future__ import annotations

import re

import pytest

from mailer import diagnosis, wording
from mailer.diagnosis import Cause, diagnose


@pytest.mark.parametrize(
    ("status", "said", "cause"),
    [
        ("5.1.1", "550 5.1.1 <a@example.org>: User unknown", Cause.NO_MAILBOX),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", Cause.NO_MAILBOX),
        ("5.0.0", "550 No such user here", Cause.NO_MAILBOX),
        ("5.7.1", "550 5.7.1 user does not exist", Cause.NO_MAILBOX),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied.", Cause.NO_MAILBOX),
        ("5.1.1", "", Cause.NO_MAILBOX),
        (
            "",
            "550-5.1.1 The email account that you tried to reach does\n550 5.1.1 not exist",
            Cause.NO_MAILBOX,
        ),
        ("", "550 존재하지 않는 사용자입니다", Cause.NO_MAILBOX),
        ("5.1.2", "", Cause.NO_DOMAIN),
        ("5.4.4", "Host or domain name not found. type=A: Host not found", Cause.NO_DOMAIN),
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", Cause.DISABLED),
        ("", "554 This account has been suspended", Cause.DISABLED),
        ("5.1.6", "", Cause.MOVED),
    ],
)
def test_dead_address_is_permanent(status: str, said: str, cause: Cause) -> None:
    found = diagnose(status=status, said=said)

    assert (found.cause, found.permanent) == (cause, True)


@pytest.mark.parametrize(
    ("status", "said", "cause"),
    [
        ("5.2.2", "", Cause.FULL),
        ("5.1.1", "550 5.1.1 mailbox full", Cause.FULL),
        ("", "552 용량이 초과되었습니다", Cause.FULL),
        ("5.3.4", "", Cause.TOO_BIG),
        ("5.7.1", "554 5.7.1 blocked using a list", Cause.POLICY),
        ("5.1.8", "sender domain does not resolve", Cause.POLICY),
        ("5.1.8", "553 5.1.8 Domain of sender address does not exist", Cause.POLICY),
        ("5.2.1", "550 5.2.1 The user is receiving mail at a rate that prevents delivery", Cause.POLICY),
        ("5.0.0", "550 Unable to relay for lab@example.org", Cause.POLICY),
        ("5.1.1", "550 5.1.1 looks like spam", Cause.POLICY),
        ("5.6.0", "", Cause.POLICY),
        ("4.4.7", "", Cause.EXPIRED),
        ("5.4.7", "", Cause.EXPIRED),
        ("4.1.1", "450 4.1.1 unverified address", Cause.SYSTEM),
        ("4.7.1", "450 4.7.1 Greylisted", Cause.POLICY),
        ("5.4.6", "too many hops", Cause.LOOP),
        ("5.0.0", "", Cause.UNCLEAR),
    ],
)
def test_what_is_no_death_is_never_permanent(status: str, said: str, cause: Cause) -> None:
    found = diagnose(status=status, said=said)

    assert (found.cause, found.permanent) == (cause, False)


def test_reply_of_class_four_is_not_permanent_whatever_it_says() -> None:
    assert not diagnose(status="5.1.1", said="450 4.1.1 user unknown").permanent


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("550 no such user", "5.1.1"),
        ("452 mailbox full", "4.2.2"),
        ("connection timed out", "4.4.7"),
        ("", None),
    ],
)
def test_status_that_nobody_gave_is_made_of_the_cause(said: str, status: str | None) -> None:
    assert diagnose(status="", said=said).status == status


def test_names_of_hosts_and_people_are_no_reasons() -> None:
    said = "host mail.spam-filter.example[192.0.2.1] said: 550 <quota@full.example>: see https://blocked.test/full"

    assert diagnose(status="5.0.0", said=said).cause is Cause.UNCLEAR


def test_every_section_of_the_book_is_a_cause() -> None:
    names = {cause.name.lower() for cause in Cause}

    assert {cause for cause, _ in diagnosis._SAYINGS} <= set(Cause)
    assert names >= {cause.name.lower() for cause, _ in diagnosis._SAYINGS}


def test_phrasebook_names_the_line_that_is_no_pattern(tmp_path: object) -> None:
    from pathlib import Path

    book = Path(str(tmp_path)) / "book.txt"
    book.write_text("[a]\nfine\n\n[b]\n(open\n")

    with pytest.raises(ValueError, match=re.escape("book.txt, line 5: ")):
        wording.read(book)


def test_phrasebook_takes_a_shared_section_by_its_name(tmp_path: object) -> None:
    from pathlib import Path

    book = Path(str(tmp_path)) / "book.txt"
    book.write_text("[=who]\nuser\nmailbox\n\n# a comment\n[gone]\nno such <<who>>\n")
    read = wording.read(book)

    assert list(read) == ["gone"]
    assert read["gone"].search("550 No such mailbox") is not None
