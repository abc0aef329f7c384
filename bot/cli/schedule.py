"""``contestdesk schedule``: the days of the contest, what an edit does, and whom it has to reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, drafts, output
from bot.cli.drafts import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from bot.schedule_effect import Effect

app = typer.Typer(help="The days of the contest, and what hangs on them.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Code = Annotated[str | None, typer.Option(help="As mailed to you; without it a code is sent.")]


@app.command()
def show(as_json: Json = False) -> None:
    """Show each milestone with its days and hour, as they are in force, and its reminders.

    Example: contestdesk schedule show
    """
    from bot import reminding
    from faq import wording
    from faq.contest import SEOUL, Language

    with drafts.acting() as act:
        edition = act.library()
        plan = reminding.planned(act.session, edition)
    rows: list[dict[str, Any]] = []
    for one in edition.contest.milestones.values():
        at = [
            (str(slot.offset), slot.at.astimezone(SEOUL))
            for slot in plan.slots
            if slot.milestone.id == one.id
        ]
        rows.append(
            {
                "milestone": one.id,
                "title": one.title[Language.KO],
                "starts_on": one.starts_on.isoformat(),
                "ends_on": one.ends_on.isoformat(),
                "at": f"{one.at:%H:%M}" if one.at else None,
                "approximate": one.approximate[Language.KO] if one.approximate else None,
                "said": wording.period(one, Language.KO),
                "reminders": [{"offset": name, "at": _minute(when)} for name, when in at],
                "refused": [
                    {"offset": str(refusal.offset), "why": refusal.why}
                    for refusal in plan.refused
                    if refusal.milestone == one.id
                ],
            }
        )
    if as_json:
        output.emit({"version": edition.version, "milestones": rows})
        return
    table = [
        (
            row["milestone"],
            row["said"],
            row["at"] or "no hour announced",
            ", ".join(f"{one['offset']} {one['at']}" for one in row["reminders"]),
        )
        for row in rows
    ]
    output.table(("milestone", "days", "hour", "reminders (KST)"), table, empty="no milestone")
    for row in rows:
        for said in row["refused"]:
            typer.echo(output.printable(f"not planned: {row['milestone']} {said['offset']}: {said['why']}"))


@app.command()
def ics(
    out: Annotated[Path | None, typer.Option(help="File to write; without it, standard output.")] = None,
    lang: Annotated[str, typer.Option(help="ko or en.")] = "ko",
) -> None:
    """Write the settled milestones as a calendar file.

    Example: contestdesk schedule ics --out season.ics
    """
    from faq.contest import Language
    from mailer import invite

    if lang not in list(Language):
        raise typer.BadParameter("ko or en", param_hint="--lang")
    settings = desk.read_settings()
    with drafts.acting() as act:
        content = invite.season(
            act.library().contest, domain=settings.mail_domain, language=Language(lang), now=act.now
        )
    if out is None:
        typer.echo(content.decode("utf-8"), nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise output.fail(f"{out}: {error.strerror}") from error
    typer.echo(f"{out}: {content.count(b'BEGIN:VEVENT')} milestones")


@app.command("set")
def set_field(
    milestone: Annotated[str, typer.Argument(help="Such as application; `schedule show` lists them.")],
    field: Annotated[str, typer.Argument(help="on (a single day), starts_on, ends_on, or at.")],
    value: Annotated[str, typer.Argument(help="A day (2020-12-07), an hour (18:00), or none for at.")],
    staff: Actor,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    as_json: Json = False,
) -> None:
    """Propose an edit, and say what it adds, moves and cancels and whom the old days were told.

    Another person approves it; edits of one milestone that wait are approved together.
    Example: contestdesk schedule set application ends_on 2020-12-07 --staff staff-a@example.org
    """
    from bot import drafts as changes
    from bot import schedule, schedule_effect

    with drafts.acting() as act:
        member = act.member(staff)
        edition = act.library()
        row = schedule.propose(act.session, edition, milestone, field, value, staff=member, now=act.now)
        found = schedule_effect.foreseen(act.session, edition, schedule.proposed(row, edition), now=act.now)
        faults = changes.faults(row, edition, act.files)
        number = row.id
        if dry_run:
            act.session.rollback()
    if as_json:
        output.emit(found.as_document() | {"draft": None if dry_run else number, "faults": faults})
        return
    _tell(found)
    for fault in faults:
        typer.echo(output.printable(f"to mend: {fault}"))
    if dry_run:
        typer.echo("nothing was changed (--dry-run)")
    else:
        typer.echo(f"draft {number}: contestdesk schedule approve {number} --staff APPROVER")


@app.command()
def approve(
    number: Annotated[int, typer.Argument(help="The draft's number, as `schedule set` said it.")],
    staff: Actor,
    code: Code = None,
) -> None:
    """Approve an edit: first a code is mailed to you, then the code puts it in force.

    It moves what was not sent yet, sends corrected invitations, and drafts corrections.
    Example: contestdesk schedule approve 4 --staff staff-b@example.org --code 7KQM-2XRD
    """
    from bot import desk as desks
    from bot import drafts as changes
    from bot import schedule_effect, understanding
    from bot import staff as people
    from bot.refusal import Refused
    from faq import library

    settings = desk.read_settings()
    with desk.opened(settings) as store, store.read() as session:
        row = changes.find(session, number)
        if row.kind not in (changes.Kind.MILESTONE, changes.Kind.FACT):
            raise Refused(f"draft {number} is no edit of the schedule; use: contestdesk faq approve {number}")
        changes.check_approver(row, people.member(session, staff, role=changes.ROLE))
    drafts.approve(number, staff, code)
    if code is None:
        return
    files = library.load(settings.contest_dir)
    with desk.opened(settings) as store:
        with store.read() as session:
            edition = understanding.overlaid(files, session)
        done = schedule_effect.follow_up(store, files, edition, desks.of(settings, files.contest), now=_now())
    typer.echo(
        f"reminders: {done['reminders_called_back']} called back, {done['reminders_queued']} queued;"
        f" invitations sent: {done['invitations']}; corrections drafted: {done['corrections_drafted']}"
    )
    if done["corrections_drafted"]:
        typer.echo("look at them: contestdesk schedule corrections")


@app.command()
def corrections(
    version: Annotated[
        int | None, typer.Argument(help="The change; without it, all of them, counted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> None:
    """List the corrections that a change drafted: to whom, and what they say.

    Example: contestdesk schedule corrections 7
    """
    from bot import corrections as verbs
    from bot.schedule_tables import CorrectionState

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        if version is None:
            rows: list[dict[str, Any]] = [
                {
                    "change": recall.overlay_id,
                    "of": row.subject,
                    "by": row.approved_by,
                    **{str(state): counted.get(state, 0) for state in CorrectionState},
                    "by_hand": recall.by_hand,
                }
                for recall, row, counted in verbs.listed(session)
            ]
        else:
            rows = [
                {
                    "change": version,
                    "address": row.address,
                    "language": row.language,
                    "state": row.state,
                    **{name: row.said[name] for name in ("title", "was", "now", "asked")},
                    "mails": row.mails,
                }
                for row in verbs.of_change(session, version)
            ]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = tuple(rows[0]) if rows else ()
    output.table(columns, [list(row.values()) for row in rows], empty="no correction")


@app.command()
def correct(
    version: Annotated[int, typer.Argument(help="The change, as `schedule corrections` lists it.")],
    staff: Actor,
    code: Code = None,
    without: Annotated[
        list[str] | None, typer.Option(help="An address to leave out; may be repeated.")
    ] = None,
) -> None:
    """Send the drafted corrections of a change: first a code is mailed to you, then the code sends them.

    Example: contestdesk schedule correct 7 --staff staff-b@example.org --without lab@example.org
    """
    from bot import codes, understanding
    from bot import corrections as verbs
    from bot import desk as desks
    from bot import staff as people
    from bot.clock import real_now
    from faq import library

    settings = desk.read_settings()
    files = library.load(settings.contest_dir)
    identity = desks.of(settings, files.contest).identity
    with desk.opened(settings) as store, store.write.begin() as session:
        if without:
            member = people.member(session, staff, role=verbs.ROLE)
            verbs.leave_out(session, version, without, staff=member, now=_now())
        looked = verbs.look_over(session, version)
        if code is None:
            verbs.send_code(session, looked, staff, identity=identity, now=_now(), real_now=real_now())
            done: object = None
        else:
            done = verbs.approve(
                session,
                looked,
                staff,
                code,
                contest=understanding.overlaid(files, session).contest,
                identity=identity,
                now=_now(),
                real_now=real_now(),
            )
    if isinstance(done, codes.Redeemed):
        raise output.fail(f"change {version}: {codes.SAID[done]}")
    if done is None:
        typer.echo(
            f"change {version}: a code for {len(looked.rows)} corrections goes to {staff};"
            " repeat with --code CODE"
        )
    else:
        typer.echo(f"change {version}: {done} corrections queued")


def _tell(found: Effect) -> None:
    from faq.contest import SEOUL

    typer.echo(f"{found.after.id}: {found.before.says()} -> {found.after.says()}")
    for one in found.reminders:
        was = _minute(one.was.astimezone(SEOUL)) if one.was else "-"
        now = _minute(one.now.astimezone(SEOUL)) if one.now else "-"
        typer.echo(f"  {one.what} reminder {one.milestone} {one.offset}: {was} -> {now}")
    for name, count in found.sent.items():
        typer.echo(f"  sent already, not sent again: {name} to {count}")
    for why in found.refused:
        typer.echo(output.printable(f"  not planned: {why}"))
    if found.invitations:
        typer.echo(f"  moves {found.invitations} invitations in calendars")
    typer.echo(f"  told the old days by mail: {len(found.people)} (they get drafted corrections)")
    for person in found.people[:20]:
        kinds = ", ".join(sorted({str(mail.kind) for mail in person.mails}))
        typer.echo(output.printable(f"    {person.address}: {kinds}"))
    if len(found.people) > 20:
        typer.echo(f"    and {len(found.people) - 20} more; --json lists all")
    for number in found.campaigns:
        typer.echo(f"  campaign {number} waits with the old days: look it over and approve it anew")
    if found.by_hand:
        typer.echo(f"  told by Slack: {found.by_hand}; tell them there")
    for name, said in found.facts:
        typer.echo(output.printable(f"  look at fact {name}: {said}"))


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


def _now() -> datetime:
    from bot.clock import ContestClock

    return ContestClock.starting_at(desk.read_settings().clock_start).now()
