"""``contestdesk``: the commands, and what becomes of an error."""

from __future__ import annotations

import os
import sys

import typer

from bot.cli import (
    ask,
    bench,
    campaign,
    database,
    doctor,
    faq,
    inquiries,
    intents,
    mail,
    outbox,
    rehearse,
    reminders,
    reviews,
    roster,
    running,
    schedule,
    staff,
    suppressions,
    verdicts,
)

app = typer.Typer(
    name="contestdesk",
    help="The help desk of a contest: answers from approved texts, hands the rest to staff.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("ask")(ask.ask)
app.command("serve")(running.serve)
app.command("demo")(running.demo)
app.command("rehearse")(rehearse.rehearse)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.add_typer(mail.app, name="mail")
reviews.register(inquiries.app)
verdicts.register(inquiries.app)
campaign.register(inquiries.app)
app.add_typer(inquiries.app, name="inquiries")
app.add_typer(campaign.app, name="campaign")
app.add_typer(outbox.app, name="outbox")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(roster.app, name="roster")
app.add_typer(reminders.app, name="reminders")
app.add_typer(staff.app, name="staff")
app.add_typer(faq.app, name="faq")
app.add_typer(schedule.app, name="schedule")
app.add_typer(intents.app, name="intents")
app.add_typer(database.app, name="db")


#: The error families of the rooms.
FAMILIES = frozenset(
    {
        "SettingsError",
        "StorageError",
        "LibraryError",
        "RenderError",
        "DoorError",
        "Refused",
        "MailerError",
        "EncoderError",
        "StoreError",
    }
)


def main() -> None:
    """Run the command line; an expected fault is one line on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that cannot show Korean must not end the command.
            reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except BrokenPipeError:
        # The reader has left (`| head`); closing stdout quietly keeps Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        for line in told.splitlines():
            print(f"contestdesk: {line}", file=sys.stderr)
        sys.exit(1)


def _told(error: Exception) -> str | None:
    """What to say of an expected fault; None for a fault of ours, which shows its trace.

    By name: importing the families here would load every heavy library for `--help`.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & FAMILIES:
        return str(error) or type(error).__name__
    if "StaleDataError" in kinds:
        return "somebody else changed this at the same moment; look at it again and repeat what you want"
    if "OperationalError" in kinds:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        return f"the database failed in the middle of this, nothing was done: {cause[0] if cause else error}"
    return None
