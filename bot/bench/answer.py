"""How fast mail is answered: from the sender's final dot to the relay that has the reply."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bot import storage
from bot.bench import backlog, load, machine, mails, peers, roundtrip
from bot.bench.goals import BenchError, Better, Goal, Machine, Measured, Report, Unit, percentile
from bot.bench.load import Rate
from bot.bench.peers import Server
from bot.bench.roundtrip import Desk
from bot.storage import Storage
from faq import library
from intents import encoder
from intents.engine import Engine

Say = Callable[[str], None]

IN_OUT = Goal(name="answer.in_out_vs_bare", unit=Unit.RATIO, better=Better.HIGHER, floor=0.10, stretch=0.35)
RELAY = Goal(
    name="answer.stored_to_relay_p99_half_load", unit=Unit.MS, better=Better.LOWER, floor=150, stretch=75
)
REPLY = Goal(name="answer.reply_p99_half_load", unit=Unit.MS, better=Better.LOWER, floor=25, stretch=10)
ENCODER = Goal(name="answer.encoder_rate", unit=Unit.PER_S, better=Better.HIGHER, floor=19, stretch=38)
BACKLOG = Goal(name="answer.claim_mark_at_1m", unit=Unit.RATIO, better=Better.LOWER, floor=1.5, stretch=1.1)

#: The burst of the last hours before the deadline, mails a second (100,000 applicants).
RUSH_PER_S = 19.0
#: One process for all; one for each of the three jobs; a second worker.
SHAPES: Mapping[int, tuple[tuple[str, ...], ...]] = {
    1: (("all",),),
    3: (("intake",), ("worker",), ("sender", "clock")),
    4: (("intake",), ("worker",), ("worker",), ("sender", "clock")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is sent in each stretch."""

    bare: int = 5000
    #: A burst is so many seconds' worth of what the desk did at the start, within these bounds.
    burst_seconds: float = 4.0
    least: int = 40
    most: int = 4000
    #: How long half load and the rush last.
    paced_seconds: float = 5.0
    finished: int = 1_000_000
    marked: int = 200
    questions: int = 60
    flushes: int = 300


QUICK = Size(
    bare=60,
    burst_seconds=0.1,
    least=4,
    most=40,
    paced_seconds=0.3,
    finished=500,
    marked=20,
    questions=3,
    flushes=10,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """What one round sends."""

    size: Size
    asked: Sequence[str]
    number: int
    #: Mails of a burst, without and with encoders.
    lexical: int
    encoder: int


@dataclass(slots=True)
class _Rounds:
    """What was found, a list entry a round."""

    bare: list[Rate] = field(default_factory=list)
    lexical: list[Rate] = field(default_factory=list)
    encoder: list[Rate] = field(default_factory=list)
    half_load: list[float] = field(default_factory=list)
    relay_p50_ms: list[float] = field(default_factory=list)
    relay_p99_ms: list[float] = field(default_factory=list)
    reply_p99_ms: list[float] = field(default_factory=list)
    encoder_p50_ms: list[float] = field(default_factory=list)
    encoder_p99_ms: list[float] = field(default_factory=list)
    empty_ms: list[float] = field(default_factory=list)
    full_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peers:
    bare: Server
    sink: Server
    lexical: Desk
    #: None without the semantic extra.
    encoder: Desk | None
    empty: Storage
    full: Storage


def run(folder: Path, *, rounds: int, size: Size, encoders: str, processes: int, say: Say) -> Report:
    """Measure in ``folder``, which lies on the disk that counts; ``say`` gets a line a step.

    ``encoders`` is the setting of that name; ``processes`` is 1, 3 or 4, see ``SHAPES``.

    Raises:
        BenchError: a process is missing or failed, or a mail was not answered.
    """
    machine.require_proc()
    flush = machine.flush_times(folder, samples=size.flushes)
    other = machine.OtherLoad()
    found = _Rounds()
    say("answer: choosing questions")
    asked = _questions(size.questions)
    understands = bool(encoder.available(encoders))
    shape = SHAPES[processes]
    with _started(folder, size, encoders if understands else None, shape, say) as started:
        lexical, understanding = _warm_up(started, asked, size)
        for number in range(rounds):
            say(f"answer: round {number + 1} of {rounds}")
            stretch = _Stretch(size=size, asked=asked, number=number, lexical=lexical, encoder=understanding)
            _round(started, found, other, stretch)
        sink = started.sink.name
    return Report(
        name="answer",
        rounds=rounds,
        machine=Machine(
            cpus=os.cpu_count() or 1,
            flush_ms_p50=flush.p50_ms,
            flush_ms_p99=flush.p99_ms,
            other_load=other.cores,
        ),
        measured=tuple(_measured(found, size)),
        notes=tuple(_notes(sink, processes, understands)),
    )


def _questions(limit: int) -> list[str]:
    read = library.load(library.PACKAGED)
    chosen = mails.answered(read, Engine.build(read, [], cache=None), limit=limit)
    if not chosen:
        raise BenchError("the library answers none of its own questions")
    return chosen


@contextmanager
def _started(
    folder: Path, size: Size, encoders: str | None, shape: Sequence[Sequence[str]], say: Say
) -> Iterator[_Peers]:
    with ExitStack() as stack:
        enter = stack.enter_context
        say("answer: filling the outbox")
        empty = enter(backlog.opened(folder / "empty.db", finished=0))
        full = enter(backlog.opened(folder / "full.db", finished=size.finished))
        say("answer: starting the servers")
        sink = enter(peers.sink(folder))
        url = f"smtp://127.0.0.1:{sink.port}"

        def desk(name: str, encoders: str) -> Desk:
            server = enter(
                peers.desk(folder / name, f"the desk ({name})", shape, smtp_relay_url=url, encoders=encoders)
            )
            look = enter(closing(storage.open_storage(f"sqlite:///{folder / name / 'contestdesk.db'}")))
            return Desk(server=server, storage=look)

        yield _Peers(
            bare=enter(peers.bare(folder)),
            sink=sink,
            lexical=desk("lexical", "none"),
            encoder=desk("encoders", encoders) if encoders else None,
            empty=empty,
            full=full,
        )


def _warm_up(started: _Peers, asked: Sequence[str], size: Size) -> tuple[int, int]:
    """Wake everybody; tells how many mails a burst shall have, without and with encoders."""
    load.flood(started.bare, connections=10, count=20)
    for outbox in (started.empty, started.full):
        backlog.claim_and_mark_ms(outbox, mails=20, run="warm")
    counts = [0, 0]
    for place, desk in enumerate((started.lexical, started.encoder)):
        if desk:
            roundtrip.answer(desk, "first", asked, count=size.least)
            rate = roundtrip.answer(desk, "warm", asked, count=size.least).per_s
            counts[place] = min(size.most, max(size.least, int(rate * size.burst_seconds)))
    return counts[0], counts[1]


def _round(started: _Peers, found: _Rounds, other: machine.OtherLoad, stretch: _Stretch) -> None:
    understanding = started.encoder
    steps: list[Callable[[], None]] = [
        lambda: found.bare.append(
            load.flood(started.bare, connections=roundtrip.CONNECTIONS, count=stretch.size.bare)
        ),
        lambda: _lexical(started.lexical, found, stretch),
        lambda: _backlog(started, found, stretch),
    ]
    if understanding:
        steps.append(lambda: _encoder(understanding, found, stretch))
    for step in reversed(steps) if stretch.number % 2 else steps:
        with other.measured():
            step()


def _lexical(desk: Desk, found: _Rounds, stretch: _Stretch) -> None:
    size, number, asked = stretch.size, stretch.number, stretch.asked
    burst = roundtrip.answer(desk, f"burst{number}", asked, count=stretch.lexical)
    found.lexical.append(Rate(per_s=burst.per_s, cpu_ms=burst.cpu_ms))
    half = burst.per_s / 2
    count = max(10, int(half * size.paced_seconds))
    paced = roundtrip.answer(desk, f"half{number}", asked, count=count, rate_per_s=half)
    waits = paced.waits_ms()
    found.half_load.append(half)
    found.relay_p50_ms.append(percentile(waits, 0.5))
    found.relay_p99_ms.append(percentile(waits, 0.99))
    found.reply_p99_ms.append(load.reply_ms(paced.sent, 0.99))


def _encoder(desk: Desk, found: _Rounds, stretch: _Stretch) -> None:
    size, number, asked = stretch.size, stretch.number, stretch.asked
    # Never the library's own words, so that each has to be understood.
    said = [f"{lead} {text}" for lead, text in zip(_leads(number, len(asked)), asked, strict=True)]
    burst = roundtrip.answer(desk, f"burst{number}", said, count=stretch.encoder)
    found.encoder.append(Rate(per_s=burst.per_s, cpu_ms=burst.cpu_ms))
    count = max(4, int(RUSH_PER_S * size.paced_seconds))
    paced = roundtrip.answer(desk, f"rush{number}", said, count=count, rate_per_s=RUSH_PER_S)
    waits = paced.waits_ms()
    found.encoder_p50_ms.append(percentile(waits, 0.5))
    found.encoder_p99_ms.append(percentile(waits, 0.99))


def _leads(number: int, count: int) -> list[str]:
    return [f"저희 팀 {number * count + place + 2}명이 준비하다가 궁금해졌는데요," for place in range(count)]


def _backlog(started: _Peers, found: _Rounds, stretch: _Stretch) -> None:
    # In short turns, so that a stretch of slow disk meets both.
    turns: tuple[list[float], list[float]] = ([], [])
    for turn in range(4):
        for outbox, into in zip((started.empty, started.full), turns, strict=True):
            run = f"{stretch.number}.{turn}"
            into.append(backlog.claim_and_mark_ms(outbox, mails=max(1, stretch.size.marked // 4), run=run))
    found.empty_ms.append(median(turns[0]))
    found.full_ms.append(median(turns[1]))


def _measured(found: _Rounds, size: Size) -> Iterator[Measured]:
    yield Measured(
        goal=IN_OUT,
        values=tuple(one.per_s / other.per_s for one, other in zip(found.lexical, found.bare, strict=True)),
        figures=f"{median(one.per_s for one in found.lexical):.0f} / "
        f"{median(one.per_s for one in found.bare):.0f} msg/s",
        beside=f"cpu {median(one.cpu_ms for one in found.lexical):.2f} / "
        f"{median(one.cpu_ms for one in found.bare):.2f} ms",
    )
    at = f"at {median(found.half_load):.0f} msg/s"
    yield Measured(
        goal=RELAY, values=tuple(found.relay_p99_ms), figures=f"p50 {median(found.relay_p50_ms):.1f} ms {at}"
    )
    yield Measured(goal=REPLY, values=tuple(found.reply_p99_ms), figures=at)
    if found.encoder:
        yield Measured(
            goal=ENCODER,
            values=tuple(one.per_s for one in found.encoder),
            figures=f"cpu {median(one.cpu_ms for one in found.encoder):.1f} ms",
            beside=f"stored to relay p50 {median(found.encoder_p50_ms):.0f} "
            f"p99 {median(found.encoder_p99_ms):.0f} ms at {RUSH_PER_S:g} questions/s",
        )
    yield Measured(
        goal=BACKLOG,
        values=tuple(full / empty for full, empty in zip(found.full_ms, found.empty_ms, strict=True)),
        figures=f"{median(found.full_ms):.2f} / {median(found.empty_ms):.2f} ms a mail, "
        f"{size.finished:,} finished rows",
    )


def _notes(sink: str, processes: int, understands: bool) -> Iterator[str]:
    shape = {1: "one process", 3: "three processes", 4: "four processes (two workers)"}[processes]
    yield f"the desk in {shape} on SQLite; mail in by our asyncio client, out to {sink}, all on these cores"
    yield f"bare aiosmtpd under {load.generator()}, {roundtrip.CONNECTIONS} connections"
    if not understands:
        yield f"{ENCODER.name} is left out: no encoder here (the extra semantic brings them)"
    yield "on paper: Zammad fetches every 30 s, so a mail waits 15 s on average before it is even seen"
