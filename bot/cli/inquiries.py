"""``contestdesk inquiries``: what applicants asked, and what staff do with it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.tables import Inquiry, Staff
    from mailer.letter import Identity

app = typer.Typer(help="What applicants asked, and what staff do with it.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The inquiry's number.")]
Actor = Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")]
Words = Annotated[str | None, typer.Option("--text", help="The words; standard input without it.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_waiting(
    show_all: Annotated[bool, typer.Option("--all", help="Also what is done.")] = False,
    as_json: Json = False,
) -> None:
    """List what waits for staff, oldest first.

    Example: contestdesk inquiries list --all
    """
    from bot import inquiries

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = [inquiries.as_line(inquiry) for inquiry in inquiries.listed(session, waiting=not show_all)]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("id", "state", "owner", "origin", "language", "opened_at", "asked")
    shown = [
        [*(row[name] for name in columns[:-1]), " / ".join(part["text"] for part in row["parts"])[:100]]
        for row in rows
    ]
    output.table(columns, shown, empty="nothing waits")


@app.command("show")
def show(number: Number, as_json: Json = False) -> None:
    """Show one inquiry: its questions, what was decided and why, its mails, everything that happened.

    Example: contestdesk inquiries show 12
    """
    from bot import inquiries, originals, triage

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        told = inquiries.as_document(session, triage.find(session, number))
        told["mails"] = originals.of_inquiry(session, number)
    if as_json:
        output.emit(told)
        return
    typer.echo(f"#{told['id']} {told['state']}, {told['language']}, opened {told['opened_at']}")
    typer.echo(output.printable(f"from {told['applicant']}: {told['subject']}"))
    _show_sender(told)
    for number_of_part, part in enumerate(told["parts"], 1):
        found = part["topic"] or part["unknown"] or (f"nearest {part['nearest']}" if part["nearest"] else "")
        typer.echo(output.printable(f"\n  {number_of_part}. [{part['decision']}] {part['text']}"))
        typer.echo(output.printable(f"    {found} ({part['confidence']:.2f}): {part['reason']}"))
    typer.echo("")
    for mail in told["mails"]:
        typer.echo(
            f"  inbound {mail['inbound']}: {mail['size_bytes']} octets, received {mail['received_at']}"
        )
        if mail["unreadable"]:
            typer.echo(output.printable(f"    unreadable: {mail['unreadable']}"))
        for found in mail["attachments"]:
            named = f"{found['name'] or '(no name)'}, {found['size_bytes']} octets, {found['type']}"
            typer.echo(output.printable(f"    attached: {named}"))
    typer.echo("")
    for event in told["events"]:
        said = event["data"].get("text") or event["data"].get("reason") or ""
        typer.echo(output.printable(f"  {event['at']} {event['actor']} {event['kind']} {said}"))


@app.command("raw")
def raw(
    inbound_id: Annotated[int, typer.Argument(help="The mail's number, as `inquiries show` lists it.")],
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Write a mail as it came, byte for byte. Nothing in it is opened, unpacked or checked for viruses.

    Example: contestdesk inquiries raw 12 --out mail-12.eml
    """
    from bot import originals

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        octets = originals.raw(session, inbound_id)
    if out is None:
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(octets)
    except OSError as error:
        raise output.fail(f"{out}: {error.strerror}") from error


def _show_sender(told: dict[str, Any]) -> None:
    """Say what staff should know about who writes, as far as there is something to say."""
    if told["identity"]:
        typer.echo(f"sender {told['identity']}")
    if told["personal"]:
        typer.echo(f"asks for personal data: {', '.join(told['personal'])}")
    if told["claims"]:
        typer.echo(f"claims to belong to #{told['claims']}, which is of another sender")
    if told["same_sender"]:
        numbers = ", ".join(f"#{number}" for number in told["same_sender"])
        more = told["same_sender_count"] - len(told["same_sender"])
        typer.echo(f"the same sender has {numbers} open" + (f" and {more} more" if more else ""))
    if told["duplicate_of"]:
        typer.echo(f"a duplicate of #{told['duplicate_of']}")
    if told["snooze_until"]:
        typer.echo(f"rests until {told['snooze_until']}")


@app.command("answer")
def answer(number: Number, staff: Actor, text: Words = None) -> None:
    """Send a letter to the applicant, in the thread of the inquiry.

    Example: contestdesk inquiries answer 12 --staff staff-a@example.org --text "네, 가능합니다."
    """
    from bot import embargo, triage

    words = _words(text)
    with _acting(number, staff) as act:
        sent = triage.answer(
            act.session, act.inquiry, words, staff=act.staff, identity=act.identity, now=act.now
        )
        held = embargo.is_held(act.session, sent.outbox_id)
    typer.echo(f"inquiry {number}: the letter is in the outbox as {sent.outbox_id}")
    if held:
        typer.echo(
            "  a decision on this person is not out yet: it waits for the release, or for a second person:"
            f" contestdesk inquiries countersign {number} --staff ANOTHER"
        )


@app.command("note")
def note(number: Number, staff: Actor, text: Words = None) -> None:
    """Keep a remark that only staff see.

    Example: contestdesk inquiries note 12 --staff staff-a@example.org --text "법무팀 확인 중"
    """
    from bot import triage

    words = _words(text)
    with _acting(number, staff) as act:
        triage.note(act.session, act.inquiry, words, staff=act.staff, now=act.now)
    typer.echo(f"inquiry {number}: noted")


@app.command("close")
def close(number: Number, staff: Actor) -> None:
    """End an inquiry without a letter.

    Example: contestdesk inquiries close 12 --staff staff-a@example.org
    """
    from bot import triage

    with _acting(number, staff) as act:
        triage.close(act.session, act.inquiry, staff=act.staff, now=act.now)
    typer.echo(f"inquiry {number}: closed")


@app.command("reopen")
def reopen(number: Number, staff: Actor) -> None:
    """Put an inquiry that was done back among those that wait.

    Example: contestdesk inquiries reopen 12 --staff staff-a@example.org
    """
    from bot import triage

    with _acting(number, staff) as act:
        triage.reopen(act.session, act.inquiry, staff=act.staff, now=act.now)
    typer.echo(f"inquiry {number}: open again")


@app.command("claim")
def claim(number: Number, staff: Actor) -> None:
    """Take an inquiry on, so that nobody else does.

    Example: contestdesk inquiries claim 12 --staff staff-a@example.org
    """
    from bot import duty

    with _acting(number, staff) as act:
        taken = duty.claim(act.session, act.inquiry, staff=act.staff, now=act.now)
    typer.echo(f"inquiry {number}: " + ("yours" if taken else "yours already"))


@app.command("snooze")
def snooze(
    number: Number,
    staff: Actor,
    until: Annotated[str, typer.Option(help="When it comes back, such as 2020-11-24T09:00+09:00.")],
) -> None:
    """Let an inquiry rest until an instant, or until the applicant writes again.

    Example: contestdesk inquiries snooze 12 --until 2020-11-24T09:00+09:00 --staff staff-a@example.org
    """
    from bot import duty

    instant = _instant(until)
    with _acting(number, staff) as act:
        duty.snooze(act.session, act.inquiry, instant, staff=act.staff, now=act.now)
    typer.echo(f"inquiry {number}: rests until {instant.isoformat(timespec='minutes')}")


@app.command("merge")
def merge(
    number: Number,
    into: Annotated[int, typer.Argument(help="The inquiry that stays.")],
    staff: Actor,
    other_sender: Annotated[
        bool, typer.Option("--other-sender", help="Also when the two have different senders.")
    ] = False,
) -> None:
    """Make an inquiry a duplicate of another one, whose thread goes on with both.

    Of different senders nothing moves, and only the sender of the one that stays is written to.
    Example: contestdesk inquiries merge 15 12 --staff staff-a@example.org
    """
    from bot import merge as merging
    from bot import triage

    with _acting(number, staff) as act:
        merged = merging.merge(
            act.session,
            act.inquiry,
            triage.find(act.session, into),
            staff=act.staff,
            other_sender=other_sender,
            now=act.now,
        )
    done = "a duplicate of" if merged.now_merged else "already a duplicate of"
    told = "; its sender is not written to" if merged.other_sender else ""
    typer.echo(f"inquiry {number}: {done} {into}{told}")


@app.command("export")
def export(
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines in place of CSV.")] = False,
) -> None:
    """Write all inquiries, a row a question, as CSV (or an object an inquiry with --json).

    Example: contestdesk inquiries export --out inquiries.csv
    """
    from bot import inquiries

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        documents = [
            inquiries.as_document(session, inquiry) for inquiry in inquiries.listed(session, waiting=False)
        ]
    try:
        # The BOM makes spreadsheet programs read Korean rightly.
        target = (
            out.open("w", encoding="utf-8" if as_json else "utf-8-sig", newline="") if out else sys.stdout
        )
    except OSError as error:
        raise output.fail(f"{out}: {error.strerror}") from error
    try:
        if as_json:
            target.writelines(output.json_line(document) + "\n" for document in documents)
        else:
            csv.writer(target).writerows(inquiries.as_csv(documents))
    finally:
        if out:
            target.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    session: Session
    inquiry: Inquiry
    staff: Staff
    identity: Identity
    now: datetime


@contextmanager
def _acting(number: int, address: str) -> Iterator[_Act]:
    """One transaction in which a staff member does something with one inquiry."""
    from bot import desk as desks
    from bot import staff, triage
    from bot.clock import ContestClock
    from faq import library

    settings = desk.read_settings()
    identity = desks.of(settings, library.load(settings.contest_dir).contest).identity
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.write.begin() as session:
        member = staff.member(session, address)
        yield _Act(
            session=session, inquiry=triage.find(session, number), staff=member, identity=identity, now=now
        )


def _instant(text: str) -> datetime:
    """An instant as it was typed; no zone means Korean time."""
    from datetime import datetime

    from faq.contest import SEOUL

    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an ISO instant such as 2020-11-24T09:00+09:00", param_hint="--until"
        ) from error
    return given if given.tzinfo else given.replace(tzinfo=SEOUL)


def _words(text: str | None) -> str:
    if text is None and sys.stdin.isatty():
        typer.echo("write the text, end with Ctrl-D:", err=True)
    try:
        # An argument that is not UTF-8 comes with surrogates, which must not reach an applicant.
        raw = sys.stdin.buffer.read() if text is None else text.encode("utf-8")
        return raw.decode("utf-8-sig")
    except UnicodeError as error:
        raise output.fail("the text is not UTF-8") from error
