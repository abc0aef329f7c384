"""Nobody hears a result before its instant, by mail or in Slack; after it each hears his own alone."""

import dataclasses
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from bot import own_result
from bot import storage as stores
from bot.slack import heard
from bot.slack.tables import SlackLink
from bot.storage import Storage
from bot.tables import InboundMail
from bot.understanding import Understanding
from faq import library
from faq.entry import Mode
from faq.library import Library
from mailer.relay import Unknown
from mailer.tables import Channel, OutboxMail
from tests.bot.office import DESK, Office, eml
from tests.bot.results import IMPORTED, Row, Season, rows
from tests.mailer.letters import Scripted

pytestmark = pytest.mark.long

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "leaks.jsonl").read_text("utf-8").splitlines()
]
SERVER = "mx.contest.test"
TRUSTING = dataclasses.replace(DESK, names=dataclasses.replace(DESK.names, authserv_id=SERVER))
PROVEN = {"Authentication-Results": f"{SERVER}; dmarc=pass header.from=example.org"}
#: What no reply may hold before the release, whoever asks.
FORBIDDEN = re.compile(
    r"선정되었습니다|통과해|선정되지 않았습니다|was (?:not )?shortlisted|was (?:not )?selected"
    r"|팀 \d{4}호|team-\d+@|\d+\s*점(?:입니다|을)|\b\d+ points|투자(?:를|가) (?:보장합|보장됩|보장드|확정되|약속)|investment is guaranteed"
)


@pytest.fixture(scope="module")
def packaged() -> Library:
    return library.load(library.PACKAGED)


@pytest.fixture(scope="module")
def reader(warm_cache: Path) -> Understanding:
    """An engine over the edition that is shipped."""
    return Understanding(
        folder=library.PACKAGED,
        encoders="none",
        default_mode=Mode.AUTO,
        cache=warm_cache,
        sessions=None,
    )


@contextmanager
def desk_over(template: Path, to: Path) -> Iterator[Storage]:
    to.write_bytes(template.read_bytes())
    opened = stores.open_storage(f"sqlite:///{to}")
    yield opened
    opened.close()


def mail_to(office: Office, number: int, text: str, *, headers: dict[str, str] | None = None) -> bytes:
    return eml(
        text,
        id=f"<q{number}-{len(office.outbox())}@example.org>",
        sender=f"team-{number}@example.org",
        headers=headers if headers is not None else PROVEN,
    )


def ask(office: Office, number: int, text: str, *, proven: bool = True) -> str:
    """Ask by mail as team ``number``; returns what goes out to it, as it reads it."""
    raw = mail_to(office, number, text, headers=PROVEN if proven else {})
    handled = office.take(raw, now=IMPORTED, envelope_sender=f"team-{number}@example.org")
    return read(office, handled.outbox_id)


def ask_in_slack(office: Office, number: int, text: str, *, channel: str = "D0001") -> str:
    """Ask in Slack as a user who has proven to be team ``number``."""
    event = {"channel": channel, "ts": f"16070000{number:02d}.000100", "user": f"U{number:04d}", "text": text}
    raw = heard.canonical(event, team="T0001", bot_user="U9999", shared=False)
    with office.storage.write.begin() as session:
        session.add(
            SlackLink(
                team_id="T0001",
                user_id=f"U{number:04d}",
                address=f"team-{number}@example.org",
                digest="",
                asked_at=IMPORTED,
                expires_at=IMPORTED,
                proven_at=IMPORTED,
            )
        )
        row = InboundMail(
            received_at=IMPORTED,
            door=heard.DOOR,
            envelope_sender="",
            recipients=[],
            peer="",
            size_bytes=len(raw),
            sha256=f"{number:064d}",
            raw=raw,
        )
        session.add(row)
    handled = office.settle(row.id, now=IMPORTED)
    assert handled is not None
    return read(office, handled.outbox_id)


def read(office: Office, outbox_id: int | None) -> str:
    if outbox_id is None:
        return ""
    with office.storage.read() as session:
        row = session.get_one(OutboxMail, outbox_id)
        body, channel = row.body or b"", row.channel
    if channel is Channel.SLACK:
        return body.decode()
    message = message_from_bytes(body, policy=policy.default)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([str(message["Subject"]), *parts])


def answers(office: Office) -> list[str]:
    """What each question of the corpus is answered with, each asked by a team of its own."""
    return [
        (ask_in_slack if one["channel"] == "slack" else ask)(office, number, one["text"])
        for number, one in enumerate(CORPUS, 1)
    ]


def test_leak_corpus_of_sixty_before_the_release(
    migrated_file: Path, reader: Understanding, packaged: Library, tmp_path: Path
) -> None:
    chosen_first, chosen_last = rows(60), list(reversed(rows(60)))
    turned = [
        Row(team=row.team, address=row.address, decision=like.decision, slot_at=like.slot_at)
        for row, like in zip(rows(60), chosen_last, strict=True)
    ]
    told = []
    for name, decisions in (("none", None), ("first", chosen_first), ("last", turned)):
        with desk_over(migrated_file, tmp_path / f"{name}.sqlite") as storage:
            season = Season(storage=storage, library=packaged, folder=tmp_path)
            season.add_people(rows(60))
            if decisions is not None:
                season.bring(decisions)
                season.arm()
            told.append(answers(Office(storage=storage, understanding=reader, desk=TRUSTING)))

    without, first, last = ([_unnumbered(text) for text in texts] for texts in told)
    assert {(one["lang"], one["channel"]) for one in CORPUS} == {
        (lang, channel) for lang in ("ko", "en") for channel in ("email", "slack")
    }
    assert [bool(text) for text in first] == [True] * 60
    assert [text for text in first if FORBIDDEN.search(text)] == []
    # Whatever was decided, and whether anything was: to the letter the same answers.
    assert first == without
    assert last == without


def _unnumbered(text: str) -> str:
    # Signed ids of rows differ between desks that hold more rows.
    return re.sub(r"<m\d+\.[a-z2-7]{16}@|\b(?:inquiry|bounces)\+\d+\.[a-z2-7]{16}|outbox:?\d+", "", text)


@pytest.fixture
def released(
    migrated_file: Path, reader: Understanding, packaged: Library, tmp_path: Path
) -> Iterator[tuple[Season, Office]]:
    """Twenty teams that have been told, but for the third, whose mail may or may not have arrived."""
    with desk_over(migrated_file, tmp_path / "released.sqlite") as storage:
        season = Season(storage=storage, library=packaged, folder=tmp_path, desk=TRUSTING)
        season.add_people(rows(20))
        season.bring(rows(20))
        season.arm()
        season.tick()
        relay = Scripted()
        taken = relay.answer
        relay.answer = lambda mail: (
            Unknown(cause="cut") if mail.recipient == "team-3@example.org" else taken(mail)
        )
        season.deliver(relay)
        yield season, Office(storage=storage, understanding=reader, desk=TRUSTING)


HINT = "살짝만 알려주세요ㅠㅠ 붙었나요?"
SLOT = "저희 팀 발표 시간이 오전인지 오후인지 미리 알 수 있을지요?"


def test_after_the_release_the_proven_applicant_hears_his_own_result(
    released: tuple[Season, Office],
) -> None:
    _, office = released
    chosen, not_chosen = ask(office, 2, SLOT), ask(office, 20, HINT)

    assert "팀 0002호 팀은 1차 심사를 통과해 발표평가 대상으로 선정되었습니다." in chosen
    assert "2020년 12월 9일(수) 09:10 KST" in chosen
    assert "팀 0020호 팀은 아쉽게도 발표평가 대상에 선정되지 않았습니다." in not_chosen
    assert "0002" not in not_chosen


def test_after_the_release_nobody_else_hears_it(released: tuple[Season, Office]) -> None:
    _, office = released

    heard_by = {
        "without proof": ask(office, 2, SLOT, proven=False),
        "in a channel": ask_in_slack(office, 4, SLOT, channel="C0001"),
        "whose own mail is unknown": ask(office, 3, SLOT),
        "a stranger": ask(office, 77, SLOT),
    }
    directly = ask_in_slack(office, 5, SLOT)

    assert [who for who, text in heard_by.items() if FORBIDDEN.search(text)] == []
    assert "팀 0005호" in directly


def test_general_question_after_the_release_tells_nothing_personal(released: tuple[Season, Office]) -> None:
    _, office = released

    assert not FORBIDDEN.search(ask(office, 2, "1차 결과는 언제 나오나요?"))


def test_topics_that_ask_for_a_result_are_personal_ones_of_the_edition(packaged: Library) -> None:
    assert [packaged.unknowns[name].personal for name in sorted(own_result.ASKS_RESULT)] == [True] * 3
