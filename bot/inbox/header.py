"""Header fields become words, addresses and parameters, whatever they hold, in linear time.

The standard library's readers of these raise on some inputs and take minutes on
others, so the few rules we need are written out here (RFC 5322 §3.4, RFC 2047, RFC 2231).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from bot.inbox import charset

#: An encoded word may have 75 characters (RFC 2047 §2); real ones have more: we look so far for the end.
WORD_REACH = 4_000
#: So many unencoded question marks a word may hold.
WORD_MARKS = 8
MAX_ADDRESSES = 1_000

_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?")
_HEX = re.compile(r"=([0-9A-Fa-f]{2})")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,995}>")
_ATOMS = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\"]+"
# A dot-atom, with dots where RFC 5322 has none (some carriers hand such addresses out), and a domain name.
_ADDR_SPEC = re.compile(rf"({_ATOMS})@((?:[^\W_](?:[\w-]{{0,62}})\.)*[^\W_](?:[\w-]{{0,62}}))\.?")
_PARAMETER_NAME = re.compile(r"[^\s=;\"']{1,80}")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address of a list, with the name before it."""

    #: As written; the domain in lower case. None when it is no sound address.
    address: str | None
    name: str


def octets(raw: str) -> bytes:
    """The octets of a raw header or payload as the standard library keeps them (surrogate escapes)."""
    try:
        return raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return raw.encode("utf-8", "replace")


def decode(raw: str) -> str:
    """The words of an unstructured field: RFC 2047 in its broken forms too, NFC, one line, no controls."""
    if raw.isascii() and "=?" not in raw and "\x1b" not in raw:
        return _one_line(raw)
    return _one_line("".join(_pieces(_unfolded(raw))))


def message_ids(raw: str, *, limit: int = 500) -> tuple[str, ...]:
    """The ids of a thread field with their brackets; of too many, the first and the last."""
    found = list(dict.fromkeys(_MESSAGE_ID.findall(_one_line(raw))))
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
    for entry in _entries(_unfolded(raw)):
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


def _unfolded(raw: str) -> str:
    return raw.replace("\r\n", "").replace("\n", "").replace("\r", "")


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", charset.tidy(text)).strip()


def _pieces(raw: str) -> Iterator[str]:
    """Text and decoded words; neighbours of one charset are decoded together, as clients split letters."""
    label, gathered = "", bytearray()
    position = plain_from = 0
    while (start := raw.find("=?", position)) >= 0:
        opened = _WORD.match(raw, start)
        ended = _word_end(raw, opened.end(), opened[2]) if opened else -1
        if opened is None or ended < 0:
            position = start + 2
            continue
        between = raw[plain_from:start]
        content = _word_octets(opened[2], raw[opened.end() : ended])
        word_label = opened[1].lower()
        if between.strip() or word_label != label:
            yield charset.decode(bytes(gathered), label).text
            gathered.clear()
            # White space between two encoded words is not shown (RFC 2047 §6.2).
            if between.strip() or not label:
                yield _plain(between)
        label = word_label
        gathered += content
        position = plain_from = ended + 2
    yield charset.decode(bytes(gathered), label).text
    yield _plain(raw[plain_from:])


def _word_end(raw: str, start: int, encoding: str) -> int:
    """Where the word's ?= stands: an unencoded ? before a Q-encoded octet looks like it too."""
    reach = start + WORD_REACH
    first = end = raw.find("?=", start, reach)
    if encoding in "bB":
        return first
    for _ in range(WORD_MARKS):
        if end < 0 or not _HEX_PAIR.match(raw, end + 2):
            break
        end = raw.find("?=", end + 2, reach)
    is_another = end < 0 or raw.find("=?", first + 2, end) >= 0
    return first if is_another else end


def _word_octets(encoding: str, content: str) -> bytes:
    if encoding in "bB":
        return base64_octets(content)
    spaced = octets(content.replace("_", " ")).decode("latin-1")
    return _HEX.sub(lambda found: chr(int(found[1], 16)), spaced).encode("latin-1")


def base64_octets(content: str) -> bytes:
    """Decode base64 with missing padding, stray characters or a cut end."""
    clean = _NOT_BASE64.sub("", content)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def _plain(raw: str) -> str:
    return raw if raw.isascii() and "\x1b" not in raw else charset.decode(octets(raw), None).text


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
    text = _unfolded(raw)
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
    gathered = bytearray()
    for number, (is_encoded, value) in enumerate(parts):
        piece = value
        if is_encoded and number == 0 and value.count("'") >= 2:
            label, _, piece = value.split("'", 2)
        gathered += unquote_to_bytes(octets(piece)) if is_encoded else octets(piece)
    return charset.decode(bytes(gathered), label or None).text
