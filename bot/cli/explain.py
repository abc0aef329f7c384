"""Prints how a decision came about, in tables that a contest manager can read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bot.cli import output

if TYPE_CHECKING:
    from faq.library import Library
    from intents.engine import Explained, Explanation


def show(explanation: Explanation, library: Library, *, now: datetime) -> None:
    """Print utterance, questions, candidates by view, guards and decision, then the reply's topics."""
    decision = explanation.decision
    typer.echo(f"language {decision.language}, decision {decision.decision}, as of {now:%Y-%m-%d %H:%M %Z}")
    for number, one in enumerate(explanation.explained, start=1):
        _show_question(number, one, library)


def _show_question(number: int, one: Explained, library: Library) -> None:
    from faq.contest import Language

    typer.echo(output.printable(f"\n{number}. {one.part.text or one.question.core}"))
    rows = []
    for topic, views in one.candidates.items():
        title = library.entries[topic].title[Language.KO] if topic in library.entries else ""
        rows.append((topic, title, *(f"{score:.2f}" for score in views.values())))
    names = next(iter(one.candidates.values()), {}).keys()
    output.table(("topic", "title", *names), rows, empty="no candidates")
    phrasing, label = one.closest
    typer.echo(output.printable(f"closest phrasing: {phrasing} ({label})"))
    typer.echo(f"decision: {one.part.decision}, confidence {one.part.confidence:.2f}")
    typer.echo(output.printable(f"because: {one.part.reason}"))
