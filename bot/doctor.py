"""Looks at everything the desk needs to run, and says what is amiss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot import app, fence, reviews, storage
from bot.clock import ContestClock
from bot.inbox import mailbox
from bot.settings import DEVELOPMENT_SECRET, Settings
from bot.tables import Staff
from faq import library, lint, render
from faq.contest import Language
from intents import encoder, risk
from mailer import words
from mailer.tables import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was looked at."""

    check: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Checked]:
    """Run every check; one that fails does not keep the others from running."""
    now = ContestClock.starting_at(settings.clock_start).now()
    checks: dict[str, Callable[[], str]] = {
        "settings": lambda: _settings(settings),
        "database": lambda: _database(settings),
        "installation": lambda: _installation(settings),
        "relay": lambda: app.relay(settings).doctor(),
        "inbox": lambda: _inbox(settings),
        "slack": lambda: _slack(settings),
        "templates": _templates,
        "facts": lambda: _facts(settings),
        "encoders": lambda: _encoders(settings),
        "risk": lambda: _risk(settings),
        "clock": lambda: _clock(settings, now),
    }
    return list(_each(checks))


def _each(checks: dict[str, Callable[[], str]]) -> Iterator[Checked]:
    for name, check in checks.items():
        try:
            yield Checked(check=name, ok=True, detail=check())
        except Exception as error:  # whatever is wrong with one, the others are looked at
            lines = str(error).splitlines() or [type(error).__name__]
            yield Checked(check=name, ok=False, detail=lines[0])


def _settings(settings: Settings) -> str:
    secret = settings.secret_key.get_secret_value() == DEVELOPMENT_SECRET
    told = [settings.environment, f"contest address {settings.contest_address}"]
    if secret:
        told.append("the development secret (production refuses it)")
    if not settings.staff_address:
        told.append("no STAFF_ADDRESS: nobody is told what waits")
    return ", ".join(told)


def _database(settings: Settings) -> str:
    url = make_url(settings.store)
    # Opening a SQLite file that is not there makes one; a look must not.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise storage.StorageError(f"{url.database} does not exist yet: contestdesk db upgrade")
    store = storage.open_storage(settings.store)
    try:
        if not storage.is_current(store):
            raise storage.StorageError("the tables are not at the newest revision: contestdesk db upgrade")
        with store.read() as session:
            staff = session.scalar(select(func.count(Staff.id)).where(Staff.removed_at.is_(None)))
        return f"{store.dialect}, newest revision, {staff} staff"
    finally:
        store.close()


def _installation(settings: Settings) -> str:
    url = make_url(settings.store)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return "not started yet"
    store = storage.open_storage(settings.store)
    try:
        with store.read() as session:
            doubt = fence.doubt(session, fence.read(settings.data_dir / fence.FILE))
            row = session.get(Installation, 1)
    finally:
        store.close()
    if doubt:
        raise fence.Fenced(doubt)
    return f"this one may send (epoch {row.epoch})" if row else "not started yet"


def _inbox(settings: Settings) -> str:
    opened = (("SMTP", settings.smtp_listen), ("LMTP", settings.lmtp_listen))
    told = [f"{name} on {listen}" for name, listen in opened if listen is not None]
    watched = settings.watched
    if watched is not None:
        told.append(f"IMAP {mailbox.doctor(watched.account, watched.folders, watched.after)}")
    return "; ".join(told) or "shut: no mail comes in"


def _slack(settings: Settings) -> str:
    if not settings.uses_slack:
        return "not used: no SLACK_BOT_TOKEN"
    from bot.slack import manifest, side  # noqa: PLC0415  slow to load

    return side.doctor(settings, manifest.scopes())


def _templates() -> str:
    for family in words.NEEDS:
        for language in Language:
            words.load(family, language)
    return f"{len(words.NEEDS)} families in {len(Language)} languages"


def _facts(settings: Settings) -> str:
    findings = lint.check(library.load(settings.contest_dir))
    errors = [finding for finding in findings if finding.level is lint.Level.ERROR]
    if errors:
        raise library.LibraryError(f"{len(errors)} errors, first {errors[0].where}: {errors[0].what}")
    return f"no errors, {len(findings)} notices (contestdesk faq check)"


def _encoders(settings: Settings) -> str:
    found = encoder.available(settings.encoders)
    if not found:
        return "none: only near-verbatim questions are answered; install the extra `semantic`"
    return ", ".join(one.id for one in found)


def _risk(settings: Settings) -> str:
    return risk.told(risk.standing(_judged(settings), target=settings.risk_target))


def _judged(settings: Settings) -> list[bool]:
    try:
        url = make_url(settings.store)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return []
        store = storage.open_storage(settings.store)
    except (ArgumentError, storage.StorageError):
        return []  # the check of the database says so
    try:
        with store.read() as session:
            return [one.right for one in reviews.reviewed(session)]
    except SQLAlchemyError:
        return []  # as above
    finally:
        store.close()


def _clock(settings: Settings, now: datetime) -> str:
    shown = render.clock_text(now, Language.EN)
    return f"{shown} (simulated)" if settings.clock_start else shown
