"""Fixtures that start real peers, each only when a test asks for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from bot.storage import Storage, open_storage, upgrade
from tests.servers import chromium, swaks
from tests.servers import postgres as postgres_server
from tests.servers import sink as smtp_sink
from tests.servers.postgres import Postgres
from tests.servers.sink import Sink

#: Both kinds; the server's turn is a long test, so that the fast ones stay below two minutes.
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Write events as plain lines: the library's own default draws each trace with all its variables."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        cache_logger_on_first_use=False,
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's own PostgreSQL cluster."""
    missing = postgres_server.why_not()
    if missing is not None:
        pytest.skip(missing)
    with postgres_server.running() as cluster:
        yield cluster


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database that no other test has seen; the test runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.sqlite'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    name = cluster.create_database()
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the tables of today, to be copied."""
    path = tmp_path_factory.mktemp("template") / "desk.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """A PostgreSQL database with the tables of today, to be copied."""
    return postgres.make_template(migrate)


def migrate(url: str) -> None:
    storage = open_storage(url)
    upgrade(storage)
    storage.close()


@pytest.fixture(params=DATABASES)
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with all tables and no row; the test runs on both kinds.

    It is a copy: the migrations run once a session, not once a test.
    """
    if request.param == "sqlite":
        copy = tmp_path / "desk.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_file"), copy)
        yield f"sqlite:///{copy}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    name = cluster.create_database(template=request.getfixturevalue("migrated_template"))
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture
def storage(migrated_url: str) -> Iterator[Storage]:
    """An open storage with all tables and no row; the test runs on both kinds."""
    opened = open_storage(migrated_url)
    yield opened
    opened.close()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A real SMTP server that takes every mail, or fails as `sink.follow(Fault(...))` says."""
    with smtp_sink.running(tmp_path / "sink") as server:
        yield server


@pytest.fixture
def swaks_send() -> Callable[..., swaks.Transcript]:
    """tests.servers.swaks.send, where swaks is installed."""
    missing = swaks.why_not()
    if missing is not None:
        pytest.skip(missing)
    return swaks.send


@pytest.fixture
def render_html(tmp_path: Path) -> Callable[..., Path]:
    """render_html(html, width=..., name=...): the PNG of a page; build/pictures/ keeps a copy."""
    missing = chromium.why_not()
    if missing is not None:
        pytest.skip(missing)

    def render(html: str, *, width: int, height: int = 800, name: str = "page") -> Path:
        picture = chromium.render_html(html, width=width, height=height, to=tmp_path / f"{name}-{width}.png")
        # A person looks at these after a run; pytest removes its own folders.
        album = Path(__file__).resolve().parent.parent / "build" / "pictures"
        album.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, album)
        return picture

    return render
