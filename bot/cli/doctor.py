"""``contestdesk doctor``: is everything in order to run?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli import desk, output


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Check settings, database, relay, inbox, Slack, templates, facts, encoders, clock; exit 1 for a fault.

    Example: contestdesk doctor
    """
    from bot import doctor as examination

    findings = examination.examine(desk.read_settings())
    healthy = all(finding.ok for finding in findings)
    if as_json:
        output.emit({"ok": healthy, "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.echo(
                output.printable(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.detail}")
            )
    if not healthy:
        raise typer.Exit(1)
