"""``contestdesk bench``: figures against peers, on this machine."""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import output

if TYPE_CHECKING:
    from bot.bench.goals import Report

NAMES = ("intake", "answer", "matcher", "slack", "campaign")


def bench(
    name: Annotated[str, typer.Argument(help="intake, answer, matcher, slack, campaign or all.")],
    rounds: Annotated[int, typer.Option(min=3, help="Rounds of one interleaved run.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a bench.")] = False,
    processes: Annotated[
        int, typer.Option(help="answer: the desk in 1 process, in 3 (one a job), or in 4 (two workers).")
    ] = 1,
    quick: Annotated[
        bool, typer.Option(hidden=True, help="A few mails: does the bench itself work?")
    ] = False,
) -> None:
    """Measure the desk beside its peers in one run; exit 1 only when a floor is missed on a calm machine.

    Example: contestdesk bench intake
    """
    if name not in (*NAMES, "all"):
        raise typer.BadParameter(f"{name!r} is none of {', '.join(NAMES)}, all", param_hint="NAME")
    if processes not in (1, 3, 4):
        raise typer.BadParameter(f"{processes}: 1, 3 or 4", param_hint="--processes")
    from bot.bench import goals

    failed = False
    for one in NAMES if name == "all" else (name,):
        try:
            report = _run(one, rounds=1 if quick else rounds, processes=processes, quick=quick)
        except goals.BenchError as error:
            raise output.fail(f"bench {one}: {error}") from error
        failed = failed or report.verdict is goals.Verdict.FAIL
        if as_json:
            output.emit(goals.document(report))
        else:
            typer.echo("\n".join([f"bench {one}", *goals.lines(report)]))
    if failed:
        raise typer.Exit(1)


def _run(name: str, *, rounds: int, processes: int, quick: bool) -> Report:
    from bot import logs, settings
    from bot.bench import answer, campaign, intake, matcher, slack

    chosen = settings.read()
    # The measured desks log as ever, into files; here the outbox would tell of every mail.
    logs.configure(chosen.log_format, level=logging.WARNING)
    # Told to stop, it stops what it started: Postfix is no child that would end with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    say = _progress()
    # Beside the desk's own data: the same disk, and nothing of it is touched.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=chosen.data_dir) as scratch:
        folder = Path(scratch)
        # Made for its owner alone; Postfix runs as several users.
        folder.chmod(0o755)
        if name == "intake":
            taken = intake.QUICK if quick else intake.Size()
            report = intake.run(folder, rounds=rounds, size=taken, say=say)
        elif name == "matcher":
            matched = matcher.QUICK if quick else matcher.Size()
            report = matcher.run(folder, rounds=rounds, size=matched, encoders=chosen.encoders, say=say)
        elif name == "campaign":
            mailed = campaign.QUICK if quick else campaign.Size()
            report = campaign.run(folder, rounds=rounds, size=mailed, say=say)
        elif name == "slack":
            asked = slack.QUICK if quick else slack.Size()
            report = slack.run(folder, rounds=rounds, size=asked, cache=chosen.cache_dir, say=say)
        else:
            answered = answer.QUICK if quick else answer.Size()
            report = answer.run(
                folder,
                rounds=rounds,
                size=answered,
                encoders=chosen.encoders,
                processes=processes,
                say=say,
            )
    say("")
    return report


def _progress() -> Callable[[str], None]:
    """Steps on a terminal, each over the one before; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda _step: None
    return lambda step: print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)
