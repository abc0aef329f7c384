"""What the stand-in refuses as Slack does (slack.md §7), and what it takes just below each limit."""

import copy
from typing import Any

import pytest

from tests.slack_standin import blocks

Payload = dict[str, Any]


def plain(text: str) -> Payload:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Payload:
    return {"type": "section", "text": plain(text)}


def button(**more: Any) -> Payload:
    return {"type": "button", "action_id": "go", "text": plain("Go")} | more


def option(text: str, value: str = "v") -> Payload:
    return {"text": plain(text), "value": value}


def actions(*elements: Payload) -> Payload:
    return {"type": "actions", "elements": list(elements)}


def named(count: int) -> list[Payload]:
    return [button(action_id=f"a{number}") for number in range(count)]


def overflow(count: int) -> Payload:
    return {"type": "overflow", "action_id": "o", "options": [option("x")] * count}


def select(count: int, text: str = "x") -> Payload:
    return {"type": "static_select", "action_id": "s", "options": [option(text)] * count}


def context(count: int) -> Payload:
    return {"type": "context", "elements": [plain("x")] * count}


def fields(count: int, length: int) -> Payload:
    return {"type": "section", "fields": [plain("x" * length)] * count}


def rich(*elements: Payload, kind: str = "rich_text_section") -> Payload:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}


def confirm(length: int) -> Payload:
    return button(
        confirm={"title": plain("t"), "text": plain("x" * length), "confirm": plain("y"), "deny": plain("n")}
    )


@pytest.mark.parametrize(
    ("fits", "breaks"),
    [
        ([section("x")] * 50, [section("x")] * 51),
        ([section("x" * 3000)], [section("x" * 3001)]),
        ([fields(10, 2000)], [fields(11, 1)]),
        ([fields(1, 2000)], [fields(1, 2001)]),
        ([{"type": "header", "text": plain("x" * 150)}], [{"type": "header", "text": plain("x" * 151)}]),
        ([actions(button(text=plain("x" * 75)))], [actions(button(text=plain("x" * 76)))]),
        ([actions(button(value="x" * 2000))], [actions(button(value="x" * 2001))]),
        ([actions(button(action_id="x" * 255))], [actions(button(action_id="x" * 256))]),
        ([actions(*named(25))], [actions(*named(26))]),
        ([context(10)], [context(11)]),
        ([actions(overflow(5))], [actions(overflow(6))]),
        ([actions(select(100))], [actions(select(101))]),
        ([actions(select(1, "x" * 75))], [actions(select(1, "x" * 76))]),
        ([actions(confirm(300))], [actions(confirm(301))]),
        ([{"type": "markdown", "text": "x" * 12_000}], [{"type": "markdown", "text": "x" * 12_001}]),
        ([rich({"type": "text", "text": "x"})], [rich({"type": "text", "text": ""})]),
        ([rich({"type": "link", "url": "https://a.test"})], [rich({"type": "link", "text": "a"})]),
        (
            [rich({"type": "text", "text": "x", "style": {"bold": True}})],
            [rich({"type": "text", "text": "x", "style": {"loud": True}})],
        ),
        (
            [rich({"type": "text", "text": "x"}, kind="rich_text_quote")],
            [rich({"type": "text", "text": "x"}, kind="rich_text_poem")],
        ),
        ([actions(*named(2))], [actions(button(), button())]),
        ([section("x") | {"block_id": "a"}], [section("x") | {"block_id": "a"}] * 2),
        ([section("x")], [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]),
        ([{"type": "divider"}], [{"type": "poem"}]),
        (
            [{"type": "header", "text": plain("x")}],
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        ),
    ],
)
def test_message_is_taken_at_the_limit_and_refused_above(fits: list[Payload], breaks: list[Payload]) -> None:
    assert blocks.of_message(fits) == []
    assert len(blocks.of_message(breaks)) > 0


def test_texts_of_all_blocks_have_a_limit_together() -> None:
    assert not blocks.is_too_long([section("x" * 3000)] * 4 + [section("x" * 1200)])
    assert blocks.is_too_long([section("x" * 3000)] * 4 + [section("x" * 1201)])


MODAL: Payload = {
    "type": "modal",
    "title": plain("x" * 24),
    "submit": plain("x" * 24),
    "close": plain("x" * 24),
    "private_metadata": "x" * 3000,
    "callback_id": "x" * 255,
    "blocks": [
        {
            "type": "input",
            "label": plain("x" * 2000),
            "element": {"type": "plain_text_input", "action_id": "t", "initial_value": "x" * 3000},
        },
        *[section("x")] * 99,
    ],
}


@pytest.mark.parametrize(
    "change",
    [
        {"title": plain("x" * 25)},
        {"submit": plain("x" * 25)},
        {"close": plain("x" * 25)},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"blocks": [section("x")] * 101},
        {"blocks": [{"type": "markdown", "text": "x"}]},
        {"blocks": [section("가" * 3000)] * 28},
        {"type": "window"},
    ],
)
def test_modal_is_taken_at_its_limits_and_refused_above(change: Payload) -> None:
    taken = blocks.of_view(copy.deepcopy(MODAL))

    assert taken == []
    assert len(blocks.of_view(copy.deepcopy(MODAL) | change)) > 0


def test_home_takes_a_hundred_blocks() -> None:
    assert blocks.of_view({"type": "home", "blocks": [section("x")] * 100}) == []
    assert len(blocks.of_view({"type": "home", "blocks": [section("x")] * 101})) == 1
