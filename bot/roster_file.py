"""A roster as staff keep it, in CSV or Excel: read line by line, every fault told; and written back."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.refusal import Refused
from faq.contest import DECIDED, Language, Stage
from mailer import address as mail_address
from mailer.errors import AddressError

#: The columns of the file, in the order in which they are written.
COLUMNS = ("team", "contact", "address", "kind", "language", "status")
#: Whether the team wishes reminders: yes or no; a file may leave it out.
CONSENT = "consent"
REQUIRED = ("team", "address", "status")
#: What staff may say of a team.
STATUSES = tuple(stage for stage in Stage if stage not in DECIDED)
MAX_BYTES = 20 * 1024 * 1024
#: Characters that a cell may hold, by column.
LONGEST: Mapping[str, int] = {"team": 120, "contact": 80, "kind": 80}
_ANY_LENGTH = 400

# A spreadsheet takes what begins with one of these for a formula.
_FORMULA = re.compile(r"^[\s']*[=+\-@\t\r]")
# Not shown, or turning the direction of what is: two names that look alike would differ.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]"
)
_YES, _NO = ("yes", "true", "1", "y", "예", "동의"), ("no", "false", "0", "n", "아니오", "아니요", "미동의")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One mistake in a file."""

    #: From 1, as an editor or a spreadsheet shows it; 0 when the whole file is meant.
    line: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One team as a file has it."""

    number: int
    team: str
    contact: str | None
    address: str
    kind: str | None
    language: Language
    status: Stage
    #: None when the file does not say.
    consents: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file holds."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]
    #: Columns that nothing is done with.
    ignored: tuple[str, ...]


def read(path: Path, *, mapping: Mapping[str, str] | None = None) -> Read:
    """Read a file of teams: CSV in UTF-8 or cp949, or the first sheet of an .xlsx.

    ``mapping`` gives the file's own name of a column, such as ``{"team": "팀명"}``. Mistakes are all in
    `faults`; lines that have one are left out. Raises Refused when the file cannot be opened or
    ``mapping`` names a column that rosters do not have.
    """
    known = (*COLUMNS, CONSENT)
    for name in mapping or {}:
        if name not in known:
            raise Refused(f"--map knows no column {name!r}; there are {', '.join(known)}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise Refused(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MB; is it a roster?")
    faults: list[Fault] = []
    rows = _sheet(raw, faults) if path.suffix.lower() == ".xlsx" else _csv(raw, faults)
    found = _lines(rows, dict(mapping or {}), faults)
    return Read(lines=found[0], faults=tuple(sorted(faults)), ignored=found[1])


def written(rows: Iterable[Sequence[str | None]]) -> str:
    """Write rows in the order of COLUMNS as CSV; no cell is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([guarded(cell or "") for cell in row] for row in rows)
    return out.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what begins like one.

    Reading takes it away again.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


# -- from octets to rows ----------------------------------------------------------------------

_Row = tuple[int, list[str]]


def _csv(raw: bytes, faults: list[Fault]) -> Iterator[_Row]:
    text = _decoded(raw, faults)
    first = text.split("\n", 1)[0]
    # Excel writes semicolons or tabs in some countries.
    separator = max(",;\t", key=first.count) if text else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            # What follows can no longer be told apart.
            faults.append(Fault(line=number, what=f"broken CSV: {error}"))
            return
        if row is None:
            return
        yield number, row
        number = reader.line_num + 1


def _decoded(raw: bytes, faults: list[Fault]) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        faults.append(Fault(line=0, what="UTF-16; save it as CSV UTF-8"))
        return ""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp949")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        faults.append(Fault(line=line, what="neither UTF-8 nor cp949"))
        return ""


def _sheet(raw: bytes, faults: list[Fault]) -> Iterator[_Row]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415  slow to load; ships no types

    try:
        with warnings.catch_warnings():
            # It tells of styles and extensions that we have no use for.
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
            book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        faults.append(Fault(line=0, what=f"not an .xlsx workbook: {error}"))
        return
    for number, row in enumerate(rows, 1):
        yield number, ["" if cell is None else str(cell) for cell in row]


# -- from rows to lines -----------------------------------------------------------------------


def _lines(
    rows: Iterator[_Row], mapping: dict[str, str], faults: list[Fault]
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    header = next((row for row in rows if any(cell.strip() for cell in row[1])), None)
    if header is None:
        if not faults:
            faults.append(Fault(line=0, what="the file is empty"))
        return (), ()
    places, ignored = _columns(header, mapping, faults)
    if places is None:
        return (), ignored
    lines: list[Line] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header[1]) and any(cell.strip() for cell in row[len(header[1]) :]):
            faults.append(Fault(line=number, what=f"{len(row)} cells under {len(header[1])} columns"))
            continue
        cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
        line = _line(number, cells, faults)
        if line is None:
            continue
        if line.address in seen:
            faults.append(
                Fault(line=number, what=f"address {line.address} stands in line {seen[line.address]} too")
            )
            continue
        seen[line.address] = number
        lines.append(line)
    if not lines and not faults:
        faults.append(Fault(line=0, what="no team under the header"))
    return tuple(lines), ignored


def _columns(
    header: _Row, mapping: dict[str, str], faults: list[Fault]
) -> tuple[dict[str, int] | None, tuple[str, ...]]:
    """Find the place of each column that we know; None when one that must be there is not."""
    number, names = header[0], [_name(cell) for cell in header[1]]
    places: dict[str, int] = {}
    for column in (*COLUMNS, CONSENT):
        called = _name(mapping.get(column, column))
        if names.count(called) > 1:
            faults.append(Fault(line=number, what=f"two columns are called {called!r}"))
            return None, ()
        if called in names:
            places[column] = names.index(called)
        elif column in REQUIRED or column in mapping:
            shown = ", ".join(name for name in names if name)
            faults.append(
                Fault(
                    line=number,
                    what=f"no column {called!r} for {column} (there are: {shown}); name it with"
                    f" --map {column}=NAME",
                )
            )
    ignored = tuple(name for place, name in enumerate(names) if name and place not in set(places.values()))
    return (None if set(REQUIRED) - set(places) else places), ignored


def _name(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell).split()).casefold()


def _line(number: int, cells: Mapping[str, str], faults: list[Fault]) -> Line | None:
    told: list[str] = []
    clean = {name: _cell(name, cell, told) for name, cell in cells.items()}
    if not clean["team"]:
        told.append("no team")
    address = _address(clean["address"], told)
    status = _status(clean["status"], told)
    language = _language(clean.get("language", ""), told)
    consents = _consent(clean.get(CONSENT, ""), told)
    faults += [Fault(line=number, what=what) for what in told]
    if told or address is None or status is None or language is None:
        return None
    return Line(
        number=number,
        team=clean["team"],
        contact=clean.get("contact") or None,
        address=address,
        kind=clean.get("kind") or None,
        language=language,
        status=status,
        consents=consents,
    )


def _cell(column: str, cell: str, told: list[str]) -> str:
    text = unicodedata.normalize("NFC", cell)
    if _UNSEEN.search(text):
        told.append(f"{column} has a character that nobody sees (control or direction mark)")
    text = " ".join(text.split())
    # What `guarded` put before it.
    if text.startswith("'") and _FORMULA.match(text[1:]):
        text = text[1:].strip()
    longest = LONGEST.get(column, _ANY_LENGTH)
    if len(text) > longest:
        told.append(f"{column} is longer than {longest} characters")
    return text


def _address(text: str, told: list[str]) -> str | None:
    if not text:
        told.append("no address")
        return None
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  slow to load

    try:
        # No question to the DNS: a file is read the same everywhere. The test domains pass, as outside
        # production nothing else is written to.
        validate_email(text, check_deliverability=False, test_environment=True)
        return mail_address.one_address(text)
    except (EmailNotValidError, AddressError) as error:
        told.append(f"address {_shown(text)}: {str(error).rstrip('.')}")
        return None


def _status(text: str, told: list[str]) -> Stage | None:
    name = text.casefold()
    if name in DECIDED:
        told.append(f"status {name} is a decision; decisions enter by: contestdesk campaign import")
        return None
    if name not in STATUSES:
        told.append(f"status {_shown(text)} is none of {', '.join(STATUSES)}")
        return None
    return Stage(name)


def _language(text: str, told: list[str]) -> Language | None:
    name = text.casefold() or Language.KO
    if name not in tuple(Language):
        told.append(f"language {_shown(text)} is none of {', '.join(Language)}")
        return None
    return Language(name)


def _consent(text: str, told: list[str]) -> bool | None:
    name = text.casefold()
    if name and name not in (*_YES, *_NO):
        told.append(f"{CONSENT} {_shown(text)} is neither yes nor no")
    return None if not name else name in _YES


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
