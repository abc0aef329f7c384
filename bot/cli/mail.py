"""``contestdesk mail``: what would happen to a mail, and what bounced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import desk, output

app = typer.Typer(help="Look at mail without sending or storing anything.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at mail without sending or storing anything."""


@app.command("inspect")
def inspect(
    paths: Annotated[list[Path], typer.Argument(help=".eml files, mbox files or folders.")],
    to: Annotated[str | None, typer.Option(help="Our address; each mail is for us without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a message.")] = False,
) -> None:
    """Say what would happen to each message: machine or person, the new text, parts and reply.

    Example: contestdesk mail inspect --json inbox.mbox
    """
    from bot.inspection import Inspector

    settings = desk.read_settings()
    with desk.understanding(settings, database=False) as understanding:
        inspector = Inspector(understanding, settings, now=desk.instant(None))
        for told in (told for path in paths for told in inspector.messages(path, to=to)):
            if as_json:
                output.emit(told)
            else:
                typer.echo(output.printable(_shown(told)))


def _shown(told: dict[str, Any]) -> str:
    head = f"{told['file']}#{told['index']}: {told['verdict']} ({told['reason']})"
    parts = "".join(
        f"\n    {part['decision']}: {part['text']} {part['topic'] or part['unknown'] or ''}"
        for part in told["parts"]
    )
    reply = "".join(f"\n    │ {line}" for line in (told["reply"] or "").splitlines())
    return f"{head}{parts}{reply}"
