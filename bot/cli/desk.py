"""What commands need of the desk: settings, storage, the library with its engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.storage import Storage
    from bot.understanding import Progress, Understanding


def read_settings() -> Settings:
    """The settings, with the logs set up as they say."""
    from bot import logs, settings

    read = settings.read()
    logs.configure(read.log_format)
    return read


@contextmanager
def opened(settings: Settings) -> Iterator[Storage]:
    """The database, brought to the newest revision, closed afterwards."""
    from bot import storage

    found = storage.open_storage(settings.store)
    try:
        storage.upgrade(found)
        yield found
    finally:
        found.close()


@contextmanager
def understanding(
    settings: Settings, *, database: bool, tell_progress: bool = False
) -> Iterator[Understanding]:
    """The library and its engine; with ``database``, the approved changes laid over the files."""
    from bot.understanding import Understanding

    def built(store: Storage | None) -> Understanding:
        return Understanding(
            folder=settings.contest_dir,
            encoders=settings.encoders,
            default_mode=settings.default_mode,
            risk_target=settings.risk_target,
            cache=settings.cache_dir,
            sessions=store.read if store else None,
            progress=progress("reading phrasings", always=tell_progress),
        )

    if not database:
        yield built(None)
        return
    with opened(settings) as store:
        yield built(store)


def progress(what: str, *, always: bool = False) -> Progress | None:
    """A progress line on a terminal; elsewhere nothing, or with ``always`` a line each tenth."""
    if sys.stderr.isatty():
        return lambda done, total: print(
            f"\r{what}: {done}/{total}", end="\n" if done >= total else "", file=sys.stderr, flush=True
        )
    if not always:
        return None
    told = -1

    def show(done: int, total: int) -> None:
        nonlocal told
        tenth = done * 10 // max(total, 1)
        if tenth != told:
            told = tenth
            print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)

    return show


def instant(text: str | None) -> datetime:
    """The instant that ``--now`` gives, the real one without; no zone means Korean time.

    Raises:
        typer.BadParameter: not an ISO 8601 date or instant.
    """
    from bot.clock import real_now
    from faq.contest import SEOUL

    if text is None:
        return real_now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an ISO instant such as 2020-11-20T10:00+09:00", param_hint="--now"
        ) from error
    return given if given.tzinfo else given.replace(tzinfo=SEOUL)
