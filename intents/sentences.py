"""Cuts a cleaned message into sentences: wrapped lines joined, list items apart, the signature off."""

from __future__ import annotations

from collections.abc import Sequence

from intents import wording


def cut(cleaned: str) -> list[tuple[str, bool]]:
    """Cut into sentences; True marks an item of a list."""
    found: list[tuple[str, bool]] = []
    for block, listed in _blocks(cleaned):
        pieces = [block] if listed else _pieces(block)
        for piece in pieces:
            parts = [part.strip() for part in wording.CONJOINED.split(piece)]
            for part in parts:
                found.extend((item.strip(), listed) for item in wording.LISTED.split(part) if item.strip())
    return found


def _pieces(block: str) -> list[str]:
    pieces: list[str] = []
    for piece in wording.SENTENCE.split(block):
        if pieces and wording.ABBREVIATION.search(pieces[-1]):
            pieces[-1] = f"{pieces[-1]} {piece}"
        elif piece.strip():
            pieces.append(piece.strip())
    return pieces


def _blocks(cleaned: str) -> list[tuple[str, bool]]:
    """Join wrapped lines, set list items apart, stop at the signature."""
    blocks: list[tuple[str, bool]] = []
    open_block = False
    lines = [line for raw in cleaned.split("\n") for line in wording.INLINE_ITEM.split(raw)]
    for number, raw in enumerate(lines):
        line = raw.strip()
        if not line:
            open_block = False
            continue
        if number and blocks and wording.SIGNATURE.match(line) and _is_tail(lines[number + 1 :]):
            break
        bullet = wording.BULLET.match(line)
        if bullet and bullet.end() < len(line):
            blocks.append((line[bullet.end() :].strip(), True))
            open_block = not wording.ENDS.search(line)
        elif open_block and not wording.AFTERWORD.match(line):
            text, listed = blocks[-1]
            blocks[-1] = (f"{text} {line}", listed)
            open_block = not wording.ENDS.search(line)
        else:
            blocks.append((line, False))
            open_block = not wording.ENDS.search(line)
    return blocks


def _is_tail(lines: Sequence[str]) -> bool:
    """A signature is short and asks nothing."""
    rest = [line for line in lines if line.strip()]
    return len(rest) <= 8 and not any(wording.ASKS_SURELY.search(line) for line in rest)
