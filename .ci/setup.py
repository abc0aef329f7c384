"""Makes .venv what requirements.lock and pyproject.toml ask for; `make setup` runs it.

It runs on the machine's own Python before anything is installed: standard library only.

A .venv counts as good only when its stamp names what was asked for. The stamp is taken away before
the first change and written after the last; what was cut off in between is made anew.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
#: Its two lines: the digest of what .venv was made from, and where it was made.
STAMP = VENV / ".contestdesk-setup"
#: Lies there while packages are being written.
UNFINISHED = VENV / ".contestdesk-unfinished"
LOCK = ROOT / ".venv.lock"
ASKED = (ROOT / "requirements.lock", ROOT / "pyproject.toml")
OURS = ("faq", "intents", "mailer", "bot")


class SetupError(Exception):
    """The environment cannot be made; the message says what to mend."""


def main() -> int:
    """Set up, and answer with the exit code."""
    os.chdir(ROOT)
    try:
        check_machine()
        with LOCK.open("w") as held:
            take_turn(held.fileno())
            make_environment(held.fileno())
    except SetupError as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next make begins anew", file=sys.stderr)
        return 130
    return 0


def check_machine() -> None:
    """Raise SetupError when this Python lacks the means to make an environment.

    Debian splits them off into a package; ensurepip is the module that `python3 -m venv` then misses.
    (The Makefile has looked at the age of this Python.)
    """
    for needed in ("venv", "ensurepip"):
        if importlib.util.find_spec(needed) is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupError(
                f"{sys.executable} cannot make environments: it has no module {needed}. "
                f"On Debian and Ubuntu: apt-get install python{version}-venv"
            )


def take_turn(lock: int) -> None:
    """Wait until no other make writes to .venv.

    What runs under the lock inherits it: when make is killed and pip lives on, the next make waits.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: another make is at work on .venv; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def make_environment(lock: int) -> None:
    """Install what changed, compile our own modules, fill the vector cache."""
    if UNFINISHED.exists() or is_moved() or not is_sound():
        print("setup: making .venv", flush=True)
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], lock)
    wanted = f"{digest()}\n{VENV}\n"
    if not STAMP.exists() or STAMP.read_text() != wanted:
        STAMP.unlink(missing_ok=True)
        UNFINISHED.touch()
        print("setup: installing what requirements.lock names", flush=True)
        run(pip_install("--require-hashes", "-r", "requirements.lock"), lock)
        run(pip_install("--no-deps", "--no-build-isolation", "--editable", "."), lock)
        fresh = STAMP.with_suffix(".new")
        fresh.write_text(wanted)
        fresh.replace(STAMP)
        UNFINISHED.unlink()
    # pip compiled the libraries. Where PYTHONDONTWRITEBYTECODE is set nobody would compile ours,
    # and every start of the command would do it again.
    run([str(PYTHON), "-m", "compileall", "-q", *OURS], lock)
    run([str(VENV / "bin" / "contestdesk"), "intents", "warm"], lock)


def is_moved() -> bool:
    """Tell whether .venv was made in another folder; its scripts then start that one's Python."""
    return STAMP.exists() and STAMP.read_text().splitlines()[1:] != [str(VENV)]


def is_sound() -> bool:
    """Tell whether .venv has a Python that starts, is new enough and has pip."""
    if not PYTHON.exists():
        return False
    asked = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", asked], stderr=subprocess.DEVNULL, check=False).returncode == 0


def digest() -> str:
    """Name what .venv has to be made from: the lock and the project file."""
    seen = hashlib.sha256()
    for path in ASKED:
        seen.update(path.read_bytes())
    return seen.hexdigest()


def pip_install(*arguments: str) -> list[str]:
    """Spell out one `pip install`."""
    return [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *arguments]


def run(command: list[str], lock: int) -> None:
    """Run a command to its end; raise SetupError when it fails."""
    outcome = subprocess.run(command, pass_fds=(lock,), check=False)
    if outcome.returncode:
        raise SetupError(f"this failed (exit {outcome.returncode}, reason above): {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
