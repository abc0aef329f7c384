"""What commands print: one compact JSON document, or a table for people."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import typer


def json_line(document: object) -> str:
    """One document on one line, Korean as it is."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)


def emit(document: object) -> None:
    """Print one document as one line."""
    typer.echo(json_line(document))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print rows for people; ``empty`` is said when there are none. Cells are data, never markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = list(rows)
    if not listed:
        typer.echo(empty)
        return
    drawn = Table(*columns, box=None, pad_edge=False)
    for row in listed:
        drawn.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(drawn)


def printable(text: str) -> str:
    """The text without characters that steer a terminal; outside words are shown, not obeyed."""
    return "".join(c if _is_shown(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _is_shown(character: str) -> bool:
    # Wide and no-break spaces are not "printable" to Python, but people write them.
    return character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs"


def fail(message: str) -> typer.Exit:
    """Say on stderr, in one line, what went wrong and how to mend it; raise the result."""
    typer.echo(f"contestdesk: {message}", err=True)
    return typer.Exit(1)
