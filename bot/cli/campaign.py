"""``contestdesk campaign``: results for everybody, at one instant, after two people said so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from datetime import datetime

    from bot.campaigning import Looked
    from bot.settings import Settings
    from bot.storage import Storage
    from faq.library import Library
    from mailer.letter import Identity

app = typer.Typer(
    help="Results: import the decisions, look at every mail, approve by two, release at one instant.",
    no_args_is_help=True,
)

Actor = Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")]
Number = Annotated[int, typer.Argument(help="The campaign's number, as `campaign status` lists it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV: team,address,decision,slot_at,attachment.")],
    round: Annotated[str, typer.Option("--round", help="first or final.")],
    release: Annotated[str, typer.Option(help="ISO instant; without a zone it is meant in Seoul.")],
    staff: Actor,
    least: Annotated[
        int | None, typer.Option(help="Where the contest says about so many: not fewer.")
    ] = None,
    most: Annotated[int | None, typer.Option(help="Likewise: not more.")] = None,
    pace: Annotated[int, typer.Option(min=1, help="Mails a minute to one domain.")] = 60,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take the jury's decisions, all or nothing; nobody is told anything yet.

    Example: contestdesk campaign import first.csv --round first --release 2020-12-04T14:00 --staff
    staff-a@example.org
    """
    from bot import campaigning, fence
    from bot import staff as people
    from faq.contest import Round

    if round not in list(Round):
        raise typer.BadParameter(f"{round!r} is none of {', '.join(Round)}", param_hint="--round")
    release_at = _instant(release)
    with acting() as act, act.store.write() as session:
        brought = campaigning.bring(
            session,
            file,
            round=Round(round),
            release_at=release_at,
            staff=people.member(session, staff, role=campaigning.ROLE),
            library=act.library(),
            identity=act.identity,
            now=act.now,
            least=least,
            most=most,
            pace_per_minute=pace,
        )
        fence.within(brought.recipients, most=act.settings.audience_limit, what=f"the {round} round")
        if dry_run:
            session.rollback()
        else:
            session.commit()
    told = asdict(brought) | {"dry_run": dry_run}
    if as_json:
        output.emit(told)
        return
    counts = ", ".join(f"{count} {decision}" for decision, count in sorted(brought.counts.items()))
    would = "would hold" if dry_run else "holds"
    typer.echo(f"campaign {brought.campaign_id} {would} {brought.recipients} mails: {counts}")
    for line in brought.changes:
        typer.echo(output.printable(f"  changed: {line}"))
    for line in brought.warnings:
        typer.echo(output.printable(f"  look at this: {line}"))
    if brought.voided:
        typer.echo(f"  {brought.voided} approvals do not count any more")
    if not dry_run:
        typer.echo(f"  next: contestdesk campaign preview {brought.campaign_id} --staff YOU")


@app.command("preview")
def preview(
    number: Number,
    staff: Actor,
    out: Annotated[Path | None, typer.Option(help="Folder; by default within the data folder.")] = None,
    as_json: Json = False,
) -> None:
    """Write every mail into a folder, with an index in which each can be ticked off.

    Example: contestdesk campaign preview 1 --staff staff-b@example.org --out preview
    """
    from bot import campaigning
    from bot import preview as previews
    from bot import staff as people

    with acting() as act:
        looked = act.look(number)
        folder = out or act.settings.data_dir / f"campaign-{number}"
        with act.store.read() as session:
            people.member(session, staff, role=campaigning.ROLE)
            changed = campaigning.changes(session, looked)
            written = previews.write(
                session, looked, folder, contest=act.library().contest, identity=act.identity
            )
    if as_json:
        output.emit(
            {
                "id": number,
                "index": str(written.index),
                "mails": written.mails,
                "content": looked.content,
                "faults": looked.faults,
                "changes": changed,
            }
        )
    else:
        typer.echo(f"campaign {number}: {written.mails} mails, open {written.index}")
        _tell_faults(looked, changed)
    if looked.faults:
        raise typer.Exit(1)


@app.command("test-send")
def try_out(
    number: Number,
    staff: Actor,
    to: Annotated[list[str], typer.Option(help="Address of somebody on the staff; three different ones.")],
    as_json: Json = False,
) -> None:
    """Send every letter, about a made-up team, to three people on the staff.

    Example: contestdesk campaign test-send 1 --to staff-a@example.org --to staff-b@example.org --to
    staff-c@example.org --staff staff-a@example.org
    """
    from bot import campaigning, canary
    from bot import staff as people
    from mailer import campaign as campaigns

    with acting() as act:
        looked = act.look(number)
        with act.store.write.begin() as session:
            people.member(session, staff, role=campaigning.ROLE)
            sent = canary.send(
                session,
                campaigns.find(session, number),
                looked.content,
                to,
                contest=act.library().contest,
                identity=act.identity,
                now=act.now,
            )
    if as_json:
        output.emit({"id": number, "outbox": sent, "content": looked.content})
    else:
        typer.echo(f"campaign {number}: {len(sent)} test mails are in the outbox")


@app.command("approve")
def approve(
    number: Number,
    staff: Actor,
    code: Annotated[str | None, typer.Option(help="As mailed to you; without it a code is sent.")] = None,
    count: Annotated[
        int | None, typer.Option(help="How many mails leave; the second person types it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Approve a campaign as it stands: first a code is mailed to you, then the code approves it.

    Two people do, neither of whom brought the list; any change after that voids it.
    Example: contestdesk campaign approve 1 --staff staff-b@example.org --code 7KQM-2XRD --count 57
    """
    from bot import campaigning, codes
    from bot.clock import real_now

    with acting() as act:
        looked = act.look(number)
        with act.store.read() as session:
            changed = campaigning.changes(session, looked)
        with act.store.write.begin() as session:
            if code is None:
                campaigning.send_code(
                    session, looked, staff, identity=act.identity, now=act.now, real_now=real_now()
                )
                done: object = None
            else:
                done = campaigning.approve(
                    session,
                    looked,
                    staff,
                    code,
                    count=count,
                    identity=act.identity,
                    now=act.now,
                    real_now=real_now(),
                )
    if isinstance(done, codes.Redeemed):
        raise output.fail(f"campaign {number}: {codes.SAID[done]}")
    told: dict[str, Any] = {"id": number, "content": looked.content, "recipients": looked.count}
    told |= {"changes": changed, "code_sent": done is None}
    told |= asdict(done) if isinstance(done, campaigning.Approved) else {}
    if as_json:
        output.emit(told)
        return
    for line in changed:
        typer.echo(output.printable(f"  since the last approval: {line}"))
    if isinstance(done, campaigning.Approved):
        typer.echo(f"campaign {number}: {done.given} of {done.needed} approvals")
    else:
        minutes = int(codes.GOOD_FOR.total_seconds() // 60)
        typer.echo(
            f"campaign {number}: a code goes to {staff}, good for {minutes} minutes; repeat with --code CODE"
        )


@app.command("schedule")
def schedule(number: Number, staff: Actor, as_json: Json = False) -> None:
    """Let an approved campaign go at its release instant.

    Example: contestdesk campaign schedule 1 --staff staff-a@example.org
    """
    from bot import campaigning

    with acting() as act:
        looked = act.look(number)
        with act.store.write.begin() as session:
            campaigning.schedule(session, looked, staff, now=act.now)
        act.tell(number, as_json=as_json)


@app.command("pause")
def pause(number: Number, staff: Actor, as_json: Json = False) -> None:
    """Stop a campaign at once: nothing that is not with the relay already leaves any more.

    Example: contestdesk campaign pause 1 --staff staff-a@example.org
    """
    from bot import stopping

    with acting() as act:
        with act.store.write.begin() as session:
            stopping.pause(session, number, staff, now=act.now)
        act.tell(number, as_json=as_json)


@app.command("resume")
def resume(number: Number, staff: Actor, as_json: Json = False) -> None:
    """Let a stopped campaign go on from where it stood; nobody is told twice.

    Example: contestdesk campaign resume 1 --staff staff-a@example.org
    """
    from bot import stopping

    with acting() as act:
        with act.store.write.begin() as session:
            stopping.resume(session, number, staff, now=act.now)
        act.tell(number, as_json=as_json)


@app.command("cancel")
def cancel(number: Number, staff: Actor, as_json: Json = False) -> None:
    """Tell nobody anything more; what is out stays out.

    Example: contestdesk campaign cancel 1 --staff staff-a@example.org
    """
    from bot import stopping

    with acting() as act:
        with act.store.write.begin() as session:
            stopping.cancel(session, number, staff, now=act.now)
        act.tell(number, as_json=as_json)


@app.command("nudge")
def nudge(number: Number, staff: Actor, as_json: Json = False) -> None:
    """Ask those once more who have a slot and have not answered; nobody else, and each once.

    Example: contestdesk campaign nudge 1 --staff staff-a@example.org
    """
    from bot import attending, campaigning
    from bot import staff as people

    with acting() as act, act.store.write.begin() as session:
        people.member(session, staff, role=campaigning.ROLE)
        sent = attending.nudge(
            session, number, contest=act.library().contest, identity=act.identity, now=act.now
        )
    if as_json:
        output.emit({"id": number, "nudged": sent})
    else:
        typer.echo(f"campaign {number}: {sent} are asked once more")


@app.command("confirm")
def confirm(
    number: Number,
    team: Annotated[str, typer.Argument(help="The team, as its list names it.")],
    staff: Actor,
    absent: Annotated[bool, typer.Option("--absent", help="It does not come.")] = False,
) -> None:
    """Note by hand whether a team comes to its slot, as when it called.

    Example: contestdesk campaign confirm 1 "한들 연구실" --staff staff-a@example.org
    """
    from bot import attending, campaigning
    from bot import staff as people
    from mailer.campaign_tables import Attendance

    answer = Attendance.ABSENT if absent else Attendance.ATTENDS
    with acting() as act, act.store.write.begin() as session:
        people.member(session, staff, role=campaigning.ROLE)
        attending.note(session, number, team, answer, now=act.now)
    typer.echo(f"campaign {number}: noted")


@app.command("status")
def status(
    number: Annotated[int | None, typer.Argument(help="The campaign's number; without it, all.")] = None,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Name the teams that have not answered about their slot.")
    ] = False,
    staff: Annotated[str, typer.Option("--staff", help="Your address, with --unconfirmed.")] = "",
    as_json: Json = False,
) -> None:
    """Say in numbers where campaigns stand; names only where they are needed.

    Example: contestdesk campaign status 1 --unconfirmed --staff staff-a@example.org
    """
    from bot import attending, campaign_status, campaigning
    from bot import staff as people
    from mailer import campaign as campaigns

    if unconfirmed and (number is None or not staff):
        raise typer.BadParameter("needs the campaign's number and --staff", param_hint="--unconfirmed")
    with acting() as act, act.store.read() as session:
        numbers = [number] if number is not None else [one.id for one in campaigns.listing(session)]
        told = [campaign_status.status(session, one).as_document() for one in numbers]
        if unconfirmed and number is not None:
            people.member(session, staff, role=campaigning.ROLE)
            told[0]["not_confirmed"] = attending.unconfirmed(session, number)
    if as_json:
        for one in told:
            output.emit(one)
        return
    columns = ("id", "round", "state", "release_at", "recipients", "sent", "failed", "unknown", "waiting",
               "not_queued", "confirmed", "unconfirmed")  # fmt: skip
    output.table(columns, [[one[name] for name in columns] for one in told], empty="no campaign yet")
    for one in told:
        if one["halted"]:
            typer.echo(output.printable(f"campaign {one['id']}: {one['halted']}"))
        for line in one.get("not_confirmed", ()):
            typer.echo(output.printable(f"  {line['team']} {line['slot']}"))


@app.command("verify")
def verify(number: Number, as_json: Json = False) -> None:
    """Hold what left against what two people approved, mail by mail; exit 1 when they differ.

    Example: contestdesk campaign verify 1
    """
    from bot import campaign_status

    with acting() as act, act.store.read() as session:
        found = campaign_status.verify(session, number)
    if as_json:
        told = {"id": number, "ok": found.ok, "approved": found.approved}
        output.emit(told | {"counts": found.counts, "differences": found.differences})
    else:
        counts = ", ".join(f"{state} {count}" for state, count in sorted(found.counts.items()))
        typer.echo(f"campaign {number}: approved {found.approved}; {counts or 'nothing'}")
        for line in found.differences:
            typer.echo(output.printable(f"  {line}"))
    if not found.ok:
        raise typer.Exit(1)


def register(inquiries: typer.Typer) -> None:
    """Add the verb on inquiries that belongs to the embargo."""
    inquiries.command("countersign")(countersign)


def countersign(
    number: Annotated[int, typer.Argument(help="The inquiry's number.")],
    staff: Actor,
    as_json: Json = False,
) -> None:
    """Let a colleague's letter go to somebody whose result is not out: the second pair of eyes.

    Example: contestdesk inquiries countersign 12 --staff staff-b@example.org
    """
    from bot import embargo, triage
    from bot import staff as people

    with acting() as act, act.store.write.begin() as session:
        member = people.member(session, staff)
        mail_id = embargo.countersign(session, triage.find(session, number), staff=member, now=act.now)
    if as_json:
        output.emit({"inquiry": number, "outbox": mail_id})
    else:
        typer.echo(f"inquiry {number}: the letter leaves now (outbox {mail_id})")


@dataclass(slots=True, kw_only=True)
class Act:
    """What a verb on campaigns has at hand."""

    settings: Settings
    store: Storage
    identity: Identity
    now: datetime
    files: Library

    def library(self) -> Library:
        """What is in force: the files with the approved changes."""
        from bot import understanding

        with self.store.read() as session:
            return understanding.overlaid(self.files, session)

    def look(self, number: int) -> Looked:
        """Prove a campaign and render every mail, before anything is written."""
        from bot import campaigning

        library = self.library()
        with self.store.read() as session:
            return campaigning.look_over(
                session, number, library=library, identity=self.identity, now=self.now
            )

    def tell(self, number: int, *, as_json: bool) -> None:
        """Say where it stands now."""
        from bot import campaign_status

        with self.store.read() as session:
            told = campaign_status.status(session, number).as_document()
        if as_json:
            output.emit(told)
        else:
            typer.echo(f"campaign {number} is {told['state']}, release {told['release_at']}")


@contextmanager
def acting() -> Iterator[Act]:
    """The desk as a verb on campaigns needs it."""
    from bot import desk as desks
    from bot.clock import ContestClock
    from faq import library

    settings = desk.read_settings()
    files = library.load(settings.contest_dir)
    with desk.opened(settings) as store:
        yield Act(
            settings=settings,
            store=store,
            identity=desks.of(settings, files.contest).identity,
            now=ContestClock.starting_at(settings.clock_start).now(),
            files=files,
        )


def _tell_faults(looked: Looked, changed: tuple[str, ...]) -> None:
    for line in looked.faults:
        typer.echo(output.printable(f"  to mend: {line}"))
    for line in changed:
        typer.echo(output.printable(f"  since the last approval: {line}"))


def _instant(text: str) -> datetime:
    from datetime import datetime

    from faq.contest import SEOUL

    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an ISO instant such as 2020-12-04T14:00+09:00", param_hint="--release"
        ) from error
    return given if given.tzinfo else given.replace(tzinfo=SEOUL)
