"""The peers themselves: what other tests believe of them is shown here once."""

import smtplib
import struct
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import func, select

from bot.storage import Storage, is_current
from mailer.tables import OutboxMail
from tests.servers import sink as smtp_sink
from tests.servers.postgres import Postgres
from tests.servers.sink import At, Fault, Sink, SinkError
from tests.servers.swaks import Transcript, wire

MAIL = b"From: lab@example.org\r\nTo: desk@contest.test\r\nSubject: hello\r\n\r\n.one line\r\n"


def send(port: int, *, recipient: str = "desk@contest.test", raw: bytes = MAIL) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail("lab@example.org", [recipient], raw)


def test_sink_keeps_bytes_and_envelope(sink: Sink) -> None:
    send(sink.port)

    [caught] = sink.wait_for(1)
    assert caught.raw == MAIL
    assert (caught.envelope_sender, caught.recipients) == ("lab@example.org", ("desk@contest.test",))
    assert caught.header_names == ["From", "To", "Subject"]
    assert caught.message["Subject"] == "hello"


def test_sink_refuses_only_the_recipient_it_was_told(sink: Sink) -> None:
    sink.follow(Fault(at=At.RCPT, recipient="gone@example.org", reply="550 5.1.1 no such user"))

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(sink.port, recipient="gone@example.org")
    send(sink.port, recipient="here@example.org")

    assert refused.value.recipients == {"gone@example.org": (550, b"5.1.1 no such user")}
    assert [mail.recipients for mail in sink.messages()] == [("here@example.org",)]


def test_sink_fault_with_times_passes(sink: Sink) -> None:
    sink.follow(Fault(at=At.DOT, reply="451 4.7.1 greylisted", times=1))

    with pytest.raises(smtplib.SMTPDataError, match="greylisted"):
        send(sink.port)
    send(sink.port)

    assert len(sink.messages()) == 1


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        pytest.param(Fault(at=At.CONNECT), 0, id="connect"),
        pytest.param(Fault(at=At.RCPT, cut=True), 0, id="rcpt"),
        pytest.param(Fault(at=At.DATA, cut=True), 0, id="data"),
        pytest.param(Fault(at=At.TEXT), 0, id="text"),
        pytest.param(Fault(at=At.DOT, cut=True), 0, id="dot-lost"),
        pytest.param(Fault(at=At.DOT, cut=True, stored=True), 1, id="dot-kept"),
    ],
)
def test_sink_cuts_the_connection(sink: Sink, fault: Fault, kept: int) -> None:
    sink.follow(fault)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError, BrokenPipeError)):
        send(sink.port)

    sink.wait_for_connections(1)
    assert len(sink.messages()) == kept


def test_sink_greets_with_the_scripted_reply(sink: Sink) -> None:
    sink.follow(Fault(at=At.CONNECT, reply="421 4.3.2 closing"))

    with pytest.raises(smtplib.SMTPConnectError) as refused:
        send(sink.port)

    assert refused.value.smtp_code == 421


def test_sink_delays_before_the_reply(sink: Sink) -> None:
    sink.follow(Fault(at=At.DOT, delay_seconds=5.0))

    with (
        smtplib.SMTP("127.0.0.1", sink.port, timeout=0.2) as client,
        pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"),
    ):
        client.sendmail("lab@example.org", ["desk@contest.test"], MAIL)


def test_sink_comes_back_on_its_port_with_its_mails(sink: Sink) -> None:
    send(sink.port)
    port = sink.port
    sink.stop()

    with pytest.raises(ConnectionRefusedError):
        send(port)
    sink.start()
    send(port)

    assert len(sink.wait_for(2)) == 2


def test_sink_wait_for_gives_up(sink: Sink) -> None:
    with pytest.raises(SinkError, match="does not hold 1 mails"):
        sink.wait_for(1, timeout=0.01)


def test_sink_asks_for_its_login(tmp_path: Path) -> None:
    with smtp_sink.running(tmp_path, login=("desk", "secret")) as sink:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            send(sink.port)
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("desk", "guess")
            client.login("desk", "secret")
            client.sendmail("lab@example.org", ["desk@contest.test"], MAIL)

        assert [mail.user for mail in sink.wait_for(1)] == ["desk"]


def test_swaks_sends_bytes_as_they_are(sink: Sink, swaks_send: Callable[..., Transcript]) -> None:
    korean = "Subject: 문의 %FROM_ADDRESS%\n\n접수 마감이 언제예요?\\n\n.점\n".encode("euc-kr")

    said = swaks_send(port=sink.port, sender="lab@example.org", recipient="desk@contest.test", raw=korean)

    assert said.exit_code == 0, said.text
    [caught] = sink.wait_for(1)
    assert caught.raw == korean.replace(b"\n", b"\r\n")
    assert said.replies[-2] == "250 2.0.0 stored as 1"


def test_swaks_sends_from_the_null_sender(sink: Sink, swaks_send: Callable[..., Transcript]) -> None:
    swaks_send(port=sink.port, sender="", recipient="desk@contest.test", raw=MAIL)

    assert [mail.envelope_sender for mail in sink.wait_for(1)] == [""]


def test_wire_stuffs_dots() -> None:
    assert wire(b"a\n.\nb\n") == b"a\r\n..\r\nb\r\n.\r\n"


def test_database_url_names_an_empty_database(database_url: str) -> None:
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE entry (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO entry VALUES (1)")
        found = connection.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
    engine.dispose()

    assert found == 1


def test_storage_has_every_table_and_no_row(storage: Storage) -> None:
    with storage.read() as session:
        rows = [session.scalar(select(func.count()).select_from(OutboxMail))]

    assert (rows, is_current(storage)) == ([0], True)


def test_postgres_keeps_fsync_on(postgres: Postgres) -> None:
    with psycopg.connect(
        host=str(postgres.folder), port=postgres.port, user="contestdesk", dbname="postgres"
    ) as connection:
        found = connection.execute("SHOW fsync").fetchone()

    assert found == ("on",)


def test_postgres_copies_its_template(postgres: Postgres) -> None:
    def build(url: str) -> None:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE entry AS SELECT 7 AS id")
        engine.dispose()

    name = postgres.create_database(template=postgres.make_template(build))
    engine = sqlalchemy.create_engine(postgres.url(name), poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id FROM entry").scalar_one()

    assert found == 7


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


PAGE = "<meta charset=utf-8><meta name=viewport content='width=device-width'><body style='margin:0'>"


@pytest.mark.long
def test_chromium_draws_korean_at_a_phone_width(render_html: Callable[..., Path]) -> None:
    # The box is seen only where the page is laid out narrower than 500 pixels.
    style = "<style>@media (max-width: 499px) { div { height: 700px } }</style>"
    picture = render_html(f"{PAGE}{style}<div>접수 마감</div>", width=360, height=600, name="self-test")
    other = render_html(f"{PAGE}{style}<div>심사 결과</div>", width=360, height=600, name="self-test-other")

    assert size(picture) == (360, 700)
    assert picture.read_bytes() != other.read_bytes()


@pytest.mark.long
def test_chromium_shows_what_overflows_sideways(render_html: Callable[..., Path]) -> None:
    picture = render_html(f"{PAGE}<div style='width:900px'>wide</div>", width=360, name="self-test-wide")

    assert size(picture)[0] == 900
