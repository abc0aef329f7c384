"""Processes that read heavy mails: they die of what a mail costs, and the desk goes on."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.inbox import child, limits, parse, reader, wire
from bot.inbox.child import Readers
from bot.inbox.parse import Unreadable

HEAD = b"From: lab@example.org\r\nSubject: x\r\n\r\n"
#: Too many lines to be light.
HEAVY = HEAD + b"words\r\n" * 5_000
#: A child that does something else to a mail.
INSTEAD = "import sys, time, os, signal; sys.path[:] = sys.argv[1:]; from bot.inbox import reader\n"


@pytest.fixture
def readers() -> Iterator[Readers]:
    started = Readers()
    yield started
    started.close()


def readers_that(act: str, *, wall_s: float = 30.0, cpu_s: int = 1) -> Readers:
    """Children that act so on any mail."""
    boot = f"{INSTEAD}reader.CPU_S = {cpu_s}\ndef read(raw):\n    {act}\nreader.read = read\nreader.serve()"
    return Readers(boot=boot, wall_s=wall_s, cpu_s=cpu_s)


def reason(readers: Readers) -> str:
    with pytest.raises(Unreadable) as told:
        wire.loads(readers.read(HEAVY))
    readers.close()
    return str(told.value)


def test_light_mail_starts_no_process() -> None:
    before = child.READERS.started
    parse.parse(HEAD + b"words")

    assert child.READERS.started == before


def test_heavy_mail_is_read_in_a_child_as_it_would_be_here(readers: Readers) -> None:
    there = wire.loads(readers.read(HEAVY))

    assert (there, there.text) == (reader.read(HEAVY), "words\n" * 5_000)
    assert parse.parse(HEAVY) == there


def test_child_is_used_again(readers: Readers) -> None:
    for _ in range(3):
        readers.read(HEAVY)

    assert readers.started == 1


def test_child_that_read_a_large_mail_gives_its_memory_back(readers: Readers) -> None:
    large = HEAVY + b"x" * reader.LAST_BYTES
    for _ in range(2):
        readers.read(large)

    assert readers.started == 2


def test_child_that_died_idle_is_replaced(readers: Readers) -> None:
    readers.read(HEAVY)
    os.kill(readers.pids()[0], signal.SIGKILL)

    assert wire.loads(readers.read(HEAVY)).subject == "x"
    assert readers.started == 2


def test_child_lives_through_the_signals_that_end_the_desk(readers: Readers) -> None:
    readers.read(HEAVY)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(readers.pids()[0], number)
    readers.read(HEAVY)

    assert readers.started == 1


def test_mail_that_costs_too_much_cpu_is_unreadable() -> None:
    readers = readers_that("while True: pass")

    assert reason(readers) == "reading it took more than 1 s of CPU"
    assert readers.started == 1


@pytest.mark.long
def test_cpu_is_counted_for_each_mail_anew(readers: Readers) -> None:
    once = "end = time.process_time() + 0.7\n    while time.process_time() < end: pass\n    raise reader.Unreadable('seen')"
    busy = readers_that(once)

    assert [reason_of(busy) for _ in range(4)] == ["seen"] * 4
    assert busy.started == 1
    busy.close()


def reason_of(readers: Readers) -> str:
    with pytest.raises(Unreadable) as told:
        wire.loads(readers.read(HEAVY))
    return str(told.value)


def test_mail_that_costs_too_much_memory_is_unreadable() -> None:
    readers = readers_that("return bytearray(600 * 1024 * 1024)")

    assert reason(readers) == "reading it took more than 512 MiB of memory"


def test_mail_that_takes_too_long_is_unreadable() -> None:
    readers = readers_that("time.sleep(600)", wall_s=1.0)

    assert reason(readers) == "reading it took longer than 1 s"


def test_mail_that_kills_its_reader_is_tried_once_more_and_then_unreadable() -> None:
    readers = readers_that("os.kill(os.getpid(), signal.SIGSEGV)")

    assert reason(readers) == "the process that read it ended with -11"
    assert readers.started == 2


def test_next_mail_is_read_after_one_that_killed(tmp_path: Path) -> None:
    act = "if b'poison' in raw: os._exit(7)\n    raise reader.Unreadable('seen')"
    readers = readers_that(act)
    with pytest.raises(Unreadable, match="ended with 7"):
        readers.read(HEAD + b"poison")

    assert reason(readers) == "seen"


def test_child_has_nothing_of_the_desk() -> None:
    secret = socket.create_server(("127.0.0.1", 0))
    with secret:
        os.set_inheritable(secret.fileno(), True)
        told = "raise reader.Unreadable(repr([sorted(os.environ), len(os.listdir('/proc/self/fd')), 'numpy' in sys.modules, 'sqlalchemy' in sys.modules]))"
        said = reason(readers_that(told))

    # Standard streams, and the listing itself; LC_CTYPE is the interpreter's own.
    assert said in ("[['LC_CTYPE'], 4, False, False]", "[[], 4, False, False]")


def test_child_loads_nothing_heavy() -> None:
    show = "import sys; from bot.inbox import reader; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)

    heavy = {"numpy", "scipy", "sklearn", "sqlalchemy", "structlog", "asyncio", "intents", "faq", "mailer"}
    assert heavy & set(ran.stdout.split()) == set()


def test_many_threads_share_few_children(readers: Readers) -> None:
    read: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: read.append(wire.loads(readers.read(HEAVY)).subject))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read == ["x"] * 8
    assert readers.started <= child.MOST_CHILDREN


def test_fork_has_children_of_its_own(readers: Readers) -> None:
    readers.read(HEAVY)
    show = (
        "import os, sys; from bot.inbox.child import Readers\n"
        "raw = b'From: a@example.org' + b'\\r\\n' * 9000; first = Readers(); first.read(raw)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    first.read(raw); print(first.started); first.close(); sys.stdout.flush(); os._exit(0)\n"
        "os.waitpid(pid, 0); first.read(raw); print(first.started); first.close()"
    )
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["2", "1"]


def test_child_ends_with_the_desk() -> None:
    show = (
        "import os; from bot.inbox import child\n"
        "child.READERS.read(b'From: a@example.org' + b'\\r\\n' * 9000); print(child.READERS.pids()[0], flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=False)

    try:
        child = os.pidfd_open(int(ran.stdout))
    except ProcessLookupError:
        return  # it has ended already
    try:
        ended, _, _ = select.select([child], [], [], 5)
    finally:
        os.close(child)
    assert ended


def test_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    assert reason(Readers()) == "no process to read it could be started: No such file or directory"


def test_report_of_any_size_comes_back_from_a_child() -> None:
    """The blocks of a report are headers too, and no boundary stands between them."""
    kind = b"From: lab@example.org\r\nSubject: x\r\nContent-Type: message/delivery-status\r\n\r\n"
    inbound = parse.parse(kind + (b"A: " + b"\xff" * 60_000 + b"\r\n\r\n") * 300)

    assert sum(len(str(value)) for part in inbound.report.walk() for _, value in part.raw_items()) < 3_000_000


def test_largest_mail_fits_into_a_child() -> None:
    """25 MiB of attachment and Korean text within 512 MiB."""
    text = "접수 마감이 언제인가요?\r\n".encode() * 1_000
    file = b"QUJD" * 19 + b"\r\n"
    raw = (
        b"From: lab@example.org\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + b"\r\n"
        b"--a\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    raw += file * ((limits.MAX_BYTES - len(raw)) // len(file))
    inbound = parse.parse(raw)

    assert inbound.text.count("접수") == 1_000
    assert [(each.name, each.type) for each in inbound.attachments] == [("x.pdf", "application/pdf")]
    assert inbound.attachments[0].size_bytes > 18_000_000
