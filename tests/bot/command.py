"""The command line in a process of its own, which need not read the heavy libraries each time."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

#: What the commands import when they are used: 2 s of CPU each time, were it not for the fork.
PRELOADED = (
    "bot.cli.main",
    "bot.app",
    "bot.doctor",
    "bot.gaps",
    "bot.inspection",
    "bot.understanding",
    "alembic.command",
    "alembic.runtime.migration",
    "alembic.script",
    "rich.table",
)
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


class Server:
    """Forks commands from a process that has imported everything."""

    def __init__(self) -> None:
        self.context: ForkServerContext = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOADED))

    def run(
        self, arguments: tuple[str, ...], *, environment: Mapping[str, str], folder: Path, given: bytes
    ) -> Ran:
        """Run ``contestdesk ARGUMENTS`` to its end."""
        with tempfile.TemporaryDirectory() as name:
            streams = Path(name)
            (streams / "in").write_bytes(given)
            process: Any = self.context.Process(
                target=_main, args=(arguments, dict(environment), folder, streams)
            )
            process.start()
            process.join(TIMEOUT_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()
            code = process.exitcode
            process.close()
            out, err = ((streams / end).read_bytes().decode("utf-8") for end in ("out", "err"))
        return Ran(code=code, out=out, err=err)


def _main(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, streams: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["contestdesk", *arguments]
    sys.stdin = (streams / "in").open(encoding="utf-8", errors="surrogateescape")
    for stream, end in ((sys.stdout, "out"), (sys.stderr, "err")):
        stream.flush()
        os.dup2(os.open(streams / end, os.O_WRONLY | os.O_CREAT, 0o600), stream.fileno())
    from bot.cli import main

    try:
        main.main()
    except Exception:  # what the interpreter does with an error that nobody caught
        traceback.print_exc()
        sys.exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Runs contestdesk in one folder with one environment."""

    server: Server
    folder: Path
    cache: Path
    edition: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, **settings: str) -> dict[str, str]:
        """The variables of a command; ``settings`` win over those of every test here."""
        named = {
            "DATA_DIR": str(self.folder / "var"),
            "CACHE_DIR": str(self.cache),
            "CONTEST_DIR": str(self.edition),
            "ENCODERS": "none",
            **self.settings,
            **settings,
        }
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **{f"CONTESTDESK_{name}": value for name, value in named.items()},
        }

    def __call__(self, *arguments: str, given: bytes = b"", **settings: str) -> Ran:
        """Run ``contestdesk ARGUMENTS`` with ``given`` on standard input."""
        return self.server.run(
            arguments, environment=self.environment(**settings), folder=self.folder, given=given
        )
