"""A message in Slack, read as a mail is: who says what, in answer to what, and how sure that is.

What is stored is the part of the event that the desk needs, in one canonical form, so that one message is
the same bytes whatever event brought it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from bot.inbox import charset
from bot.inbox.inbound import Attachment, Inbound
from bot.inbox.rules import MailVerdict, Ruling
from bot.slack import place, richtext
from bot.slack.place import Place

#: Of the rows of the inbox that came this way.
DOOR = "slack"
#: Characters of a question that stand for it in lists.
SUBJECT_CHARS = 80

_MARKUP = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a person."""

    place: Place
    user: str
    #: As the person sees it: no markup, no call of ours.
    text: str
    files: tuple[Attachment, ...]
    #: The user belongs to another workspace, or others read along in this channel.
    is_foreign: bool


def canonical(event: Mapping[str, Any], *, team: str, bot_user: str, shared: bool) -> bytes:
    """The event as the inbox keeps it."""
    document = {
        "team": team,
        "channel": event["channel"],
        "ts": event["ts"],
        "thread_ts": event.get("thread_ts"),
        "user": event["user"],
        "user_team": event.get("user_team") or event.get("source_team") or event.get("team") or team,
        "text": event.get("text") or "",
        "files": [
            {
                "name": str(file.get("name") or ""),
                "size": int(file.get("size") or 0),
                "type": str(file.get("mimetype") or ""),
            }
            for file in event.get("files") or []
        ],
        "shared": shared,
        "bot_user": bot_user,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def said(raw: bytes) -> Said:
    """Read what the inbox has kept."""
    document = json.loads(raw)
    return Said(
        place=Place(
            team=document["team"],
            channel=document["channel"],
            ts=document["ts"],
            thread_ts=document["thread_ts"],
        ),
        user=document["user"],
        text=plain(document["text"], bot_user=document["bot_user"]),
        files=tuple(
            Attachment(name=file["name"], size_bytes=file["size"], type=file["type"])
            for file in document["files"]
        ),
        is_foreign=document["shared"] or document["user_team"] != document["team"],
    )


def plain(text: str, *, bot_user: str) -> str:
    """The words of a message: Slack's markup undone, our own name left out."""

    def word(found: re.Match[str]) -> str:
        inner = found[1]
        target, _, label = inner.partition("|")
        match target[:1]:
            case "@":
                return "" if target[1:] == bot_user else f"@{label or target[1:]}"
            case "#":
                return f"#{label or target[1:]}"
            case "!":
                return label or f"@{target[1:].partition('^')[0]}"
        bare = target.removeprefix("mailto:")
        return bare if not label or label in (bare, target) else f"{label} ({bare})"

    return charset.tidy(richtext.unescape(_MARKUP.sub(word, text))).strip()


def inbound(heard: Said, address: str) -> Inbound:
    """The message as the desk reads mails; ``address`` stands for who wrote it."""
    at = heard.place
    in_thread = at.thread_ts is not None and at.thread_ts != at.ts
    above = (place.root_id(at),) if in_thread else ()
    return Inbound(
        message_id=place.message_id(at),
        in_reply_to=above,
        references=above,
        from_address=address,
        from_name=None,
        to=(),
        cc=(),
        subject=richtext.cut(" ".join(heard.text.split()), SUBJECT_CHARS) or None,
        date=None,
        text=heard.text,
        charset="utf-8",
        is_html=False,
        attachments=heard.files,
        headers={},
        defects=(),
        report=Message(),
    )


def ruling(mail: Inbound) -> Ruling:
    """Bots were left out at the door, so it is a person's question or reply."""
    if mail.in_reply_to:
        return Ruling(verdict=MailVerdict.REPLY, rule=None, reason="in a thread in Slack", may_answer=True)
    return Ruling(verdict=MailVerdict.QUESTION, rule=None, reason="a message in Slack", may_answer=True)
