"""``contestdesk roster``: who takes part, as staff keep it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from datetime import datetime

    from bot.roster import Standing
    from bot.roster_file import Read
    from bot.roster_import import Plan
    from bot.roster_tables import Contestant

app = typer.Typer(help="Who takes part in the contest.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON for machines.")]
#: Rows of each kind that a diff shows people; JSON has all.
SHOWN = 40


@app.command("import")
def bring(
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8 or cp949) or .xlsx.")],
    staff: Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would do, change nothing.")
    ] = False,
    mapping: Annotated[
        str, typer.Option("--map", help="The file's own column names: team=팀명,address=이메일")
    ] = "",
    as_json: Json = False,
) -> None:
    """Add teams and update those that are there; all lines or none.

    The header is team,contact,address,kind,language,status; team, address and status must be there. Whoever
    unsubscribed from reminders stays so. Decisions enter by `contestdesk campaign import` alone.

    Example: contestdesk roster import teams.csv --dry-run --staff staff-a@example.org
    """
    from bot import roster_file, roster_import
    from bot import staff as people
    from bot.clock import ContestClock

    settings = desk.read_settings()
    names = _mapping(mapping)
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store:
        with store.read() as session:
            people.member(session, staff)
        read = roster_file.read(file, mapping=names)
        if read.faults:
            if as_json:
                output.emit(_document(file, read, None, dry_run=dry_run))
            for fault in read.faults:
                where = f"{file.name}:{fault.line}" if fault.line else file.name
                typer.echo(output.printable(f"{where}: {fault.what}"), err=True)
            raise output.fail(f"{file.name}: {len(read.faults)} mistakes, nothing was imported")
        if dry_run:
            with store.read() as session:
                planned = roster_import.plan(session, read.lines)
        else:
            with store.write.begin() as session:
                planned = roster_import.plan(session, read.lines)
                roster_import.apply(session, planned, now=now)
    if as_json:
        output.emit(_document(file, read, planned, dry_run=dry_run))
    else:
        _show(read, planned, dry_run=dry_run)


def _mapping(text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if wrong := next((name for name, equals, value in pairs if not equals or not value.strip()), None):
        raise typer.BadParameter(f"{wrong!r} is not COLUMN=NAME, such as team=팀명", param_hint="--map")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _document(file: Path, read: Read, planned: Plan | None, *, dry_run: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "file": file.name,
        "dry_run": dry_run,
        "faults": [{"line": fault.line, "what": fault.what} for fault in read.faults],
        "ignored_columns": list(read.ignored),
    }
    if planned is None:
        return document
    return document | {
        "added": [
            {"line": line.number, "team": line.team, "address": line.address, "status": line.status}
            for line in planned.added
        ],
        "changed": [
            {
                "line": change.line.number,
                "id": change.contestant_id,
                "team": change.line.team,
                "address": change.line.address,
                "changes": {name: list(pair) for name, pair in change.fields.items()},
            }
            for change in planned.changed
        ],
        "unchanged": planned.unchanged,
        "left_out": list(planned.left_out),
        "near": [
            {"column": pair.column, "left": pair.left, "right": pair.right, "likeness": pair.likeness}
            for pair in planned.near
        ],
        "compared": not planned.not_compared,
    }


def _show(read: Read, planned: Plan, *, dry_run: bool) -> None:
    for line in planned.added[:SHOWN]:
        _say(f"+ {line.team} <{line.address}> {line.status}")
    _more(len(planned.added))
    for change in planned.changed[:SHOWN]:
        told = ", ".join(
            f"{name}: {old or '-'} -> {new or '-'}" for name, (old, new) in change.fields.items()
        )
        _say(f"~ {change.line.team} <{change.line.address}> {told}")
    _more(len(planned.changed))
    for pair in planned.near:
        _say(f"? {pair.column} alike ({pair.likeness:.0f} of 100): {pair.left} | {pair.right}")
    if planned.not_compared:
        _say("? too many rows to look for teams that are there twice")
    if read.ignored:
        _say(f"columns that nothing is done with: {', '.join(read.ignored)}")
    if planned.left_out:
        _say(f"{len(planned.left_out)} on the roster are not in the file; they stay as they are")
    would = "would be " if dry_run else ""
    counts = f"{len(planned.added)} added, {len(planned.changed)} changed, {planned.unchanged} unchanged"
    _say(f"{would}{counts}" + ("; nothing was written" if dry_run else ""))


def _say(text: str) -> None:
    typer.echo(output.printable(text))


def _more(count: int) -> None:
    if count > SHOWN:
        _say(f"  ... and {count - SHOWN} more (--json shows all)")


@app.command("list")
def list_all(
    status: Annotated[
        list[str] | None, typer.Option(help="interested, drafting, submitted, withdrawn; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the teams; a decision shows from its release on.

    Example: contestdesk roster list --status drafting
    """
    from bot import roster, roster_file
    from bot.clock import ContestClock
    from faq.contest import Stage

    if wrong := [name for name in status or () if name not in roster_file.STATUSES]:
        known = ", ".join(roster_file.STATUSES)
        raise typer.BadParameter(f"{wrong[0]!r} is none of {known}", param_hint="--status")
    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.read() as session:
        rows = roster.people(session, statuses=[Stage(name) for name in status or ()])
        standings = {one.id: one for one in roster.standings(session, now=now)}
        listed = [_row(row, standings[row.id]) for row in rows]
    if as_json:
        for document in listed:
            output.emit(document)
        return
    columns = ("id", "team", "contact", "address", "kind", "language", "stage", "reminded")
    output.table(
        columns,
        [[row[name] for name in columns] for row in listed],
        empty="nobody is on the roster: contestdesk roster import FILE --staff ADDRESS",
    )


def _row(row: Contestant, stands: Standing) -> dict[str, Any]:
    return {
        "id": row.id,
        "team": row.team,
        "contact": row.contact,
        "address": row.address,
        "kind": row.kind,
        "language": row.language,
        "status": row.status,
        "stage": stands.stage,
        "reminded": stands.reminded,
        "unsubscribed_at": _written(row.unsubscribed_at),
        "added_at": _written(row.added_at),
    }


def _written(instant: datetime | None) -> str | None:
    from faq.contest import SEOUL

    return instant.astimezone(SEOUL).isoformat(timespec="seconds") if instant else None


@app.command("show")
def show(
    named: Annotated[str, typer.Argument(help="Number, address or team.")],
    as_json: Json = False,
) -> None:
    """Show one team, and what it was reminded of.

    Example: contestdesk roster show lab@example.org
    """
    from bot import roster
    from bot.clock import ContestClock
    from mailer import reminded

    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.read() as session:
        row = roster.one(session, named)
        stands = roster.standing(session, row.id, now=now)
        assert stands is not None  # it was just read
        document = _row(row, stands) | {
            "presents_at": _written(stands.slot_at),
            "reminders": [
                {
                    "milestone": one.milestone,
                    "offset": one.offset,
                    "state": one.state,
                    "at": _written(one.at),
                    "mail": one.mail_id,
                }
                for one in reminded.of_person(session, row.id)
            ],
        }
    if as_json:
        output.emit(document)
        return
    for name, value in document.items():
        if name != "reminders":
            _say(f"{name}: {'-' if value is None else value}")
    for one in document["reminders"]:
        _say(f"reminder {one['milestone']} {one['offset']}: {one['state']} {one['at']} mail {one['mail']}")


@app.command("export")
def export(
    out: Annotated[
        Path | None, typer.Option(help="A file, as Excel reads it; standard output without.")
    ] = None,
) -> None:
    """Write the roster as CSV, in the columns that import reads; no decision is in it.

    Example: contestdesk roster export --out teams.csv
    """
    from bot import roster, roster_file

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        written = roster_file.written(
            (row.team, row.contact, row.address, row.kind, row.language, row.status)
            for row in roster.people(session)
        )
    if out is None:
        typer.echo(written, nl=False)
        return
    try:
        # With the mark by which Excel knows UTF-8.
        out.write_bytes(written.encode("utf-8-sig"))
    except OSError as error:
        raise output.fail(f"{out}: {error.strerror}") from error
    typer.echo(f"written: {out}")
