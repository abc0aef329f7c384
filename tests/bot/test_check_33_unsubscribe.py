"""Check 33: one POST without a cookie ends reminders; a look changes nothing; results still go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bot import http, roster, unsubscribe
from bot.http import HttpDoor
from bot.settings import Listen
from bot.storage import Storage
from faq.library import Library
from mailer import outbox
from mailer import unsubscribe as names
from mailer.letter import Identity
from mailer.tables import OutboxMail
from tests.bot import season
from tests.bot.office import IDENTITY, NOON, SECRET, Office, eml
from tests.bot.season import D7
from tests.mailer.letters import hello

PATIENCE = 20.0
ON_THE_WEB = Identity(
    address=IDENTITY.address,
    name=IDENTITY.name,
    domain=IDENTITY.domain,
    secret=SECRET,
    takes_signed=True,
    public_url="https://desk.example.org",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page said."""

    status: int
    text: str
    headers: Message


Fetch = Callable[..., Page]


@pytest.fixture
def fetch(small_storage: Storage) -> Iterator[Fetch]:
    """fetch("/unsubscribe/…", post=b"…"): a page of a door over `small_storage`."""
    pages = unsubscribe.pages(small_storage, IDENTITY, now=lambda: NOON)
    door = HttpDoor(http.build(small_storage, pages=pages), Listen("127.0.0.1:0"))
    port = door.start()

    def ask(path: str, *, post: bytes | None = None) -> Page:
        request = Request(f"http://127.0.0.1:{port}{path}", data=post)
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return Page(status=answer.status, text=answer.read().decode(), headers=answer.headers)
        except HTTPError as error:
            with error:
                return Page(status=error.code, text=error.read().decode(), headers=error.headers)

    yield ask
    door.stop(season.MINUTE)


def path(person: int = 1) -> str:
    return f"/unsubscribe/{names.local_part(person, SECRET)}"


def ended_at(storage: Storage) -> datetime | None:
    with storage.read() as session:
        return roster.one(session, "1").unsubscribed_at


def message(storage: Storage) -> Message:
    """The first reminder in the outbox, as its reader's program parses it."""
    with storage.read() as session:
        mail = session.get_one(OutboxMail, season.outbox(storage)[0].id)
        return message_from_bytes(mail.body or b"")


def test_check_33_one_click_ends_reminders_once_and_results_still_go(
    small_storage: Storage, packaged: Library, fetch: Fetch
) -> None:
    (address,) = season.enrol(small_storage, 1)
    done = fetch(path(), post=b"List-Unsubscribe=One-Click")
    first = ended_at(small_storage)
    again = fetch(path(), post=b"List-Unsubscribe=One-Click")
    season.tick(small_storage, packaged, D7)
    with small_storage.write.begin() as session:
        outbox.enqueue(session, hello(to=address), key="result:1", identity=IDENTITY, now=NOON)

    assert (done.status, again.status) == (200, 200)
    assert "Set-Cookie" not in done.headers
    assert (first, ended_at(small_storage)) == (NOON, NOON)
    assert season.reminders(small_storage) == []
    assert season.send_all(small_storage, D7) == [address]


def test_check_33_a_look_alone_changes_nothing(small_storage: Storage, fetch: Fetch) -> None:
    season.enrol(small_storage, 1)
    page = fetch(path())

    assert page.status == 200
    assert '<form method="post">' in page.text
    assert "example.org" not in page.text  # it names nobody
    assert ended_at(small_storage) is None


@pytest.mark.parametrize(
    "name", ["unsubscribe+1.aaaaaaaaaaaaaaaa", "inquiry+1.aaaaaaaaaaaaaaaa", "1", "%00", "x" * 5000]
)
@pytest.mark.parametrize("post", [None, b"List-Unsubscribe=One-Click"])
def test_name_that_we_did_not_sign_ends_nothing(
    small_storage: Storage, fetch: Fetch, name: str, post: bytes | None
) -> None:
    season.enrol(small_storage, 1)

    assert fetch(f"/unsubscribe/{name}", post=post).status == 404
    assert ended_at(small_storage) is None


def test_signed_name_of_another_kind_ends_nothing(small_storage: Storage, fetch: Fetch) -> None:
    from mailer import token

    season.enrol(small_storage, 1)
    name = token.sign(token.BOUNCES, 1, SECRET)

    assert fetch(f"/unsubscribe/{name}", post=b"").status == 404
    assert ended_at(small_storage) is None


def test_person_who_is_not_there_any_more_is_told_so(fetch: Fetch) -> None:
    assert fetch(path(99), post=b"").status == 404


def test_waiting_reminder_is_called_back_after_the_click(
    small_storage: Storage, packaged: Library, fetch: Fetch
) -> None:
    season.enrol(small_storage, 1)
    season.tick(small_storage, packaged, D7)
    fetch(path(), post=b"List-Unsubscribe=One-Click")
    season.tick(small_storage, packaged, D7 + season.MINUTE)

    assert season.send_all(small_storage, D7 + season.MINUTE) == []


def test_reminder_carries_both_ways_out(small_storage: Storage, packaged: Library) -> None:
    import dataclasses

    from bot import reminding
    from tests.bot.office import DESK

    season.enrol(small_storage, 1)
    desk = dataclasses.replace(DESK, identity=ON_THE_WEB)
    reminding.tick(small_storage, packaged, desk, now=D7)
    mail = message(small_storage)
    name = names.local_part(1, SECRET)

    assert "".join(mail["List-Unsubscribe"].split("\r\n")) == (
        f"<https://desk.example.org/unsubscribe/{name}>,"
        f" <mailto:{name.replace('+', '%2B')}@contest.test?subject={name.replace('+', '%2B')}>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_desk_without_a_page_offers_the_mail_alone(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1)
    season.tick(small_storage, packaged, D7)
    mail = message(small_storage)

    assert mail["List-Unsubscribe"].startswith("<mailto:")
    assert mail["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("by_subject", [False, True])
def test_mail_to_the_signed_name_ends_reminders_and_is_not_answered(
    small_office: Office, by_subject: bool
) -> None:
    season.enrol(small_office.storage, 1)
    name = names.local_part(1, SECRET)
    recipient = IDENTITY.address if by_subject else f"{name}@contest.test"
    handled = small_office.take(eml("", subject=name if by_subject else "stop"), recipients=[recipient])

    assert handled.withheld == "ends reminders by mail"
    assert ended_at(small_office.storage) == NOON
    assert small_office.outbox() == []


def test_question_to_the_signed_name_is_answered_all_the_same(small_office: Office) -> None:
    season.enrol(small_office.storage, 1)
    name = names.local_part(1, SECRET)
    handled = small_office.take(eml("접수 마감이 언제예요?"), recipients=[f"{name}@contest.test"])

    assert handled.outbox_id is not None
    assert ended_at(small_office.storage) == NOON
