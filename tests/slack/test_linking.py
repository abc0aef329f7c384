"""A Slack user shows that an address is his: by a mailed code, in a direct message, and nobody else's."""

import re
from email import message_from_bytes

import pytest
from sqlalchemy import select

from bot.inbox.identity import Level
from bot.slack import buttons, persons, posting, richtext
from bot.slack.posting import Post
from bot.slack.tables import SlackLink
from bot.tables import Event, Inquiry
from mailer.tables import Channel, MailKind, OutboxMail
from tests.bot.office import DEADLINE, FORM, NOON, OTHER
from tests.slack.help_desk import HelpDesk
from tests.slack_standin.driver import Answer
from tests.slack_standin.reading import plain

ADDRESS = "lab@example.org"


def window(desk: HelpDesk, user: str) -> str:
    """Press the button that opens the first window; return its id."""
    channel = desk.workspace.im(user)
    button = richtext.actions(richtext.button("본인 확인 Verify", buttons.LINK, "ko"))
    with desk.storage.write.begin() as session:
        posting.enqueue(
            session,
            Post(arguments={"channel": channel, "text": "본인 확인", "blocks": [button]}),
            key=f"offer:{user}",
            kind=MailKind.ANSWER,
            recipient=channel,
            now=NOON,
        )
    desk.side.wake()
    offers = desk.workspace.wait_until(
        lambda: [one for one in desk.workspace.messages(channel) if one["text"] == "본인 확인"]
    )
    desk.workspace.click(user, channel, offers[-1]["ts"], buttons.LINK)
    return str(desk.workspace.wait_until(lambda: desk.workspace.views(user))[-1]["id"])


def code_mailed(desk: HelpDesk) -> str:
    with desk.storage.read() as session:
        mails = session.scalars(
            select(OutboxMail).where(OutboxMail.channel == Channel.MAIL, OutboxMail.kind == MailKind.CODE)
        ).all()
        body = message_from_bytes(mails[-1].body or b"")
    [text] = [part for part in body.walk() if part.get_content_type() == "text/plain"]
    payload = text.get_payload(decode=True)
    assert isinstance(payload, bytes)
    found = re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", payload.decode())
    assert found is not None
    return found.group()


def typed(desk: HelpDesk, user: str, view: str, words: str) -> Answer:
    return desk.workspace.submit(user, view, {"typed": words})


def link(desk: HelpDesk, user: str) -> Answer:
    view = window(desk, user)
    typed(desk, user, view, ADDRESS)
    return typed(desk, user, view, code_mailed(desk))


def test_right_code_makes_the_address_proven_in_direct_messages_alone(help_desk: HelpDesk) -> None:
    workspace = help_desk.workspace
    user = workspace.add_user("lab-a")
    workspace.join(help_desk.help_channel, user)
    direct, before = help_desk.ask(user, OTHER)
    help_desk.answers(direct, before)

    done = link(help_desk, user)
    _, after = help_desk.ask(user, DEADLINE)
    help_desk.answers(direct, after)
    public = workspace.say(user, help_desk.help_channel, FORM)
    help_desk.answers(help_desk.help_channel, public)

    with help_desk.storage.read() as session:
        levels = [one.data["identity"] for one in session.scalars(select(Event).where(Event.kind == "asked"))]
        addresses = {one.applicant.address for one in session.scalars(select(Inquiry))}
    assert "확인되었습니다" in plain(done.views[-1])
    assert levels == [Level.UNPROVEN, Level.PROVEN, Level.UNPROVEN]
    assert addresses == {ADDRESS}


def test_wrong_codes_are_counted_and_the_fifth_ends_it(help_desk: HelpDesk) -> None:
    user = help_desk.workspace.add_user("lab-a")
    view = window(help_desk, user)
    typed(help_desk, user, view, ADDRESS)
    right = code_mailed(help_desk)

    wrong = [typed(help_desk, user, view, f"2222-222{number}").errors for number in range(2, 7)]
    late = typed(help_desk, user, view, right).errors

    assert ["맞지 않습니다" in str(error) for error in wrong] == [True, True, True, True, False]
    assert "쓸 수 없는 코드" in str(late)
    with help_desk.storage.read() as session:
        assert persons.linked(session, help_desk.workspace.team_id, user) is None


def test_the_same_wrong_code_twice_is_told_twice(help_desk: HelpDesk) -> None:
    user = help_desk.workspace.add_user("lab-a")
    view = window(help_desk, user)
    typed(help_desk, user, view, ADDRESS)

    told = [typed(help_desk, user, view, "2222-2222").errors for _ in range(2)]

    assert ["맞지 않습니다" in str(error) for error in told] == [True, True]


@pytest.mark.parametrize("words", ["nonsense", "u1.t1@slack.invalid", "a@example.org, b@example.org"])
def test_what_is_not_one_address_gets_no_code(help_desk: HelpDesk, words: str) -> None:
    user = help_desk.workspace.add_user("lab-a")

    answer = typed(help_desk, user, window(help_desk, user), words)

    assert "메일 주소 하나" in str(answer.errors)
    with help_desk.storage.read() as session:
        assert session.scalars(select(SlackLink)).all() == []


def test_guest_and_who_cannot_be_looked_up_are_not_linked(help_desk: HelpDesk) -> None:
    workspace = help_desk.workspace
    guest, member = workspace.add_user("visitor", role="guest"), workspace.add_user("lab-a")

    as_guest = typed(help_desk, guest, window(help_desk, guest), ADDRESS)
    workspace.fault("503", method="users.info", times=None)
    unseen = typed(help_desk, member, window(help_desk, member), ADDRESS)

    assert "손님 계정" in str(as_guest.errors)
    assert "지금은 확인할 수 없습니다" in str(unseen.errors)


def test_codes_to_one_address_are_few_within_an_hour(help_desk: HelpDesk) -> None:
    user = help_desk.workspace.add_user("lab-a")
    view = window(help_desk, user)
    for number in range(5):
        # Each from a window of its own, as a person who did not get the mail would do.
        typed(help_desk, user, view, f"lab+{number}@example.org")
        view = window(help_desk, user)

    refused = typed(help_desk, user, view, ADDRESS)

    assert "너무 많이" in str(refused.errors)
