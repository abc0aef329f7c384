"""What Slack would refuse or show wrongly, found before it is sent (limits of slack.md §7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
#: Slack refuses somewhat above 13,000 with msg_blocks_too_long; nothing documents it.
SUM_CHARS = 11_000
TEXT_CHARS = 4_000
VIEW_BYTES = 250_000
METADATA_CHARS = 3_000
ID_CHARS = 255

#: Methods whose arguments are a message that people see.
_MESSAGES = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral"})
_VIEWS = frozenset({"views.open", "views.push", "views.update", "views.publish"})
_TEXT_LIMITS = {
    "header": 150,
    "section": 3000,
    "button": 75,
    "title": 24,
    "submit": 24,
    "close": 24,
    "label": 2000,
    "hint": 2000,
    "placeholder": 150,
    "option": 75,
    "description": 75,
}
_ELEMENT_LIMITS = {"actions": 25, "context": 10}
#: In mrkdwn and in the top-level text these would call people.
_PINGS = re.compile(r"<(?:!(?:channel|here|everyone|subteam)|@[UW])")
_OPTIONS = 100


class LintError(ValueError):
    """A payload that Slack would refuse, or that could call people; the message lists what is amiss."""

    def __init__(self, where: str, found: Sequence[str]) -> None:
        super().__init__(f"{where}: {'; '.join(found)}")
        self.found = tuple(found)


def check(method: str, arguments: Mapping[str, Any]) -> None:
    """Raise LintError for a call that must not leave."""
    found = findings(arguments) if method in _MESSAGES else []
    if method in _VIEWS:
        found = view_findings(arguments.get("view", {}))
    if found:
        raise LintError(method, found)


def check_view(view: Mapping[str, Any]) -> None:
    """Raise LintError for a modal or a Home tab that Slack would refuse."""
    if found := view_findings(view):
        raise LintError(str(view.get("callback_id") or view.get("type")), found)


def findings(arguments: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a message."""
    found = []
    words = arguments.get("text")
    if not isinstance(words, str) or not words.strip():
        found.append("no top-level text: notifications and screen readers would be silent")
    elif len(words) > TEXT_CHARS:
        found.append(f"top-level text of {len(words)} characters, {TEXT_CHARS} allowed")
    if isinstance(words, str) and _PINGS.search(words) and not arguments.get("may_ping"):
        found.append("the top-level text calls people")
    found += _of_blocks(arguments.get("blocks") or [], MESSAGE_BLOCKS)
    for name in ("link_names", "parse"):
        if arguments.get(name):
            found.append(f"{name} would turn names into calls")
    return found


def view_findings(view: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a view."""
    found = [
        f"{name} of {len(view[name].get('text', ''))} characters, {_TEXT_LIMITS[name]} allowed"
        for name in ("title", "submit", "close")
        if isinstance(view.get(name), Mapping) and len(view[name].get("text", "")) > _TEXT_LIMITS[name]
    ]
    if len(view.get("private_metadata") or "") > METADATA_CHARS:
        found.append(f"private_metadata over {METADATA_CHARS} characters")
    if len(repr(view).encode()) > VIEW_BYTES:
        found.append(f"view over {VIEW_BYTES} bytes")
    return found + _of_blocks(view.get("blocks") or [], VIEW_BLOCKS, total=None)


def _of_blocks(blocks: Sequence[Any], most: int, *, total: int | None = SUM_CHARS) -> list[str]:
    found = [f"{len(blocks)} blocks, {most} allowed"] if len(blocks) > most else []
    ids: set[str] = set()
    for place, one in enumerate(blocks):
        found += [f"block {place}: {fault}" for fault in _of_block(one)]
        block_id = one.get("block_id")
        if block_id in ids:
            found.append(f"block {place}: block_id {block_id!r} twice")
        ids |= {block_id} if block_id else set()
    chars = sum(len(words) for one in blocks for words in _words(one))
    if total is not None and chars > total:
        found.append(f"{chars} characters in all blocks, {total} allowed")
    return found


def _of_block(one: Mapping[str, Any]) -> Iterator[str]:
    kind = str(one.get("type"))
    elements = one.get("elements") or []
    if len(elements) > _ELEMENT_LIMITS.get(kind, len(elements)):
        yield f"{len(elements)} elements, {_ELEMENT_LIMITS[kind]} allowed"
    if kind == "rich_text" and not elements:
        yield "an empty rich_text"
    if kind in ("header", "section"):
        yield from _of_text(one.get("text"), kind)
    if kind == "section":
        fields = one.get("fields") or []
        if len(fields) > 10:
            yield f"{len(fields)} fields, 10 allowed"
    if kind == "input":
        yield from _of_text(one.get("label"), "label")
        yield from _of_text(one.get("hint"), "hint")
    if len(one.get("block_id") or "") > ID_CHARS:
        yield f"block_id over {ID_CHARS} characters"
    yield from _of_elements(one)


def _of_elements(one: Mapping[str, Any]) -> Iterator[str]:
    inner = [*(one.get("elements") or []), one.get("accessory"), one.get("element")]
    ids: set[str] = set()
    for element in inner:
        if not isinstance(element, Mapping) or "action_id" not in element:
            continue
        action_id = str(element["action_id"])
        if len(action_id) > ID_CHARS:
            yield f"action_id over {ID_CHARS} characters"
        if action_id in ids:
            yield f"action_id {action_id!r} twice in one block"
        ids.add(action_id)
        if element.get("type") == "button":
            yield from _of_text(element.get("text"), "button")
        if len(str(element.get("value") or "")) > 2000:
            yield f"{action_id}: value over 2000 characters"
        options = element.get("options") or []
        most = 5 if element.get("type") == "overflow" else _OPTIONS
        if len(options) > most:
            yield f"{action_id}: {len(options)} options, {most} allowed"
        for option in options:
            yield from _of_text(option.get("text"), "option")
            yield from _of_text(option.get("description"), "description")
        yield from _of_text(element.get("placeholder"), "placeholder")
        confirm = element.get("confirm")
        if isinstance(confirm, Mapping) and len(confirm.get("text", {}).get("text", "")) > 300:
            yield f"{action_id}: confirm text over 300 characters"


def _of_text(given: object, kind: str) -> Iterator[str]:
    if not isinstance(given, Mapping):
        return
    words, most = str(given.get("text", "")), _TEXT_LIMITS[kind]
    if not words:
        yield f"{kind} without words"
    if len(words) > most:
        yield f"{kind} of {len(words)} characters, {most} allowed"
    if given.get("type") == "mrkdwn" and _PINGS.search(words):
        yield f"{kind}: mrkdwn that calls people"


def _words(one: object) -> Iterator[str]:
    """Every text inside, however deep."""
    if isinstance(one, Mapping):
        for name, value in one.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
    elif isinstance(one, list | tuple):
        for value in one:
            yield from _words(value)
