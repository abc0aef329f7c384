"""What would happen to the mails of a folder: reads .eml and mbox files, stores and sends nothing."""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from bot.inbox import limits, parse, quote, rules
from intents import utterance

log = structlog.get_logger(__name__)

#: One octet more than is readable, so that a larger mail is seen to be one.
_MOST = limits.MAX_BYTES + 1
_SEPARATOR = re.compile(rb"From (?:\S+ .*)?\d{1,2}:\d{2}.*\d{4}")
_FROM = b"\nFrom "
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
    for file, fault in _files(path):
        name = os.fsencode(file).decode("utf-8", "replace")
        read = 0
        try:
            if fault is not None:
                raise fault
            for raw in _messages(file):
                yield _inspected({"file": name, "index": read}, raw, desk, to)
                read += 1
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror or type(error).__name__}"
            yield Inspected(record={"file": name, "index": read, **_unreadable(reason)})


def _files(path: Path) -> Iterator[tuple[Path, OSError | None]]:
    """Each file below ``path``, and each folder that cannot be entered, with the reason."""
    if not _is_folder(path):
        yield path, None
        return
    closed: list[OSError] = []
    for folder, names, files in os.walk(path, onerror=closed.append):
        links = [name for name in names if Path(folder, name).is_symlink()]
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder, name), None
        # It may lead out of here, or round in a circle.
        for name in sorted(set(links) & set(names)):
            yield Path(folder, name), OSError(0, "a link to another folder")
    for error in closed:
        yield Path(error.filename), error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # what keeps us out is said when it is opened


def _messages(file: Path) -> Iterator[bytes]:
    """The raw messages of a file; of a message that is too large, only as much as shows it."""
    if not stat.S_ISREG(file.stat().st_mode):  # a pipe would keep us waiting
        raise OSError(0, "not a regular file")
    with file.open("rb") as stream:
        if stream.peek(5)[:5] != b"From ":
            yield stream.read(_MOST)
            return
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
            for start, end in _spans(view):
                yield _ESCAPED_FROM.sub(rb"\1", view[start : min(end, start + _MOST)])


def _spans(view: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where the messages of an mbox lie: each below a From line, and that below an empty line (RFC 4155)."""
    start = _line_end(view, 0)
    found = view.find(_FROM, start - 1)
    while found >= 0:
        line = view[found + 1 : found + 201].partition(b"\n")[0]
        is_below_empty = view[found - 1 : found] == b"\n" or view[found - 2 : found] == b"\n\r"
        if is_below_empty and _SEPARATOR.match(line):
            yield start, max(found + 1, start)
            start = _line_end(view, found + 1)
        found = view.find(_FROM, found + 1)
    yield start, len(view)


def _line_end(view: mmap.mmap, position: int) -> int:
    end = view.find(b"\n", position)
    return end + 1 if end >= 0 else len(view)


def _inspected(place: dict[str, Any], raw: bytes, desk: rules.DeskNames, to: str | None) -> Inspected:
    try:
        return _read(place, raw, desk, to)
    except parse.Unreadable as error:
        return Inspected(record={**place, **_unreadable(str(error))})
    # A fault of ours at one mail must not keep the others from being seen; the trace goes to the log.
    except Exception as error:
        log.exception("inspect.failed", file=place["file"], index=place["index"])
        reason = f"the desk failed on it: {type(error).__name__}"
        return Inspected(record={**place, **_unreadable(reason)})


def _read(place: dict[str, Any], raw: bytes, desk: rules.DeskNames, to: str | None) -> Inspected:
    mail = parse.parse(raw)
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
        "language": utterance.language_of(words[: utterance.READ]).value if words else None,
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
