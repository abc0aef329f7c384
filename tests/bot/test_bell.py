"""A row that another process wrote wakes whoever waits for it, without polling where the database can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import bell
from bot.bell import Bell
from bot.storage import Storage, open_storage
from tests.bot.office import NOON, Office, eml, put

PATIENCE = 20.0
Ring = Callable[[Storage, str], threading.Event]


@pytest.fixture
def hung() -> Iterator[Ring]:
    """hung(storage, channel): an event that a bell sets; it has rung once already, when it was hung."""
    bells: list[Bell] = []

    def hang(storage: Storage, channel: str) -> threading.Event:
        rung = threading.Event()
        one = Bell(storage, {channel: rung.set})
        bells.append(one)
        one.start()
        assert rung.wait(PATIENCE)
        rung.clear()
        return rung

    yield hang
    for one in bells:
        one.stop(timedelta(seconds=PATIENCE))


def test_stored_mail_rings(storage: Storage, hung: Ring) -> None:
    rung = hung(storage, bell.INBOUND)
    put(storage, eml("문의"))

    assert rung.wait(PATIENCE)


def test_mail_in_the_outbox_rings(office: Office, hung: Ring) -> None:
    rung = hung(office.storage, bell.OUTBOX)
    office.take(eml("접수 마감이 언제예요?"), now=NOON)

    assert rung.wait(PATIENCE)


def test_other_rows_do_not_ring_on_a_server(server_office: Office, hung: Ring) -> None:
    storage = server_office.storage
    outbox, inbound = hung(storage, bell.OUTBOX), hung(storage, bell.INBOUND)
    put(storage, eml("문의"))

    assert inbound.wait(PATIENCE)
    assert not outbox.is_set()


def test_bell_rings_again_after_its_connection_was_cut(server_office: Office, hung: Ring) -> None:
    storage = server_office.storage
    rung = hung(storage, bell.INBOUND)
    with storage.engine.connect() as connection:
        listeners = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        assert connection.execute(text(listeners)).all() == [(True,)]

    assert rung.wait(PATIENCE)  # it listens anew, and looks first


def test_file_rings_when_another_process_wrote(small_storage: Storage, hung: Ring) -> None:
    rung = hung(small_storage, bell.OUTBOX)
    other = open_storage(small_storage.engine.url.render_as_string())
    put(other, eml("문의"))
    other.close()

    assert rung.wait(PATIENCE)
