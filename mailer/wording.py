"""Reads phrasebooks: what programs write in many languages, a pattern a line, so that a phrase is data.

A section begins with its name in brackets; a line is one way to say it, as a regular expression without
regard to case; ``# `` begins a comment; ``<<name>>`` stands for the section ``=name`` of the same book.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_SECTION = re.compile(r"\[(=?[a-z_ ]+)\]")
_NAMED = re.compile(r"<<([a-z_]+)>>")


def read(path: Path) -> Mapping[str, re.Pattern[str]]:
    """Each section of a phrasebook as one pattern, in the order of the book.

    Raises ValueError, with file and line, for a line that is no pattern or names no section.
    """
    return {name: re.compile(pattern, re.I | re.M) for name, pattern in sources(path).items()}


def sources(path: Path) -> Mapping[str, str]:
    """Each section as the text of a pattern, for those that put them together."""
    shared: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    name = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("# "):
            continue
        if found := _SECTION.fullmatch(line):
            name = found[1]
            continue
        try:
            pattern = _NAMED.sub(lambda named: shared[f"={named[1]}"], line)
            re.compile(pattern)
        except (re.error, KeyError) as error:
            raise ValueError(f"{path.name}, line {number}: {error!r}") from error
        sections.setdefault(name, []).append(pattern)
        if name.startswith("="):
            shared[name] = f"(?:{'|'.join(sections[name])})"
    return {
        name: f"(?:{'|'.join(patterns)})" for name, patterns in sections.items() if not name.startswith("=")
    }
