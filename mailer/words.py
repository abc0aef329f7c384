"""A template and its data become the words of a mail: text and HTML that say the same.

Data from outside is only ever a value: templates come from the folder beside this file, are
compiled once in a sandbox, and an unknown name is an error, not an empty place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from faq import wording
from faq.contest import Language
from mailer.errors import ComposeError

FOLDER = Path(__file__).parent / "templates"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")  # all but line end and tab

#: What each template family needs in ``Letter.data``; ``inquiry`` comes from the letter itself.
NEEDS: Mapping[str, frozenset[str]] = {
    # sections: tuple[Section, ...]; greeting: the applicant's name or None
    "reply": frozenset({"sections", "greeting"}),
    "receipt": frozenset({"sections", "greeting"}),
    # body: text with blank lines between paragraphs; staff: display name; question: text or None;
    # greeting: the applicant's name or None
    "letter": frozenset({"body", "staff", "question", "greeting"}),
    # waits: the questions; nearest: titles of the nearest entries, best first; remarks: what to know about
    # the sender
    "staff_notice": frozenset({"waits", "nearest", "remarks"}),
    # code: as typed; purpose: what it approves; minutes: how long it is good
    "code": frozenset({"code", "purpose", "minutes"}),
    # day: words; period: the day is the last of several; hour: words, or silence: the sentence that none is
    # announced; hours_left: only hours before a stated hour; slot: the team's own hour; unsubscribe: a link
    "reminder": frozenset(
        {
            *("greeting", "team", "milestone", "stage", "day", "period", "hour", "silence", "days_left"),
            *("hours_left", "slot", "site", "unsubscribe"),
        }
    ),
    # slot, venue, minutes, kickoff: words or None; form: a sentence or None; file: a name or None
    "shortlisted": frozenset({"greeting", "team", "slot", "venue", "minutes", "form", "file"}),
    "not_shortlisted": frozenset({"greeting", "team"}),
    "selected": frozenset({"greeting", "team", "kickoff", "file"}),
    "not_selected": frozenset({"greeting", "team"}),
    # attends: what they replied
    "slot_ack": frozenset({"greeting", "team", "slot", "attends"}),
    "slot_nudge": frozenset({"greeting", "team", "slot"}),
    # changes: tuple[Corrected, ...]; asked: when and how they were told, or None
    "correction": frozenset({"greeting", "changes", "asked"}),
    # change: new, moved or cancelled; when, was: words
    "invite": frozenset({"greeting", "title", "when", "was", "place", "silence", "change"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Both forms of one text, with ``\\n`` line ends."""

    text: str
    html: str


def render(template: str, language: Language, data: Mapping[str, Any]) -> Words:
    """Fill a template family in one language.

    ``data`` holds what NEEDS names for the family, and ``contest``, ``address``, ``subject`` and
    ``inquiry``; all of it hashable. Raises ComposeError naming the template and what is missing or unknown.
    """
    needs = NEEDS.get(template)
    if needs is None:
        raise ComposeError("template", f"no family {template!r}, there are {', '.join(sorted(NEEDS))}")
    given = set(data) - {"contest", "address", "subject", "inquiry"}
    if given != needs:
        missing, unknown = sorted(needs - given), sorted(given - needs)
        raise ComposeError(
            f"template {template}", f"data lacks {missing or 'nothing'}, does not know {unknown}"
        )
    return _filled(template, language, tuple(sorted(data.items())))


@lru_cache(maxsize=256)
def _filled(template: str, language: Language, data: tuple[tuple[str, Any], ...]) -> Words:
    """Fill a family; kept for a while, as in the last days many are told the same."""
    text, html = _compiled(template, language)
    given = dict(data)
    try:
        return Words(
            text=_clean(text.render(given)).strip() + "\n",
            html=_clean(html.render(given)).strip() + "\n",
        )
    except TemplateError as error:
        raise ComposeError(f"template {template}.{language}", str(error)) from error


def load(template: str, language: Language) -> None:
    """Compile a family ahead of its first use; raises ComposeError naming what is broken."""
    try:
        _compiled(template, language)
    except (OSError, TemplateError) as error:
        raise ComposeError(f"template {template}.{language}", str(error)) from error


@cache
def _compiled(template: str, language: Language) -> tuple[Template, Template]:
    text_source = _with_said(template, language, "txt")
    page = (FOLDER / f"layout.{language}.html").read_text("utf-8")
    style = (FOLDER / "style.css").read_text("utf-8")
    content = _with_said(template, language, "html")
    # The pieces are joined as text, not by inheritance, so that the style is inlined here once and
    # not for every mail. The price: no <, > or & inside a template tag (tests render every one).
    source = page.replace("[[style]]", style).replace("[[content]]", content)
    return _environment(autoescape=False).from_string(text_source), _environment(autoescape=True).from_string(
        _inliner().inline(source)
    )


def _with_said(template: str, language: Language, form: str) -> str:
    """Read a template; ``[[said]]`` is what every section says: its paragraphs and its source."""
    said = (FOLDER / f"said.{language}.{form}").read_text("utf-8")
    return (FOLDER / f"{template}.{language}.{form}").read_text("utf-8").replace("[[said]]\n", said)


def _inliner() -> css_inline.CSSInliner:
    # At-rules stay in <style>: dark mode cannot be inlined.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True)


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=autoescape, trim_blocks=True, lstrip_blocks=True
    )
    # {{ team | josa('이/가') }}: the name with the particle that fits how it ends.
    environment.filters["josa"] = wording.with_particle
    return environment


def _clean(text: str) -> str:
    """Drop what no reader sees and a mail must not carry: controls but line end and tab, lone surrogates."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("", whole)
