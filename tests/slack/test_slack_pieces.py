"""Names, shapes and limits, without Slack."""

import json

import pytest

from bot.slack import heard, keys, lint, place, richtext
from bot.slack.lint import LintError
from bot.slack.place import Place
from mailer import address
from tests.bot.office import DEADLINE, Office, eml

AT = Place(team="T1", channel="D2", ts="1600000000.000100")
IN_THREAD = Place(team="T1", channel="D2", ts="1600000009.000100", thread_ts="1600000000.000100")


@pytest.mark.parametrize("at", [AT, IN_THREAD])
def test_message_id_reads_back(at: Place) -> None:
    assert place.read(place.message_id(at)) == at


@pytest.mark.parametrize(
    "forged", ["<1.2.D2.T1@example.org>", "<1.2.D2@slack.invalid>", "<x.D2.T1@slack.invalid>", "", None]
)
def test_message_id_of_anything_else_is_no_place(forged: str | None) -> None:
    assert place.read(forged) is None


def test_stand_in_is_one_address_and_names_its_user() -> None:
    stands_for = place.stand_in("U0AB", "T1")

    assert address.one_address(stands_for) == stands_for
    assert place.person(stands_for) == ("U0AB", "T1")


def test_mail_that_calls_itself_a_slack_user_is_nobody_and_goes_nowhere(small_office: Office) -> None:
    raw = eml(DEADLINE, sender=place.stand_in("U0AB", "T1"), id=place.message_id(AT))

    handled = small_office.take(raw, envelope_sender="mallory@example.org")

    assert handled.from_address is None
    assert handled.outbox_id is None
    assert small_office.outbox() == [] or all(row.channel == "mail" for row in small_office.outbox())


def test_mail_with_the_id_of_a_slack_message_is_answered_by_mail(small_office: Office) -> None:
    handled = small_office.take(eml(DEADLINE, id=place.message_id(AT)))

    assert [row.channel for row in small_office.outbox() if row.id == handled.outbox_id] == ["mail"]


def test_one_message_is_the_same_bytes_whatever_event_brought_it() -> None:
    event = {"channel": "C1", "ts": "1.2", "user": "U1", "text": "hello", "type": "message"}

    one, other = (
        heard.canonical({**event, **more}, team="T1", bot_user="B", shared=False)
        for more in (
            {"channel_type": "channel", "client_msg_id": "x"},
            {"type": "app_mention", "event_ts": "1.2"},
        )
    )

    assert one == other


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@UBOT> 마감이 언제예요?", "마감이 언제예요?"),
        ("&lt;b&gt; &amp; *x*", "<b> & *x*"),
        ("<https://example.org/a|양식>을 봤어요", "양식 (https://example.org/a)을 봤어요"),
        ("<mailto:a@example.org|a@example.org>로 보냈어요", "a@example.org로 보냈어요"),
        ("<!channel> <!subteam^S1|@staff> <#C1|help>", "@channel @staff #help"),
    ],
)
def test_words_of_a_message_are_what_its_reader_sees(written: str, read: str) -> None:
    assert heard.plain(written, bot_user="UBOT") == read


def test_key_is_one_for_mention_and_message_and_another_for_each_edit() -> None:
    def event(kind: str, number: str, **more: str) -> dict[str, object]:
        inner = {"type": kind, "channel": "C1", "ts": "1.2", "user": "U1", **more}
        return {"type": "event_callback", "team_id": "T1", "event_id": number, "event": inner}

    named = [
        keys.name(body)
        for body in (
            event("message", "Ev1"),
            event("app_mention", "Ev2"),
            event("message", "Ev3", subtype="message_changed"),
        )
    ]

    assert [one.key if one else None for one in named] == ["msg:T1:C1:1.2", "msg:T1:C1:1.2", "ev:Ev3"]


def test_view_that_is_submitted_again_with_other_words_has_another_key() -> None:
    def submitted(words: str) -> str:
        state = {"values": {"b": {"a": {"value": words}}}}
        view = {"id": "V1", "hash": "h", "callback_id": "x", "state": state}
        named = keys.name(
            {"type": "view_submission", "view": view, "user": {"id": "U1"}, "team": {"id": "T1"}}
        )
        assert named is not None
        return named.key

    assert submitted("one") == submitted("one")
    assert submitted("one") != submitted("other")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"text": ""}, "no top-level text"),
        ({"text": "<!channel> now"}, "calls people"),
        ({"text": "x", "link_names": True}, "link_names"),
        ({"text": "x", "blocks": [richtext.context("y")] * 51}, "51 blocks"),
        (
            {"text": "x", "blocks": [richtext.block(richtext.section(richtext.text("가" * 11_001)))]},
            "11001 char",
        ),
        (
            {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "151",
        ),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<@U1>"}}]},
            "mrkdwn that calls",
        ),
    ],
)
def test_lint_finds_what_slack_would_refuse_or_shout(arguments: dict[str, object], fault: str) -> None:
    with pytest.raises(LintError, match=fault):
        lint.check("chat.postMessage", arguments)


def test_text_from_outside_stays_text_in_every_shape() -> None:
    hostile = "<!channel> <@U1> & *x* `y`"

    blocks = json.dumps(richtext.paragraphs(hostile), ensure_ascii=False)

    assert richtext.escape(hostile) == "&lt;!channel&gt; &lt;@U1&gt; &amp; *x* `y`"
    assert hostile in json.loads(blocks)[0]["elements"][0]["text"]
    assert "mrkdwn" not in blocks


def test_plain_text_becomes_paragraphs_lists_and_links() -> None:
    parts = richtext.paragraphs("첫 줄\n둘째 줄\n\n- 하나\n- 둘\n\nhttps://example.org/a.")

    assert [part["type"] for part in parts] == ["rich_text_section", "rich_text_list", "rich_text_section"]
    assert len(parts[1]["elements"]) == 2
    assert parts[2]["elements"][0] == {"type": "link", "url": "https://example.org/a"}
