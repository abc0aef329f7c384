"""Every command explains itself, at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import main
from tests.bot.command import Command

CONSOLE_SCRIPT = Path(sys.executable).with_name("contestdesk")
HEAVY = (
    "aiosmtpd",
    "alembic",
    "apscheduler",
    "jinja2",
    "lxml",
    "numpy",
    "pydantic_settings",
    "rapidfuzz",
    "rich.table",
    "scipy",
    "sklearn",
    "slack_bolt",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
    "yaml",
)


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not hasattr(command, "commands"):
        yield path
        return
    for name, inner in command.commands.items():
        yield from verbs(inner, (*path, name))


VERBS = list(verbs(typer.main.get_command(main.app)))
GROUPS = sorted({path[0] for path in VERBS if len(path) > 1})


def test_commands_are_those_of_the_contract() -> None:
    assert {" ".join(path) for path in VERBS} >= {
        "ask", "serve", "demo", "doctor", "mail inspect", "mail bounces", "mail quiet",
        "suppressions list", "suppressions remove", "db upgrade", "intents evaluate",
        "faq list", "faq show", "faq check", "faq unknowns", "faq draft", "faq approve", "faq mode",
        "faq fact set", "faq reject", "faq drafts", "faq gaps", "inquiries review", "inquiries feedback",
        "inquiries list", "inquiries show", "inquiries answer", "inquiries note", "inquiries close",
        "inquiries reopen", "inquiries export",
        "outbox list", "outbox show", "outbox resend", "outbox cancel",
        "staff add", "staff list", "staff remove",
    }  # fmt: skip


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_help_has_an_example(command: Command, path: tuple[str, ...]) -> None:
    ran = command(*path, "--help")

    assert (ran.code, ran.err, f"Example: contestdesk {' '.join(path)}" in ran.out) == (0, "", True)


@pytest.mark.parametrize("group", GROUPS)
def test_group_without_a_verb_shows_its_verbs(command: Command, group: str) -> None:
    ran = command(group)

    assert (ran.code, "Commands:" in ran.out + ran.err) == (2, True)


@pytest.mark.parametrize("path", [(), *[(group,) for group in GROUPS], ("ask",), ("serve",)], ids=" ".join)
def test_help_reads_no_heavy_library(path: tuple[str, ...]) -> None:
    program = (
        "import sys; from bot.cli import main\n"
        f"sys.argv = ['contestdesk', *{path!r}, '--help']\n"
        "try: main.main()\n"
        f"finally: sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")


def test_console_script_runs(command: Command) -> None:
    ran = subprocess.run(
        [CONSOLE_SCRIPT, "faq", "show", "nothing"],
        env=command.environment(),
        cwd=command.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (
        1,
        "",
        "contestdesk: no topic 'nothing'; contestdesk faq list shows them\n",
    )


def test_reader_who_leaves_early_is_no_fault(command: Command) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {CONSOLE_SCRIPT} faq show support.worth --json | true"],
        env=command.environment(),
        cwd=command.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""


def test_terminal_without_korean_does_not_end_the_command(command: Command) -> None:
    ran = subprocess.run(
        [CONSOLE_SCRIPT, "faq", "show", "support.worth"],
        env=command.environment() | {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        cwd=command.folder,
        capture_output=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
