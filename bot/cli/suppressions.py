"""``contestdesk suppressions``: addresses that we do not write to any more."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output

app = typer.Typer(help="Addresses that we do not write to any more.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the addresses that are closed, why, and since when.

    Example: contestdesk suppressions list --json
    """
    from faq.contest import SEOUL
    from mailer import suppression

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = [
            (row.address, row.reason, row.since.astimezone(SEOUL).isoformat(timespec="seconds"))
            for row in suppression.listing(session)
        ]
    columns = ("address", "reason", "since")
    if as_json:
        for row in rows:
            output.emit(dict(zip(columns, row, strict=True)))
        return
    output.table(columns, rows, empty="no address is suppressed")


@app.command("remove")
def remove(
    address: Annotated[str, typer.Argument(help="The address to write to again.")],
    staff: Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")],
    as_json: Json = False,
) -> None:
    """Write to an address again; that you decided so stays on record with its bounce and its inquiries.

    Mails that were kept back meanwhile are named, not sent.

    Example: contestdesk suppressions remove lab@example.org --staff staff-a@example.org
    """
    from bot import returned
    from bot import staff as people
    from bot.clock import ContestClock

    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.write.begin() as session:
        lifted = returned.open_again(session, address, staff=people.member(session, staff), now=now)
    if as_json:
        output.emit(
            {"address": lifted.address, "reason": lifted.reason, "kept_back": lifted.kept_back, "by": staff}
        )
        return
    typer.echo(output.printable(f"{lifted.address} is written to again (it was closed: {lifted.reason})"))
    if lifted.kept_back:
        kept = ", ".join(str(number) for number in lifted.kept_back)
        typer.echo(f"kept back meanwhile: mail {kept}; to send one: contestdesk outbox resend NUMBER")
