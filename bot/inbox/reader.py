"""Reads one mail, in this process; or, as the whole life of a child process, one after another."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import time
from collections.abc import Iterator
from email import message_from_bytes

from bot.inbox import body, charset, fields, header, wire, words
from bot.inbox.inbound import Inbound
from bot.inbox.limits import Unreadable

#: What a child may take for one mail. With what the desk does afterwards a mail is done within 10 s.
CPU_S = 7
MEMORY_BYTES = 512 * 1024 * 1024
#: A child without work for so long ends by itself.
IDLE_S = 300.0
#: After a mail as large as this a child ends, which gives its memory back. (What the system calls the
#: resident maximum would tell more, were it not the desk's own that a new process begins with.)
LAST_BYTES = 8 * 1024 * 1024


def read(raw: bytes) -> Inbound:
    """Parse a mail in this process; its limits have been checked."""
    try:
        return _read(raw)
    except (Unreadable, MemoryError):
        raise
    # RecursionError and every fault of the library's parser: octets from outside must not stop the
    # worker, and staff see the mail as unreadable.
    except Exception as error:
        raise Unreadable(f"the parser failed: {type(error).__name__}") from error


def _read(raw: bytes) -> Inbound:
    message = message_from_bytes(raw)
    found = fields.Fields(message)
    if not found:
        raise Unreadable("not one header line: this is no mail")
    defects = [type(defect).__name__ for defect in message.defects]
    sender, name = fields.sender(found.raw("from"), defects)
    chosen = body.texts(message)
    text = "\n".join(piece.decoded.text for piece in chosen)
    if not all(piece.decoded.certain for piece in chosen):
        defects.append("charset_guessed")
    if len(text) > body.MAX_TEXT_CHARS:
        defects.append("text_cut")
    subjects = found.raw("subject")
    return Inbound(
        message_id=fields.message_id(found.raw("message-id")),
        in_reply_to=header.message_ids(" ".join(found.raw("in-reply-to"))),
        references=header.message_ids(" ".join(found.raw("references"))),
        from_address=sender,
        from_name=name,
        to=fields.addresses(found.raw("to")),
        cc=fields.addresses(found.raw("cc")),
        subject=words.decode(subjects[0]) if subjects else None,
        date=fields.date(found.raw("date")),
        text=charset.tidy(text[: body.MAX_TEXT_CHARS]),
        charset=chosen[0].decoded.charset if chosen else None,
        is_html=bool(chosen) and all(piece.is_html for piece in chosen),
        attachments=tuple(body.attachments(message)),
        headers=found,
        defects=tuple(dict.fromkeys(defects)),
        report=message,
    )


def serve() -> None:
    """Be a child: read each mail that comes down the line on standard input, until it closes."""
    _cap_for_good()
    with socket.socket(fileno=0) as line:
        line.settimeout(IDLE_S)
        for raw in _mails(line):
            _cap_cpu()
            reply = _reply(raw)
            line.settimeout(None)
            line.sendall(wire.framed(reply))
            line.settimeout(IDLE_S)
            if len(raw) >= LAST_BYTES:
                return


def _mails(line: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # idle for too long, or the desk is gone
        while True:
            yield wire.received(line)


def _reply(raw: bytes) -> bytes:
    try:
        return wire.dumps(read(raw))
    except Unreadable as error:
        return wire.refusal(str(error))
    except MemoryError:
        return wire.refusal(f"reading it took more than {MEMORY_BYTES // 1024 // 1024} MiB of memory")


def _cap_for_good() -> None:
    # The desk ends us by closing the line; a signal to all of its processes must not cost a mail.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(ValueError, OSError):  # a system without this limit
            resource.setrlimit(kind, (most, most))


def _cap_cpu() -> None:
    """Allow ``CPU_S`` from now on: the system counts the whole life of a process."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + CPU_S, most))
