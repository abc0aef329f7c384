"""Runs the revisions on the connection that bot/storage.py hands over."""

from typing import Any, Literal

from alembic import context

from mailer.base import Base, Name, UTCDateTime


def plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the database's own type into a revision, so that it never imports ours."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Name):
        return "sa.String(length=32)"
    return False


# Batch mode: SQLite cannot alter a table in place.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()
