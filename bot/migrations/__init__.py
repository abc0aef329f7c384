"""Alembic: the revisions of the tables, in order, never edited once released."""
