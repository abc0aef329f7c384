"""Drafts as YAML files, so that staff write and correct them where they write everything else.

A file holds ``kind``, ``id``, and what an overlay row of that kind holds:

entry       title, source, asks, ko and en (phrasings, answer, condition, next); settles, personal
phrasings   language, phrasings
unknown     title, near, asks, ko and en (phrasings); personal
fact        statements (value and source, or day and source); remark; for a new one added and unit
milestone   starts_on, ends_on; at, approximate
mode        mode
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.drafts import Kind, Proposal
from bot.refusal import Refused
from faq.contest import Language
from faq.entry import Asks, Mode
from faq.sheet import Sheet

_LANGUAGES = tuple(Language)


def read(path: Path) -> Proposal:
    """Read a draft's file.

    Raises:
        Refused: with every mistake in it, one a line: "draft.yaml:12: ...".
    """
    sheet = Sheet(path, name=path.name)
    found = {name: node for _, name, node in sheet.items(sheet.root)}
    kind = sheet.choice(found.get("kind"), Kind)
    if sheet.root is not None and not {"kind", "id"} <= found.keys():
        sheet.fault(sheet.root, "a draft needs 'kind' and 'id'")
    subject = sheet.text(found.get("id"))
    content = {} if sheet.faults else _READERS[kind](sheet)
    if sheet.faults:
        raise Refused("\n".join(str(fault) for fault in sheet.faults))
    return Proposal(kind=kind, subject=subject, content=content)


def written(kind: str, subject: str, content: Mapping[str, Any]) -> str:
    """Write a draft as the file that ``read`` takes."""
    document = {"kind": str(kind), "id": subject, **content}
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)


def _fields(sheet: Sheet, *required: str, optional: tuple[str, ...] = ()) -> dict[str, yaml.Node]:
    return sheet.fields(sheet.root, required=("kind", "id", *required), optional=optional)


def _entry(sheet: Sheet) -> dict[str, Any]:
    fields = _fields(sheet, "title", "source", "asks", *_LANGUAGES, optional=("settles", "personal"))
    content: dict[str, Any] = {
        "title": _per_language(sheet, fields.get("title")),
        "source": list(sheet.texts(fields.get("source"))),
        "asks": [str(sheet.choice(node, Asks)) for node in sheet.sequence(fields.get("asks"))],
    }
    for language in _LANGUAGES:
        parts = sheet.fields(
            fields.get(language), required=("phrasings", "answer"), optional=("condition", "next")
        )
        content[str(language)] = {
            "phrasings": list(sheet.texts(parts.get("phrasings"))),
            "answer": sheet.text(parts.get("answer")),
            "condition": sheet.text(parts.get("condition"), may_be_empty=True),
            "next": sheet.text(parts.get("next"), may_be_empty=True),
        }
    if "settles" in fields:
        content["settles"] = sheet.text(fields["settles"])
    return content | _personal(sheet, fields)


def _phrasings(sheet: Sheet) -> dict[str, Any]:
    fields = _fields(sheet, "language", "phrasings")
    return {
        "language": str(sheet.choice(fields.get("language"), Language)),
        "phrasings": list(sheet.texts(fields.get("phrasings"))),
    }


def _unknown(sheet: Sheet) -> dict[str, Any]:
    fields = _fields(sheet, "title", "near", "asks", *_LANGUAGES, optional=("personal",))
    return {
        "title": _per_language(sheet, fields.get("title")),
        "near": list(sheet.texts(fields.get("near"))),
        "asks": str(sheet.choice(fields.get("asks"), Asks)),
        **{str(language): list(sheet.texts(fields.get(language))) for language in _LANGUAGES},
        **_personal(sheet, fields),
    }


def _fact(sheet: Sheet) -> dict[str, Any]:
    fields = _fields(sheet, "statements", optional=("remark", "added", "unit"))
    content: dict[str, Any] = {
        "statements": [_statement(sheet, node) for node in sheet.sequence(fields.get("statements"))]
    }
    if "remark" in fields:
        content["remark"] = _per_language(sheet, fields["remark"])
    if "added" in fields:
        content["added"] = sheet.flag(fields["added"])
    if "unit" in fields:
        content["unit"] = sheet.text(fields["unit"])
    return content


def _statement(sheet: Sheet, node: yaml.Node) -> dict[str, Any]:
    fields = sheet.fields(node, required=("source",), optional=("value", "day"))
    source = sheet.text(fields.get("source"))
    if ("value" in fields) == ("day" in fields):
        sheet.fault(node, "a statement needs either 'value' or 'day'")
        return {}
    if "day" in fields:
        return {"day": sheet.day(fields["day"]).isoformat(), "source": source}
    value = fields["value"]
    if isinstance(value, yaml.MappingNode):
        return {"value": _per_language(sheet, value), "source": source}
    if value.tag == "tag:yaml.org,2002:int":
        return {"value": sheet.count(value), "source": source}
    return {"value": sheet.text(value), "source": source}


def _milestone(sheet: Sheet) -> dict[str, Any]:
    fields = _fields(sheet, "starts_on", "ends_on", optional=("at", "approximate"))
    content: dict[str, Any] = {
        name: sheet.day(fields.get(name)).isoformat() for name in ("starts_on", "ends_on")
    }
    hour = sheet.hour(fields.get("at"))
    if hour is not None:
        content["at"] = hour.isoformat(timespec="minutes")
    if "approximate" in fields:
        content["approximate"] = _per_language(sheet, fields["approximate"])
    return content


def _mode(sheet: Sheet) -> dict[str, Any]:
    return {"mode": str(sheet.choice(_fields(sheet, "mode").get("mode"), Mode))}


def _per_language(sheet: Sheet, node: yaml.Node | None) -> dict[str, str]:
    fields = sheet.fields(node, required=_LANGUAGES)
    return {str(language): sheet.text(fields.get(language)) for language in _LANGUAGES}


def _personal(sheet: Sheet, fields: Mapping[str, yaml.Node]) -> dict[str, bool]:
    return {"personal": sheet.flag(fields["personal"])} if "personal" in fields else {}


_READERS: Mapping[Kind, Callable[[Sheet], dict[str, Any]]] = {
    Kind.ENTRY: _entry,
    Kind.PHRASINGS: _phrasings,
    Kind.UNKNOWN: _unknown,
    Kind.FACT: _fact,
    Kind.MILESTONE: _milestone,
    Kind.MODE: _mode,
}
