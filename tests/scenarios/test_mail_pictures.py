"""The mails as they arrive, looked at: at a phone's width and at a desk's, nothing sticks out sideways."""

import struct
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.scenarios.conftest import Start
from tests.scenarios.letters import FOR_STAFF, QUESTIONS, ask
from tests.scenarios.passing import wait_for_mail
from tests.scenarios.serving import STAFF
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

PERSON = "staff-a@example.org"
WIDTHS = (360, 1024)
#: A word without a place to break, as links and base64 are.
UNBREAKABLE = "https://dataset.example.org/" + "x" * 120


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    raw = picture.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def markup(message: EmailMessage) -> str:
    """The HTML part."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_mails_fit_a_phone_and_a_desk(
    sqlite_url: str, sink: Sink, serve: Start, render_html: Callable[..., Path]
) -> None:
    desk = serve(sqlite_url, sink=sink)
    ask(desk.smtp_port, sender="lab@example.org", text=f"1. {QUESTIONS[0]}\r\n2. {QUESTIONS[4]}")
    ask(desk.smtp_port, sender="team@example.org", text="How do I apply?", subject="Question")
    ask(desk.smtp_port, sender="curious@example.org", text=FOR_STAFF)
    [notice] = wait_for_mail(sink, STAFF)
    assert desk.command("staff", "add", PERSON, "--name", "담당자 A").returncode == 0
    words = f"네, 가능합니다.\n\n{UNBREAKABLE}\n\n" + "긴 답변입니다. " * 60
    assert desk.command("inquiries", "answer", "3", "--staff", PERSON, words=words).returncode == 0
    receipt, written = wait_for_mail(sink, "curious@example.org", 2)
    pages = {
        "reply-ko": wait_for_mail(sink, "lab@example.org")[0],
        "reply-en": wait_for_mail(sink, "team@example.org")[0],
        "receipt-ko": receipt,
        "letter-ko": written,
        "notice-ko": notice,
    }

    for name, mail in pages.items():
        page = markup(mail.message)
        assert mail.message["Content-Language"] == name[-2:]
        assert "<script" not in page
        for width in WIDTHS:
            picture = render_html(page, width=width, name=name)
            assert size(picture)[0] == width, f"{name} is {size(picture)[0]} wide at {width}"
            assert 200 < size(picture)[1] < 6000
            assert picture.stat().st_size > 4000
