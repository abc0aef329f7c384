"""``contestdesk faq draft``, ``approve`` and what belongs to them: how the approved answers change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.approving import Looked
    from bot.settings import Settings
    from bot.storage import Storage
    from bot.tables import Staff
    from bot.understanding import Understanding
    from faq.library import Library
    from mailer.letter import Identity

Actor = Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")]
Number = Annotated[int, typer.Argument(help="The draft's number, as `contestdesk faq drafts` lists it.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


def draft(
    staff: Actor,
    file: Annotated[Path | None, typer.Argument(help="YAML, as `faq show DRAFT --yaml` writes it.")] = None,
    from_inquiry: Annotated[int | None, typer.Option(help="Number of an inquiry with a letter.")] = None,
    topic: Annotated[str | None, typer.Option(help="New or existing, with --from-inquiry.")] = None,
    part: Annotated[int | None, typer.Option(help="Which of its questions, from 1.")] = None,
    replace: Annotated[int | None, typer.Option(help="Number of the open draft that FILE corrects.")] = None,
) -> None:
    """Propose a change: an entry, phrasings, a known unknown, a fact, a milestone or a mode.

    From a letter of staff, a known or new topic; or from a file, also one that corrects a draft.
    Example: contestdesk faq draft --from-inquiry 12 --staff staff-a@example.org
    """
    from bot import draft_file, drafting, drafts, triage

    if (file is None) == (from_inquiry is None):
        raise typer.BadParameter("give either a FILE or --from-inquiry")
    if from_inquiry is not None and replace is not None:
        raise typer.BadParameter("--replace corrects a draft by a FILE")
    proposal = draft_file.read(file) if file else None
    with acting() as act:
        member = act.member(staff)
        if from_inquiry is not None:
            inquiry = triage.find(act.session, from_inquiry)
            proposal = drafting.from_inquiry(act.session, act.library(), inquiry, number=part, topic=topic)
        assert proposal is not None  # one of the two is given
        if replace is not None:
            row = drafts.find(act.session, replace)
            drafts.edit(act.session, row, proposal, staff=member, now=act.now)
        else:
            row = drafts.add(act.session, proposal, staff=member, now=act.now)
        found = drafts.faults(row, act.library(), act.files)
        number, kind, subject = row.id, row.kind, row.subject
    typer.echo(f"draft {number}: {kind} {subject}")
    tell_next(number, found)


def tell_next(number: int, faults: list[str]) -> None:
    """Say what a new draft needs next."""
    for fault in faults:
        typer.echo(output.printable(f"  to mend: {fault}"))
    if faults:
        typer.echo(f"  contestdesk faq show {number} --yaml > draft.yaml; edit it, then:")
        typer.echo(f"  contestdesk faq draft draft.yaml --replace {number} --staff YOU")
    else:
        typer.echo(f"  contestdesk faq approve {number} --staff APPROVER")


def list_drafts(
    show_all: Annotated[bool, typer.Option("--all", help="Also what is decided.")] = False,
    as_json: Json = False,
) -> None:
    """List the drafts that wait for an approval, oldest first.

    Example: contestdesk faq drafts
    """
    from bot import drafts

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = [
            {
                "id": row.id,
                "kind": row.kind,
                "subject": row.subject,
                "author": row.author,
                "at": row.at.isoformat(timespec="seconds"),
                "state": row.state,
                "decided_by": row.decided_by,
                "reason": row.reason,
            }
            for row in drafts.listed(session, everything=show_all)
        ]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("id", "kind", "subject", "author", "at", "state")
    output.table(columns, [[row[name] for name in columns] for row in rows], empty="no draft waits")


def show_draft(number: int, *, as_yaml: bool, as_json: bool) -> None:
    """Show one draft, what is wrong with it, and what the regression said."""
    from bot import draft_file, drafts

    with acting() as act:
        row = drafts.find(act.session, number)
        told: dict[str, Any] = {
            "id": row.id,
            "kind": row.kind,
            "subject": row.subject,
            "content": row.content,
            "author": row.author,
            "state": row.state,
            "decided_by": row.decided_by,
            "reason": row.reason,
            "version": row.overlay_id,
            "regression": row.regression,
            "faults": drafts.faults(row, act.library(), act.files) if row.state == "open" else [],
        }
        text = draft_file.written(row.kind, row.subject, row.content)
    if as_json:
        output.emit(told)
        return
    if not as_yaml:
        by = f" by {told['decided_by']}" if told["decided_by"] else ""
        typer.echo(f"draft {number}, written by {told['author']}, {told['state']}{by}\n")
    typer.echo(output.printable(text), nl=False)
    if as_yaml:
        return
    for fault in told["faults"]:
        typer.echo(output.printable(f"to mend: {fault}"))
    if row.regression:
        tell_difference(row.regression)


def approve(
    number: Number,
    staff: Actor,
    code: Annotated[str | None, typer.Option(help="As mailed to you; without it a code is sent.")] = None,
    despite_regress: Annotated[
        bool, typer.Option("--despite-regress", help="Although the desk understands worse with it.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why, with --despite-regress.")] = None,
) -> None:
    """Approve a draft: first a code is mailed to you, then the code approves it.

    What applicants are told (entry, fact, milestone) is approved by another person than its author.
    Example: contestdesk faq approve 3 --staff staff-b@example.org --code 7KQM-2XRD
    """
    from bot import approving, codes, drafts
    from bot import staff as people
    from bot.clock import real_now

    if despite_regress and not (reason and reason.strip()):
        raise typer.BadParameter("say why with --reason", param_hint="--despite-regress")
    settings = desk.read_settings()
    with desk.opened(settings) as store:
        with store.read() as session:
            drafts.check_approver(
                drafts.find(session, number), people.member(session, staff, role=drafts.ROLE)
            )
        looked = look_over(settings, store, number)
        if looked.worse and looked.regression is not None:
            tell_difference(looked.regression, err=True)
        despite = reason if despite_regress else None
        approving.check(looked, despite=despite)
        now, identity = _now(settings), _identity(settings)
        with store.write.begin() as session:
            if code is None:
                approving.send_code(session, looked, staff, identity=identity, now=now, real_now=real_now())
                done: object = None
            else:
                done = approving.approve(
                    session,
                    looked,
                    staff,
                    code,
                    despite=despite,
                    identity=identity,
                    now=now,
                    real_now=real_now(),
                )
    if isinstance(done, codes.Redeemed):
        raise output.fail(f"draft {number}: {codes.SAID[done]}")
    if done is None:
        minutes = int(codes.GOOD_FOR.total_seconds() // 60)
        typer.echo(
            f"draft {number}: a code goes to {staff}, good for {minutes} minutes; repeat with --code CODE"
        )
    else:
        typer.echo(f"draft {number}: approved, version {done}")


def look_over(settings: Settings, store: Storage, number: int) -> Looked:
    """Look a draft over, building the engine only when the regression has to run."""
    from bot import approving

    return approving.look_over(
        store,
        settings.contest_dir,
        number,
        understand=partial(understand, settings, store),
        progress=desk.progress("asking questions twice"),
    )


def understand(settings: Settings, store: Storage) -> Understanding:
    """The library with its approved changes, and the engine, over a database that is open already."""
    from bot.understanding import Understanding

    return Understanding(
        folder=settings.contest_dir,
        encoders=settings.encoders,
        default_mode=settings.default_mode,
        risk_target=settings.risk_target,
        cache=settings.cache_dir,
        sessions=store.read,
        progress=desk.progress("reading phrasings"),
        remember=True,
    )


def tell_difference(found: Any, *, err: bool = False) -> None:
    """Say what a change does to the labelled questions."""
    before, after = found["before"], found["after"]
    for one in found["changed"]:
        told = f"{one['before']} -> {one['after']}: {one['text']} [{one['label']}]"
        typer.echo(output.printable(told), err=err)
        typer.echo(output.printable(f"    {one['was']} -> {one['becomes']}"), err=err)
    typer.echo(
        f"{found['lines']} questions: right {before['right']} -> {after['right']},"
        f" cautious {before['cautious']} -> {after['cautious']},"
        f" wrong {before['wrong']} -> {after['wrong']}",
        err=err,
    )


def reject(
    number: Number, staff: Actor, reason: Annotated[str, typer.Option(help="Why; the author will see it.")]
) -> None:
    """Lay a draft aside for good.

    Example: contestdesk faq reject 3 --staff staff-b@example.org --reason "공고와 다릅니다"
    """
    from bot import drafts

    with acting() as act:
        member = act.member(staff, approver=True)
        drafts.reject(act.session, drafts.find(act.session, number), staff=member, reason=reason, now=act.now)
    typer.echo(f"draft {number}: rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a verb on drafts has at hand."""

    session: Session
    files: Library
    now: datetime

    def library(self) -> Library:
        """What is in force."""
        from bot import understanding

        return understanding.overlaid(self.files, self.session)

    def member(self, address: str, *, approver: bool = False) -> Staff:
        """Whoever acts; raises Refused when this is not theirs to do."""
        from bot import drafts, staff
        from bot.tables import StaffRole

        return staff.member(self.session, address, role=drafts.ROLE if approver else StaffRole.TRIAGE)


@contextmanager
def acting() -> Iterator[Act]:
    """One transaction in which something becomes of a draft."""
    from faq import library

    settings = desk.read_settings()
    files = library.load(settings.contest_dir)
    with desk.opened(settings) as store, store.write.begin() as session:
        yield Act(session=session, files=files, now=_now(settings))


def _now(settings: Settings) -> datetime:
    from bot.clock import ContestClock

    return ContestClock.starting_at(settings.clock_start).now()


def _identity(settings: Settings) -> Identity:
    from bot import desk as desks
    from faq import library

    return desks.of(settings, library.load(settings.contest_dir).contest).identity
