"""``contestdesk mail``: what would happen to a mail, and what bounced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import desk, output

app = typer.Typer(
    help="Look at mail: what would happen, what bounced, what stays unanswered.", no_args_is_help=True
)

Limit = Annotated[int, typer.Option(min=1, help="So many of the latest.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.callback()
def _group() -> None:
    """Look at mail: what would happen, what bounced, what stays unanswered."""


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


@app.command("bounces")
def bounces(limit: Limit = 200, as_json: Json = False) -> None:
    """List the latest bounces: who was not reached, why, and which mail of ours it was.

    A bounce without our signed address names no mail of ours and has changed nothing.

    Example: contestdesk mail bounces --json
    """
    from bot import returned

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = returned.listed(session, limit=limit)
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("at", "recipient", "status", "permanent", "cause", "outbox", "kind", "inbound")
    shown = [[_word(row[column]) for column in columns] for row in rows]
    output.table(columns, shown, empty="nothing has bounced")


@app.command("quiet")
def quiet(
    verdict: Annotated[
        list[str] | None, typer.Option(help="Only this verdict, such as auto_reply; may be repeated.")
    ] = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List the latest mails that nobody answers, with the rule that said so.

    Example: contestdesk mail quiet --verdict spam --verdict auto_reply
    """
    from bot import quiet as silent
    from bot.inbox.rules import MailVerdict

    known = silent.VERDICTS
    if wrong := [name for name in verdict or () if name not in known]:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(known)}", param_hint="--verdict")
    wanted = [MailVerdict(name) for name in verdict] if verdict else known
    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = silent.listed(session, verdicts=wanted, limit=limit)
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("inbound", "at", "verdict", "rule", "from", "subject", "reason")
    output.table(columns, [[row[column] for column in columns] for row in rows], empty="nothing is quiet")


def _word(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _shown(told: dict[str, Any]) -> str:
    head = f"{told['file']}#{told['index']}: {told['verdict']} ({told['reason']})"
    parts = "".join(
        f"\n    {part['decision']}: {part['text']} {part['topic'] or part['unknown'] or ''}"
        for part in told["parts"]
    )
    reply = "".join(f"\n    │ {line}" for line in (told["reply"] or "").splitlines())
    return f"{head}{parts}{reply}"
