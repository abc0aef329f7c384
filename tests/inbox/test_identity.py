"""Whose From it is: 73 mails as servers write them, and forged ones (check 18)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.inbox import identity
from bot.inbox.identity import Level
from bot.inbox.parse import parse

OURS = "mx.contest.test"
SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "inbox" / "authentication.jsonl")
    .read_text("utf-8")
    .splitlines()
]


def mail(*fields: str, sender: str | None = "lab@example.org") -> bytes:
    """A mail that carries these Authentication-Results, the topmost first."""
    lines = [f"Authentication-Results: {field}" for field in fields]
    lines += [f"From: {sender}"] if sender else []
    lines += ["Subject: x", "", "x", ""]
    return "\r\n".join(lines).encode()


def proof(*fields: str, sender: str | None = "lab@example.org", authserv_id: str = OURS) -> identity.Proof:
    return identity.of(parse(mail(*fields, sender=sender)), authserv_id=authserv_id)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"])
def test_field_gives_its_level(sample: dict[str, Any]) -> None:
    found = proof(*sample["fields"], sender=sample["from"])

    assert found.level.value == sample["level"], found.reason


def test_check_18_no_result_proves_nothing() -> None:
    assert proof() == identity.Proof(level=Level.UNPROVEN, reason="no Authentication-Results in the mail")


def test_check_18_dmarc_fail_refutes() -> None:
    found = proof(f"{OURS}; dkim=pass header.d=example.org; dmarc=fail header.from=example.org")

    assert (found.level, found.reason) == (Level.REFUTED, "dmarc=fail for example.org")


def test_check_18_forged_field_of_another_server_proves_nothing() -> None:
    field = "mx.example.net; dmarc=pass header.from=example.org"
    trusted = proof(field, authserv_id="mx.example.net")

    assert (proof(field).level, trusted.level) == (Level.UNPROVEN, Level.PROVEN)


def test_without_a_setting_nobody_is_trusted() -> None:
    found = proof(f"{OURS}; dmarc=pass header.from=example.org", authserv_id="")

    assert (found.level, found.reason) == (
        Level.UNPROVEN,
        "no AUTHSERV_ID is set, so no server's word counts",
    )


@pytest.mark.parametrize("sender", [None, "a@example.org, b@example.org", "not an address"])
def test_without_one_from_nothing_is_proven(sender: str | None) -> None:
    assert proof(f"{OURS}; dmarc=pass header.from=example.org", sender=sender).level is Level.UNPROVEN


def test_reason_says_what_was_found() -> None:
    field = f"{OURS}; spf=softfail smtp.mailfrom=example.org; dkim=none; x-spam=yes"

    assert proof(field).reason == "nothing proves example.org: spf=softfail, dkim=none"


def test_reason_repeats_no_words_of_the_mail() -> None:
    field = f'{OURS}; spf=fail (proven by staff) reason="proven" smtp.mailfrom=proven.example.net'

    assert "proven" not in proof(field).reason.replace("nothing proves example.org", "")


@pytest.mark.parametrize(
    "field",
    [
        "(" * 30_000,
        '"' * 30_001,
        f"{OURS}; " + "a.b=c " * 10_000,
        f"{OURS}; " + "; " * 30_000,
        f"{OURS}; dkim=pass " + "a" * 60_000,
        f"{OURS}; dkim=pass " + "\t " * 30_000 + "x",
        f"{OURS}; dkim=pass header.d=" + "a." * 30_000,
        f"{OURS} " + "1" * 60_000,
        "\\" * 60_000,
    ],
    ids=lambda field: field[:40],
)
def test_hostile_field_is_read_at_once(field: str) -> None:
    inbound = parse(mail(field))
    began = time.process_time()
    found = identity.of(inbound, authserv_id=OURS)

    assert found.level is Level.UNPROVEN
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("level", "may"), [(Level.PROVEN, True), (Level.UNPROVEN, False), (Level.REFUTED, False), (None, False)]
)
def test_only_the_proven_hear_what_is_personal(level: Level | None, may: bool) -> None:
    assert identity.may_hear_personal(level) is may


def test_conversation_is_as_sure_as_its_least_sure_mail() -> None:
    p, u, r = Level.PROVEN, Level.UNPROVEN, Level.REFUTED

    assert [identity.weakest(levels) for levels in ((), (None,), (p, None), (p, u, p), (u, r), (p, p))] == [
        None,
        None,
        p,
        u,
        r,
        p,
    ]
