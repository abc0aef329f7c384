"""A watched mailbox, day by day: what is taken, from where on, and what is done there afterwards."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.inbox.account import After
from bot.inbox.watch import Pace
from bot.storage import Storage
from tests.bot.office import OURS, eml
from tests.imap.conftest import Join, StartDovecot, Watch
from tests.imap.watching import flags, mails, notices
from tests.scenarios.serving import until
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.long

CERTIFICATE = Path(__file__).parents[1] / "data" / "inbox" / "door.pem"


def append(server: Dovecot, raw: bytes, *, arrived_at: datetime, folder: str = "INBOX") -> None:
    """Put a mail into the mailbox that came at another time."""
    with server.client() as client:
        client.append(folder, raw, msg_time=arrived_at)


def test_new_mail_is_stored_with_its_envelope_and_marked_seen(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot)
    dovecot.deliver(mails(1), sender="bounces@lab.example.org")
    [mail] = watching.wait_for(1)
    watching.wait_until_settled(1)

    assert (mail.door, mail.envelope_sender, mail.recipients, mail.peer) == (
        "imap:INBOX",
        "bounces@lab.example.org",
        [OURS],
        f"localhost:{dovecot.port}",
    )
    assert flags(dovecot) == {1: {b"\\Seen"}}


def test_null_sender_is_kept(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot)
    dovecot.deliver(mails(1), sender="")
    [mail] = watching.wait_for(1)

    assert mail.envelope_sender == ""


def test_mail_during_idle_is_taken_at_once(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot, pace=Pace(round=timedelta(minutes=5)))
    until(lambda: watching.place().looked_at, "the first look is over")
    dovecot.deliver(mails(1))
    watching.wait_for(1, timeout=20)

    assert len(watching.ids()) == 1


def test_moved_mail_leaves_the_folder(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot, after=After(move_to="처리됨"))
    dovecot.deliver(mails(3))
    watching.wait_for(3)
    watching.wait_until_settled(3)

    assert (flags(dovecot), flags(dovecot, "처리됨")) == ({}, {1: set(), 2: set(), 3: set()})


def test_move_without_the_capability_copies_and_expunges_only_its_own(
    start_dovecot: StartDovecot, watch: Watch
) -> None:
    server = start_dovecot(settings=["imap_capability=IMAP4rev1 UIDPLUS"])
    server.deliver(mails(2))
    with server.client() as client:
        client.select_folder("INBOX")
        client.add_flags([1], [b"\\Deleted"])  # by a person, who may think better of it
    watching = watch(server, after=After(move_to="Done"), start="now")
    until(lambda: watching.place().looked_at, "the first look is over")
    server.deliver(mails(1, first=3))
    watching.wait_until_settled(3)

    assert (flags(server), len(flags(server, "Done"))) == ({1: {b"\\Deleted"}, 2: set()}, 1)


def test_mailbox_is_left_as_it_is_when_told_so(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot, after=After())
    dovecot.deliver(mails(2))
    watching.wait_for(2)
    watching.wait_until_settled(2)

    assert flags(dovecot) == {1: set(), 2: set()}


def test_watch_from_now_leaves_what_lay_there(dovecot: Dovecot, watch: Watch) -> None:
    dovecot.deliver(mails(2))
    watching = watch(dovecot, start="now")
    until(lambda: watching.place().looked_at, "the first look is over")
    dovecot.deliver(mails(1, first=3))
    watching.wait_until_settled(3)

    assert watching.ids() == {"<3@example.org>": 1}
    assert flags(dovecot) == {1: set(), 2: set(), 3: {b"\\Seen"}}


def test_watch_from_a_day_begins_at_midnight_in_seoul(dovecot: Dovecot, watch: Watch) -> None:
    midnight = datetime(2020, 11, 1, 0, 0, tzinfo=UTC) - timedelta(hours=9)
    times = (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=3))
    for raw, arrived_at in zip(mails(3), times, strict=True):
        append(dovecot, raw, arrived_at=arrived_at)
    watching = watch(dovecot, start=date(2020, 11, 1))
    watching.wait_until_settled(3)

    assert watching.ids() == {"<2@example.org>": 1, "<3@example.org>": 1}


def test_several_folders_are_watched_at_once(dovecot: Dovecot, watch: Watch) -> None:
    with dovecot.client() as client:
        client.create_folder("문의 함")
    watching = watch(dovecot, folders=("INBOX", "문의 함"))
    dovecot.deliver(mails(1))
    append(dovecot, mails(1, first=2)[0], arrived_at=datetime.now(UTC), folder="문의 함")
    stored = watching.wait_for(2)

    assert {mail.door for mail in stored} == {"imap:INBOX", "imap:문의 함"}


def test_restarted_watch_goes_on_where_it_was(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot)
    dovecot.deliver(mails(2))
    watching.wait_until_settled(2)
    watching.stop()
    dovecot.deliver(mails(2, first=3))
    watching.start()
    watching.wait_until_settled(4)

    assert [watching.ids()[f"<{number}@example.org>"] for number in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert len(watching.mails()) == 4


def test_server_without_idle_is_polled(start_dovecot: StartDovecot, watch: Watch, link: Join) -> None:
    server = start_dovecot(settings=["imap_capability=IMAP4rev1 UIDPLUS"])
    said: list[bytes] = []

    def listen(octets: bytes) -> bytes:
        said.append(octets)
        return octets

    watching = watch(server, port=link(server.port, to_server=listen).port)
    until(lambda: watching.place().looked_at, "the first look is over")
    server.deliver(mails(1))
    watching.wait_for(1)

    assert re.findall(rb" (IDLE|NOOP)\r", b"".join(said))[0] == b"NOOP"
    assert b" IDLE" not in b"".join(said)


def test_mail_above_the_limit_stays_and_staff_are_told(
    dovecot: Dovecot, watch: Watch, desk_storage: Storage
) -> None:
    big = eml("큰 파일입니다. " * 3_000, id="<big@example.org>", subject="큰 기획안")
    watching = watch(dovecot, size_limit_bytes=20_000)
    dovecot.deliver([big, *mails(1)])
    watching.wait_for(1)
    watching.wait_until_settled(2)
    [notice] = notices(desk_storage)

    assert watching.ids() == {"<1@example.org>": 1}
    assert flags(dovecot) == {1: set(), 2: {b"\\Seen"}}
    assert re.search(r"메일함 INBOX에 너무 큰 메일\(0\.1 MB\)이.*큰 기획안", notice, re.S)


def test_mail_that_is_bigger_than_the_server_says_is_not_taken_into_memory(
    dovecot: Dovecot, watch: Watch, link: Join, desk_storage: Storage
) -> None:
    """RFC822.SIZE is an estimate at some servers; this one says of each mail that it has ten octets."""
    liar = link(dovecot.port, to_client=lambda octets: re.sub(rb"RFC822.SIZE \d+", b"RFC822.SIZE 10", octets))
    watching = watch(dovecot, port=liar.port, size_limit_bytes=20_000)
    dovecot.deliver([eml("x" * 70 + "\r\n" * 30_000, id="<big@example.org>"), *mails(1)])
    watching.wait_until_settled(2)

    assert watching.ids() == {"<1@example.org>": 1}
    assert len(notices(desk_storage)) == 1


def test_mail_that_the_server_does_not_give_out_holds_up_no_other(
    dovecot: Dovecot, watch: Watch, link: Join, desk_storage: Storage
) -> None:
    def spoil(octets: bytes) -> bytes:
        return octets.replace(b"UID FETCH 1 (BODY.PEEK[]", b"UID FETCH 1 (BODY.NONE[]")

    watching = watch(dovecot, port=link(dovecot.port, to_server=spoil).port)
    dovecot.deliver(mails(3))
    watching.wait_until_settled(3)
    [notice] = notices(desk_storage)

    assert watching.ids() == {"<2@example.org>": 1, "<3@example.org>": 1}
    assert flags(dovecot) == {1: set(), 2: {b"\\Seen"}, 3: {b"\\Seen"}}
    assert "메일함 INBOX에 서버가 내주지 않는 메일" in notice


def test_mail_that_vanishes_before_it_is_fetched_is_no_trouble(
    dovecot: Dovecot, watch: Watch, link: Join
) -> None:
    vanished: list[bytes] = []

    def expunge_first(octets: bytes) -> bytes:
        if b"BODY.PEEK[]" in octets and not vanished:
            vanished.append(octets)
            with dovecot.client() as client:
                client.select_folder("INBOX")
                client.delete_messages([1])
                client.expunge([1])
        return octets

    dovecot.deliver(mails(2))
    watching = watch(dovecot, port=link(dovecot.port, to_server=expunge_first).port)
    watching.wait_until_settled(2)

    assert len(vanished) == 1
    assert set(watching.ids()) | {"<1@example.org>"} == {"<1@example.org>", "<2@example.org>"}


def test_folder_that_may_not_be_marked_is_read_and_told(dovecot: Dovecot, watch: Watch, link: Join) -> None:
    """Mails are taken on and on; that they cannot be marked is a failure that staff hear of."""
    refuse = link(dovecot.port, to_server=lambda octets: octets.replace(b"+FLAGS.SILENT", b"+FLEGS.SILENT"))
    watching = watch(dovecot, port=refuse.port)
    dovecot.deliver(mails(1))
    watching.wait_for(1)
    until(lambda: watching.place().failing_since, "the failure is written down")
    dovecot.deliver(mails(1, first=2))
    watching.wait_for(2)

    assert [watching.ids()[f"<{number}@example.org>"] for number in (1, 2)] == [1, 1]
    assert "Error in IMAP command UID STORE" in (watching.place().failure or "")


@pytest.mark.parametrize("transport", ["imaps", "imap+starttls"])
def test_connection_is_encrypted(start_dovecot: StartDovecot, watch: Watch, transport: str) -> None:
    server = start_dovecot(certificate=CERTIFICATE, settings=["disable_plaintext_auth=yes"])
    server_port = server.tls_port if transport == "imaps" else server.port
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    watching = watch(server, transport=transport, port=server_port, context=context)
    server.deliver(mails(1))
    watching.wait_for(1)

    assert "TLS" in (server.folder / "dovecot.log").read_text()


def test_certificate_that_is_not_trusted_is_refused(start_dovecot: StartDovecot, watch: Watch) -> None:
    server = start_dovecot(certificate=CERTIFICATE)
    watching = watch(server, transport="imaps", port=server.tls_port)
    until(lambda: watching.place().failure, "the failure is written down")

    assert "certificate verify failed" in (watching.place().failure or "")
