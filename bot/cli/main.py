"""``contestdesk``: the commands, and what becomes of an error."""

from __future__ import annotations

import os
import sys

import typer

from bot.cli import ask, database, doctor, faq, inquiries, intents, mail, outbox, running, staff

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
app.command("doctor")(doctor.doctor)
app.add_typer(mail.app, name="mail")
app.add_typer(inquiries.app, name="inquiries")
app.add_typer(outbox.app, name="outbox")
app.add_typer(staff.app, name="staff")
app.add_typer(faq.app, name="faq")
app.add_typer(intents.app, name="intents")
app.add_typer(database.app, name="db")


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
        if not _is_expected(error):
            raise
        lines = str(error).splitlines() or [type(error).__name__]
        for line in lines:
            print(f"contestdesk: {line}", file=sys.stderr)
        sys.exit(1)


def _is_expected(error: Exception) -> bool:
    """True for the error families of the rooms; anything else is our own fault and shows its trace."""
    names = {
        "SettingsError", "StorageError", "LibraryError", "RenderError", "DoorError", "Refused",
        "MailerError", "EncoderError", "StoreError",
    }  # fmt: skip
    # By name: importing the families here would load every heavy library for `--help`.
    return bool(names & {kind.__name__ for kind in type(error).__mro__})
