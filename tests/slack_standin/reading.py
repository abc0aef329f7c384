"""Blocks as a person reads them, and whom they would ping."""

import re
from collections.abc import Iterator
from typing import Any

#: What Slack turns into a notification when it stands unescaped in mrkdwn.
PING = re.compile(r"<(?:!(?:channel|here|everyone|subteam\^)|@[UW])[^>]*>")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def plain(thing: dict[str, Any]) -> str:
    """Everything a reader of a message or a view sees, line by line; of a message without blocks its text."""
    lines: list[str] = []
    if isinstance(thing.get("title"), dict):
        lines.append(shown(thing["title"]))
    blocks = thing.get("blocks")
    lines += [line for block in blocks or [] for line in _block(block)]
    if not blocks and isinstance(thing.get("text"), str):
        lines.append(unescaped(thing["text"]))
    for name in ("submit", "close"):
        if isinstance(thing.get(name), dict):
            lines.append(f"[{shown(thing[name])}]")
    return "\n".join(lines)


def shown(text: dict[str, Any]) -> str:
    """A text object as it is displayed; the marks of mrkdwn stay."""
    return unescaped(text["text"]) if text.get("type") == "mrkdwn" else str(text["text"])


def unescaped(text: str) -> str:
    """Text of a message or of mrkdwn, with the three characters that Slack escapes."""
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def pings(thing: Any) -> list[str]:
    """What in it would notify somebody: tokens in mrkdwn and in the text, users and broadcasts in rich text."""
    return list(_pings(thing))


def _pings(thing: Any) -> Iterator[str]:
    if isinstance(thing, list):
        for one in thing:
            yield from _pings(one)
        return
    if not isinstance(thing, dict):
        return
    if thing.get("type") in {"user", "usergroup", "broadcast"}:
        yield str(thing)
    # A plain_text object, a rich text word and what a person typed are inert.
    is_inert = thing.get("type") in {"plain_text", "text"} or ("user" in thing and not thing.get("bot_id"))
    for name, value in thing.items():
        if isinstance(value, str):
            if name == "text" and not is_inert:
                yield from PING.findall(value)
        elif name not in {"metadata", "state"}:
            yield from _pings(value)


def _block(block: dict[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "section":
            if "text" in block:
                yield shown(block["text"])
            yield from (shown(one) for one in block.get("fields", []))
            if "accessory" in block:
                yield _control(block["accessory"])
        case "header":
            yield shown(block["text"])
        case "markdown":
            yield str(block["text"])
        case "context":
            yield " ".join(
                one["alt_text"] if one["type"] == "image" else shown(one) for one in block["elements"]
            )
        case "actions":
            yield " ".join(_control(one) for one in block["elements"])
        case "input":
            yield f"{shown(block['label'])}: {_control(block['element'])}"
            if block.get("hint"):
                yield shown(block["hint"])
        case "image":
            yield str(block["alt_text"])
        case "rich_text":
            for part in block["elements"]:
                yield from _rich(part)


def _rich(part: dict[str, Any]) -> Iterator[str]:
    match part["type"]:
        case "rich_text_list":
            for number, one in enumerate(part["elements"], start=1):
                mark = f"{number}." if part["style"] == "ordered" else "•"
                yield f"{mark} {_words(one)}"
        case "rich_text_quote":
            yield from (f"> {line}" for line in _words(part).split("\n"))
        case _:
            yield _words(part)


def _words(part: dict[str, Any]) -> str:
    return "".join(_word(word) for word in part["elements"])


def _word(word: dict[str, Any]) -> str:
    match word["type"]:
        case "text":
            return str(word["text"])
        case "link":
            return str(word.get("text") or word["url"])
        case "emoji":
            return f":{word['name']}:"
        case "user":
            return f"@{word['user_id']}"
        case "usergroup":
            return f"@{word['usergroup_id']}"
        case "broadcast":
            return f"@{word['range']}"
        case "channel":
            return f"#{word['channel_id']}"
        case _:
            return str(word.get("fallback", ""))


def _control(element: dict[str, Any]) -> str:
    match element["type"]:
        case "button":
            return f"[{shown(element['text'])}]"
        case "image":
            return str(element["alt_text"])
        case "overflow" | "static_select" | "multi_static_select" | "checkboxes" | "radio_buttons":
            options = element.get("options") or [
                one for group in element.get("option_groups", []) for one in group["options"]
            ]
            return "[" + " | ".join(shown(one["text"]) for one in options) + "]"
        case _:
            return str(element.get("initial_value") or "____")
