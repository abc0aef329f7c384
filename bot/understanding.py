"""The library as it is now, files and approved changes, and the engine that reads it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import intents.decide
import intents.encoder
from bot import datasets
from bot.storage import Sessions
from bot.tables import Overlay
from faq import library
from faq.contest import Language, Statement
from faq.entry import Asks, Entry, Mode, Text, Unknown
from faq.library import Library
from intents.engine import Engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]


def overlaid(base: Library, session: Session) -> Library:
    """Lay all approved changes of the database over the files, oldest first."""
    rows = session.scalars(select(Overlay).order_by(Overlay.id)).all()
    return library.overlay(base, [change(row, base) for row in rows]) if rows else base


def version(session: Session) -> int:
    """Number of the newest approved change; 0 when there is none."""
    return session.scalar(select(func.max(Overlay.id))) or 0


def change(row: Overlay, base: Library) -> library.Change:
    """Read one row back into the change it stands for; ``base`` are the files.

    Raises:
        library.LibraryError: the row is of a kind that this code does not know, or lacks something.
    """
    try:
        return _change(row, base)
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # JSON of any shape
        told = f"overlay row {row.id}: {row.kind} {row.subject!r} cannot be read"
        raise library.LibraryError(f"{told}: {type(error).__name__}: {error}") from error


def _change(row: Overlay, base: Library) -> library.Change:
    content, subject = row.content, row.subject
    match row.kind:
        case "fact":
            statements = tuple(_statement(given) for given in content["statements"])
            remark = _by_language(content["remark"]) if content.get("remark") else None
            return library.FactChange(
                fact=subject,
                statements=statements,
                version=row.id,
                remark=remark,
                added=content.get("added") is True,
                unit=content.get("unit"),
            )
        case "milestone":
            moved = dataclasses.replace(
                base.contest.milestones[subject],
                starts_on=date.fromisoformat(content["starts_on"]),
                ends_on=date.fromisoformat(content["ends_on"]),
                at=time.fromisoformat(content["at"]) if content.get("at") else None,
                # Days were settled: vague words that stood for them would hide the news.
                approximate=_by_language(content["approximate"]) if content.get("approximate") else None,
            )
            return library.MilestoneChange(milestone=moved, version=row.id)
        case "entry":
            entry = _entry(subject, content, row.id)
            return library.EntryChange(entry=entry, version=row.id, settles=content.get("settles"))
        case "phrasings":
            return library.PhrasingsAdded(
                topic=subject,
                language=Language(content["language"]),
                phrasings=tuple(content["phrasings"]),
                version=row.id,
            )
        case "unknown":
            return library.UnknownChange(unknown=_unknown(subject, content, row.id), version=row.id)
        case "mode":
            return library.ModeChange(topic=subject, mode=Mode(content["mode"]), version=row.id)
        case "precedent":
            judged = datasets.precedent(
                subject, content["verdict"], content["reason"], content["dataset"], row.id
            )
            replaces = tuple(content.get("replaces", ()))
            return library.PrecedentChange(precedent=judged, version=row.id, replaces=replaces)
        case kind:
            raise library.LibraryError(f"overlay row {row.id}: unknown kind {kind!r}")


def _statement(given: dict[str, Any]) -> Statement:
    # JSON has no days; a day is told with its weekday, words are told as they stand.
    value = date.fromisoformat(given["day"]) if "day" in given else given["value"]
    return Statement(value=value, source=given["source"])


def _by_language(given: dict[str, str]) -> dict[Language, str]:
    return {Language(name): words for name, words in given.items()}


def _entry(topic: str, content: dict[str, Any], number: int) -> Entry:
    texts = {
        language: Text(
            phrasings=tuple(content[language]["phrasings"]),
            answer=content[language]["answer"],
            condition=content[language].get("condition", ""),
            next=content[language].get("next", ""),
        )
        for language in Language
    }
    return Entry(
        id=topic,
        title=_by_language(content["title"]),
        source=tuple(content["source"]),
        asks=tuple(Asks(name) for name in content.get("asks", ())),
        texts=texts,
        version=number,
        personal=content.get("personal") is True,
    )


def _unknown(name: str, content: dict[str, Any], number: int) -> Unknown:
    return Unknown(
        id=name,
        title=_by_language(content["title"]),
        near=tuple(content["near"]),
        asks=Asks(content["asks"]),
        phrasings={language: tuple(content[language]) for language in Language},
        version=number,
        personal=content.get("personal") is True,
    )


class Remembering:
    """An encoder that reads no text twice: for the same questions asked of two libraries.

    It keeps every vector (a few KB each) for as long as it lives, so it is nothing for a process that
    runs on.
    """

    def __init__(self, encoder: intents.encoder.Encoder) -> None:
        self.id = encoder.id
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm, one row a text, in order."""
        import numpy as np  # noqa: PLC0415  slow to load

        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing or not texts:
            encoded = self._encoder.encode(missing)
            if not texts:
                return encoded
            self._known.update(zip(missing, encoded, strict=True))
        return np.vstack([self._known[text] for text in texts])


class Understanding:
    """One library and one engine for everybody in this process; reloads when the version moves."""

    def __init__(
        self,
        *,
        folder: Path,
        encoders: str,
        default_mode: Mode,
        cache: Path,
        sessions: Sessions | None,
        progress: Progress | None = None,
        remember: bool = False,
        risk_target: float = intents.decide.RISK_TARGET,
    ) -> None:
        """With ``remember`` no text is encoded twice (see Remembering)."""
        self._base = library.load(folder)
        self._encoders: Sequence[intents.encoder.Encoder] = intents.encoder.available(encoders)
        if remember:
            self._encoders = tuple(Remembering(one) for one in self._encoders)
        self._default_mode = default_mode
        self._risk_target = risk_target
        self._cache = cache
        self._sessions = sessions
        self._lock = threading.Lock()
        #: Version of the newest change that could not be read; 0 for none.
        self._unusable = 0
        # The files' own fit comes first: from it a change costs a fraction of a second, not a new fit,
        # and every process that knows the same changes reckons them from the same ground.
        self._near: Engine | None = None
        self._near = self._engine(self._base, progress)
        self._current = self._built(progress)

    def current(self) -> tuple[Library, Engine]:
        """The library and the engine of the newest approved change.

        A change that cannot be read is logged once, and what was understood before stays: no fault
        of the library may keep mails from being handled.
        """
        with self._lock:
            if self._sessions is not None:
                with self._sessions() as session:
                    newest = version(session)
                if newest not in (self._current[0].version, self._unusable):
                    self._reload(newest)
            return self._current

    def trial(self, changes: Sequence[Overlay], *, from_files: bool = False) -> tuple[Library, Engine]:
        """The library and an engine as they would be with more changes; nothing that is in use changes.

        With ``from_files`` the approved changes are left out, so that no change at all means the files.
        The fit stays in the cache, where a worker that reloads finds it. Raises LibraryError.
        """
        laid = self._base
        if self._sessions is not None and not from_files:
            with self._sessions() as session:
                laid = overlaid(self._base, session)
        laid = library.overlay(laid, [change(row, self._base) for row in changes])
        return laid, self._engine(laid, None)

    def _reload(self, newest: int) -> None:
        try:
            self._current = self._built(None)
        except library.LibraryError as error:
            self._unusable = newest
            log.error("understanding.unusable_change", version=newest, error=str(error))
        else:
            log.info("understanding.reloaded", version=newest)

    def _built(self, progress: Progress | None) -> tuple[Library, Engine]:
        laid = self._base
        if self._sessions is not None:
            with self._sessions() as session:
                laid = overlaid(self._base, session)
        self._near = self._engine(laid, progress)
        return laid, self._near

    def _engine(self, laid: Library, progress: Progress | None) -> Engine:
        return Engine.build(
            laid,
            self._encoders,
            cache=self._cache,
            default_mode=self._default_mode,
            progress=progress,
            near=self._near,
            risk_target=self._risk_target,
        )
