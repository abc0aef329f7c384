"""The edition's labelled questions: what a change to the library must not make worse.

``labelled.jsonl`` lies beside the edition's other files, a line a question: ``{"text", "label",
"lang"}``, the label a topic, a known unknown, or ``oos`` for what is none of our business. The
questions are our own and nobody's phrasings: what was learned by heart proves nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from faq.contest import Language
from faq.library import LibraryError

#: The label of what neither a topic nor a known unknown covers.
OUT_OF_SCOPE = "oos"
FILE = "labelled.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A question and where it belongs."""

    text: str
    label: str
    language: Language


def read(folder: Path) -> tuple[Labelled, ...]:
    """Read the labelled questions of an edition; none when it has no such file.

    Raises LibraryError naming the line that cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            given = json.loads(line)
            text, label = given["text"], given["label"]
            if not (isinstance(text, str) and text.strip() and isinstance(label, str) and label):
                raise ValueError("text and label must be words")
            found.append(Labelled(text=text, label=label, language=Language(given["lang"])))
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"{FILE}:{number}: {type(error).__name__}: {error}") from error
    return tuple(found)
