"""What would happen to mails on disk: read by the door's rules, decided by the engine, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import desk, documents, reading, reply
from bot.inbox import inspect, rules
from bot.settings import Settings
from bot.understanding import Understanding

_OF_PERSONS = (rules.MailVerdict.QUESTION, rules.MailVerdict.REPLY)


class Inspector:
    """Looks at files as the desk would, sending and storing nothing."""

    def __init__(self, understanding: Understanding, settings: Settings, *, now: datetime) -> None:
        self._library, self._engine = understanding.current()
        self._desk = desk.of(settings, self._library.contest)
        self._now = now

    def messages(self, path: Path, *, to: str | None = None) -> Iterator[dict[str, Any]]:
        """One record a message, in the form of the contract; ``to`` is the recipient when it is not us."""
        for seen in inspect.inspect(path, desk=self._desk.names, to=to):
            parts: list[dict[str, Any]] = []
            text = None
            if seen.ruling is not None and seen.ruling.verdict in _OF_PERSONS:
                parts, text = self._decided(seen, may_answer=seen.ruling.may_answer)
            yield {**seen.record, "parts": parts, "reply": text}

    def _decided(
        self, seen: inspect.Inspected, *, may_answer: bool
    ) -> tuple[list[dict[str, Any]], str | None]:
        decision = reading.decide(
            self._engine,
            seen.record["text"].strip(),
            subject=seen.record["subject"],
            attachments=seen.attachments,
        )
        parts = [documents.of_part(part) for part in decision.parts]
        written = reply.build(decision, self._library, now=self._now)
        if written is None or not may_answer:
            return parts, None
        return parts, reply.as_text(written, decision.language, self._desk.identity)
