"""No other team in a mail: its very bytes are read as their reader reads them, and searched.

What a mail says is made of a template, the contest's facts and one row; this looks at the outcome alone,
so that a fault in any of them is found.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header

from faq.contest import Language, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What gives one team away."""

    number: int
    team: str
    address: str
    contact: str | None
    #: Name of its file, where that is its own.
    file: str | None

    @property
    def own(self) -> tuple[str, ...]:
        """Everything of it, longest first, so that a name within another one is taken off with it."""
        found = {_plain(text) for text in (self.team, self.address, self.contact, self.file) if text}
        return tuple(sorted(found, key=len, reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A mail as its reader has it."""

    to: str
    #: Subject, text, HTML and names of files.
    words: str
    #: The files themselves, as far as they are text.
    inside: str


class Watch:
    """Knows every team of a campaign, and the words that its letters share."""

    def __init__(self, teams: Sequence[Marks], shared: Mapping[tuple[Stage, Language], str]) -> None:
        """``shared`` are the words of each letter as it would be written to a made-up team."""
        #: By their length, so that a text is searched for all of them at once: what gives whom away.
        self._marks: dict[int, dict[str, set[int]]] = {}
        for one in teams:
            for text in one.own:
                if len(text) > 1:  # a single letter stands in every mail
                    self._marks.setdefault(len(text), {}).setdefault(text, set()).add(one.number)
        self._shared = {key: _plain(html.unescape(text)) for key, text in shared.items()}
        self._shared_lines = {key: set(text.split("\n")) for key, text in self._shared.items()}

    def faults(self, mail: bytes, own: Marks, key: tuple[Stage, Language]) -> Iterator[str]:
        """Say what is in a mail that belongs to another team; nothing when all is its own."""
        seen = read(mail)
        if seen.to != own.address:
            yield f"line {own.number}: the mail is addressed to another person"
        # Lines that every such letter has say nothing of anybody; only the others are searched.
        said = self._shared_lines.get(key, set())
        words = "\n".join(line for line in _plain(seen.words).split("\n") if line not in said)
        inside = _plain(seen.inside)
        for text in own.own:
            words, inside = words.replace(text, "\x00"), inside.replace(text, "\x00")
        shared = self._shared.get(key, "")
        for text, numbers in self._found(words):
            # A team may be called by a word of the letter itself.
            if own.number not in numbers and words.count(text) > shared.count(text):
                yield f"line {own.number}: its mail names what belongs to line {min(numbers)}"
        for _, numbers in self._found(inside):
            if own.number not in numbers:
                yield f"line {own.number}: its file names what belongs to line {min(numbers)}"

    def _found(self, text: str) -> Iterator[tuple[str, set[int]]]:
        for length, marks in self._marks.items():
            if len(text) >= length:
                windows = {text[start : start + length] for start in range(len(text) - length + 1)}
                for found in sorted(marks.keys() & windows):
                    yield found, marks[found]


def read(mail: bytes) -> Seen:
    """Read a mail as a client does: subject, both forms of the text, the names of its files, their text."""
    message = message_from_bytes(mail, policy=policy.compat32)
    words = [str(make_header(decode_header(str(message["Subject"]))))]
    inside = []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        text = content.decode("utf-8", "ignore") if isinstance(content, bytes) else ""
        name = part.get_filename()
        if name is not None:
            words.append(str(make_header(decode_header(name))))
            inside.append(text)
        elif part.get_content_subtype() == "html":
            words.append(html.unescape(text))
        else:
            words.append(text)
    return Seen(to=str(message["To"]), words="\n".join(words), inside="\n".join(inside))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).casefold()
