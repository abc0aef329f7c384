"""Header fields become words, addresses and parameters, whatever they hold, in linear time.

The standard library's readers of these raise on some inputs and take minutes on
others, so the few rules we need are written out here (RFC 5322 §3.4, RFC 2047, RFC 2231).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote_to_bytes

from bot.inbox import charset
from bot.inbox.words import decode, octets, one_line, unfolded

__all__ = ["Mailbox", "address", "decode", "mailboxes", "message_ids", "parameters"]

MAX_ADDRESSES = 1_000

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,995}>")
_ATOMS = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\"]+"
# A dot-atom, with dots where RFC 5322 has none (some carriers hand such addresses out), and a domain name.
_ADDR_SPEC = re.compile(rf"({_ATOMS})@((?:[^\W_](?:[\w-]{{0,62}})\.)*[^\W_](?:[\w-]{{0,62}}))\.?")
_PARAMETER_NAME = re.compile(r"[^\s=;\"']{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address of a list, with the name before it."""

    #: As written; the domain in lower case. None when it is no sound address.
    address: str | None
    name: str


def message_ids(raw: str, *, limit: int = 500) -> tuple[str, ...]:
    """The ids of a thread field with their brackets; of too many, the first and the last."""
    found = list(dict.fromkeys(_MESSAGE_ID.findall(one_line(raw))))
    return tuple(found if len(found) <= limit else found[:1] + found[1 - limit :])


def address(text: str) -> str | None:
    """A sound address with its domain in lower case, or None (CVE-2023-27043: no guessing)."""
    if len(text) > 320 or not text.isprintable():
        return None
    sound = _ADDR_SPEC.fullmatch(text)
    if sound is None or len(sound[1].encode()) > 64:
        return None
    return f"{sound[1]}@{sound[2].lower()}"


def mailboxes(raw: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an address field; groups are opened (RFC 5322 §3.4); at most ``MAX_ADDRESSES``."""
    found: list[Mailbox] = []
    for entry in _entries(unfolded(raw)):
        found.append(entry)
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found)


def parameters(raw: str) -> dict[str, str]:
    """The parameters of a Content-* field by lower-case name: RFC 2231 pieces joined, RFC 2047 forgiven."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, value in _raw_parameters(raw):
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, value)
            continue
        number = rest.rstrip("*")
        if number in ("",) or (number.isascii() and number.isdigit() and len(number) < 5):
            pieces.setdefault(base, {}).setdefault(int(number or 0), (name.endswith("*"), value))
    for base, parts in pieces.items():
        plain[base] = _joined([parts[number] for number in sorted(parts)])
    return {name: decode(value) for name, value in plain.items()}


def _entries(raw: str) -> Iterator[Mailbox]:
    """Walk an address list once, by octet class: quotes, comments, brackets, separators."""
    words: list[str] = []  # the phrase, or the bare address
    comments: list[str] = []
    angles: list[str] = []
    after: list[str] = []  # what stands behind a closing bracket and should not
    position, end = 0, len(raw)
    while position <= end:
        char = raw[position] if position < end else ","
        if char == '"':
            text, position = _until(raw, position + 1, '"')
            (after if angles else words).append('"' + text)
            continue
        if char == "(":
            text, position = _comment(raw, position)
            comments.append(text)
            continue
        if char == "<":
            closing = raw.find(">", position)
            closing = end if closing < 0 else closing
            angles.append(raw[position + 1 : closing])
            position = min(closing + 1, end)
            continue
        if char in ",;":
            mailbox = _mailbox(words, comments, angles, after)
            if mailbox is not None:
                yield mailbox
            words, comments, angles, after = [], [], [], []
        elif char == ":" and not angles:
            words, comments = [], []  # the name of a group
        else:
            (after if angles else words).append(char)
        position += 1


def _until(raw: str, start: int, closing: str) -> tuple[str, int]:
    """The quoted text from ``start`` and the position behind it; without an end, the rest."""
    found: list[str] = []
    position = start
    while position < len(raw):
        char = raw[position]
        if char == closing:
            return "".join(found), position + 1
        if char == "\\" and position + 1 < len(raw):
            position += 1
            char = raw[position]
        found.append(char)
        position += 1
    return "".join(found), position


def _comment(raw: str, start: int) -> tuple[str, int]:
    depth, position = 0, start
    while position < len(raw):
        char = raw[position]
        if char == "\\":
            position += 1
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return raw[start + 1 : position], position + 1
        position += 1
    return raw[start + 1 :], len(raw)


def _mailbox(words: list[str], comments: list[str], angles: list[str], after: list[str]) -> Mailbox | None:
    # A quoted piece carries its opening quote, so that "a@b" <c@d> differs from a@b <c@d>.
    unquoted = "".join(word for word in words if not word.startswith('"')).strip()
    phrase = "".join(word.removeprefix('"') for word in words).strip()
    if not (phrase or angles or comments):
        return None
    if not angles:
        name = decode(comments[0]) if comments else ""
        bare = None if any(word.startswith('"') for word in words) else address(phrase)
        return Mailbox(address=bare, name=name)
    found = address(angles[0].strip()) if len(angles) == 1 and not "".join(after).strip() else None
    # An unquoted address as name is common where it is the same one; another one is a trick.
    if "@" in unquoted and address(unquoted.strip("'")) != found:
        found = None
    return Mailbox(address=found, name=decode(phrase) or (decode(comments[0]) if comments else ""))


def _raw_parameters(raw: str) -> Iterator[tuple[str, str]]:
    text = unfolded(raw)
    position = text.find(";")
    while 0 <= position < len(text):
        position += 1
        while position < len(text) and text[position] in " \t;":
            position += 1
        named = _PARAMETER_NAME.match(text, position)
        if named is None:
            position = text.find(";", position)
            continue
        position = named.end()
        while position < len(text) and text[position] in " \t":
            position += 1
        if position >= len(text) or text[position] != "=":
            position = text.find(";", position)
            continue
        position += 1
        while position < len(text) and text[position] in " \t":
            position += 1
        if position < len(text) and text[position] == '"':
            value, position = _until(text, position + 1, '"')
            following = text.find(";", position)
        else:
            following = text.find(";", position)
            value = text[position : following if following >= 0 else len(text)].strip()
        yield named[0].lower(), value
        position = following


def _joined(parts: list[tuple[bool, str]]) -> str:
    """RFC 2231 §3 and §4.1: only the first piece names charset and language."""
    label = ""
    if parts[0][0] and parts[0][1].count("'") >= 2:
        label, _, first = parts[0][1].split("'", 2)
        parts = [(True, first), *parts[1:]]
    gathered = b""
    for is_encoded, run in groupby(parts, key=lambda part: part[0]):
        # Joined first: some programs cut within an escape.
        joined = octets("".join(value for _, value in run))
        gathered += unquote_to_bytes(joined) if is_encoded else joined
    return charset.decode(gathered, label or None).text
