"""What would happen to the mails of a folder: reads .eml and mbox files, stores and sends nothing."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.inbox import limits, parse, quote, rules
from intents import utterance

#: One octet more than is readable, so that a larger mail is seen to be one.
_MOST = limits.MAX_BYTES + 1
_SEPARATOR = re.compile(rb"From (?:\S+ .*)?\d{1,2}:\d{2}.*\d{4}")
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """One message as the door sees it."""

    #: The keys of the contract but ``parts`` and ``reply``.
    record: dict[str, Any]
    #: None when the bytes cannot be read.
    ruling: rules.Ruling | None = None
    attachments: int = 0


def inspect(path: Path, *, desk: rules.DeskNames, to: str | None = None) -> Iterator[Inspected]:
    """Yield each message below ``path``, in the order of file names.

    Each message is taken
    as addressed to the desk; ``to`` names another recipient, such as a signed address.
    Never raises: what cannot be read is a record with the verdict ``unreadable`` and the reason.
    """
    for file in _files(path):
        name = os.fsencode(file).decode("utf-8", "replace")
        try:
            for index, raw in enumerate(_messages(file)):
                yield _inspected({"file": name, "index": index}, raw, desk, to)
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror or type(error).__name__}"
            yield Inspected(record={"file": name, "index": 0, **_unreadable(reason)})


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder, name)


def _messages(file: Path) -> Iterator[bytes]:
    """The raw messages of a file; of a message that is too large, only as much as shows it."""
    if not stat.S_ISREG(file.stat().st_mode):  # a pipe would keep us waiting
        raise OSError(0, "not a regular file")
    with file.open("rb") as stream:
        if stream.peek(5)[:5] != b"From ":
            yield stream.read(_MOST)
            return
        lines: list[bytes] = []
        size_bytes = 0
        was_blank = False
        stream.readline(_MOST)
        while line := stream.readline(_MOST):
            if was_blank and line.startswith(b"From ") and _SEPARATOR.match(line[:200]):
                yield _of_mbox(lines)
                lines, size_bytes = [], 0
                continue
            was_blank = not line.strip(b"\r\n")
            if size_bytes <= _MOST:
                lines.append(line)
                size_bytes += len(line)
        yield _of_mbox(lines)


def _of_mbox(lines: list[bytes]) -> bytes:
    return _ESCAPED_FROM.sub(rb"\1", b"".join(lines))


def _inspected(place: dict[str, Any], raw: bytes, desk: rules.DeskNames, to: str | None) -> Inspected:
    try:
        mail = parse.parse(raw)
    except parse.Unreadable as error:
        return Inspected(record={**place, **_unreadable(str(error))})
    recipients = (to,) if to else ()
    ruling = rules.classify(mail, envelope_sender=None, desk=desk, recipients=recipients)
    text = quote.new_text(mail.text)
    words = text or mail.subject
    record = {
        **place,
        "verdict": ruling.verdict.value,
        "reason": ruling.reason,
        "rule": ruling.rule,
        "from": mail.from_address,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "language": utterance.language_of(words).value if words else None,
        "charset": mail.charset,
        "text": text,
        "bounce": _bounce(ruling),
    }
    return Inspected(record=record, ruling=ruling, attachments=len(mail.attachments))


def _bounce(ruling: rules.Ruling) -> dict[str, Any] | None:
    failed = ruling.bounce
    if failed is None:
        return None
    return {
        "recipient": failed.recipient,
        "status": failed.status,
        "permanent": failed.permanent,
        "original_message_id": failed.original_message_id,
    }


def _unreadable(reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("from", "subject", "message_id", "language", "charset"))
    return {
        "verdict": rules.MailVerdict.UNREADABLE.value,
        "reason": reason,
        "rule": "limits",
        **nothing,
        "text": "",
        "bounce": None,
    }
