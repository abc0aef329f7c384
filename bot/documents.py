"""Decisions as documents: the form that the contract gives them in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from intents.decide import Decision, Part

#: What the contract tells of a dataset.
DATASET = (
    *("modality", "task", "volume", "personal_data", "rights"),
    *("missing", "verdict", "precedent"),
)


def of_decision(decision: Decision, reply: str | None) -> dict[str, Any]:
    """A decision on one text, with the reply that would be sent."""
    return {
        "language": decision.language,
        "decision": decision.decision,
        "parts": [of_part(part) for part in decision.parts],
        "reply": reply,
    }


def of_dataset(slots: dict[str, Any]) -> dict[str, Any]:
    """The dataset of a stored question, for staff; without the words kept for comparing."""
    return {name: value for name, value in slots.items() if name != "about"}


def of_part(part: Part) -> dict[str, Any]:
    """One question found in the text."""
    slots = asdict(part.feasibility) if part.feasibility else None
    return {
        "text": part.text,
        "decision": part.decision,
        "topic": part.topic,
        "confidence": round(part.confidence, 4),
        "candidates": [
            {"topic": candidate.topic, "confidence": round(candidate.confidence, 4)}
            for candidate in part.candidates
        ],
        "reason": part.reason,
        "unknown": part.unknown,
        "feasibility": {name: slots[name] for name in DATASET} if slots else None,
        "asks_back": list(part.asks_back) if part.asks_back else None,
    }
