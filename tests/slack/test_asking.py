"""Applicants ask in Slack and are answered there (checks 1-5 and 18 of the Slack design)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from bot.slack import inbox
from bot.storage import open_storage
from bot.tables import Event, InquiryState, Origin, Review
from tests.bot.office import DEADLINE, FORM, OTHER, THANKS
from tests.servers.postgres import Postgres
from tests.slack.help_desk import HelpDesk
from tests.slack_standin.driver import Payload, Workspace
from tests.slack_standin.reading import pings, plain

#: The small edition offers its entries for this one.
UNSURE = "어떻게 신청해요"


@pytest.fixture
def desk(help_desk: HelpDesk) -> HelpDesk:
    return help_desk


def buttons(message: Payload) -> list[str]:
    return [
        element["action_id"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def test_question_by_dm_gets_one_threaded_answer_with_source_and_buttons(desk: HelpDesk) -> None:
    """Check 1."""
    channel, ts = desk.ask(desk.workspace.add_user("lab-a"), DEADLINE)

    [answer] = desk.answers(channel, ts)

    assert "출처: 공고 2절" in plain(answer)
    assert buttons(answer) == ["ask.helped", "ask.person"]
    assert answer["text"].startswith("접수 기간")
    assert [one.origin for one in desk.inquiries()] == [Origin.SLACK]


def test_english_question_gets_the_english_text(desk: HelpDesk) -> None:
    """Check 2, its first half: an entry with one language missing does not load."""
    channel, ts = desk.ask(desk.workspace.add_user("lab-a", locale="en-US"), "When is the deadline?")

    [answer] = desk.answers(channel, ts)

    assert "Applications are open" in plain(answer)
    assert "Source: announcement, section 2" in plain(answer)
    assert "That helped" in plain(answer)


def test_unanswerable_question_gets_a_receipt_with_the_number_and_nothing_invented(desk: HelpDesk) -> None:
    """Check 3."""
    channel, ts = desk.ask(desk.workspace.add_user("lab-a"), OTHER)

    [receipt] = desk.answers(channel, ts)

    [inquiry] = desk.inquiries()
    assert f"문의 번호 {inquiry.id}번으로 접수되었습니다" in plain(receipt)
    assert "출처" not in plain(receipt)
    assert buttons(receipt) == []
    assert inquiry.state is InquiryState.NEW


def test_mention_that_comes_as_two_events_gets_one_answer(desk: HelpDesk) -> None:
    """Check 4."""
    user, channel = desk.workspace.add_user("lab-a"), desk.workspace.add_channel("talk")
    desk.workspace.join(channel, user)

    ts = desk.workspace.say(user, channel, DEADLINE, mention=True)
    desk.answers(channel, ts)
    other = desk.workspace.say(user, channel, FORM, mention=True)
    desk.answers(channel, other)
    desk.settled()

    assert len(desk.workspace.messages(channel, thread_ts=ts)) == 2
    assert len(desk.inquiries()) == 2


@pytest.mark.parametrize("how", [{"copies": 3}, {"event_ids": 3}])
def test_message_that_comes_three_times_gets_one_answer(desk: HelpDesk, how: dict[str, Any]) -> None:
    """Check 5."""
    user = desk.workspace.add_user("lab-a")

    channel, ts = desk.ask(user, DEADLINE, **how)
    desk.answers(channel, ts)
    _, later = desk.ask(user, FORM)
    desk.answers(channel, later)
    desk.settled()

    assert len(desk.workspace.messages(channel, thread_ts=ts)) == 2
    with desk.storage.read() as session:
        assert inbox.counts(session)["repeated"] >= 2


def test_follow_up_in_the_thread_is_read_with_what_was_asked(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, DEADLINE)
    desk.answers(channel, ts)

    desk.workspace.say(user, channel, FORM, thread_ts=ts)
    answers = desk.answers(channel, ts, 3)  # the question itself stands in the thread as well

    [inquiry] = desk.inquiries()
    assert "양식은 누리집에서 내려받습니다." in plain(answers[-1])
    assert desk.events(inquiry.id) == ["asked", "answered", "asked", "answered"]


def test_thanks_in_the_thread_is_not_answered(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, DEADLINE)
    desk.answers(channel, ts)

    desk.workspace.say(user, channel, THANKS, thread_ts=ts)
    _, later = desk.ask(user, FORM)
    desk.answers(channel, later)

    assert len(desk.workspace.messages(channel, thread_ts=ts)) == 3
    assert desk.events(1) == ["asked", "answered", "thanks"]


def test_help_channel_answers_new_messages_and_leaves_the_talk_of_others_alone(desk: HelpDesk) -> None:
    asker, other = desk.workspace.add_user("lab-a"), desk.workspace.add_user("lab-b")
    for one in (asker, other):
        desk.workspace.join(desk.help_channel, one)
    ts = desk.workspace.say(asker, desk.help_channel, DEADLINE)
    desk.answers(desk.help_channel, ts)

    desk.workspace.say(other, desk.help_channel, FORM, thread_ts=ts)
    desk.workspace.say(asker, desk.help_channel, FORM, thread_ts=ts)
    desk.answers(desk.help_channel, ts, 4)

    assert len(desk.inquiries()) == 1
    assert [row.key for row in desk.rows() if row.key.startswith("reply:")] == ["reply:1", "reply:2"]


def test_messages_elsewhere_and_of_bots_are_not_answered(desk: HelpDesk) -> None:
    user, bot = desk.workspace.add_user("lab-a"), desk.workspace.add_user("other-bot", role="bot")
    channel = desk.workspace.add_channel("talk")
    for one in (user, bot):
        desk.workspace.join(channel, one)
    desk.workspace.say(user, channel, DEADLINE)
    desk.workspace.say(bot, channel, DEADLINE, mention=True)

    ts = desk.workspace.say(user, channel, FORM, mention=True)
    desk.answers(channel, ts)

    assert len(desk.inquiries()) == 1


def test_suggestions_are_buttons_that_show_the_approved_answer_once(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, UNSURE)
    [offer] = desk.answers(channel, ts)

    for _ in range(2):
        desk.workspace.click(user, channel, offer["ts"], "ask.show.1")
    answers = desk.answers(channel, ts, 2)
    desk.settled()

    assert buttons(offer) == ["ask.show.0", "ask.show.1", "ask.show.2", "ask.person"]
    assert "양식은 누리집에서 내려받습니다." in plain(answers[1])
    assert len(desk.workspace.messages(channel, thread_ts=ts)) == 3
    assert desk.inquiries()[0].state is InquiryState.NEW  # it waits for staff until it is said to have helped


def test_suggestion_that_helped_needs_no_person_any_more(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, UNSURE)
    [offer] = desk.answers(channel, ts)
    desk.workspace.click(user, channel, offer["ts"], "ask.show.0")
    shown = desk.answers(channel, ts, 2)[1]

    desk.workspace.click(user, channel, shown["ts"], "ask.helped")
    desk.workspace.wait_until(lambda: "고맙습니다" in plain(desk.workspace.message(channel, shown["ts"])))

    assert desk.inquiries()[0].state is InquiryState.ANSWERED


def test_asker_who_needs_a_person_gets_one_and_the_buttons_say_so(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, DEADLINE)
    [answer] = desk.answers(channel, ts)

    for _ in range(2):
        desk.workspace.click(user, channel, answer["ts"], "ask.person")
    desk.workspace.wait_until(
        lambda: "담당자에게 전달했습니다" in plain(desk.workspace.message(channel, answer["ts"]))
    )
    told = desk.workspace.message(channel, answer["ts"])

    [inquiry] = desk.inquiries()
    with desk.storage.read() as session:
        opinions = [review.opinion for review in session.scalars(select(Review))]
    assert buttons(told) == []
    assert inquiry.state is InquiryState.NEW
    assert opinions == ["need_person"]


def test_buttons_belong_to_the_asker(desk: HelpDesk) -> None:
    asker, other = desk.workspace.add_user("lab-a"), desk.workspace.add_user("lab-b")
    for one in (asker, other):
        desk.workspace.join(desk.help_channel, one)
    ts = desk.workspace.say(asker, desk.help_channel, DEADLINE)
    [answer] = desk.answers(desk.help_channel, ts)

    clicked = desk.workspace.click(other, desk.help_channel, answer["ts"], "ask.helped")
    whispers = desk.workspace.wait_until(lambda: desk.workspace.ephemerals(other, desk.help_channel))

    assert clicked.acked
    assert "질문하신 분만" in plain(whispers[0])
    with desk.storage.read() as session:
        assert session.scalars(select(Review)).all() == []


def test_edits_and_deletions_are_written_down_and_nothing_is_sent_again(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, OTHER)
    desk.answers(channel, ts)

    desk.workspace.edit(user, channel, ts, f"{OTHER} 내일까지요.")
    desk.workspace.delete(user, channel, ts)
    desk.workspace.wait_until(lambda: desk.events(1)[-1] == "deleted" or None, "the deletion")

    with desk.storage.read() as session:
        edited = session.scalars(select(Event).where(Event.kind == "edited")).one()
    assert edited.data["text"] == f"{OTHER} 내일까지요."
    assert [row.key for row in desk.rows() if row.key.startswith("reply:")] == ["reply:1"]


@pytest.mark.parametrize("role", ["guest", "stranger"])
def test_guests_and_strangers_get_general_answers(desk: HelpDesk, role: str) -> None:
    user = desk.workspace.add_user("visitor", role=role)

    channel, ts = desk.ask(user, DEADLINE)
    [answer] = desk.answers(channel, ts)

    with desk.storage.read() as session:
        asked = session.scalars(select(Event).where(Event.kind == "asked")).one()
    assert "출처: 공고 2절" in plain(answer)
    assert asked.data["identity"] == "unproven"


def test_text_of_applicants_is_shown_literally_and_calls_nobody(desk: HelpDesk) -> None:
    """Check 18, what applicants see."""
    user = desk.workspace.add_user("lab-a")
    hostile = f"<!channel> <@{user}> & *x* {OTHER}"

    channel, ts = desk.ask(user, hostile)
    desk.answers(channel, ts)
    desk.settled()

    sent = [call["args"] for call in desk.workspace.calls() if call["method"].startswith("chat.")]
    everywhere = [
        message
        for place in (channel, desk.triage_channel)
        for message in desk.workspace.messages(place)
        if message.get("bot_id")
    ]
    assert sent
    assert [args for args in sent if "<!" in str(args.get("text")) or "<@" in str(args.get("text"))] == []
    assert [ping for message in everywhere for ping in pings(message)] == []


@pytest.mark.parametrize("foreign", [{"team_id": "T0FOREIGN"}, {"app_id": "A0FOREIGN"}])
def test_event_of_another_team_or_app_is_refused_and_counted(desk: HelpDesk, foreign: dict[str, str]) -> None:
    """In place of check 28: one workspace, one app."""
    user = desk.workspace.add_user("lab-a")
    channel, ts = desk.ask(user, DEADLINE, **foreign)

    _, ours = desk.ask(user, FORM)
    desk.answers(channel, ours)

    with desk.storage.read() as session:
        counted = inbox.counts(session)
    assert desk.workspace.messages(channel, thread_ts=ts)[1:] == []
    assert counted["foreign_team" if "team_id" in foreign else "foreign_app"] == 1
    assert desk.workspace.unacked() == []


@pytest.mark.long
def test_desk_on_a_database_server_answers_as_on_a_file(
    workspace: Workspace,
    postgres: Postgres,
    migrated_template: str,
    make_desk: Callable[..., HelpDesk],
) -> None:
    name = postgres.create_database(template=migrated_template)
    storage = open_storage(postgres.url(name))
    desk = make_desk(workspace, storage=storage)
    desk.start()
    user = workspace.add_user("lab-a")

    channel, ts = desk.ask(user, UNSURE, copies=2)
    [offer] = desk.answers(channel, ts)
    workspace.click(user, channel, offer["ts"], "ask.show.0")
    answers = desk.answers(channel, ts, 2)
    desk.settled()
    desk.stop()
    storage.close()
    postgres.drop_database(name)

    assert buttons(answers[1]) == ["ask.helped", "ask.person"]


def test_pane_offers_questions_when_its_messages_are_opened(desk: HelpDesk) -> None:
    user = desk.workspace.add_user("lab-a")

    desk.workspace.open_home(user, tab="messages")
    offered = desk.workspace.wait_until(lambda: desk.workspace.prompts(desk.workspace.im(user)))

    assert "마감일이 언제인가요?" in str(offered)
