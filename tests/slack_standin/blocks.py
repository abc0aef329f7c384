"""What Slack refuses of messages, modals and Home (limits of slack.md §7)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

#: Characters of all blocks of a message together; nowhere documented (bolt-js issue 2509).
TEXT_OF_ALL_BLOCKS = 13_200
VIEW_BYTES = 250_000

Fault = Iterator[str]
SELECTS = {"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
MULTIS = {f"multi_{name}" for name in SELECTS}
CHOICES = {"checkboxes", "radio_buttons"}
PICKERS = {"datepicker", "timepicker", "datetimepicker"}
TYPED = {"plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input"}
IN_ACTIONS = {"button", "overflow", "workflow_button"} | SELECTS | MULTIS | CHOICES | PICKERS
BESIDE_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = TYPED | SELECTS | MULTIS | CHOICES | PICKERS | {"file_input"}
STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}


def of_message(blocks: Any) -> list[str]:
    """What Slack would say of a message's blocks; nothing when it takes them."""
    return list(_blocks(blocks, most=50, kinds=set(CHECKS)))


def is_too_long(blocks: Any) -> bool:
    """Tell whether the texts of all blocks together are too much for one message."""
    return sum(map(len, _texts(blocks))) > TEXT_OF_ALL_BLOCKS


def of_view(view: Any) -> list[str]:
    """What Slack would say of a modal or of Home."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return ["must be a view of type modal or home [json-pointer:/view/type]"]
    return list(_view(view))


def _view(view: dict[str, Any]) -> Fault:
    blocks = view.get("blocks")
    if view["type"] == "modal":
        yield from _plain(view.get("title"), "/view/title", most=24)
        for part in ("submit", "close"):
            if part in view and view[part] is not None:
                yield from _plain(view[part], f"/view/{part}", most=24)
        asks = isinstance(blocks, list) and any(one.get("type") == "input" for one in blocks)
        if asks and not view.get("submit"):
            yield _said("a modal with inputs needs a submit", "/view/submit")
    yield from _short(view, "private_metadata", "/view", most=3000)
    yield from _short(view, "callback_id", "/view", most=255)
    yield from _short(view, "external_id", "/view", most=255)
    yield from _blocks(blocks, most=100, kinds=set(CHECKS) - {"markdown"})
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        yield _said(f"must be less than {VIEW_BYTES} bytes", "/view")


def _blocks(blocks: Any, *, most: int, kinds: set[str]) -> Fault:
    if not isinstance(blocks, list):
        yield _said("must be a list", "/blocks")
        return
    if len(blocks) > most:
        yield _said(f"no more than {most} items allowed [have:{len(blocks)}]", "/blocks")
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        at = f"/blocks/{place}"
        if not isinstance(block, dict) or block.get("type") not in kinds:
            kind = block.get("type") if isinstance(block, dict) else block
            yield _said(f"unsupported type: {kind}", f"{at}/type")
            continue
        yield from _short(block, "block_id", at, most=255)
        if block.get("block_id") in seen:
            yield _said("block_id already exists", f"{at}/block_id")
        seen.add(block.get("block_id") or f"#{place}")
        yield from CHECKS[block["type"]](block, at)


def _section(block: dict[str, Any], at: str) -> Fault:
    if "text" not in block and "fields" not in block:
        yield _said("missing required field: text or fields", at)
    if "text" in block:
        yield from _text(block["text"], f"{at}/text", most=3000)
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield _said("no more than 10 items allowed", f"{at}/fields")
    for place, one in enumerate(fields):
        yield from _text(one, f"{at}/fields/{place}", most=2000)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory", allowed=BESIDE_SECTION)


def _header(block: dict[str, Any], at: str) -> Fault:
    yield from _plain(block.get("text"), f"{at}/text", most=150)


def _context(block: dict[str, Any], at: str) -> Fault:
    elements = block.get("elements")
    yield from _count(elements, f"{at}/elements", most=10)
    for place, one in enumerate(elements or []):
        here = f"{at}/elements/{place}"
        if isinstance(one, dict) and one.get("type") == "image":
            yield from _image(one, here)
        else:
            # Slack gives a context's text no limit of its own; a section's is the nearest documented one.
            yield from _text(one, here, most=3000)


def _actions(block: dict[str, Any], at: str) -> Fault:
    elements = block.get("elements")
    yield from _count(elements, f"{at}/elements", most=25)
    seen: set[str] = set()
    for place, one in enumerate(elements or []):
        yield from _element(one, f"{at}/elements/{place}", allowed=IN_ACTIONS)
        name = one.get("action_id") if isinstance(one, dict) else None
        if name in seen:
            yield _said("action_id already exists", f"{at}/elements/{place}/action_id")
        seen.add(name or f"#{place}")


def _input(block: dict[str, Any], at: str) -> Fault:
    yield from _plain(block.get("label"), f"{at}/label", most=2000)
    if block.get("hint") is not None:
        yield from _plain(block["hint"], f"{at}/hint", most=2000)
    yield from _element(block.get("element"), f"{at}/element", allowed=IN_INPUT)


def _image(block: dict[str, Any], at: str) -> Fault:
    if not block.get("image_url") and not block.get("slack_file"):
        yield _said("missing required field: image_url", at)
    if not block.get("alt_text"):
        yield _said("missing required field: alt_text", at)
    yield from _short(block, "image_url", at, most=3000)
    yield from _short(block, "alt_text", at, most=2000)


def _markdown(block: dict[str, Any], at: str) -> Fault:
    yield from _required(block, "text", at, most=12_000)


def _divider(block: dict[str, Any], at: str) -> Fault:
    yield from ()


def _rich_text(block: dict[str, Any], at: str) -> Fault:
    for place, one in enumerate(block.get("elements") or []):
        yield from _rich_part(one, f"{at}/elements/{place}")
    if not block.get("elements"):
        yield _said("missing required field: elements", at)


def _rich_part(part: Any, at: str) -> Fault:
    kind = part.get("type") if isinstance(part, dict) else None
    elements = part.get("elements") if isinstance(part, dict) else None
    if not isinstance(elements, list):
        yield _said("missing required field: elements", at)
        return
    if kind == "rich_text_list":
        if part.get("style") not in {"bullet", "ordered"}:
            yield _said("must be bullet or ordered", f"{at}/style")
        for place, one in enumerate(elements):
            if not isinstance(one, dict) or one.get("type") != "rich_text_section":
                yield _said("a list holds rich_text_section only", f"{at}/elements/{place}")
            else:
                yield from _rich_part(one, f"{at}/elements/{place}")
    elif kind in {"rich_text_section", "rich_text_quote", "rich_text_preformatted"}:
        inert = {"text", "link"} if kind == "rich_text_preformatted" else set(WORDS)
        for place, one in enumerate(elements):
            yield from _word(one, f"{at}/elements/{place}", allowed=inert)
    else:
        yield _said(f"unsupported type: {kind}", f"{at}/type")


#: What lies in a line of rich text, and the field that it cannot do without.
WORDS = {
    "text": "text",
    "link": "url",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "broadcast": "range",
    "emoji": "name",
    "date": "timestamp",
    "color": "value",
    "team": "team_id",
}


def _word(word: Any, at: str, *, allowed: set[str]) -> Fault:
    kind = word.get("type") if isinstance(word, dict) else None
    if kind not in allowed:
        yield _said(f"unsupported type: {kind}", f"{at}/type")
        return
    if not word.get(WORDS[kind]):
        yield _said(f"missing or empty field: {WORDS[kind]}", at)
    style = word.get("style", {})
    # Unlike section text, a style is an object of claims.
    if not isinstance(style, dict) or not set(style) <= STYLES:
        yield _said("unsupported style", f"{at}/style")


def _element(element: Any, at: str, *, allowed: set[str]) -> Fault:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in allowed:
        yield _said(f"unsupported type: {kind}", f"{at}/type")
        return
    if kind == "image":
        yield from _image(element, at)
        return
    yield from _short(element, "action_id", at, most=255)
    if element.get("placeholder") is not None:
        yield from _plain(element["placeholder"], f"{at}/placeholder", most=150)
    if element.get("confirm") is not None:
        yield from _confirm(element["confirm"], f"{at}/confirm")
    if kind == "button":
        yield from _plain(element.get("text"), f"{at}/text", most=75)
        yield from _short(element, "value", at, most=2000)
        yield from _short(element, "url", at, most=3000)
        if element.get("style", "primary") not in {"primary", "danger"}:
            yield _said("must be primary or danger", f"{at}/style")
    elif kind == "overflow":
        yield from _options(element.get("options"), f"{at}/options", most=5)
    elif kind in CHOICES:
        yield from _options(element.get("options"), f"{at}/options", most=10)
    elif kind in {"static_select", "multi_static_select"}:
        yield from _static_select(element, at)
    elif kind in TYPED:
        yield from _short(element, "initial_value", at, most=3000)


def _static_select(element: dict[str, Any], at: str) -> Fault:
    groups = element.get("option_groups")
    if groups:
        yield from _count(groups, f"{at}/option_groups", most=100)
        options = [one for group in groups for one in group.get("options", [])]
        for place, group in enumerate(groups):
            yield from _plain(group.get("label"), f"{at}/option_groups/{place}/label", most=75)
            yield from _options(group.get("options"), f"{at}/option_groups/{place}/options", most=100)
    else:
        options = element.get("options") or []
        yield from _options(element.get("options"), f"{at}/options", most=100)
    known = {one.get("value") for one in options if isinstance(one, dict)}
    chosen = element.get("initial_option")
    if chosen is not None and chosen.get("value") not in known:
        yield _said("must be one of the options", f"{at}/initial_option")


def _options(options: Any, at: str, *, most: int) -> Fault:
    yield from _count(options, at, most=most)
    for place, one in enumerate(options or []):
        if not isinstance(one, dict):
            yield _said("must be an option", f"{at}/{place}")
            continue
        yield from _text(one.get("text"), f"{at}/{place}/text", most=75)
        yield from _required(one, "value", f"{at}/{place}", most=150)
        if one.get("description") is not None:
            yield from _text(one["description"], f"{at}/{place}/description", most=75)


def _confirm(confirm: dict[str, Any], at: str) -> Fault:
    yield from _plain(confirm.get("title"), f"{at}/title", most=100)
    yield from _text(confirm.get("text"), f"{at}/text", most=300)
    yield from _plain(confirm.get("confirm"), f"{at}/confirm", most=30)
    yield from _plain(confirm.get("deny"), f"{at}/deny", most=30)


def _plain(text: Any, at: str, *, most: int) -> Fault:
    if isinstance(text, dict) and text.get("type") != "plain_text":
        yield _said("must be plain_text", f"{at}/type")
    yield from _text(text, at, most=most)


def _text(text: Any, at: str, *, most: int) -> Fault:
    if not isinstance(text, dict) or text.get("type") not in {"plain_text", "mrkdwn"}:
        yield _said("must be a text object", at)
        return
    yield from _required(text, "text", at, most=most)


def _required(thing: dict[str, Any], name: str, at: str, *, most: int) -> Fault:
    if not isinstance(thing.get(name), str) or not thing[name]:
        yield _said("must be more than 0 characters", f"{at}/{name}")
    yield from _short(thing, name, at, most=most)


def _short(thing: dict[str, Any], name: str, at: str, *, most: int) -> Fault:
    value = thing.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        yield _said(f"must be less than {most + 1} characters", f"{at}/{name}")


def _count(things: Any, at: str, *, most: int) -> Fault:
    if not isinstance(things, list) or not things:
        yield _said("must have at least 1 item", at)
    elif len(things) > most:
        yield _said(f"no more than {most} items allowed [have:{len(things)}]", at)


def _texts(thing: Any) -> Iterator[str]:
    """Every text that somebody would read in it."""
    if isinstance(thing, list):
        for one in thing:
            yield from _texts(one)
    elif isinstance(thing, dict):
        for name, value in thing.items():
            if name == "text" and isinstance(value, str):
                yield value
            elif isinstance(value, list | dict):
                yield from _texts(value)


def _said(what: str, at: str) -> str:
    return f"[ERROR] {what} [json-pointer:{at}]"


CHECKS: dict[str, Callable[[dict[str, Any], str], Fault]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "divider": _divider,
    "rich_text": _rich_text,
}
