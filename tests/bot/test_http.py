"""/health and /metrics, over real sockets and real databases."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from bot import http
from bot.http import DoorError, HttpDoor
from bot.settings import Listen
from bot.storage import Storage, open_storage, upgrade
from tests.bot.office import DEADLINE, LATE, NOON, Office, eml, put
from tests.servers import postgres as postgres_server

PATIENCE = 20.0
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page said."""

    status: int
    text: str


Get = Callable[[Storage, str], Page]


@pytest.fixture
def get() -> Iterator[Get]:
    """get(storage, "/health"): a page of a door over this database."""
    opened: list[HttpDoor] = []

    def fetch(storage: Storage, path: str) -> Page:
        door = HttpDoor(http.build(storage, now=lambda: NOON + MINUTE), Listen("127.0.0.1:0"))
        port = door.start()
        opened.append(door)
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
                return Page(status=answer.status, text=answer.read().decode())
        except HTTPError as error:
            with error:
                return Page(status=error.code, text=error.read().decode())

    yield fetch
    for door in opened:
        door.stop(timedelta(seconds=PATIENCE))


def test_health_is_up_and_tells_the_backlog(office: Office, get: Get) -> None:
    office.take(eml(DEADLINE))
    put(office.storage, eml(LATE, id="<2@example.org>"))
    page = get(office.storage, "/health")

    assert (page.status, json.loads(page.text)) == (
        200,
        {"status": "up", "database": "up", "inbound_waiting": 1},
    )


DOWN = (503, {"status": "down", "database": "unreachable"})


@pytest.fixture
def broken_file(tmp_path: Path) -> Iterator[Storage]:
    """A SQLite database whose file was written over after it was opened."""
    path = tmp_path / "desk.sqlite"
    storage = open_storage(f"sqlite:///{path}")
    upgrade(storage)
    storage.close()
    path.write_bytes(b"this is no database" * 1000)
    yield storage
    storage.close()


def test_health_is_down_when_the_file_is_gone_bad(broken_file: Storage, get: Get) -> None:
    page = get(broken_file, "/health")

    assert (page.status, json.loads(page.text)) == DOWN


def test_metrics_are_unavailable_when_the_file_is_gone_bad(broken_file: Storage, get: Get) -> None:
    assert get(broken_file, "/metrics").status == 503


@pytest.fixture
def stopped_server() -> Iterator[Storage]:
    """A storage whose PostgreSQL has stopped after it was opened."""
    missing = postgres_server.why_not()
    if missing is not None:
        pytest.skip(missing)
    with postgres_server.running() as cluster:
        storage = open_storage(cluster.url(cluster.create_database()))
        upgrade(storage)
        storage.close()  # the server waits for open connections; the pool opens new ones when asked
    yield storage
    storage.close()


def test_health_is_down_when_the_server_has_stopped(stopped_server: Storage, get: Get) -> None:
    page = get(stopped_server, "/health")

    assert (page.status, json.loads(page.text)) == DOWN


def test_metrics_list_what_is_in_the_tables(office: Office, get: Get) -> None:
    office.take(eml(DEADLINE))
    office.take(eml(LATE, id="<2@example.org>"))
    put(office.storage, eml(LATE, id="<3@example.org>"))
    page = get(office.storage, "/metrics")

    assert re.findall(r"^(contestdesk\S+) ([\d.]+)$", page.text, re.M) == [
        ("contestdesk_inbound_stored", "3.0"),
        ('contestdesk_inbound_handled{verdict="question"}', "2.0"),
        *sorted(
            [
                ('contestdesk_inquiries{state="answered"}', "1.0"),
                ('contestdesk_inquiries{state="new"}', "1.0"),
            ]
        ),
        ('contestdesk_outbox{channel="mail",state="queued"}', "3.0"),
        ("contestdesk_inbound_oldest_seconds", "60.0"),
        ("contestdesk_outbox_oldest_seconds", "60.0"),
        ("contestdesk_relay_away_seconds", "0.0"),
    ]


def test_page_that_is_not_there_is_not_found(small_storage: Storage, get: Get) -> None:
    assert get(small_storage, "/admin").status == 404


def test_port_that_is_taken_names_the_setting(small_storage: Storage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = Listen(f"127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(DoorError) as caught:
            HttpDoor(http.build(small_storage), listen).start()

    assert re.fullmatch(
        rf"cannot listen on {listen}: Address already in use.*; choose another CONTESTDESK_HTTP_LISTEN",
        str(caught.value),
    )


def test_address_that_is_not_ours_names_the_setting(small_storage: Storage) -> None:
    with pytest.raises(DoorError, match=r"192\.0\.2\.1:0: .*CONTESTDESK_HTTP_LISTEN"):
        HttpDoor(http.build(small_storage), Listen("192.0.2.1:0")).start()


def test_door_may_be_stopped_before_it_was_opened(small_storage: Storage) -> None:
    HttpDoor(http.build(small_storage), Listen("127.0.0.1:0")).stop(timedelta(seconds=1))
