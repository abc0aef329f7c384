"""A YAML file as a tree that knows its lines, so that staff are told where a mistake is.

``yaml.safe_load`` swallows a key that stands twice and forgets every line; the node tree keeps both.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

#: The C parser reads the packaged edition about eight times faster; both keep the lines.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One mistake in the files of an edition."""

    file: str
    #: From 1; 0 when the file as a whole is meant.
    line: int
    what: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}"


class Sheet:
    """One file that is being read: a wrong value becomes a fault, and reading goes on.

    Every method takes a node of this file, or None for one whose absence is already a fault, and
    returns a harmless empty value where it found a fault; `faults` decides whether to use any.
    """

    def __init__(self, path: Path, *, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self.root = self._compose(path)

    def fault(self, node: yaml.Node | int, what: str) -> None:
        """Note a mistake at a node or at a line."""
        line = node if isinstance(node, int) else node.start_mark.line + 1
        self.faults.append(Fault(file=self.name, line=line, what=what))

    def where(self, node: yaml.Node) -> str:
        """File and line of a node."""
        return f"{self.name}:{node.start_mark.line + 1}"

    def items(self, node: yaml.Node | None) -> list[tuple[yaml.Node, str, yaml.Node]]:
        """Read a mapping as (key node, key, value); a key that stands twice is a fault."""
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"expected a mapping, found {_kind(node)}")
            return []
        found: dict[str, tuple[yaml.Node, str, yaml.Node]] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                self.fault(key, "a key must be a word")
            elif name in found:
                first = found[name][0].start_mark.line + 1
                self.fault(key, f"'{name}' stands twice, first in line {first}")
            else:
                found[name] = (key, name, value)
        return list(found.values())

    def fields(
        self, node: yaml.Node | None, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """Read a mapping with known keys; a missing or an unknown one is a fault."""
        found: dict[str, yaml.Node] = {}
        for key, name, value in self.items(node):
            if name in required or name in optional:
                found[name] = value
            else:
                known = ", ".join((*required, *optional))
                self.fault(key, f"unknown key '{name}' (known: {known})")
        if isinstance(node, yaml.MappingNode):
            for name in required:
                if name not in found:
                    self.fault(node, f"'{name}' is missing")
        return found

    def sequence(self, node: yaml.Node | None) -> list[yaml.Node]:
        """Read a list."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"expected a list, found {_kind(node)}")
            return []
        return list(node.value)

    def text(self, node: yaml.Node | None, *, may_be_empty: bool = False) -> str:
        """Read words, in NFC without outer space; empty ones are a fault unless they may be."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag != f"{_TAG}str":
            hint = " (put it in quotes)" if isinstance(node, yaml.ScalarNode) and node.value else ""
            self.fault(node, f"expected words, found {_kind(node)}{hint}")
            return ""
        words = unicodedata.normalize("NFC", node.value).strip()
        if not words and not may_be_empty:
            self.fault(node, "the words are empty")
        return words

    def texts(self, node: yaml.Node | None) -> tuple[str, ...]:
        """Read a list of words."""
        return tuple(self.text(item) for item in self.sequence(node))

    def value(self, node: yaml.Node) -> int | str | date:
        """Read a count, a day or words."""
        if node.tag == f"{_TAG}int":
            return self.count(node)
        return self.day(node) if node.tag == f"{_TAG}timestamp" else self.text(node)

    def flag(self, node: yaml.Node) -> bool:
        """Read true or false."""
        if isinstance(node, yaml.ScalarNode) and node.value in ("true", "false"):
            return bool(node.value == "true")
        self.fault(node, f"true or false wanted, not {_kind(node)}")
        return False

    def count(self, node: yaml.Node) -> int:
        """Read a whole number, written in plain decimal digits."""
        # YAML 1.1 would read 0010 as eight and 10:00 as six hundred; neither is ever meant here.
        if not (isinstance(node, yaml.ScalarNode) and re.fullmatch(r"0|[1-9][0-9_]*", node.value)):
            self.fault(node, f"expected a whole number, found {_kind(node)}")
            return 0
        return int(node.value)

    def day(self, node: yaml.Node | None) -> date:
        """Read a day written as 2020-11-30."""
        if node is None:
            return date.min
        try:
            return date.fromisoformat(node.value if isinstance(node, yaml.ScalarNode) else "")
        except ValueError:
            self.fault(node, f"expected a day such as 2020-11-30, found {_kind(node)}")
            return date.min

    def hour(self, node: yaml.Node | None) -> time | None:
        """Read an hour written as 18:00."""
        if node is None:
            return None
        match = _HOUR.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if match is None:
            self.fault(node, f"expected an hour such as 18:00, found {_kind(node)}")
            return None
        return time(int(match[1]), int(match[2]))

    def choice(self, node: yaml.Node | None, kind: type[Choice]) -> Choice:
        """Read one value of a closed set."""
        if node is None:
            return next(iter(kind))
        try:
            return kind(node.value if isinstance(node, yaml.ScalarNode) else "")
        except ValueError:
            self.fault(node, f"expected one of {', '.join(kind)}, found {_kind(node)}")
            return next(iter(kind))

    def _compose(self, path: Path) -> yaml.Node | None:
        try:
            raw = path.read_bytes()
        except OSError as error:
            self.fault(0, f"cannot be read: {error.strerror or error}")
            return None
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.fault(raw.count(b"\n", 0, error.start) + 1, "not UTF-8")
            return None
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.fault(mark.line + 1 if mark else 0, f"broken YAML: {error.problem or error.context}")
            return None
        except yaml.YAMLError as error:
            line = next((n for n, row in enumerate(text.split("\n"), 1) if not _printable(row)), 0)
            self.fault(line, f"broken YAML: {str(error).splitlines()[0]}")
            return None
        if node is None:
            self.fault(0, "the file is empty")
        return node


def _printable(row: str) -> bool:
    return all(letter in "\t\r\x85" or unicodedata.category(letter) != "Cc" for letter in row)


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return f"'{node.value}'" if node.value else "nothing"
