"""``contestdesk db``: the tables, and whose they are."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The database."""


@app.command("upgrade")
def upgrade() -> None:
    """Bring the tables to the newest revision; safe while others run.

    Example: contestdesk db upgrade
    """
    from bot import storage

    settings = desk.read_settings()
    store = storage.open_storage(settings.store)
    try:
        typer.echo(f"at revision {storage.upgrade(store)}")
    finally:
        store.close()


@app.command("confirm")
def confirm(
    staff: Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")],
    waiting: Annotated[str, typer.Option(help="What becomes of mails that wait in it: cancel or send.")] = "",
    beside: Annotated[
        bool, typer.Option("--beside", help="One more machine on a database that others use, too.")
    ] = False,
) -> None:
    """Say that this database is the one to send from, after it was copied, moved or put back.

    Make sure first that no other desk sends from the old one: each would write to the same people.

    Example: contestdesk db confirm --staff staff-a@example.org --waiting cancel
    """
    from bot import fence
    from bot import staff as people
    from bot.clock import ContestClock
    from bot.tables import StaffRole

    if waiting not in ("", *fence.Waiting):
        raise typer.BadParameter(f"{waiting!r} is none of {', '.join(fence.Waiting)}", param_hint="--waiting")
    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store:
        with store.write.begin() as session:
            member = people.member(session, staff, role=StaffRole.APPROVER)
            done, known = fence.confirm(
                session,
                known=fence.known_of(settings.data_dir),
                staff=member.address,
                waiting=fence.Waiting(waiting) if waiting else None,
                beside=beside,
                now=now,
            )
        fence.remember(settings.data_dir, known)
    typer.echo(f"this installation may send (epoch {done.epoch}); {done.waiting} mails wait")
    if done.cancelled:
        typer.echo(f"{done.cancelled} mails that waited were cancelled: contestdesk outbox list")
