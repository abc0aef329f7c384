"""The jury's decisions as staff bring them: a CSV, read line by line, every fault told."""

from __future__ import annotations

import csv
import hashlib
import io
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.refusal import Refused
from faq.contest import SEOUL, Stage
from mailer import address as mail_address
from mailer import attach
from mailer.attach import Attachment
from mailer.campaign import File
from mailer.errors import AddressError, ComposeError

COLUMNS = ("team", "address", "decision", "slot_at", "attachment")
REQUIRED = ("team", "address", "decision")
MAX_BYTES = 5 * 1024 * 1024
#: Of one file that goes with a result; larger ones are turned away by some of the hosts they go to.
MAX_FILE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One team and what was decided, as the file has it."""

    #: From 1, as an editor shows it.
    number: int
    team: str
    address: str
    decision: Stage
    slot_at: datetime | None
    #: SHA-256 of its file.
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a file holds, with the files that it names."""

    lines: tuple[Line, ...]
    files: Mapping[str, File]


def read(path: Path) -> Decisions:
    """Read a file of decisions: CSV in UTF-8 (with or without a mark) or cp949.

    An hour without a zone is meant in Seoul; attachments lie beside the file or in folders below it.
    Raises Refused, a line for each fault: then nothing of it counts.
    """
    rows = list(_rows(path))
    if not rows:
        raise Refused(f"{path}: empty; the first line names the columns: {','.join(COLUMNS)}")
    header = [name.strip().lower() for name in rows[0][1]]
    if missing := [name for name in REQUIRED if name not in header]:
        raise Refused(f"{path}, line 1: no column {missing[0]!r}; the columns are {','.join(COLUMNS)}")
    if unknown := [name for name in header if name not in COLUMNS]:
        raise Refused(f"{path}, line 1: no column {unknown[0]!r} is known; there are {','.join(COLUMNS)}")
    if len(set(header)) != len(header):
        raise Refused(f"{path}, line 1: a column comes twice")
    reader = _Reader(folder=path.parent, header=header)
    for number, row in rows[1:]:
        if any(cell.strip() for cell in row):
            reader.take(number, row)
    if reader.faults:
        raise Refused("\n".join(f"{path}, {fault}" for fault in reader.faults))
    if not reader.lines:
        raise Refused(f"{path}: no team in it")
    return Decisions(lines=tuple(reader.lines), files=reader.files)


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise Refused(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MB; is it a list of decisions?")
    reader = csv.reader(io.StringIO(_decoded(path, raw), newline=""), strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise Refused(f"{path}, line {number}: broken CSV: {error}") from error


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(f"{path}: neither UTF-8 nor cp949; save it as CSV UTF-8")


class _Reader:
    """Reads lines one after the other and keeps what is wrong with each."""

    def __init__(self, *, folder: Path, header: Sequence[str]) -> None:
        self._folder = folder.resolve()
        self._header = header
        self.lines: list[Line] = []
        self.faults: list[str] = []
        self.files: dict[str, File] = {}

    def take(self, number: int, row: Sequence[str]) -> None:
        """Read one line; what is wrong goes to the faults."""
        if len(row) > len(self._header):
            self.faults.append(f"line {number}: more cells than columns")
            return
        cells = dict(zip(self._header, (cell.strip() for cell in row), strict=False))
        try:
            self.lines.append(
                Line(
                    number=number,
                    team=_team(cells.get("team", "")),
                    address=mail_address.one_address(cells.get("address", "")),
                    decision=_decision(cells.get("decision", "")),
                    slot_at=_instant(cells.get("slot_at", "")),
                    file=self._file(cells.get("attachment", "")),
                )
            )
        except (AddressError, ComposeError, ValueError) as error:
            self.faults.append(f"line {number}: {error}")

    def _file(self, named: str) -> str | None:
        if not named:
            return None
        path = (self._folder / named).resolve()
        # A list from elsewhere must not reach for what else lies on this machine.
        if not path.is_relative_to(self._folder):
            raise ValueError(f"attachment {named!r} lies outside the folder of the list")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ValueError(f"attachment {named!r}: {error.strerror}") from error
        if not content or len(content) > MAX_FILE_BYTES:
            raise ValueError(f"attachment {named!r} is empty, or larger than {MAX_FILE_BYTES >> 20} MB")
        type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        attach.check(Attachment(name=path.name, type=type, content=content))
        sha256 = hash_of(content)
        known = self.files.setdefault(
            sha256, File(sha256=sha256, name=path.name, type=type, path=str(path), content=content)
        )
        if known.name != path.name:
            raise ValueError(f"attachment {named!r} is the same file as {known.name!r}")
        return sha256


def _team(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("no team, or one with characters that cannot be shown")
    return text


def _decision(text: str) -> Stage:
    try:
        return Stage(text.lower())
    except ValueError as error:
        raise ValueError(f"{text!r} is no decision") from error


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no instant such as 2020-12-09T14:20") from error
    return given if given.tzinfo else given.replace(tzinfo=SEOUL)


def was_changed(path: str, sha256: str) -> bool:
    """True when the file can be read where it lay and is another one now; one that is gone says nothing."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return hash_of(content) != sha256


def hash_of(content: bytes) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()
