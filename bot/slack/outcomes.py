"""What came of an act, for the one who did it: something to read, or the next view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is done; ``said`` is told to the person alone, where there is something to say."""

    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Go on in this view."""

    view: dict[str, Any] = field(repr=False)
