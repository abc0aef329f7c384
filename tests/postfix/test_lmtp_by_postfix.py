"""Postfix hands mail over by LMTP: mail.md's checks 2, 3 and 4."""

import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot.inbox.commit import Committer
from bot.inbox.door import Protocol
from bot.inbox.smtp import Listener
from bot.storage import Storage, open_storage
from tests.postfix import stored
from tests.postfix.conftest import Front
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter
from tests.scenarios.passing import digest
from tests.scenarios.serving import CONTEST, until
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

APPLICANT = "lab@example.org"


def give(front: Front, raw: bytes, *recipients: str) -> None:
    """Hand a mail to Postfix."""
    with smtplib.SMTP("127.0.0.1", front.postfix.port, timeout=60) as client:
        client.sendmail(APPLICANT, list(recipients or (CONTEST,)), raw)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of 2 MB of its own."""
    folder = Path("/tmp") / f"contestdesk-full-{os.getpid()}"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("no right to mount a tmpfs here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    folder.rmdir()


def test_check_02_full_disk_defers_and_all_mail_arrives_when_there_is_room(
    front: Front, migrated_file: Path, small_disk: Path, serve: Start, sink: Sink
) -> None:
    database = small_disk / "desk.sqlite"
    shutil.copyfile(migrated_file, database)
    url = f"sqlite:///{database}"
    desk = serve(url, "intake", LMTP_LISTEN=front.listen, SMTP_LISTEN="")
    hog = small_disk / "hog"
    free = shutil.disk_usage(small_disk).free
    hog.write_bytes(b"x" * (free - 64 * 1024))
    mails = [letter(sender=APPLICANT, text=f"{number} " + "가" * 30_000) for number in range(5)]
    for raw in mails:
        give(front, raw)
    until(
        lambda: sum(status == "deferred" for _, status in front.postfix.statuses()) >= 5,
        "Postfix has heard of the full disk for each mail",
    )
    full = desk.log.count("inbox.store_failed")
    hog.unlink()
    began = time.monotonic()
    front.postfix.wait_until_empty(timeout=60)
    took_s = time.monotonic() - began
    desk.terminate()
    storage = open_storage(url)
    kept = rows.stored(storage)
    storage.close()

    assert full >= 1  # one line for all that waited together
    assert took_s < 30
    assert {status for _, status in front.postfix.statuses()} == {"deferred", "sent"}
    assert sorted(kept.values()) == [1] * 5
    assert sink.messages() == []  # no bounce


def test_check_03_fault_in_the_door_is_deferred_and_says_nothing_of_itself(
    front: Front, writing: sessionmaker[Session], storage_of: Storage, sink: Sink
) -> None:
    broken = [True]

    def accepts(address: str) -> bool:
        if broken[0]:
            raise ZeroDivisionError("secret detail")
        return True

    with_door = door(front, writing, accepts)
    try:
        give(front, letter(sender=APPLICANT, text=QUESTIONS[0]))
        until(lambda: (CONTEST, "deferred") in front.postfix.statuses(), "the mail is deferred")
        broken[0] = False
        front.postfix.wait_until_empty(timeout=60)
    finally:
        close(with_door)
    log = (front.postfix.folder / "mail.log").read_text("utf-8")

    assert sum(rows.stored(storage_of).values()) == 1
    assert "451 4.3.0" in log
    assert "secret" not in log
    assert "ZeroDivision" not in log
    assert sink.messages() == []


def test_check_04_postfix_sends_one_defers_one_bounces_one(
    front: Front, writing: sessionmaker[Session], storage_of: Storage, sink: Sink
) -> None:
    later = [True]

    def accepts(address: str) -> bool:
        if address.startswith("later@") and later[0]:
            raise RuntimeError("not now")
        return not address.startswith("nobody@")

    with_door = door(front, writing, accepts)
    ok, temporary, permanent = (f"{name}@contest.test" for name in ("contest", "later", "nobody"))
    try:
        give(front, letter(sender=APPLICANT, text=QUESTIONS[0]), ok, temporary, permanent)
        until(
            lambda: len({who for who, _ in front.postfix.statuses()} & {ok, temporary, permanent}) == 3, "all"
        )
        first = dict(reversed(front.postfix.statuses()))
        [bounce] = sink.wait_for(1, timeout=60)
        until(lambda: front.postfix.statuses().count((temporary, "deferred")) >= 2, "it is tried again")
        tried_again = stored.recipients(storage_of)
        later[0] = False
        front.postfix.wait_until_empty(timeout=60)
    finally:
        close(with_door)

    assert (first[ok], first[temporary], first[permanent]) == ("sent", "deferred", "bounced")
    assert tried_again == [[ok]]
    assert stored.recipients(storage_of) == [[ok], [temporary]]
    assert (bounce.recipients, permanent in str(bounce.raw)) == ((APPLICANT,), True)
    assert len(sink.messages()) == 1


def test_check_04_fault_after_the_dot_defers_each_recipient_and_none_gets_it_twice(
    front: Front, writing: sessionmaker[Session], storage_of: Storage, sink: Sink
) -> None:
    with_door = door(front, writing, lambda _: True, started=False)
    recipients = [f"contest+{letter_}@contest.test" for letter_ in "abc"]
    try:
        give(front, letter(sender=APPLICANT, text=QUESTIONS[0]), *recipients)
        until(
            lambda: (
                {one for one, status in front.postfix.statuses() if status == "deferred"} == set(recipients)
            ),
            "each recipient is deferred",
        )
        with_door[1].start()
        front.postfix.wait_until_empty(timeout=60)
    finally:
        close(with_door)

    assert stored.recipients(storage_of) == [recipients]
    sent = sorted(who for who, status in front.postfix.statuses() if status == "sent")
    assert sent == recipients
    assert sink.messages() == []


@pytest.fixture
def storage_of(migrated_sqlite: Storage) -> Storage:
    """The database, read from beside the door."""
    return migrated_sqlite


@pytest.fixture
def writing(migrated_sqlite: Storage) -> sessionmaker[Session]:
    """The door's sessions."""
    return migrated_sqlite.write


Open = tuple[Listener, Committer]


def door(
    front: Front, writing: sessionmaker[Session], accepts: Callable[[str], bool], *, started: bool = True
) -> Open:
    """Open the desk's own door where Postfix delivers, with another idea of whom it takes mail for."""
    committer = Committer(writing)
    if started:
        committer.start()
    listener = Listener(
        "127.0.0.1",
        front.lmtp_port,
        committer,
        size_limit_bytes=1_000_000,
        hostname="desk.contest.test",
        accepts=accepts,
        protocol=Protocol.LMTP,
    )
    listener.start()
    return listener, committer


def close(opened: Open) -> None:
    """Close the door."""
    opened[0].stop(deadline_s=1)
    opened[1].stop()


def test_swaks_is_answered_through_postfix(
    front: Front, sqlite_url: str, migrated_sqlite: Storage, serve: Start, sink: Sink
) -> None:
    serve(sqlite_url, sink=sink, LMTP_LISTEN=front.listen, SMTP_LISTEN="")
    raw = letter(sender=APPLICANT, text=QUESTIONS[0])
    give(front, raw)
    [answer] = sink.wait_for(1, timeout=60)

    assert answer.recipients == (APPLICANT,)
    assert [row.door for row in stored.envelopes(migrated_sqlite)] == ["lmtp"]
    assert digest(raw) not in rows.stored(migrated_sqlite)  # Postfix has written its Received above it
