"""The environment becomes settings, or one line for each fault."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import settings
from bot.settings import Settings, SettingsError

ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://desk@db.example.org/desk",
    "SMTP_RELAY_URL": "smtp://relay.example.org:25",
    "SECRET_KEY": "long and random",
    "CONTEST_ADDRESS": "contest@example.org",
    "MAIL_DOMAIN": "example.org",
}

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


def test_env_example_names_every_setting() -> None:
    documented = re.findall(r"^#? ?CONTESTDESK_([A-Z_]+)=", ENV_EXAMPLE.read_text("utf-8"), re.M)

    assert sorted(documented) == sorted(name.upper() for name in Settings.model_fields)


def test_env_example_shows_the_defaults(given: Set, tmp_path: Path) -> None:
    given()
    uncommented = re.sub(r"^# (?=CONTESTDESK_[A-Z_]+=)", "", ENV_EXAMPLE.read_text("utf-8"), flags=re.M)
    before = settings.read()
    (tmp_path / ".env").write_text(uncommented, "utf-8")

    assert settings.read() == before


def test_defaults_run_without_any_variable(given: Set) -> None:
    given()

    assert (settings.read().is_production, settings.read().store) == (False, "sqlite:///var/contestdesk.db")


def test_all_faults_are_reported_at_once_by_name(given: Set) -> None:
    given(SMTP_LISTEN="nowhere", SIZE_LIMIT_MB="0", ENVIRONMENT="attic", CLOCK_START="soon", COLOUR="red")
    given(SECRET_KEY_FILE="/nowhere/key", DATABASE_URL_FILE="/nowhere/url")

    assert sorted(line.partition(":")[0] for line in faults()) == [
        "CONTESTDESK_CLOCK_START",
        "CONTESTDESK_COLOUR",
        "CONTESTDESK_DATABASE_URL_FILE",
        "CONTESTDESK_ENVIRONMENT",
        "CONTESTDESK_SECRET_KEY_FILE",
        "CONTESTDESK_SIZE_LIMIT_MB",
        "CONTESTDESK_SMTP_LISTEN",
    ]


def test_unknown_variable_is_named(given: Set) -> None:
    given(SMTP_RELAY="smtp://relay.example.org")

    assert faults() == ["CONTESTDESK_SMTP_RELAY: no such setting; .env.example lists them all"]


def test_unknown_variable_in_dotenv_is_named(given: Set, tmp_path: Path) -> None:
    given()
    (tmp_path / ".env").write_text("CONTESTDESK_COLOUR=red\nOTHER_PROGRAM=1\n")

    assert faults() == ["CONTESTDESK_COLOUR: no such setting; .env.example lists them all"]


def test_secret_is_read_from_the_file_that_is_named(given: Set, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    given(SECRET_KEY_FILE=str(tmp_path / "key"))

    assert settings.read().secret_key.get_secret_value() == "from a file"


def test_secret_file_may_be_named_in_dotenv(given: Set, tmp_path: Path) -> None:
    given()
    (tmp_path / "key").write_text("from a file\n")
    (tmp_path / ".env").write_text("CONTESTDESK_SECRET_KEY_FILE=key\n")

    assert settings.read().secret_key.get_secret_value() == "from a file"


def test_environment_wins_over_dotenv(given: Set, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CONTESTDESK_MAIL_DOMAIN=a.test\nCONTESTDESK_STAFF_ADDRESS=s@a.test\n")
    given(MAIL_DOMAIN="b.test")

    assert (settings.read().mail_domain, settings.read().staff_address) == ("b.test", "s@a.test")


def test_missing_secret_file_is_reported(given: Set) -> None:
    given(SECRET_KEY_FILE="/nowhere/key")

    assert faults() == ["CONTESTDESK_SECRET_KEY_FILE: No such file or directory: /nowhere/key"]


def test_secret_file_that_is_not_utf8_is_reported(given: Set, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    given(SECRET_KEY_FILE=str(tmp_path / "key"))

    assert faults() == [f"CONTESTDESK_SECRET_KEY_FILE: not UTF-8: {tmp_path / 'key'}"]


def test_dotenv_that_is_not_utf8_is_reported(given: Set, tmp_path: Path) -> None:
    given()
    (tmp_path / ".env").write_bytes(b"CONTESTDESK_MAIL_DOMAIN=\xff.test\n")

    assert faults() == [".env: not UTF-8 (byte 24)"]


def test_secrets_are_hidden_in_repr(given: Set) -> None:
    given(
        SECRET_KEY="hush-1",
        DATABASE_URL="postgresql://desk:hush-2@db.example.org/desk",
        SMTP_RELAY_URL="smtp://desk:hush-3@relay.example.org",
    )

    assert re.findall(r"hush-\d", repr(settings.read())) == []


def test_production_runs_with_what_it_needs(given: Set) -> None:
    given(**PRODUCTION)

    assert settings.read().is_production


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "ENVIRONMENT"])
def test_production_needs(given: Set, name: str) -> None:
    given(**{key: value for key, value in PRODUCTION.items() if key != name})

    assert faults() == [f"CONTESTDESK_{name}: production needs it"]


def test_production_needs_the_listener(given: Set) -> None:
    given(**PRODUCTION, SMTP_LISTEN="")

    assert faults() == ["CONTESTDESK_SMTP_LISTEN: production needs it"]


def test_production_refuses_the_development_secret(given: Set) -> None:
    given(**{**PRODUCTION, "SECRET_KEY": settings.DEVELOPMENT_SECRET})

    assert faults() == ["CONTESTDESK_SECRET_KEY: production needs it"]


def test_production_refuses_a_moved_clock(given: Set) -> None:
    given(**PRODUCTION, CLOCK_START="2020-11-20T10:00:00+09:00")

    assert faults() == ["CONTESTDESK_CLOCK_START: not in production: the clock there is the real one"]


def test_production_faults_stand_beside_the_others(given: Set) -> None:
    given(**{**PRODUCTION, "MAIL_DOMAIN": ""}, SIZE_LIMIT_MB="0")

    assert [line.partition(":")[0] for line in faults()] == [
        "CONTESTDESK_SIZE_LIMIT_MB",
        "CONTESTDESK_MAIL_DOMAIN",
    ]


def test_naive_clock_start_is_refused(given: Set) -> None:
    given(CLOCK_START="2020-11-20T10:00:00")

    assert faults() == ["CONTESTDESK_CLOCK_START: write the zone too, such as 2020-11-20T10:00:00+09:00"]


@pytest.mark.parametrize("address", ["desk", "@example.org", "desk@", "desk @example.org"])
def test_contest_address_must_be_one(given: Set, address: str) -> None:
    given(CONTEST_ADDRESS=address)

    assert faults() == [
        f"CONTESTDESK_CONTEST_ADDRESS: write one address, such as contest@example.org, not {address!r}"
    ]


def test_listen_reads_host_and_port(given: Set) -> None:
    given(SMTP_LISTEN="[::1]:2525", HTTP_LISTEN="")
    read = settings.read()

    assert read.smtp_listen is not None
    assert (read.smtp_listen.host, read.smtp_listen.port, read.http_listen) == ("::1", 2525, None)


def test_allow_list_is_read_by_commas(given: Set) -> None:
    given(MAIL_ALLOW_LIST="Lab@example.org, @Contest.test,")

    assert settings.read().mail_allow_list == ("lab@example.org", "@contest.test")


def test_lmtp_on_port_25_is_refused(given: Set) -> None:
    given(LMTP_LISTEN="0.0.0.0:25")

    assert [line.partition(":")[0] for line in faults()] == ["CONTESTDESK_LMTP_LISTEN"]


def test_log_in_needs_password_and_certificate(given: Set) -> None:
    given(SMTP_AUTH_USER="forwarder", SMTP_TLS_KEY="key.pem")

    assert faults() == [
        "CONTESTDESK_SMTP_TLS_CERT: CONTESTDESK_SMTP_TLS_KEY needs it",
        "CONTESTDESK_SMTP_AUTH_PASSWORD: CONTESTDESK_SMTP_AUTH_USER needs it",
        "CONTESTDESK_SMTP_TLS_CERT: CONTESTDESK_SMTP_AUTH_USER needs it",
    ]


def test_password_of_the_log_in_may_come_from_a_file_and_is_hidden(given: Set, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("a word\n")
    given(
        SMTP_AUTH_USER="forwarder", SMTP_AUTH_PASSWORD_FILE=str(tmp_path / "word"), SMTP_TLS_CERT="door.pem"
    )
    read = settings.read()

    assert read.smtp_auth_password.get_secret_value() == "a word"
    assert "a word" not in repr(read)


def test_production_may_take_mail_by_lmtp_alone(given: Set) -> None:
    given(**PRODUCTION, SMTP_LISTEN="", LMTP_LISTEN="127.0.0.1:2424")

    assert settings.read().lmtp_listen == "127.0.0.1:2424"
