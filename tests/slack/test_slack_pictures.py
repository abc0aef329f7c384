"""Every card state, the dialogues, Home and an answer, as people see them: looked at, and measured for width.

A person looks at build/pictures/slack/ after a run. Here it is proved that nothing sticks out sideways, that
each message says in its text what its blocks show, and that Slack would take all of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.slack import cards, home, modals
from bot.slack.case import Case, Similar, Who
from bot.slack.home import Queue, Row
from bot.slack.modals import Carried
from bot.tables import InquiryState, Origin
from tests.servers import chromium
from tests.slack import pictures
from tests.slack.pictures import Page
from tests.slack_standin.driver import Workspace, plain

pytestmark = pytest.mark.long

NOW = datetime(2020, 11, 20, 3, 0, tzinfo=UTC)
ASKED = (
    "안녕하세요, 저희 연구실은 수어 동작 영상 5만 건을 모으려고 합니다. 캐시미션으로 촬영과 라벨링을 모두 맡길 수 "
    "있는지, 그리고 초상권 동의는 누가 받는지 궁금합니다. https://dataset.example.org/" + "x" * 120
)
#: Wide enough for a phone, and a desk.
WIDTHS = (390, 1280)


def case(state: InquiryState, **more: Any) -> Case:
    about: dict[str, Any] = {
        "number": 1042,
        "version": 3,
        "state": state,
        "origin": Origin.EMAIL,
        "language": "ko",
        "opened_at": NOW - timedelta(hours=2),
        "applicant": "A-193 · la•••@example.org",
        "asked": ASKED,
        "about": ("데이터셋 구축 가능 여부",),
        "similar": Similar(topic="cashmission.scope", title="캐시미션으로 할 수 있는 일", confidence=0.83),
        "deadline": "접수 11월 30일(월) · D-10",
        "owner": Who(address="staff-a@contest.test", name="담당자 A", since=NOW - timedelta(minutes=3)),
        "writer": None,
        "snoozed_until": None,
        "duplicate_of": None,
        "duplicates": 0,
        "undo_until": None,
        "remarks": (),
        "judges": True,
        "teaches": False,
    }
    return Case(**(about | more))


CASES = [
    case(
        InquiryState.NEW, owner=None, remarks=("처음 보는 주소가 이 대화의 답이라고 합니다.",), duplicates=2
    ),
    case(
        InquiryState.CLAIMED,
        writer=Who(address="staff-b@contest.test", name="담당자 B", since=NOW - timedelta(minutes=2)),
    ),
    case(InquiryState.NEEDS_INFO, origin=Origin.SLACK, language="en", judges=False),
    case(InquiryState.SENDING, undo_until=NOW + timedelta(seconds=20)),
    case(InquiryState.SNOOZED, snoozed_until=NOW + timedelta(hours=21)),
    case(InquiryState.ANSWERED, teaches=True, duplicates=2),
    case(InquiryState.CLOSED),
    case(InquiryState.DUPLICATE, duplicate_of=1040),
    case(InquiryState.SPAM, owner=None),
]


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> Iterator[Page]:
    missing = chromium.why_not()
    if missing is not None:
        pytest.skip(missing)
    with pictures.opened(workspace, tmp_path) as opened:
        yield opened


def client(workspace: Workspace) -> WebClient:
    return WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


def sticks_out(page: Page) -> Any:
    """What is wider than the window, if anything is."""
    return page.do(
        """[...document.querySelectorAll('article *, dialog *, .home *')].filter((one) => {
             const words = document.createRange();
             words.selectNodeContents(one);
             return Math.max(one.getBoundingClientRect().right, words.getBoundingClientRect().right) > window.innerWidth + 1;
           }).map((one) => one.outerHTML.slice(0, 80))"""
    )


def test_cards_of_all_states_fit_and_say_in_words_what_they_show(workspace: Workspace, page: Page) -> None:
    staff = workspace.add_user("staff-a")
    channel = workspace.add_channel("contest-triage", kind="private", members=[staff])
    for one in CASES:
        client(workspace).chat_postMessage(channel=channel, **cards.arguments(one, now=NOW))
    posted = workspace.messages(channel)

    assert {one.state for one in CASES} == set(InquiryState)
    for one, message in zip(CASES, posted, strict=True):
        # Emoji and word in the notification as on the card: a screen reader hears the state.
        assert message["text"].split(" · ")[0] == plain(message).split(" · ")[0] + " #1042"
        assert "5만 건" in message["text"] or one.state in cards.DONE
    for width in WIDTHS:
        page.resize(width, 2600)
        page.open(staff, channel)
        page.wait_for(f"document.querySelectorAll('article').length === {len(CASES)}")
        page.picture(f"cards-{width}")
        assert sticks_out(page) == []


def trigger(workspace: Workspace, user: str, channel: str, ts: str) -> str:
    """The right to open a view, got by a press that no app hears."""
    workspace.click(user, channel, ts, "inq.answer", wait=False)
    return str(workspace.deliveries("interactive")[-1]["payload"]["trigger_id"])


def test_dialogues_fit(workspace: Workspace, page: Page) -> None:
    staff = workspace.add_user("staff-a")
    channel = workspace.add_channel("contest-triage", kind="private", members=[staff])
    api = client(workspace)
    claimed = case(InquiryState.CLAIMED)
    ts = api.chat_postMessage(channel=channel, **cards.arguments(claimed, now=NOW))["ts"]
    carries = Carried(number=1042, channel=channel, ts=ts)
    letter = (
        "안녕하세요.\n\n네, 촬영과 라벨링을 모두 맡기실 수 있습니다.\n\n- 초상권 동의는 캐시미션이 받습니다."
    )
    shown = {
        "answer": modals.answer(claimed, carries, text=letter, also=("en",)),
        "preview": modals.preview(
            claimed,
            carries,
            door="이메일 e-mail",
            recipient="la•••@example.org",
            place="",
            text=letter,
            also={},
        ),
        "collision": modals.collision(claimed, carries, writer="담당자 B", minutes="2분 2 min", draft=letter),
    }
    for width in WIDTHS:
        page.resize(width, 900)
        for name, view in shown.items():
            api.views_open(trigger_id=trigger(workspace, staff, channel, ts), view=view)
            page.open(staff, channel)
            page.wait_for("document.querySelector('#modal[open] .blocks')")
            page.picture(f"modal-{name}-{width}")
            assert sticks_out(page) == []


def test_home_fits(workspace: Workspace, page: Page) -> None:
    staff = workspace.add_user("staff-a")
    rows = [
        Row(
            number=1000 + number,
            state=state,
            opened_at=NOW - timedelta(hours=number),
            text=ASKED,
            snoozed_until=NOW + timedelta(hours=21) if state is InquiryState.SNOOZED else None,
        )
        for number, state in enumerate(
            (
                InquiryState.CLAIMED,
                InquiryState.SENDING,
                InquiryState.NEW,
                InquiryState.NEW,
                InquiryState.SNOOZED,
            )
        )
    ]
    shown = Queue(mine=tuple(rows[:2]), unclaimed=tuple(rows[2:4]), snoozed=tuple(rows[4:]))
    client(workspace).views_publish(user_id=staff, view=home.view(shown, page=0, now=NOW))
    for width in WIDTHS:
        page.resize(width, 900)
        page.open(staff, "home")
        page.wait_for("document.querySelector('.home')")
        page.picture(f"home-{width}")
        assert sticks_out(page) == []
