"""The desk as its operator runs it: `contestdesk` in processes of its own."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar

CONTEST = "contest@contest.test"
STAFF = "staff@contest.test"
#: Ten days before the 2020 edition closes.
TEN_DAYS_LEFT = "2020-11-20T10:00+09:00"
#: Generous, as two cores may carry other work; nothing waits this long when all is well.
PATIENCE_SECONDS = 90.0
COMMAND = Path(sys.executable).with_name("contestdesk")

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, timeout: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is true and return it; the one place where these tests wait by asking again."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {timeout} s still not: {what}"
        time.sleep(0.03)
    return found


def environment(folder: Path, *, cache: Path, **settings: str) -> dict[str, str]:
    """The variables of a desk with free ports, its data in `folder`, and nothing of this shell's desk."""
    given = {
        "DATA_DIR": str(folder),
        "CACHE_DIR": str(cache),
        "ENCODERS": "none",
        "SMTP_LISTEN": "127.0.0.1:0",
        "HTTP_LISTEN": "",
        "CONTEST_ADDRESS": CONTEST,
        "MAIL_DOMAIN": "contest.test",
        "STAFF_ADDRESS": STAFF,
        "MAIL_ALLOW_LIST": "@example.org,@contest.test",
        "CLOCK_START": TEN_DAYS_LEFT,
        "LOG_FORMAT": "json",
        # One after the other, so that a later answer tells that the ones before it are out.
        "SENDERS": "1",
    } | settings
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTESTDESK_")}
    return inherited | {f"CONTESTDESK_{name}": value for name, value in given.items()}


def command(
    variables: Mapping[str, str], *arguments: str, folder: Path, words: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one `contestdesk` command to its end, in `folder`."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=dict(variables),
        cwd=folder,
        input=words,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class Desk:
    """One `contestdesk serve`, started; it can be killed, ended, and started again."""

    def __init__(self, variables: Mapping[str, str], folder: Path, *roles: str) -> None:
        self.variables = variables
        self.folder = folder
        self.roles = roles
        self.lines: list[str] = []
        #: Where it takes mail; 0 when that door is shut.
        self.smtp_port = 0
        self._heard = threading.Condition()
        self._ended = False
        self._log = folder / f"{'-'.join(roles) or 'all'}.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Desk":
        """Start it and return when it says that it runs."""
        folder, self.lines, self._ended = self.folder, [], False
        folder.mkdir(parents=True, exist_ok=True)
        # It dies with pytest, even by kill -9, where the machine has setpriv (util-linux).
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*leash, COMMAND, "serve", *(word for role in self.roles for word in ("--role", role))],
                env=dict(self.variables),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        self._wait_for("running as ")
        for line in self.lines:
            if line.startswith("SMTP on port "):
                self.smtp_port = int(line.split()[-1])
        return self

    def kill(self) -> None:
        """End it by kill -9, in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def terminate(self, *, timeout: float = 30.0) -> tuple[int, float]:
        """Ask it to end; return its exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        return code, time.monotonic() - began

    def close(self) -> None:
        """Make sure that nothing of it is left."""
        if self._process is not None:
            self.kill()

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running process."""
        assert self._process is not None, "not started"
        return self._process

    @property
    def log(self) -> str:
        """What it has logged so far, over all its starts."""
        return self._log.read_text(encoding="utf-8")

    def command(self, *arguments: str, words: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run another command on the same database."""
        return command(self.variables, *arguments, folder=self.folder, words=words)

    def _wait_for(self, beginning: str) -> None:
        with self._heard:
            self._heard.wait_for(
                lambda: self._ended or any(line.startswith(beginning) for line in self.lines),
                timeout=PATIENCE_SECONDS,
            )
            assert any(line.startswith(beginning) for line in self.lines), f"{self.lines}\n{self.log[-3000:]}"

    def _listen(self, stream: IO[str]) -> None:
        """Read what it prints, to the end."""
        lines = self.lines
        with stream:
            for line in stream:
                with self._heard:
                    lines.append(line.rstrip("\n"))
                    self._heard.notify_all()
        with self._heard:
            # Of a process that was killed the end is heard late; by then the next one may run.
            self._ended = self._ended or lines is self.lines
            self._heard.notify_all()
