"""The words of a header field: RFC 2047 as it is meant, and in the broken forms that clients write."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from bot.inbox import charset

#: An encoded word may have 75 characters (RFC 2047 §2); real ones have more: we look so far for the end.
WORD_REACH = 4_000
#: So many unencoded question marks a word may hold.
WORD_MARKS = 8

# Some programs leave the charset out; RFC 2231 §5 lets a language follow it.
_WORD = re.compile(r"=\?([^?\s]{0,80})\?([bBqQ])\?")
_HEX = re.compile(r"=([0-9A-Fa-f]{2})")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_PADDING = re.compile(r"=+")
#: What is left of a base64 word whose end was cut off with the line.
_CUT_WORD = re.compile(r"[A-Za-z0-9+/]{4,}=?=?\??")
_SPACES = re.compile(r"\s+")

_Word = tuple[str, str]


def octets(raw: str) -> bytes:
    """The octets of a raw header or payload as the standard library keeps them (surrogate escapes)."""
    try:
        return raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return raw.encode("utf-8", "replace")


def decode(raw: str) -> str:
    """The words of an unstructured field: RFC 2047 in its broken forms too, NFC, one line, no controls."""
    if raw.isascii() and "=?" not in raw and "\x1b" not in raw:
        return one_line(raw)
    return one_line("".join(_pieces(unfolded(raw))))


def unfolded(raw: str) -> str:
    """The field on one line (RFC 5322 §2.2.3), its white space as it was."""
    if "\n" not in raw and "\r" not in raw:
        return raw
    return raw.replace("\r\n", "").replace("\n", "").replace("\r", "")


def one_line(text: str) -> str:
    """Words with one space between them, fit to store and show."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", charset.tidy(text)).strip()


def _pieces(raw: str) -> Iterator[str]:
    """Text and decoded words; neighbours of one charset are decoded together, as clients split letters."""
    label = ""
    run: list[_Word] = []
    position = plain_from = 0
    while (start := raw.find("=?", position)) >= 0:
        opened = _WORD.match(raw, start)
        ended = _word_end(raw, opened.end(), opened[2]) if opened else -1
        if opened is None or ended < 0:
            position = start + 2
            continue
        between = raw[plain_from:start]
        word_label = opened[1].partition("*")[0].lower()
        if between.strip() or word_label != label:
            yield _decoded(run, label)
            # White space between two encoded words is not shown (RFC 2047 §6.2).
            if between.strip() or not run:
                yield _plain(between)
            run = []
        label = word_label
        run.append((opened[2], raw[opened.end() : ended]))
        position = plain_from = min(ended + 2, len(raw))
    yield _decoded(run, label)
    yield _plain(raw[plain_from:])


def _word_end(raw: str, start: int, encoding: str) -> int:
    """Where the word's ?= stands: an unencoded ? before a Q-encoded octet looks like it too."""
    reach = start + WORD_REACH
    first = end = raw.find("?=", start, reach)
    if encoding in "bB":
        is_cut = first < 0 and len(raw) < reach and _CUT_WORD.fullmatch(raw, start)
        return len(raw) if is_cut else first
    for _ in range(WORD_MARKS):
        if end < 0 or not _HEX_PAIR.match(raw, end + 2):
            break
        end = raw.find("?=", end + 2, reach)
    is_another = end < 0 or raw.find("=?", first + 2, end) >= 0
    return first if is_another else end


def _decoded(run: list[_Word], label: str) -> str:
    """The text of neighbouring words of one charset."""
    if not run:
        return ""
    decoded = charset.decode(b"".join(_word_octets(*word) for word in run), label)
    if decoded.certain or len(run) == 1:
        return decoded.text
    # Some clients cut the base64 of the whole anywhere, so that no word of it stands for itself.
    if all(encoding in "bB" for encoding, _ in run):
        joined = charset.decode(base64_octets("".join(content for _, content in run)), label)
        if joined.certain:
            return joined.text
    return decoded.text


def _word_octets(encoding: str, content: str) -> bytes:
    if encoding in "bB":
        return base64_octets(content)
    spaced = octets(content.replace("_", " ")).decode("latin-1")
    return _HEX.sub(lambda found: chr(int(found[1], 16)), spaced).encode("latin-1")


def base64_octets(content: str) -> bytes:
    """Decode base64 with padding that is missing or in the middle, stray characters or a cut end."""
    clean = _NOT_BASE64.sub("", content)
    try:
        return base64.b64decode(clean, validate=True)
    except binascii.Error:
        return b"".join(map(_quads, _PADDING.split(clean)))


def _quads(clean: str) -> bytes:
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return base64.b64decode(clean + "=" * (-len(clean) % 4))


def _plain(raw: str) -> str:
    return raw if raw.isascii() and "\x1b" not in raw else charset.decode(octets(raw), None).text
