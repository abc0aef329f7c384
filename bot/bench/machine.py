"""The machine under the figures: flush time, CPU time of processes, load that is not ours."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.bench.goals import BenchError, percentile

PROC = Path("/proc")
#: Father of the kernel's own threads: they write back our data and carry our packets.
KTHREADD = 2
PAGE = b"x" * 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """How long 2 KB take to the disk, in milliseconds."""

    p50_ms: float
    p99_ms: float


def flush_times(folder: Path, *, samples: int) -> Flush:
    """Append 2 KB and flush them, again and again, as a commit does."""
    path = folder / "flush"
    taken = []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(samples):
            os.write(file, PAGE)
            began = time.perf_counter()
            os.fdatasync(file)
            taken.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return Flush(p50_ms=percentile(taken, 0.5), p99_ms=percentile(taken, 0.99))


def require_proc() -> None:
    """Raise BenchError where CPU time cannot be read."""
    if not (PROC / "self" / "stat").exists() or not (PROC / "stat").exists():
        raise BenchError("the bench reads CPU times from /proc, which only Linux has")


def cpu_seconds(pid: int) -> float:
    """CPU time of one process with all its threads; 0.0 when it is gone."""
    found = _stat(pid)
    return (found.own_ticks / _hertz()) if found else 0.0


class OtherLoad:
    """Cores used by others over the stretches that were measured: all that was busy, less what is ours.

    The kernel's threads count as ours, since what they do here is mostly our flushing; time in
    interrupts counts for nobody.
    """

    def __init__(self) -> None:
        self._other_seconds = 0.0
        self._wall_seconds = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count this stretch."""
        began, busy, ours = time.monotonic(), _busy_seconds(), _our_seconds()
        try:
            yield
        finally:
            self._wall_seconds += time.monotonic() - began
            self._other_seconds += max(0.0, _busy_seconds() - busy - (_our_seconds() - ours))

    @property
    def cores(self) -> float:
        """The average; 0.0 before anything was measured."""
        return self._other_seconds / self._wall_seconds if self._wall_seconds else 0.0


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    own_ticks: int
    #: Children that ended and were waited for.
    reaped_ticks: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name before the last ")" may hold anything; proc(5) numbers the fields from 1.
    fields = text.rpartition(")")[2].split()
    user, system, reaped_user, reaped_system = (int(field) for field in fields[11:15])
    return _Stat(int(fields[1]), user + system, reaped_user + reaped_system)


def _hertz() -> int:
    return os.sysconf("SC_CLK_TCK")


def _busy_seconds() -> float:
    fields = (PROC / "stat").read_text("ascii").splitlines()[0].split()
    user, nice, system = (int(field) for field in fields[1:4])
    steal = int(fields[8])
    return (user + nice + system + steal) / _hertz()


def _our_seconds() -> float:
    stats = {int(path.name): _stat(int(path.name)) for path in PROC.iterdir() if path.name.isdigit()}
    known = {pid: stat for pid, stat in stats.items() if stat is not None}
    me = os.getpid()
    ticks = 0
    for pid, stat in known.items():
        if pid == me:
            continue
        if _descends(pid, me, known):
            ticks += stat.own_ticks + stat.reaped_ticks
        elif stat.parent == KTHREADD:
            ticks += stat.own_ticks
    mine = resource.getrusage(resource.RUSAGE_SELF)
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / _hertz() + mine.ru_utime + mine.ru_stime + reaped.ru_utime + reaped.ru_stime


def _descends(pid: int, ancestor: int, known: dict[int, _Stat]) -> bool:
    while pid in known and pid > 1:
        if pid == ancestor:
            return True
        pid = known[pid].parent
    return False
