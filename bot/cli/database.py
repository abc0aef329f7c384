"""``contestdesk db``: the tables."""

from __future__ import annotations

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
