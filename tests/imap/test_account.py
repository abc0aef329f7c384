"""Which mailbox is watched: what the settings say, and all that may be wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot import settings
from bot.inbox import account
from bot.inbox.account import After, Secret, SecretError, Transport
from bot.settings import SettingsError

URL = "imaps://contest%40example.org:p%40ss@imap.example.org"
Set = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    """given(NAME="value"): the only settings of the environment; no .env around."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CONTESTDESK_")]:
        monkeypatch.delenv(name)

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"CONTESTDESK_{name}", value)

    return put


def faults() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.read()
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (URL, (Transport.TLS, "imap.example.org", 993, "contest@example.org", "p@ss")),
        ("imaps://a@example.org:x@[::1]:994", (Transport.TLS, "::1", 994, "a@example.org", "x")),
        ("imap+starttls://a:x@mail.test", (Transport.STARTTLS, "mail.test", 143, "a", "x")),
        ("imap://a:x@127.0.0.1:1143", (Transport.CLEAR, "127.0.0.1", 1143, "a", "x")),
        ("imap://a:x@localhost", (Transport.CLEAR, "localhost", 143, "a", "x")),
    ],
)
def test_url_is_taken_apart(url: str, found: tuple[object, ...]) -> None:
    read = account.read_url(url)

    assert (read.transport, read.host, read.port, read.user, read.password) == found


@pytest.mark.parametrize(
    "url",
    [
        "imap.example.org",
        "https://a:x@imap.example.org",
        "imaps://imap.example.org",
        "imaps://a:x@imap.example.org/INBOX",
        "imaps://a:x@imap.example.org:port",
        "imaps://a:x@[::1",
    ],
)
def test_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"write imaps:// or imap\+starttls://user:password@host:port"):
        account.read_url(url)


def test_password_is_not_sent_in_the_clear_through_a_network() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        account.read_url("imap://a:x@imap.example.org")


def test_password_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("one\n")
    mailbox = account.read_url("imaps://a@imap.example.org", password_file=file)
    before = mailbox.secret()
    file.write_text("two\n")

    assert (before, mailbox.secret()) == (
        Secret(text="one", is_token=False),
        Secret(text="two", is_token=False),
    )


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SecretError, match=str(file)):
        account.read_url("imaps://a@imap.example.org", token_file=file).secret()


def test_secrets_are_hidden_in_repr() -> None:
    read = account.read_url("imaps://a:hush@imap.example.org")

    assert "hush" not in repr(read) + repr(read.secret())


def test_settings_without_a_mailbox_watch_none(given: Set) -> None:
    given()

    assert settings.read().watched is None


def test_settings_of_a_mailbox_are_read(given: Set, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token")
    given(
        IMAP_URL="imaps://contest@imap.example.org",
        IMAP_TOKEN_FILE="token",
        IMAP_FOLDERS="INBOX, 스팸함,INBOX",
        IMAP_AFTER="move:처리됨",
        IMAP_START="2020-11-01",
        CONTEST_ADDRESS="contest@example.org",
        SIZE_LIMIT_MB="2",
    )
    watched = settings.read().watched

    assert watched is not None
    assert (watched.folders, watched.after, watched.start, watched.address, watched.size_limit_bytes) == (
        ("INBOX", "스팸함"),
        After(move_to="처리됨"),
        date(2020, 11, 1),
        "contest@example.org",
        2 * 1024 * 1024,
    )
    assert watched.account.secret() == Secret(text="a token", is_token=True)


def test_all_faults_of_a_mailbox_are_reported_at_once(given: Set) -> None:
    given(
        IMAP_URL="imap://imap.example.org",
        IMAP_PASSWORD_FILE="nowhere",
        IMAP_TOKEN_FILE="nowhere",
        IMAP_FOLDERS=" , ",
        IMAP_AFTER="delete",
        IMAP_START="yesterday",
    )

    assert [line.partition(":")[0].removeprefix("CONTESTDESK_") for line in faults()] == [
        "IMAP_URL",
        "IMAP_PASSWORD_FILE",
        "IMAP_TOKEN_FILE",
        "IMAP_FOLDERS",
        "IMAP_AFTER",
        "IMAP_START",
        "IMAP_URL",
    ]


def test_mailbox_needs_one_secret(given: Set) -> None:
    given(IMAP_URL="imaps://a@imap.example.org")

    assert faults() == [
        "CONTESTDESK_IMAP_URL: one password or token, please: in the URL, "
        "CONTESTDESK_IMAP_PASSWORD_FILE or CONTESTDESK_IMAP_TOKEN_FILE"
    ]


def test_secret_needs_a_mailbox(given: Set, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    given(IMAP_PASSWORD_FILE="password")

    assert faults() == ["CONTESTDESK_IMAP_URL: CONTESTDESK_IMAP_PASSWORD_FILE needs it"]


def test_mails_are_not_moved_into_a_watched_folder(given: Set) -> None:
    given(IMAP_URL=URL, IMAP_FOLDERS="INBOX,Done", IMAP_AFTER="move:Done")

    assert faults() == ["CONTESTDESK_IMAP_AFTER: Done is watched itself; move to another folder"]


def test_production_may_take_mail_by_a_mailbox_alone(given: Set) -> None:
    given(
        ENVIRONMENT="production",
        DATABASE_URL="postgresql://desk@db.example.org/desk",
        SMTP_RELAY_URL="smtp://relay.example.org:25",
        SECRET_KEY="long and random",
        CONTEST_ADDRESS="contest@example.org",
        MAIL_DOMAIN="example.org",
        SMTP_LISTEN="",
        IMAP_URL=URL,
    )

    assert settings.read().watched is not None


def test_password_in_the_url_is_hidden_in_repr(given: Set) -> None:
    given(IMAP_URL=URL)

    assert "p%40ss" not in repr(settings.read())
