"""``contestdesk faq``: the approved answers, what is wrong with them, what they do not cover."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli import desk, output

app = typer.Typer(help="The approved answers and what they do not cover.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_entries(as_json: Json = False) -> None:
    """List the topics that the desk answers.

    Example: contestdesk faq list
    """
    from faq import library
    from faq.contest import Language

    loaded = library.load(desk.read_settings().contest_dir)
    rows = [
        {
            "topic": entry.id,
            "title": entry.title[Language.KO],
            "source": list(entry.source),
            "phrasings": sum(len(text.phrasings) for text in entry.texts.values()),
            "version": entry.version,
        }
        for entry in loaded.entries.values()
    ]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("topic", "title", "source", "phrasings", "version")
    output.table(columns, [[row[column] for column in columns] for row in rows], empty="no entries")


@app.command("show")
def show(
    topic: Annotated[str, typer.Argument(help="Such as application.period.")],
    now: Annotated[str | None, typer.Option(help="As of this instant (ISO 8601).")] = None,
    as_json: Json = False,
) -> None:
    """Show what an entry says now, in both languages, and which facts it tells.

    Example: contestdesk faq show application.period --now 2020-11-30
    """
    from faq import library, render

    at = desk.instant(now)
    loaded = library.load(desk.read_settings().contest_dir)
    entry = loaded.entries.get(topic)
    if entry is None:
        raise output.fail(f"no topic {topic!r}; contestdesk faq list shows them")
    told = {language: render.answer(loaded, entry, language, now=at) for language in entry.texts}
    if as_json:
        languages = {str(language): asdict(rendered) for language, rendered in told.items()}
        output.emit({"topic": topic} | languages)
        return
    for language, rendered in told.items():
        typer.echo(f"[{language}] {entry.title[language]}")
        for text in (rendered.answer, rendered.condition, rendered.next):
            if text:
                typer.echo(f"  {text}")
        facts = ", ".join(f"{name} = {words}" for name, words in rendered.told.items() if words)
        typer.echo(f"  (section {', '.join(rendered.source)}; {facts})\n")


@app.command("check")
def check(as_json: Json = False) -> None:
    """Check the edition: errors keep it from being used, notices are contradictions and holes to weigh.

    Example: contestdesk faq check
    """
    from faq import library, lint

    findings = lint.check(library.load(desk.read_settings().contest_dir))
    errors = sum(finding.level is lint.Level.ERROR for finding in findings)
    if as_json:
        for finding in findings:
            output.emit(asdict(finding))
    else:
        for finding in findings:
            typer.echo(f"{finding.level}: {finding.where}: {finding.what}")
        typer.echo(f"{errors} errors, {len(findings) - errors} notices")
    if errors:
        raise typer.Exit(1)


@app.command("unknowns")
def unknowns(as_json: Json = False) -> None:
    """List what was asked without an approved answer, how often, and the nearest entry.

    Example: contestdesk faq unknowns
    """
    from bot import gaps

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        found = gaps.unanswered(session)
    if as_json:
        for gap in found:
            output.emit(asdict(gap))
        return
    rows = [
        (gap.count, gap.waiting, gap.unknown, gap.nearest, " / ".join(gap.examples)[:120]) for gap in found
    ]
    output.table(
        ("asked", "waiting", "known unknown", "nearest entry", "examples"), rows, empty="no gaps yet"
    )
