"""The pieces that Slack messages are built of; text from outside is text here, never markup.

Answers are rich_text: bold there needs no boundaries, which Korean particles would not leave, and
``<!channel>`` is nothing but letters.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

Block = dict[str, Any]

#: Characters of a button's words and of a notification line.
BUTTON_CHARS = 75
FALLBACK_CHARS = 300

_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+[^\s<>\"'()\[\].,;:!?]")
_BULLET = re.compile(r"^\s*[-•·]\s+")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_BLANK_LINES = re.compile(r"\n\s*\n+")


def clean(text: str) -> str:
    """Drop what no reader sees: controls but line end and tab, lone surrogates."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("", whole)


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, the cut shown."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def escape(text: str) -> str:
    """For the top-level text and for mrkdwn: the three characters that could become a mention or a link."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What Slack has escaped in the text of a message."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain(text: str, limit: int = 3000) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": cut(clean(text), limit) or " ", "emoji": True}


def text(words: str, *, bold: bool = False, italic: bool = False) -> Block:
    """A run of words within a section."""
    element: Block = {"type": "text", "text": clean(words) or " "}
    style = {name: True for name, wanted in (("bold", bold), ("italic", italic)) if wanted}
    return element | ({"style": style} if style else {})


def link(url: str, words: str | None = None) -> Block:
    """A link within a section."""
    return {"type": "link", "url": url, **({"text": clean(words)} if words else {})}


def section(*elements: Block) -> Block:
    """A paragraph of a rich_text block."""
    return {"type": "rich_text_section", "elements": list(elements)}


def quote(*elements: Block) -> Block:
    """A quoted paragraph of a rich_text block."""
    return {"type": "rich_text_quote", "elements": list(elements)}


def bullets(lines: Sequence[str]) -> Block:
    """A list of a rich_text block."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [section(*runs(line)) for line in lines]}


def block(*parts: Block, block_id: str | None = None) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(parts), **({"block_id": block_id} if block_id else {})}


def runs(words: str) -> list[Block]:
    """Words with their bare web addresses as links."""
    found: list[Block] = []
    end = 0
    for match in _URL.finditer(words):
        if match.start() > end:
            found.append(text(words[end : match.start()]))
        found.append(link(match.group()))
        end = match.end()
    if end < len(words) or not found:
        found.append(text(words[end:]))
    return found


def paragraphs(words: str) -> list[Block]:
    """Plain text as sections: blank lines part paragraphs, lines with a dash are lists."""
    parts: list[Block] = []
    for paragraph in _BLANK_LINES.split(clean(words).strip()):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        while lines:
            is_list = _BULLET.match(lines[0]) is not None
            count = next(
                (at for at, line in enumerate(lines) if (_BULLET.match(line) is not None) != is_list),
                len(lines),
            )
            taken, lines = lines[:count], lines[count:]
            if is_list:
                parts.append(bullets([_BULLET.sub("", line) for line in taken]))
            else:
                parts.append(section(*runs("\n".join(taken))))
    return _spaced(parts)


def _spaced(parts: list[Block]) -> list[Block]:
    """Sections that follow each other get the empty line that Slack would leave out."""
    for before, after in itertools.pairwise(parts):
        if before["type"] == after["type"] == "rich_text_section":
            before["elements"].append({"type": "text", "text": "\n\n"})
        elif before["type"] == "rich_text_section":
            before["elements"].append({"type": "text", "text": "\n"})
    return parts


def header(words: str) -> Block:
    """A large line."""
    return {"type": "header", "text": plain(words, 150)}


def context(*lines: str) -> Block:
    """Small print; plain text, so that nothing in it is markup."""
    return {"type": "context", "elements": [plain(line, 2000) for line in lines]}


def button(
    words: str,
    action_id: str,
    value: str = "",
    *,
    style: str | None = None,
    confirm: Mapping[str, Any] | None = None,
) -> Block:
    """A button; ``style`` is primary, danger or nothing."""
    made: Block = {"type": "button", "text": plain(words, BUTTON_CHARS), "action_id": action_id}
    if value:
        made["value"] = value
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = dict(confirm)
    return made


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """A row of buttons and menus."""
    return {"type": "actions", "elements": list(elements), **({"block_id": block_id} if block_id else {})}


def fallback(words: str) -> str:
    """The top-level text: what a notification and a screen reader say (escaped, one line, cut)."""
    # Cut before it is escaped, so that no "&am" is left at the end.
    return escape(cut(" ".join(clean(words).split()), FALLBACK_CHARS))
