"""The load generator: sends mails over kept connections and notes when each was promised.

A process of its own (``python -m bot.bench.client``): the job comes as JSON on standard input, the
outcome goes to standard output as JSON. Plain SMTP in lock-step, so that the server's time is what
is seen.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bot.bench import mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to send, and how fast."""

    port: int
    connections: int
    count: int
    #: Names this stretch; part of each sender's address.
    run: str
    #: Mails a second; None for as fast as the server takes them.
    rate_per_s: float | None = None
    #: Asked in turn; none: mails of ``size_bytes`` that say nothing.
    questions: tuple[str, ...] = ()
    size_bytes: int = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job; instants are seconds of the real clock."""

    began_at: float
    ended_at: float
    #: By number of the mail: when the final dot left, when the 250 was there.
    dotted_at: tuple[float, ...]
    promised_at: tuple[float, ...]
    #: Replies other than expected, if any; such a mail has 0.0 above.
    refusals: tuple[str, ...] = ()


class _Conversation:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, command: bytes, expected: int) -> None:
        """Send one command and read its reply; raises ValueError with the reply that was not expected."""
        self._writer.write(command)
        await self.hear(expected)

    async def hear(self, expected: int) -> None:
        """Read one reply, of however many lines (RFC 5321 §4.2.1)."""
        line = await self._reader.readline()
        while line[3:4] == b"-":
            line = await self._reader.readline()
        if line[:3] != b"%d" % expected:
            raise ValueError(line.decode("utf-8", "replace").strip() or "hung up")

    async def leave(self) -> None:
        """Say QUIT."""
        await self.say(b"QUIT\r\n", 221)
        self._writer.close()


class _Run:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._raw = [_mail(job, number) for number in range(job.count)]
        self._left: Iterator[int] = iter(range(job.count))
        self._dotted = [0.0] * job.count
        self._promised = [0.0] * job.count
        self._refusals: list[str] = []
        self._began = 0.0

    async def outcome(self) -> Outcome:
        """Send everything."""
        opened = [await _open(self._job.port) for _ in range(self._job.connections)]
        self._began = time.time()
        await asyncio.gather(*(self._work(conversation) for conversation in opened))
        return Outcome(
            began_at=self._began,
            ended_at=time.time(),
            dotted_at=tuple(self._dotted),
            promised_at=tuple(self._promised),
            refusals=tuple(self._refusals),
        )

    async def _work(self, conversation: _Conversation) -> None:
        for number in self._left:
            if self._job.rate_per_s:
                due = self._began + number / self._job.rate_per_s
                await asyncio.sleep(max(0.0, due - time.time()))
            try:
                await self._send(conversation, number)
            except (ValueError, OSError) as error:
                self._refusals.append(str(error))
                return
        await conversation.leave()

    async def _send(self, conversation: _Conversation, number: int) -> None:
        path = mails.sender(self._job.run, number).encode("ascii")
        await conversation.say(b"MAIL FROM:<%s>\r\n" % path, 250)
        await conversation.say(b"RCPT TO:<%s>\r\n" % mails.CONTEST.encode("ascii"), 250)
        await conversation.say(b"DATA\r\n", 354)
        self._dotted[number] = time.time()
        await conversation.say(self._raw[number] + b".\r\n", 250)
        self._promised[number] = time.time()


async def _open(port: int) -> _Conversation:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    conversation = _Conversation(reader, writer)
    await conversation.hear(220)
    await conversation.say(b"EHLO bench.test\r\n", 250)
    return conversation


def _mail(job: Job, number: int) -> bytes:
    if job.questions:
        return mails.question(job.run, number, job.questions[number % len(job.questions)])
    return mails.filler(job.run, number, size_bytes=job.size_bytes)


def main() -> None:
    """Do the job on standard input."""
    given = json.load(sys.stdin)
    job = Job(**{**given, "questions": tuple(given["questions"])})
    json.dump(asdict(asyncio.run(_Run(job).outcome())), sys.stdout)


if __name__ == "__main__":
    main()
