"""``contestdesk outbox``: what waits to be sent, what became of it, and what a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli import desk, output

app = typer.Typer(help="Mail that waits, went out, or needs a decision.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The row's number.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]

COLUMNS = (
    "id", "channel", "kind", "state", "recipient", "subject",
    "message_id", "inquiry", "attempts", "last_reply",
)  # fmt: skip


@app.command("list")
def list_rows(
    state: Annotated[list[str] | None, typer.Option(help="Only rows in this state; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """List the outbox, oldest first.

    Example: contestdesk outbox list --state unknown --state failed
    """
    from mailer import outbox
    from mailer.tables import MailState

    known = list(MailState)
    if wrong := [name for name in state or () if name not in known]:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(known)}", param_hint="--state")
    with desk.opened(desk.read_settings()) as store, store.read() as session:
        mails = outbox.listing(session, states=[MailState(name) for name in state or ()])
        rows = [{column: getattr(mail, column) for column in COLUMNS} for mail in mails]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    shown = [[row[column] for column in COLUMNS if column not in ("channel", "message_id")] for row in rows]
    columns = [column for column in COLUMNS if column not in ("channel", "message_id")]
    output.table(columns, shown, empty="the outbox is empty")


@app.command("show")
def show(number: Number, as_json: Json = False) -> None:
    """Show one mail: its state, why it says what it says, each try, and the message itself.

    Example: contestdesk outbox show 7
    """
    from mailer import outbox, suppression
    from mailer.tables import MailKind

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        mail = outbox.show(session, number)
        tries = [
            {
                "started_at": tried.started_at,
                "outcome": tried.outcome,
                "code": tried.code,
                "reply": tried.reply,
            }
            for tried in outbox.tries(session, number)
        ]
        told = {column: getattr(mail, column) for column in COLUMNS}
        told |= {"evidence": mail.evidence, "provenance": mail.provenance, "tries": tries, "key": mail.key}
        told["bounces"] = [
            {
                "at": came.at,
                "status": came.status,
                "permanent": came.permanent,
                "cause": came.cause,
                "inbound": came.inbound_id,
            }
            for came in suppression.bounces_of(session, number)
        ]
        body = (mail.body or b"").decode("utf-8", "replace")
        if mail.kind is MailKind.CODE:
            body = "(not shown: it holds a one-time code, which is for its recipient alone)"
    if as_json:
        output.emit(told)
        return
    for name, value in told.items():
        typer.echo(output.printable(f"{name}: {value}"))
    typer.echo("")
    typer.echo(output.printable(body.replace("\r\n", "\n")))


@app.command("resend")
def resend(
    number: Number,
    evidence: Annotated[
        str | None, typer.Option(help="How you know that it did not arrive; an unknown result needs it.")
    ] = None,
) -> None:
    """Send a mail once more because you decided so: the same message, the same Message-ID.

    Example: contestdesk outbox resend 7
    """
    from mailer import outbox

    with desk.opened(desk.read_settings()) as store, store.write.begin() as session:
        outbox.resend(session, number, evidence=evidence)
    typer.echo(f"mail {number} is queued again")


@app.command("cancel")
def cancel(number: Number) -> None:
    """Keep a mail from leaving.

    Example: contestdesk outbox cancel 7
    """
    from mailer import outbox

    with desk.opened(desk.read_settings()) as store, store.write.begin() as session:
        outbox.cancel(session, number)
    typer.echo(f"mail {number} is cancelled")


@app.command("evidence")
def evidence(
    log: Annotated[Path, typer.Option(help="A log of your Postfix relay, oldest line first.", exists=True)],
    as_json: Json = False,
) -> None:
    """Settle unknown mails by the relay's log: what it queued was sent, what it bounced has failed.

    A queue id that was only given its Message-ID proves nothing; such a mail stays unknown.

    Example: contestdesk outbox evidence --log /var/log/mail.log
    """
    from bot.clock import ContestClock
    from mailer import evidence as proof
    from mailer import outbox, sending

    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store:
        with store.read() as session:
            unknown = outbox.unknown(session)
        try:
            with log.open(encoding="utf-8", errors="replace") as lines:
                found = proof.read_log(lines, unknown.keys())
        except OSError as error:
            raise output.fail(f"{log}: {error.strerror}") from error
        settled = []
        with store.write.begin() as session:
            for message_id, proved in found.items():
                number = unknown[message_id]
                if sending.settle(session, number, proved.to, proved.line, now=now):
                    settled.append({"id": number, "state": proved.to, "evidence": proved.line})
    if as_json:
        for row in settled:
            output.emit(row)
        return
    for row in settled:
        typer.echo(output.printable(f"mail {row['id']} is {row['state']}: {row['evidence']}"))
    typer.echo(f"{len(settled)} settled, {len(unknown) - len(settled)} still unknown")
