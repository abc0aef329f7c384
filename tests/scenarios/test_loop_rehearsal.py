"""Rehearsal: the real desk against everything that answers it, with the table of how each exchange ends.

`pytest -s` prints the table. Checks 15 and 16; RFC 3834 §2.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.storage import Storage
from tests.scenarios import robots, rows, two_desks
from tests.scenarios.conftest import Start
from tests.scenarios.letters import FOR_STAFF, QUESTIONS
from tests.scenarios.robots import Answer, Exchange
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

#: Words that the engine knows for those of somebody away.
AWAY = "지금은 자리에 없습니다. 급한 용건은 행정실 내선 1234번으로 연락 주십시오."
#: Words that it does not know: a person has to look.
ON_LEAVE = "안녕하세요. 11월 25일까지 휴가입니다. 돌아와서 답변드리겠습니다."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One peer, and what may at most happen."""

    name: str
    sender: str
    answer: Answer
    #: Automatic mails to the peer, and notices to staff.
    at_most: int
    notices: int


CASES = (
    Case(
        name="vacation, no marks, unknown words",
        sender="away@example.org",
        answer=robots.vacation("away@example.org", ON_LEAVE),
        at_most=3,
        notices=1,
    ),
    Case(
        name="vacation, no marks, known words",
        sender="gone@example.org",
        answer=robots.vacation("gone@example.org", AWAY),
        at_most=3,
        notices=1,
    ),
    Case(
        name="robot that asks on in one thread",
        sender="chat@example.org",
        answer=robots.chatty("chat@example.org"),
        at_most=3,
        notices=1,
    ),
    Case(
        name="help desk, ticket in subject, no ids",
        sender="support@example.org",
        answer=robots.help_desk("support@example.org", asks=False),
        at_most=5,
        notices=5,
    ),
    Case(
        name="the same, asking something new",
        sender="help@example.org",
        answer=robots.help_desk("help@example.org", asks=True),
        at_most=5,
        notices=1,
    ),
    Case(
        name="address that bounces",
        sender="no-such-user@example.org",
        answer=robots.bouncer(),
        at_most=1,
        notices=1,  # the address is dead
    ),
    Case(
        name="no-reply, another From each time",
        sender="lab@example.org",
        answer=robots.shape_shifter("no-reply-{number}@example.org", keeps_ids=True, keeps_subject=True),
        at_most=1,
        notices=0,
    ),
    Case(
        name="another From each time, our ids",
        sender="agent-0@example.org",
        answer=robots.shape_shifter("agent-{number}@example.org", keeps_ids=True, keeps_subject=False),
        at_most=3,
        notices=1,
    ),
    Case(
        name="another detail each time, nothing kept",
        sender="support+id0@example.org",
        answer=robots.shape_shifter("support+id{number}@example.org", keeps_ids=False, keeps_subject=False),
        at_most=5,
        notices=1,
    ),
    Case(
        name="another From each time, our subject",
        sender="clerk-0@example.org",
        answer=robots.shape_shifter("clerk-{number}@example.org", keeps_ids=False, keeps_subject=True),
        at_most=3,
        notices=1,
    ),
)


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """The lines of the table, printed when all is over."""
    lines = [f"{'peer':38} {'its':>4} {'ours':>4} {'staff':>5}  what ended it"]
    yield lines
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def line(name: str, theirs: int, ours: int, notices: int, why: str) -> str:
    return f"{name:38} {theirs:4} {ours:4} {notices:5}  {why}"


def why_it_ended(storage: Storage) -> str:
    """The rule or the cap that met the robot's last mail."""
    marks = [mark for mark in rows.handled(storage) if not (mark.from_address or "").startswith("marker-")]
    last = marks[-1]
    withheld = rows.events(storage, kind="withheld")
    if last.rule:
        return f"rule {last.rule}: {last.reason}"
    return str(withheld[-1].data["reason"]) if withheld else "no question in it"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_").replace(",", ""))
def test_check_15_every_exchange_ends(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start, table: list[str], case: Case
) -> None:
    desk = serve(sqlite_url, sink=sink)
    exchange: Exchange = robots.converse(desk, sink, robots.question(case.sender), case.sender, case.answer)
    table.append(
        line(
            case.name,
            exchange.from_robot,
            len(exchange.from_desk),
            exchange.notices,
            why_it_ended(migrated_sqlite),
        )
    )

    assert exchange.ended
    assert 1 <= len(exchange.from_desk) <= case.at_most
    assert exchange.notices <= case.notices


@pytest.mark.parametrize("text", [QUESTIONS[0], FOR_STAFF], ids=["answered", "waits"])
def test_check_16_two_desks_end_within_two_mails(
    tmp_path: Path, migrated_file: Path, serve: Start, table: list[str], text: str
) -> None:
    # Each tells its staff at the other one's address: a notice is a mail to the peer, too.
    talk = two_desks.talk(
        tmp_path, migrated_file, serve, text, staff_of=lambda other: f"contest@{other}.test"
    )
    name = f"another desk like us ({'answered' if text == QUESTIONS[0] else 'waits'})"
    last = talk.heard[-1]
    table.append(line(name, talk.mails[1] + 1, talk.mails[0], 0, f"rule {last.rule}: {last.reason}"))

    assert sum(talk.mails) <= 2
    assert talk.mails[1] == 0
    assert {mark.verdict for mark in talk.heard} == {"auto_reply"}
