"""An own PostgreSQL cluster in a scratch folder, and a fresh database a test."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.servers.free_port import free_port

READY = "database system is ready to accept connections"


class PostgresError(Exception):
    """The cluster did not start; the message carries the server's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running cluster, with fsync on as in production."""

    folder: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def url(self, database: str) -> str:
        """Name a database of this cluster as SQLAlchemy wants it, over the unix socket."""
        socket = quote(str(self.folder), safe="")
        return f"postgresql+psycopg://contestdesk@/{database}?host={socket}&port={self.port}"

    def create_database(self, *, template: str = "template0") -> str:
        """Make a database that no other test has seen, and return its name."""
        name = f"test_{next(self._numbers)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_template(self, build: Callable[[str], None]) -> str:
        """Make a database, let `build` fill it by its URL, and return its name.

        Copies of it cost some ten milliseconds; migrating each test's database anew costs far more.
        `build` has to close its connections: PostgreSQL copies no database in use.
        """
        name = self.create_database()
        build(self.url(name))
        return name

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), port=self.port, user="contestdesk", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def why_not() -> str | None:
    """Say why no cluster can be started here, or None when one can."""
    if _binaries() is None:
        return "no PostgreSQL server on this machine (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _ordinary_user() is None:
        return "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody"
    return None


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a cluster and stop it, removing its folder; raise PostgresError when it does not come up."""
    binaries = _binaries()
    if binaries is None:
        raise PostgresError(why_not())
    user = _ordinary_user() if os.geteuid() == 0 else None
    # Directly under /tmp: pytest's own folders are closed to other users, and a socket's path is
    # limited to 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="contestdesk-pg-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _initdb(binaries, folder, user)
        port = free_port()
        server = _start(binaries, folder, port, user)
        try:
            yield Postgres(folder=folder, port=port)
        finally:
            server.terminate()
            try:
                server.wait(timeout=5)  # SIGTERM waits for open connections
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _ordinary_user() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _initdb(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> None:
    outcome = subprocess.run(
        [
            binaries / "initdb",
            *("--pgdata", folder / "data"),
            *("--username", "contestdesk"),
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise PostgresError(f"initdb: {outcome.stdout}{outcome.stderr}")


def _start(binaries: Path, folder: Path, port: int, user: pwd.struct_passwd | None) -> subprocess.Popen[str]:
    # The server dies with pytest, even by kill -9, where the machine has setpriv (util-linux).
    leash = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    server = subprocess.Popen(
        [
            *leash,
            binaries / "postgres",
            *("-D", folder / "data"),
            *("-k", folder),
            *("-p", str(port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", "fsync=on"),
            *("-c", "max_connections=200"),
            *("-c", "lc_messages=C"),
        ],
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    said: list[str] = []
    ready = threading.Event()
    threading.Thread(target=_listen, args=(server.stderr, said, ready), daemon=True).start()
    if not ready.wait(timeout=60) or server.poll() is not None:
        server.kill()
        server.wait()
        raise PostgresError("postgres: " + "".join(said))
    return server


def _listen(stream: IO[str], said: list[str], ready: threading.Event) -> None:
    """Read the server's log to its end, so that its pipe never fills; set `ready` when it is, or is gone."""
    with stream:
        for line in stream:
            if ready.is_set():
                continue
            said.append(line)
            if READY in line:
                ready.set()
    ready.set()
