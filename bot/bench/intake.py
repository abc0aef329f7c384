"""How fast mail is taken: the durable listener against its peers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bot.bench import load, machine, peers, postfix
from bot.bench.client import Job
from bot.bench.goals import BenchError, Better, Goal, Machine, Measured, Report, Unit
from bot.bench.load import Rate
from bot.bench.peers import Server

Say = Callable[[str], None]

DURABLE = Goal(name="intake.durable_vs_bare", unit=Unit.RATIO, better=Better.HIGHER, floor=0.70, stretch=0.85)
DURABLE_CPU = Goal(
    name="intake.durable_cpu_vs_bare", unit=Unit.RATIO, better=Better.LOWER, floor=1.6, stretch=1.3
)
SLOW_DISK = Goal(
    name="intake.group_vs_each_slow_disk", unit=Unit.RATIO, better=Better.HIGHER, floor=6, stretch=10
)
AGAINST_POSTFIX = Goal(
    name="intake.durable_vs_postfix", unit=Unit.RATIO, better=Better.HIGHER, floor=1.2, stretch=2
)
REPLY = Goal(name="intake.reply_p99_half_load", unit=Unit.MS, better=Better.LOWER, floor=25, stretch=10)

#: What a slow disk adds to each flush.
SLOW_FLUSH_MS = 5.0
#: A disk in memory, so that what is added is all there is.
RAM_DISK = Path("/dev/shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Mails of each stretch, chosen so that one lasts about two seconds."""

    flood: int = 5000
    postfix: int = 2500
    each_slow: int = 400
    group_slow: int = 3000
    paced_seconds: float = 3.0
    flushes: int = 300


QUICK = Size(flood=60, postfix=30, each_slow=20, group_slow=60, paced_seconds=0.3, flushes=10)


@dataclass(slots=True)
class _Rounds:
    """Rates by peer, a list entry a round."""

    bare: list[Rate] = field(default_factory=list)
    durable: list[Rate] = field(default_factory=list)
    durable_at_10: list[Rate] = field(default_factory=list)
    postfix: list[Rate] = field(default_factory=list)
    each_slow: list[Rate] = field(default_factory=list)
    group_slow: list[Rate] = field(default_factory=list)
    reply_p50_ms: list[float] = field(default_factory=list)
    reply_p99_ms: list[float] = field(default_factory=list)
    half_load: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peers:
    bare: Server
    durable: Server
    each_slow: Server
    group_slow: Server
    postfix: postfix.Postfix | None


def run(folder: Path, *, rounds: int, size: Size, say: Say) -> Report:
    """Measure in ``folder``, which lies on the disk that counts; ``say`` gets a line a step.

    Raises:
        BenchError: a process is missing or failed.
    """
    machine.require_proc()
    flush = machine.flush_times(folder, samples=size.flushes)
    other = machine.OtherLoad()
    found = _Rounds()
    without_postfix = postfix.why_not(folder)
    with _started(folder, without_postfix, say) as started:
        _warm_up(started)
        for number in range(rounds):
            say(f"intake: round {number + 1} of {rounds}")
            _round(started, found, size, other, backwards=bool(number % 2))
    measured = Machine(
        cpus=os.cpu_count() or 1, flush_ms_p50=flush.p50_ms, flush_ms_p99=flush.p99_ms, other_load=other.cores
    )
    return Report(
        name="intake",
        rounds=rounds,
        machine=measured,
        measured=tuple(_measured(found)),
        notes=tuple(_notes(flush, without_postfix)),
    )


@contextmanager
def _started(folder: Path, without_postfix: str | None, say: Say) -> Iterator[_Peers]:
    intake = [["intake"]]
    with ExitStack() as stack:
        enter = stack.enter_context
        say("intake: starting the servers")
        ram = Path(
            enter(tempfile.TemporaryDirectory(prefix="bench-", dir=RAM_DISK if RAM_DISK.is_dir() else folder))
        )
        yield _Peers(
            bare=enter(peers.bare(folder)),
            durable=enter(peers.desk(folder / "durable", "the desk", intake)),
            each_slow=enter(
                peers.desk(
                    ram / "each",
                    "a commit for each mail",
                    intake,
                    flush_delay_ms=SLOW_FLUSH_MS,
                    mails_per_commit=1,
                )
            ),
            group_slow=enter(
                peers.desk(ram / "group", "the desk on a slow disk", intake, flush_delay_ms=SLOW_FLUSH_MS)
            ),
            postfix=None if without_postfix else enter(postfix.running(folder / "pf")),
        )


def _warm_up(started: _Peers) -> None:
    for server in (started.bare, started.durable, started.each_slow, started.group_slow):
        load.flood(server, connections=10, count=20)
    if started.postfix:
        load.flood(started.postfix.server, connections=10, count=20)
        started.postfix.given += 20
        started.postfix.finish()


def _round(started: _Peers, found: _Rounds, size: Size, other: machine.OtherLoad, *, backwards: bool) -> None:
    def flood(server: Server, into: list[Rate], connections: int, count: int) -> Callable[[], None]:
        def step() -> None:
            with other.measured():
                into.append(load.flood(server, connections=connections, count=count))

        return step

    steps = [
        flood(started.bare, found.bare, 20, size.flood),
        flood(started.durable, found.durable, 20, size.flood),
        flood(started.durable, found.durable_at_10, 10, size.flood),
        flood(started.each_slow, found.each_slow, 50, max(50, size.each_slow)),
        flood(started.group_slow, found.group_slow, 50, max(50, size.group_slow)),
    ]
    if started.postfix:
        # Next to what it is compared with. Its processes are no children of ours, so the load of
        # others cannot be told apart here.
        steps.insert(3, lambda: _flood_postfix(started.postfix, found.postfix, size.postfix))
    for step in reversed(steps) if backwards else steps:
        step()
    each = found.each_slow[-1].per_s
    if each > 1000 / SLOW_FLUSH_MS:
        raise BenchError(f"{each:.0f} commits a second: the added {SLOW_FLUSH_MS:g} ms are not in effect")
    with other.measured():
        _half_load(started.durable, found, size)


def _flood_postfix(peer: postfix.Postfix | None, into: list[Rate], count: int) -> None:
    assert peer is not None  # asked only when it runs
    into.append(load.flood(peer.server, connections=10, count=count))
    peer.given += count
    peer.finish()  # what it still delivers must not slow the next one


def _half_load(server: Server, found: _Rounds, size: Size) -> None:
    rate = found.durable[-1].per_s / 2
    outcome = load.send(
        Job(
            port=server.port,
            connections=20,
            count=max(20, int(rate * size.paced_seconds)),
            run="half",
            rate_per_s=rate,
        )
    )
    found.half_load.append(rate)
    found.reply_p50_ms.append(load.reply_ms(outcome, 0.5))
    found.reply_p99_ms.append(load.reply_ms(outcome, 0.99))


def _measured(found: _Rounds) -> Iterator[Measured]:
    bare, durable = found.bare, found.durable
    cpu = f"{_cpu(durable):.3f} / {_cpu(bare):.3f} ms"
    yield Measured(
        goal=DURABLE,
        values=_ratios(durable, bare),
        figures=f"{_rate(durable):.0f} / {_rate(bare):.0f} msg/s at 20 connections",
        beside=f"cpu {cpu}",
    )
    yield Measured(
        goal=DURABLE_CPU,
        values=tuple(one.cpu_ms / max(other.cpu_ms, 1e-9) for one, other in zip(durable, bare, strict=True)),
        figures=f"{cpu} a message",
    )
    yield Measured(
        goal=SLOW_DISK,
        values=_ratios(found.group_slow, found.each_slow),
        figures=f"{_rate(found.group_slow):.0f} / {_rate(found.each_slow):.0f} msg/s at 50 connections, "
        f"+{SLOW_FLUSH_MS:g} ms a flush",
        beside=f"cpu {_cpu(found.group_slow):.3f} / {_cpu(found.each_slow):.3f} ms",
    )
    if found.postfix:
        yield Measured(
            goal=AGAINST_POSTFIX,
            values=_ratios(found.durable_at_10, found.postfix),
            figures=f"{_rate(found.durable_at_10):.0f} / {_rate(found.postfix):.0f} msg/s at 10 connections",
        )
    yield Measured(
        goal=REPLY,
        values=tuple(found.reply_p99_ms),
        figures=f"250 after p50 {median(found.reply_p50_ms):.1f} ms at {median(found.half_load):.0f} msg/s",
    )


def _notes(flush: machine.Flush, without_postfix: str | None) -> Iterator[str]:
    yield f"load by {load.generator()}; at half load by our own asyncio client"
    if without_postfix:
        yield f"{AGAINST_POSTFIX.name} is left out: {without_postfix}"
    else:
        yield "Postfix with in_flow_delay=0; its rate is what it accepts, it delivers meanwhile"
    if flush.p50_ms > 0.5:
        yield f"the floor of {DURABLE.name} is meant for a flush of at most 0.5 ms"
    if not RAM_DISK.is_dir():
        yield f"no RAM disk at {RAM_DISK}: the slow disk is this one with {SLOW_FLUSH_MS:g} ms added"
    yield "on paper: Zammad fetches every 30 s, so a mail waits 15 s on average before it is even seen"


def _ratios(ours: list[Rate], theirs: list[Rate]) -> tuple[float, ...]:
    return tuple(one.per_s / other.per_s for one, other in zip(ours, theirs, strict=True))


def _rate(rates: list[Rate]) -> float:
    return median(rate.per_s for rate in rates)


def _cpu(rates: list[Rate]) -> float:
    return median(rate.cpu_ms for rate in rates)
