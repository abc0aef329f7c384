"""``contestdesk ask``: what would the desk reply?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings
    from bot.understanding import Understanding


def ask(
    text: Annotated[str | None, typer.Argument(help="The question, as an applicant would write it.")] = None,
    batch: Annotated[Path | None, typer.Option(help="Questions, one JSON object a line.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the decisions of --batch go.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on one line.")] = False,
    explain: Annotated[bool, typer.Option(help="Show scores, guards and the reason.")] = False,
    lang: Annotated[str | None, typer.Option(help="ko or en; told from the text without it.")] = None,
    now: Annotated[str | None, typer.Option(help="Answer as of this instant (ISO 8601).")] = None,
    database: Annotated[bool, typer.Option(help="Lay the approved changes of the database over.")] = False,
) -> None:
    """Show what the desk would reply; nothing is stored or sent.

    Example: contestdesk ask "접수 마감이 언제예요?" --now 2020-11-20
    """
    if (text is None) == (batch is None):
        raise typer.BadParameter("give a question, or --batch IN.jsonl with --out OUT.jsonl")
    if (batch is None) != (out is None):
        raise typer.BadParameter("--batch and --out go together")
    if lang not in (None, "ko", "en"):
        raise typer.BadParameter("ko or en", param_hint="--lang")
    if text is not None and not text.strip():
        raise output.fail("the question is empty; write it between quotation marks")
    text = _sound(text) if text else None
    at = desk.instant(now)
    questions = list(_questions(batch)) if batch else []
    settings = desk.read_settings()
    with desk.understanding(settings, database=database) as understanding:
        answer = _Answerer(understanding, settings, at)
        if batch and out:
            _write_batch(answer, questions, out)
        elif explain and text:
            _explain(understanding, text, at)
        elif text:
            answered = answer(text, lang)
            if as_json:
                output.emit({"id": None, **answered})
            else:
                typer.echo(output.printable(answered["reply"] or "(nothing to reply to)"))


class _Answerer:
    """Decides on a text and writes the reply, in the form of the contract."""

    def __init__(self, understanding: Understanding, settings: Settings, now: datetime) -> None:
        from bot.desk import of

        self._library, self._engine = understanding.current()
        self._identity = of(settings, self._library.contest).identity
        self._now = now

    def __call__(self, text: str, language: str | None = None) -> dict[str, Any]:
        """The decision on one text and the reply to it."""
        from bot import documents, reply
        from faq.contest import Language

        decision = self._engine.decide(text, language=Language(language) if language else None)
        written = reply.build(decision, self._library, now=self._now)
        words = reply.as_text(written, decision.language, self._identity) if written else None
        return documents.of_decision(decision, words)


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise output.fail(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise output.fail(f"{path}:{number}: not UTF-8 (byte {error.start})") from error
        except json.JSONDecodeError as error:
            raise output.fail(f"{path}:{number}: not JSON: {error.msg}") from error
        if not isinstance(question, dict) or not isinstance(question.get("text"), str):
            raise output.fail(f'{path}:{number}: an object with "id" and "text" is needed')
        yield {**question, "text": _sound(question["text"])}


def _sound(text: str) -> str:
    """The text without halves of characters (undecodable arguments, JSON escapes), which none can encode."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _write_batch(answer: _Answerer, questions: list[dict[str, Any]], out: Path) -> None:
    show = desk.progress("answering")
    try:
        with out.open("w", encoding="utf-8", errors="replace") as file:
            for done, question in enumerate(questions, start=1):
                language = question.get("lang") if question.get("lang") in ("ko", "en") else None
                answered = answer(question["text"], language)
                file.write(output.json_line({"id": question.get("id"), **answered}) + "\n")
                if show:
                    show(done, len(questions))
    except OSError as error:
        raise output.fail(f"{out}: {error.strerror}") from error


def _explain(understanding: Understanding, text: str, now: datetime) -> None:
    from bot.cli.explain import show

    library, engine = understanding.current()
    show(engine.explain(text), library, now=now)
