"""Datasets that questions are about, between rows and records."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from faq.contest import Language
from faq.feasibility import Judged, Precedent
from intents.decide import Feasibility

_SLOTS = tuple(field.name for field in fields(Feasibility))


def read(stored: dict[str, Any] | None) -> Feasibility | None:
    """A dataset as a row keeps it; None for none, and for a row that an older desk wrote otherwise."""
    if not stored:
        return None
    given = {name: value for name, value in stored.items() if name in _SLOTS}
    for name in ("modality", "task", "missing"):
        given[name] = tuple(given.get(name) or ())
    for name in ("volume", "personal_data", "rights"):
        given.setdefault(name, None)
    return Feasibility(**given)


def precedent(
    name: str, verdict: str, reason: dict[str, str], stored: dict[str, Any], version: int = 0
) -> Precedent:
    """The precedent that a judged dataset makes.

    Raises:
        KeyError, ValueError: something is missing, or is no verdict or language.
    """
    dataset = read(stored)
    if dataset is None or not dataset.modality:
        raise ValueError(f"{name} describes no dataset")
    return Precedent(
        id=name,
        verdict=Judged(verdict),
        reason={Language(language): words for language, words in reason.items()},
        modality=dataset.modality,
        task=dataset.task,
        volume=dataset.volume,
        personal_data=dataset.personal_data,
        rights=dataset.rights,
        question=dataset.about,
        version=version,
    )
