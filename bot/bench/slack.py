"""How fast Slack is heard and answered, beside slack-bolt with one listener that keeps nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bot import standin
from bot.bench import machine, mails, peers
from bot.bench.goals import BenchError, Better, Goal, Machine, Measured, Report, Unit, percentile
from bot.standin import Standin, StandinError
from faq import library
from intents.engine import Engine

Say = Callable[[str], None]

#: Slack waits three seconds for an ack; a tenth of that leaves room for a disk ten times slower.
ACK_P99 = Goal(name="slack.ack_p99", unit=Unit.MS, better=Better.LOWER, floor=300, stretch=100)
ACK_P50 = Goal(name="slack.ack_p50", unit=Unit.MS, better=Better.LOWER, floor=50, stretch=20)
#: Slack sends a workspace's app no more than 30,000 events an hour, 8.3 a second; twice that is never late.
ANSWERED = Goal(name="slack.answered_per_s", unit=Unit.PER_S, better=Better.HIGHER, floor=16.6, stretch=60)
#: The desk commits each event, reads it, decides, commits again; mail has the same floor beside its peer.
RATIO = Goal(name="slack.answered_vs_bare", unit=Unit.RATIO, better=Better.HIGHER, floor=0.03, stretch=0.10)

ROOT = Path(__file__).resolve().parent.parent.parent
IN_FLIGHT = 8
SOCKETS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is asked in each stretch."""

    desk: int = 160
    bare: int = 800
    questions: int = 40
    flushes: int = 300


QUICK = Size(desk=8, bare=16, questions=3, flushes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One app, and the workspace that asks it."""

    standin: Standin
    bot_token: str
    app_token: str
    signing_secret: str

    @property
    def api_url(self) -> str:
        """Where its calls go."""
        return f"{self.standin.url}/api/"

    def order(self, name: str, /, **args: Any) -> Any:
        """Give the stand-in one order; raises BenchError when it is refused."""
        try:
            return self.standin.order(name, **args)
        except StandinError as error:
            raise BenchError(str(error)) from error

    def ask(self, count: int, texts: Sequence[str]) -> Stretch:
        """Let so many people ask one question each, eight at a time; raises BenchError if one waits."""
        people = self.order("load_people", count=count)
        found = self.order("load", users=people, texts=list(texts), in_flight=IN_FLIGHT)
        if found["missed"]:
            raise BenchError(f"{found['missed']} of {count} questions were not answered")
        return Stretch(per_s=found["per_s"], ack_ms=found["ack_ms"], answer_ms=found["answer_ms"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What one stretch of questions showed."""

    per_s: float
    ack_ms: Sequence[float]
    answer_ms: Sequence[float]


@dataclass(slots=True)
class _Rounds:
    """What was found, a list entry a round."""

    desk: list[Stretch] = field(default_factory=list)
    bare: list[Stretch] = field(default_factory=list)


def run(folder: Path, *, rounds: int, size: Size, cache: Path, say: Say) -> Report:
    """Measure in ``folder``, which lies on the disk that counts; ``say`` gets a line a step.

    ``cache`` is the setting ``cache_dir``: what the engine worked out before.

    Raises:
        BenchError: a process is missing or failed, or a question was not answered.
    """
    machine.require_proc()
    flush = machine.flush_times(folder, samples=size.flushes)
    other = machine.OtherLoad()
    found = _Rounds()
    say("slack: choosing questions")
    read = library.load(library.PACKAGED)
    asked = mails.answered(read, Engine.build(read, [], cache=cache), limit=size.questions)
    with _started(folder, say) as (desk, bare):
        for side, count in ((desk, min(16, size.desk)), (bare, min(40, size.bare))):
            side.ask(count, asked)
        for number in range(rounds):
            say(f"slack: round {number + 1} of {rounds}")
            steps: list[Callable[[], None]] = [
                lambda: found.desk.append(desk.ask(size.desk, asked)),
                lambda: found.bare.append(bare.ask(size.bare, asked)),
            ]
            for step in reversed(steps) if number % 2 else steps:
                with other.measured():
                    step()
    return Report(
        name="slack",
        rounds=rounds,
        machine=Machine(
            cpus=os.cpu_count() or 1,
            flush_ms_p50=flush.p50_ms,
            flush_ms_p99=flush.p99_ms,
            other_load=other.cores,
        ),
        measured=tuple(_measured(found)),
        notes=(
            "the desk in one process on SQLite, without encoders; Slack is the stand-in of the tests, "
            "on these cores as well",
            f"bare: slack-bolt with one listener that posts the question back; {SOCKETS} sockets each, "
            f"{IN_FLIGHT} questions in flight, each by somebody else",
        ),
    )


@contextmanager
def _started(folder: Path, say: Say) -> Iterator[tuple[Side, Side]]:
    say("slack: starting the servers")
    with ExitStack() as stack:
        url = stack.enter_context(_program(folder, "standin", "--until-stdin-ends"))["url"]
        desk, bare = (_workspace(url, name) for name in ("desk", "bare"))
        triage = desk.order("add_channel", name="triage", kind="private", members=[], with_bot=True)
        stack.enter_context(
            peers.desk(
                folder / "desk",
                "the desk",
                (("all",),),
                slack_bot_token=desk.bot_token,
                slack_app_token=desk.app_token,
                slack_signing_secret=desk.signing_secret,
                slack_api_url=desk.api_url,
                slack_triage_channel=triage,
            )
        )
        access = (bare.api_url, bare.bot_token, bare.app_token, str(SOCKETS))
        stack.enter_context(_program(folder, "standin.echo", *access))
        for side in (desk, bare):
            _wait_for_sockets(side)
        yield desk, bare


def _workspace(url: str, name: str) -> Side:
    try:
        made = standin.ask(f"{url}/_control/workspaces", {"name": name})
    except StandinError as error:
        raise BenchError(str(error)) from error
    return Side(
        standin=Standin(url=url, team=made["team_id"]),
        bot_token=made["bot_token"],
        app_token=made["app_token"],
        signing_secret=made["signing_secret"],
    )


def _wait_for_sockets(side: Side) -> None:
    """Wait until an app has connected; the stand-in answers at each change."""
    seen = -1
    for _ in range(100):
        seen = side.order("changes", after=seen, timeout=1.0)
        if side.order("look/sockets"):
            return
    raise BenchError("nobody connected to the stand-in")


@contextmanager
def _program(folder: Path, name: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """A program of the tests' stand-in, as its first line says that it is ready; it ends with its input."""
    if not (ROOT / "tests" / "slack_standin").is_dir():
        raise BenchError("the Slack stand-in lies in tests/: run this from a checkout")
    log = folder / f"{name}.log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-m", f"tests.slack_{name}", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None  # a pipe, as asked for
        assert process.stdin is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise BenchError(f"tests.slack_{name} did not start: {log.read_text('utf-8')[-300:]}")
            yield json.loads(line)
        finally:
            process.stdin.close()


def _measured(found: _Rounds) -> Iterator[Measured]:
    """The goals, with the peer's figures beside them."""
    for goal, share in ((ACK_P50, 0.5), (ACK_P99, 0.99)):
        own = tuple(percentile(one.ack_ms, share) for one in found.desk)
        bare = median(percentile(one.ack_ms, share) for one in found.bare)
        yield Measured(goal=goal, values=own, figures=f"{median(own):.1f} / {bare:.1f} ms")
    own_rate, bare_rate = (median(one.per_s for one in side) for side in (found.desk, found.bare))
    waits = [wait for one in found.desk for wait in one.answer_ms]
    yield Measured(
        goal=ANSWERED,
        values=tuple(one.per_s for one in found.desk),
        figures=f"{own_rate:.1f} / {bare_rate:.0f} answers/s",
        beside=f"answer p50 {percentile(waits, 0.5):.0f} p99 {percentile(waits, 0.99):.0f} ms",
    )
    yield Measured(
        goal=RATIO,
        values=tuple(one.per_s / other.per_s for one, other in zip(found.desk, found.bare, strict=True)),
        figures=f"{own_rate:.1f} / {bare_rate:.0f} answers/s",
    )
