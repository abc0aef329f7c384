"""One stretch of load on a server: by smtp-source of Postfix where installed, else by our client."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from bot.bench import mails, peers
from bot.bench.client import Job, Outcome
from bot.bench.goals import BenchError, percentile
from bot.bench.peers import Server

SIZE_BYTES = 2048
PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one stretch came to."""

    per_s: float
    #: CPU time of the server's processes; 0.0 where it cannot be told.
    cpu_ms: float


def generator() -> str:
    """The name of what makes the load, for the report."""
    return (
        "smtp-source of Postfix"
        if peers.find("smtp-source")
        else "our own asyncio client (no smtp-source here)"
    )


def flood(server: Server, *, connections: int, count: int) -> Rate:
    """Send ``count`` mails of 2 KB over kept connections as fast as they are taken.

    Raises:
        BenchError: the server did not take one of them.
    """
    cpu = server.cpu_seconds()
    program = peers.find("smtp-source")
    if program:
        took = _source(program, server, connections=connections, count=count)
    else:
        job = Job(port=server.port, connections=connections, count=count, run="flood", size_bytes=SIZE_BYTES)
        outcome = send(job)
        took = outcome.ended_at - outcome.began_at
    return Rate(per_s=count / took, cpu_ms=(server.cpu_seconds() - cpu) * 1000 / count)


def _source(program: str, server: Server, *, connections: int, count: int) -> float:
    command = [
        *(program, "-d", "-s", str(connections), "-m", str(count), "-l", str(SIZE_BYTES)),
        *("-f", mails.sender("source", 0), "-t", mails.CONTEST, f"127.0.0.1:{server.port}"),
    ]
    began = time.perf_counter()
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{server.name} did not take {count} mails within {PATIENCE_SECONDS} s") from error
    if ran.returncode != 0:
        raise BenchError(f"{server.name} did not take every mail: {ran.stderr.strip()[-300:]}")
    return time.perf_counter() - began


def send(job: Job) -> Outcome:
    """Run our client, in its own process.

    Raises:
        BenchError: a mail was not taken.
    """
    command = [sys.executable, "-m", "bot.bench.client"]
    try:
        ran = subprocess.run(
            command,
            input=json.dumps(asdict(job)),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{job.count} mails were not taken within {PATIENCE_SECONDS} s") from error
    if ran.returncode != 0:
        raise BenchError(f"the load generator failed: {ran.stderr.strip()[-300:]}")
    given = json.loads(ran.stdout)
    lists: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    outcome = Outcome(**lists)
    if outcome.refusals:
        raise BenchError(f"a mail was not taken: {outcome.refusals[0]}")
    return outcome


def reply_ms(outcome: Outcome, share: float) -> float:
    """The percentile ``share`` of the wait from final dot to 250, in milliseconds."""
    waits = [after - before for before, after in zip(outcome.dotted_at, outcome.promised_at, strict=True)]
    return percentile(waits, share) * 1000
