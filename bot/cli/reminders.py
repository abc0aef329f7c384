"""``contestdesk reminders``: what will go out by itself, when, and to how many."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output

app = typer.Typer(help="Reminders ahead of milestones.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Reminders ahead of milestones."""


@app.command("plan")
def plan(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    now: Annotated[str | None, typer.Option(help="As of this instant (ISO 8601).")] = None,
) -> None:
    """Show every reminder to come, with its audience as the roster is today.

    A stage that is a decision has no audience before its release.

    Example: contestdesk reminders plan
    """
    from bot import reminding, understanding
    from bot.clock import ContestClock
    from faq import library, render
    from faq.contest import SEOUL, Language

    settings = desk.read_settings()
    at = desk.instant(now) if now else ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.read() as session:
        current = understanding.overlaid(library.load(settings.contest_dir), session)
        outlook = reminding.outlook(session, current, now=at)
        refused = reminding.planned(session, current).refused
    if as_json:
        for one in outlook:
            output.emit(
                {
                    "at": one.slot.at.astimezone(SEOUL).isoformat(timespec="minutes"),
                    "milestone": one.slot.milestone.id,
                    "offset": str(one.slot.offset),
                    "due_at": one.slot.due_at.astimezone(SEOUL).isoformat(timespec="minutes"),
                    "not_after": one.slot.not_after.astimezone(SEOUL).isoformat(timespec="seconds"),
                    "audience": list(one.slot.audience),
                    "count": one.count,
                    "note": one.note,
                }
            )
        for refusal in refused:
            output.emit(
                {"milestone": refusal.milestone, "offset": str(refusal.offset), "refused": refusal.why}
            )
        return
    rows = [
        (
            render.clock_text(one.slot.at, Language.EN),
            one.slot.milestone.id,
            one.slot.offset,
            ", ".join(one.slot.audience),
            one.count,
            one.note,
        )
        for one in outlook
    ]
    columns = ("when", "milestone", "offset", "audience", "people", "")
    output.table(columns, rows, empty="no reminder is to come")
    for refusal in refused:
        typer.echo(f"not planned: {refusal.milestone} {refusal.offset}: {refusal.why}")
