"""What programs write in the text of a mail that nobody wrote, where no header says so.

These are the last rules: words alone. Each of them looks at the author's new words only, and none
speaks where something is asked, so that a person who quotes a program is heard.
"""

from __future__ import annotations

from pathlib import Path

from mailer import wording

#: Longer texts are letters.
MAX_CHARS = 3_000

#: The phrases; helpdesk.py reads the same book.
BOOK = wording.read(Path(__file__).parent / "phrasebook" / "programs.txt")


def asks(text: str) -> bool:
    """True when the words ask something, or seem to."""
    return BOOK["asks"].search(text[:MAX_CHARS]) is not None


def took_part(text: str) -> bool:
    """True when somebody tells what he did himself: sent, submitted, waited in vain."""
    return BOOK["took_part"].search(text[:MAX_CHARS]) is not None


def is_by_program(text: str) -> bool:
    """True when the text says of itself that a program wrote or sent it."""
    return (
        len(text) <= MAX_CHARS
        and BOOK["program"].search(text) is not None
        and not (asks(text) or took_part(text))
    )


def is_absence(text: str) -> bool:
    """True for a short note that somebody is away and when he is back, and nothing else (RFC 3834 §1)."""
    if len(text) > MAX_CHARS // 2 or asks(text) or took_part(text) or BOOK["takes_part"].search(text):
        return False
    return BOOK["away"].search(text) is not None and BOOK["back"].search(text) is not None
