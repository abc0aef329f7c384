"""The provider's verdict on spam counts where our border server vouches for it, and only against the sender."""

from __future__ import annotations

import pytest

from bot.inbox import spam

OURS = "mx.contest.test"


def verdict(
    *pairs: tuple[str, str], results: tuple[str, ...] = (f"{OURS}; spf=pass",), ours: str = OURS
) -> str:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return spam.spam(found, results=results, authserv_id=ours)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-spam-flag", "YES"),
        ("x-spam-status", "Yes, score=9.1 required=5.0"),
        ("x-spam", "Yes"),
        ("x-ms-exchange-organization-scl", "6"),
        ("x-forefront-antispam-report", "CIP:192.0.2.1;SFV:SPM;CAT:SPM;"),
        ("x-rspamd-action", "add header"),
    ],
)
def test_verdict_of_the_provider_counts(name: str, value: str) -> None:
    assert verdict((name, value)) == f"{name}: {value}"[:62]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-spam-flag", "NO"),
        ("x-spam-status", "No, score=-1"),
        ("x-ms-exchange-organization-scl", "-1"),
        ("x-ms-exchange-organization-scl", "1"),
        ("x-forefront-antispam-report", "SFV:NSPM;CAT:NONE"),
        ("x-rspamd-action", "no action"),
    ],
)
def test_acquittal_is_no_spam(name: str, value: str) -> None:
    assert verdict((name, value)) == ""


def test_acquittal_that_a_spammer_adds_gains_nothing() -> None:
    said = verdict(("x-spam-flag", "NO"), ("x-spam-flag", "YES"), ("x-ms-exchange-organization-scl", "-1"))

    assert said == "x-spam-flag: YES"


@pytest.mark.parametrize(
    ("results", "authserv_id"),
    [
        ((), OURS),
        (("mx.evil.test; spf=pass",), OURS),
        (("mx.evil.test; spf=pass", f"{OURS}; spf=pass"), OURS),
        ((f"{OURS}.evil.test; spf=pass",), OURS),
        (("=?utf-8?q?mx=2Econtest=2Etest?=; spf=pass",), OURS),
        ((f"{OURS}; spf=pass",), ""),
    ],
)
def test_verdict_that_nobody_vouches_for_does_not_count(results: tuple[str, ...], authserv_id: str) -> None:
    assert verdict(("x-spam-flag", "YES"), results=results, ours=authserv_id) == ""


@pytest.mark.parametrize("named", [OURS, OURS.upper(), f'"{OURS}"', f"{OURS} 1"])
def test_server_is_known_by_its_id(named: str) -> None:
    assert verdict(("x-spam-flag", "YES"), results=(f"{named}; spf=pass",)) == "x-spam-flag: YES"
