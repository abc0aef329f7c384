"""How fast many are mailed, beside a bare loop and beside the script that a user would write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bot.bench import machine, peers
from bot.bench.bulk import BATCH, CONNECTIONS, Order, Outcome
from bot.bench.goals import BenchError, Better, Goal, Machine, Measured, Report, Unit

Say = Callable[[str], None]

LOOP = Goal(name="campaign.bulk_vs_aiosmtplib", unit=Unit.RATIO, better=Better.HIGHER, floor=0.7, stretch=0.9)
SCRIPT = Goal(name="campaign.bulk_vs_script", unit=Unit.RATIO, better=Better.HIGHER, floor=5, stretch=7.5)
MEMORY = Goal(name="campaign.memory_1k_to_100k", unit=Unit.MB, better=Better.LOWER, floor=16, stretch=8)

PATIENCE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many mails each way sends."""

    mails: int = 4000
    #: A connection a mail takes its time.
    script: int = 1000
    few: int = 1000
    many: int = 100_000
    flushes: int = 300


QUICK = Size(mails=60, script=20, few=40, many=120, flushes=10)


@dataclass(slots=True)
class _Rounds:
    """What was found, a list entry a round; mails a second."""

    outbox: list[float] = field(default_factory=list)
    outbox_total: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    script: list[float] = field(default_factory=list)


def run(folder: Path, *, rounds: int, size: Size, say: Say) -> Report:
    """Measure in ``folder``, which lies on the disk that counts; ``say`` gets a line a step.

    Raises:
        BenchError: a peer is missing, or a process failed or did not send every mail.
    """
    machine.require_proc()
    flush = machine.flush_times(folder, samples=size.flushes)
    other = machine.OtherLoad()
    found = _Rounds()
    with peers.sink(folder) as sink:
        for number in range(rounds):
            say(f"campaign: round {number + 1} of {rounds}")
            _round(folder, sink.port, found, size, other, backwards=bool(number % 2))
        say(f"campaign: memory at {size.few:,} and at {size.many:,}")
        few = _one(folder, "outbox", sink.port, size.few)
        many = _one(folder, "outbox", sink.port, size.many)
        name = sink.name
    return Report(
        name="campaign",
        rounds=rounds,
        machine=Machine(
            cpus=os.cpu_count() or 1,
            flush_ms_p50=flush.p50_ms,
            flush_ms_p99=flush.p99_ms,
            other_load=other.cores,
        ),
        measured=tuple(_measured(found, few, many)),
        notes=tuple(_notes(found, many, size, name)),
    )


def _round(
    folder: Path, port: int, found: _Rounds, size: Size, other: machine.OtherLoad, *, backwards: bool
) -> None:
    def ours() -> None:
        outcome = _one(folder, "outbox", port, size.mails)
        found.outbox.append(size.mails / outcome.sending_s)
        found.outbox_total.append(size.mails / outcome.total_s)

    def theirs(way: str, into: list[float], count: int) -> Callable[[], None]:
        return lambda: into.append(count / _one(folder, way, port, count).sending_s)

    steps = [
        theirs("aiosmtplib", found.loop, size.mails),
        ours,
        theirs("script", found.script, size.script),
        theirs("smtplib", found.bare, size.mails),
    ]
    for step in reversed(steps) if backwards else steps:
        with other.measured():
            step()


def _one(folder: Path, way: str, port: int, count: int) -> Outcome:
    place = folder / way
    order = Order(way=way, port=port, count=count, folder=str(place))
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "bot.bench.bulk", json.dumps(asdict(order))],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{way} did not send {count} mails within {PATIENCE_SECONDS} s") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if ran.returncode != 0:
        raise BenchError(f"{way} failed: {ran.stderr.strip()[-300:]}")
    return Outcome(**json.loads(ran.stdout))


def _measured(found: _Rounds, few: Outcome, many: Outcome) -> Iterator[Measured]:
    yield Measured(
        goal=LOOP,
        values=tuple(ours / theirs for ours, theirs in zip(found.outbox, found.loop, strict=True)),
        figures=f"{median(found.outbox):.0f} / {median(found.loop):.0f} mails/s, {CONNECTIONS} connections",
    )
    yield Measured(
        goal=SCRIPT,
        values=tuple(ours / theirs for ours, theirs in zip(found.outbox, found.script, strict=True)),
        figures=f"{median(found.outbox):.0f} / {median(found.script):.0f} mails/s",
        beside=f"with writing the rows {median(found.outbox_total):.0f} mails/s",
    )
    yield Measured(
        goal=MEMORY,
        values=(max(0.0, many.peak_mb - few.peak_mb),),
        figures=f"peak {few.peak_mb:.1f} -> {many.peak_mb:.1f} MB",
    )


def _notes(found: _Rounds, many: Outcome, size: Size, sink: str) -> Iterator[str]:
    yield f"into {sink}; ours: every row recorded on disk, the peers' mails lie ready in memory"
    yield f"bare smtplib on one connection: {median(found.bare):.0f} mails/s"
    yield f"the script: a template, EmailMessage and a connection for each of {size.script:,} mails"
    yield (
        f"{size.many:,} mails: rows in batches of {BATCH}, then sent at"
        f" {size.many / many.sending_s:.0f} mails/s, {size.many / many.total_s:.0f} in all"
    )
