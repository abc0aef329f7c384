"""The environment, read once; every fault is reported together, by variable name."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

import faq.library
from bot.inbox import account
from bot.inbox.account import After, Start, Watched
from faq.entry import Mode

PREFIX = "CONTESTDESK_"
#: Signs addresses outside production only; production refuses to start with it.
DEVELOPMENT_SECRET = "not-a-secret"
#: In the folder where the command runs.
DOTENV = ".env"


class SettingsError(Exception):
    """The settings cannot be used; one line a fault."""


class Listen(str):
    """host:port to listen on; port 0 takes a free one, printed at start."""

    __slots__ = ()

    @property
    def host(self) -> str:
        """Name or address, without brackets."""
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """0 to 65535."""
        return int(self.rpartition(":")[2])


def _listen(value: Any) -> Listen | None:
    if value in (None, ""):
        return None
    host, _, port = str(value).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"write host:port, such as 127.0.0.1:2525, not {value!r}")
    return Listen(value)


class FileSource(PydanticBaseSettingsSource):
    """``CONTESTDESK_NAME_FILE`` names a file that holds the value of NAME (a mounted secret)."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the file, without its last line break; None where there is none to read."""
        path = _environment().get(f"{PREFIX}{field_name.upper()}_FILE")
        try:
            return (_content(Path(path)) if path else None, field_name, False)
        except (OSError, UnicodeDecodeError):
            return (None, field_name, False)  # told with all other faults by _unreadable

    def __call__(self) -> dict[str, Any]:
        """All values that come from files."""
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


class Settings(BaseSettings):
    """Everything an operator decides; ``.env.example`` explains each variable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=DOTENV,
        env_file_encoding="utf-8",
        frozen=True,
        # What a .env holds for other programs is not our fault; _unknown names what should be ours.
        extra="ignore",
        arbitrary_types_allowed=True,
    )

    environment: Literal["development", "production"] = "development"
    contest_dir: Path = faq.library.PACKAGED
    data_dir: Path = Path("var")
    # Beside the installation: `make setup` fills it once, whoever runs the command from wherever.
    cache_dir: Path = Path(sys.prefix) / "var" / "contestdesk"
    database_url: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    contest_address: str = "contest@contest.test"
    mail_domain: str = "contest.test"
    staff_address: str = ""
    authserv_id: str = ""
    smtp_listen: Annotated[Listen | None, NoDecode] = Listen("127.0.0.1:2525")
    lmtp_listen: Annotated[Listen | None, NoDecode] = None
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    smtp_auth_user: str = ""
    smtp_auth_password: SecretStr = SecretStr("")
    imap_url: SecretStr = SecretStr("")
    # Paths, not values: a password or token that others renew is read anew at each log-in.
    imap_password_file: Path | None = None
    imap_token_file: Path | None = None
    imap_folders: Annotated[tuple[str, ...], NoDecode, BeforeValidator(account.read_folders)] = ("INBOX",)
    imap_after: Annotated[After, NoDecode, BeforeValidator(account.read_after)] = After(seen=True)
    imap_start: Annotated[Start, NoDecode, BeforeValidator(account.read_start)] = "now"
    http_listen: Annotated[Listen | None, NoDecode] = Listen("127.0.0.1:8025")
    smtp_relay_url: SecretStr = SecretStr("")
    senders: int = Field(default=4, ge=1, le=64)
    mail_allow_list: Annotated[tuple[str, ...], NoDecode] = ()
    #: Where our pages are seen from outside; empty for nowhere.
    public_url: str = ""
    audience_limit: int = Field(default=2000, ge=1)
    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_http: bool = False
    slack_triage_channel: str = ""
    slack_help_channel: Annotated[tuple[str, ...], NoDecode] = ()
    #: Role → id of a user group.
    slack_staff_groups: Annotated[Mapping[str, str], NoDecode] = Field(default_factory=dict)
    slack_api_url: str = ""
    size_limit_mb: int = Field(default=25, ge=1, le=100)
    encoders: str = "auto"
    default_mode: Mode = Mode.AUTO
    #: Share of wrong that staff allow among what is sent by itself.
    risk_target: float = Field(default=0.02, ge=0.001, le=0.5)
    #: Base address of an OpenAI-compatible endpoint that is asked for a second opinion; empty for none.
    judge_url: str = ""
    judge_model: str = ""
    judge_key: SecretStr = SecretStr("")
    clock_start: datetime | None = None
    log_format: Literal["console", "json"] = "console"

    @field_validator(
        *("contest_dir", "cache_dir", "clock_start", "smtp_tls_cert", "smtp_tls_key"),
        *("imap_password_file", "imap_token_file"),
        mode="before",
    )
    @classmethod
    def _default_when_empty(cls, value: Any, info: ValidationInfo) -> Any:
        # As .env.example shows them; an empty path would be the folder where the command runs.
        return cls.model_fields[info.field_name or ""].default if value == "" else value

    @field_validator("smtp_listen", "lmtp_listen", "http_listen", mode="before")
    @classmethod
    def _read_listen(cls, value: Any) -> Listen | None:
        return _listen(value)

    @field_validator("lmtp_listen")
    @classmethod
    def _is_not_port_25(cls, value: Listen | None) -> Listen | None:
        # RFC 2033 §5: who comes there expects SMTP.
        if value is not None and value.port == 25:
            raise ValueError("LMTP must not be spoken on port 25; choose another, such as 127.0.0.1:2424")
        return value

    @field_validator("imap_url")
    @classmethod
    def _read_mailbox(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            account.read_url(value.get_secret_value())
        return value

    @field_validator("imap_password_file", "imap_token_file")
    @classmethod
    def _is_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no such file: {value}")
        return value

    @field_validator("mail_allow_list", mode="before")
    @classmethod
    def _read_list(cls, value: Any) -> tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(item.strip().lower() for item in items if item.strip())

    @field_validator("contest_address", "staff_address")
    @classmethod
    def _read_address(cls, value: str) -> str:
        local, at, domain = value.partition("@")
        if value and (not local or not at or not domain or any(c.isspace() for c in value)):
            raise ValueError(f"write one address, such as contest@example.org, not {value!r}")
        return value.lower()

    @field_validator("public_url")
    @classmethod
    def _is_a_page(cls, value: str) -> str:
        parsed = urlsplit(value)
        if value and (parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.query):
            raise ValueError(f"write an address such as https://desk.example.org, not {value!r}")
        # One-click links must be HTTPS (RFC 8058 §3.1); plain HTTP is for a look on this machine.
        if parsed.scheme == "http" and parsed.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("write https://, which links in mails need")
        return value.rstrip("/")

    @field_validator("slack_help_channel", mode="before")
    @classmethod
    def _read_channels(cls, value: Any) -> tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(item.strip() for item in items if item.strip())

    @field_validator("slack_staff_groups", mode="before")
    @classmethod
    def _read_groups(cls, value: Any) -> Mapping[str, str]:
        if not isinstance(value, str):
            return dict(value)
        pairs = [item.partition("=") for item in value.split(",") if item.strip()]
        groups = {role.strip(): group.strip() for role, _, group in pairs}
        if any(role not in ("triage", "approver", "admin") or not group for role, group in groups.items()):
            raise ValueError(f"write role=GROUP, such as triage=S01,approver=S02,admin=S03, not {value!r}")
        return groups

    @field_validator("judge_url")
    @classmethod
    def _is_an_endpoint(cls, value: str) -> str:
        parsed = urlsplit(value)
        if value and (parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.query):
            raise ValueError(f"write a base address such as http://127.0.0.1:8000/v1, not {value!r}")
        return value.rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_api(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError(f"write an address such as http://127.0.0.1:8765/api/, not {value!r}")
        return f"{value.rstrip('/')}/" if value else ""

    @field_validator("authserv_id")
    @classmethod
    def _is_one_name(cls, value: str) -> str:
        if value and (any(c.isspace() or c in ';=()"' for c in value)):
            raise ValueError(f"write one server name, such as mx.example.org, not {value!r}")
        return value

    @field_validator("clock_start")
    @classmethod
    def _is_aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("write the zone too, such as 2020-11-20T10:00:00+09:00")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _report_together(cls, given: Any, build: ModelWrapValidatorHandler[Settings]) -> Settings:
        faults = [*_unfit(given), *_lonely(given), *account.unfit(given, PREFIX)]
        try:
            settings = build(given)
        except ValidationError as error:
            faults = [_line(fault["loc"], fault["msg"]) for fault in error.errors()] + faults
        if faults:
            raise SettingsError("\n".join(faults))
        return settings

    @property
    def store(self) -> str:
        """The database URL; without one, a SQLite file in the data folder."""
        url = self.database_url.get_secret_value()
        return url or f"sqlite:///{(self.data_dir / 'contestdesk.db').as_posix()}"

    @property
    def watched(self) -> Watched | None:
        """The mailbox to watch; None where there is none."""
        if not self.imap_url.get_secret_value():
            return None
        files = {"password_file": self.imap_password_file, "token_file": self.imap_token_file}
        return Watched(
            account=account.read_url(self.imap_url.get_secret_value(), **files),
            folders=self.imap_folders,
            after=self.imap_after,
            start=self.imap_start,
            address=self.contest_address,
            size_limit_bytes=self.size_limit_mb * 1024 * 1024,
        )

    @property
    def uses_slack(self) -> bool:
        """True when there is a workspace to talk to."""
        return bool(self.slack_bot_token.get_secret_value())

    @property
    def is_production(self) -> bool:
        """True when mail may go to anybody."""
        return self.environment == "production"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, that over NAME_FILE, that over ``.env``."""
        return (init_settings, env_settings, FileSource(settings_cls), dotenv_settings)


def read(**given: Any) -> Settings:
    """Read the environment; ``given`` wins over it.

    Raises:
        SettingsError: one line for each fault, by variable name, unknown variables included.
    """
    try:
        environment = _environment()
        faults = [*_unknown(environment), *_unreadable(environment)]
        settings = Settings(**given)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{DOTENV}: not UTF-8 (byte {error.start})") from error
    except SettingsError as error:
        raise SettingsError("\n".join((*faults, str(error)))) from error
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def _environment() -> dict[str, str]:
    """The variables of this process, over those of ``.env``."""
    source = DotEnvSettingsSource(
        Settings, env_file=DOTENV, env_file_encoding="utf-8", case_sensitive=True, env_ignore_empty=False
    )
    written = {name: value for name, value in source.env_vars.items() if value is not None}
    return written | dict(os.environ)


def _content(path: Path) -> str:
    return path.read_text("utf-8").rstrip("\r\n")


def _unreadable(environment: Mapping[str, str]) -> list[str]:
    faults = []
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if not environment.get(variable):
            continue
        try:
            _content(Path(environment[variable]))
        except OSError as error:
            faults.append(f"{variable}: {error.strerror}: {error.filename}")
        except UnicodeDecodeError:
            faults.append(f"{variable}: not UTF-8: {environment[variable]}")
    return faults


def _unfit(given: Mapping[str, Any]) -> list[str]:
    """What production lacks, told beside all other faults."""
    if given.get("environment") != "production":
        return []
    secret = given.get("secret_key")
    needed = {
        "DATABASE_URL": given.get("database_url"),
        "SMTP_RELAY_URL": given.get("smtp_relay_url"),
        "SECRET_KEY": secret if secret != DEVELOPMENT_SECRET else None,
        "CONTEST_ADDRESS": given.get("contest_address"),
        "MAIL_DOMAIN": given.get("mail_domain"),
        "SMTP_LISTEN": given.get("smtp_listen", "the default")
        or given.get("lmtp_listen")
        or given.get("imap_url"),
    }
    faults = [f"{PREFIX}{name}: production needs it" for name, value in needed.items() if not value]
    if given.get("slack_api_url"):
        faults.append(f"{PREFIX}SLACK_API_URL: not in production: that is slack.com")
    if given.get("clock_start"):
        faults.append(f"{PREFIX}CLOCK_START: not in production: the clock there is the real one")
    return faults


def _lonely(given: Mapping[str, Any]) -> list[str]:
    """Settings of the mail doors that say nothing without another one."""
    # A log-in in the clear could be read on the way, so it is asked for within TLS only.
    needs: tuple[tuple[str, str], ...] = (
        ("smtp_tls_key", "smtp_tls_cert"),
        ("smtp_auth_user", "smtp_auth_password"),
        ("smtp_auth_password", "smtp_auth_user"),
        ("smtp_auth_user", "smtp_tls_cert"),
        ("slack_app_token", "slack_bot_token"),
        ("slack_bot_token", "slack_triage_channel"),
        ("slack_http", "slack_signing_secret"),
        ("judge_url", "judge_model"),
        ("judge_model", "judge_url"),
        ("judge_key", "judge_url"),
        ("imap_password_file", "imap_url"),
        ("imap_token_file", "imap_url"),
    )
    over_http = str(given.get("slack_http", "")).lower() in ("1", "true", "yes", "on")
    if not over_http:
        needs += (("slack_bot_token", "slack_app_token"),)
    return [
        f"{PREFIX}{missing.upper()}: {PREFIX}{name.upper()} needs it"
        for name, missing in needs
        if given.get(name) and not given.get(missing) and (name != "slack_http" or over_http)
    ]


def _unknown(environment: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known}
    extra = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [f"{name}: no such setting; .env.example lists them all" for name in extra]


def _line(where: tuple[int | str, ...], message: str) -> str:
    name = str(where[0]) if where else "settings"
    return f"{PREFIX}{name.upper()}: {message.removeprefix('Value error, ')}"
