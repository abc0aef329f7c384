"""The stand-in's page in a real browser: text stays text, and a keyboard is enough."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from tests.servers import chromium
from tests.slack import pictures
from tests.slack.bolt_app import over_sockets
from tests.slack.pictures import Page
from tests.slack_standin.driver import Workspace

pytestmark = pytest.mark.long

HOSTILE = "<img src=x onerror=\"document.body.dataset.hurt='yes'\"> <!channel> & *x*"


def text(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def modal() -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "letter",
        "title": text("답변 쓰기"),
        "submit": text("보내기 Send"),
        "blocks": [
            {
                "type": "input",
                "block_id": "body",
                "label": text("본문 Text"),
                "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
            },
            {
                "type": "input",
                "block_id": "language",
                "optional": True,
                "label": text("언어 Language"),
                "element": {
                    "type": "static_select",
                    "action_id": "chosen",
                    "options": [{"text": text(word), "value": word} for word in ("ko", "en")],
                },
            },
        ],
    }


def register(app: AsyncApp) -> None:
    @app.event("message")
    async def on_message(event: dict[str, Any], client: Any) -> None:
        if "bot_id" in event or "subtype" in event:
            return
        words = {"type": "text", "text": event["text"]}
        quoted = {"type": "rich_text_quote", "elements": [words]}
        button = {"type": "button", "action_id": "write", "value": "1", "text": text("답변 Answer")}
        await client.chat_postMessage(
            channel=event["channel"],
            thread_ts=event["ts"],
            text="물음",
            blocks=[
                {"type": "rich_text", "elements": [quoted]},
                {"type": "section", "text": {"type": "mrkdwn", "text": "*굵게* `코드` &lt;b&gt;"}},
                {"type": "actions", "elements": [button]},
            ],
        )

    @app.action("write")
    async def on_write(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("letter")
    async def on_letter(ack: Any, view: dict[str, Any]) -> None:
        values = view["state"]["values"]
        if len(values["body"]["text"]["value"]) < 5:
            await ack(response_action="errors", errors={"body": "너무 짧습니다 Too short"})
        else:
            await ack()


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> Iterator[Page]:
    missing = chromium.why_not()
    if missing is not None:
        pytest.skip(missing)
    with over_sockets(workspace, register), pictures.opened(workspace, tmp_path) as opened:
        yield opened


def test_question_button_and_modal_are_reached_by_keyboard_and_stay_text(
    workspace: Workspace, page: Page
) -> None:
    user = workspace.add_user("kim")
    channel = workspace.add_channel("help", members=[user])
    page.open(user, channel)

    page.tab_to("#words")
    page.type(HOSTILE)
    page.press("Enter")
    page.wait_for("document.querySelector('#messages article')")
    page.tab_to("[data-key^='thread/']")
    page.press("Enter")
    page.wait_for("document.querySelector('#replies [data-action=write]')")
    quoted = page.do("document.querySelector('#replies blockquote').textContent")
    section = page.do("document.querySelector('#replies .section').textContent")
    page.tab_to("[data-action=write]")
    page.press("Enter")
    page.wait_for("document.querySelector('#modal[open] textarea')")
    page.focus("#modal textarea")
    page.type("네")
    page.tab_to("[data-key='modal/submit']")
    page.press("Enter")
    page.wait_for("document.querySelector('#modal .error')")
    kept = page.do("document.querySelector('#modal textarea').value")
    page.picture("standin-modal")
    page.focus("#modal textarea")
    page.type("네, 가능합니다")
    page.tab_to("[data-key='modal/submit']")
    page.press("Enter")
    page.wait_for("!document.querySelector('#modal').open")

    assert quoted == HOSTILE
    assert section == "굵게 코드 <b>"
    assert kept == "네"
    assert page.do("document.body.dataset.hurt") is None
    assert page.do("document.images.length") == 0


def test_every_control_of_the_page_has_a_name(workspace: Workspace, page: Page) -> None:
    user = workspace.add_user("kim")
    channel = workspace.add_channel("help", members=[user])
    ts = workspace.say(user, channel, "질문")
    workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
    page.open(user, channel, ts)
    page.wait_for("document.querySelector('#replies [data-action=write]')")
    nameless = page.do(
        """[...document.querySelectorAll('button, select, input, textarea, summary')].filter((one) =>
             !(one.getAttribute('aria-label') || one.textContent.trim() || (one.labels && one.labels.length))
           ).map((one) => one.outerHTML)"""
    )

    assert nameless == []
