"""``contestdesk faq``: the approved answers, what is wrong with them, what they do not cover.

How they change is in drafts.py and facts.py.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import desk, drafts, facts, output

if TYPE_CHECKING:
    from faq.library import Library

app = typer.Typer(help="The approved answers and what they do not cover.", no_args_is_help=True)
app.command("draft")(drafts.draft)
app.command("drafts")(drafts.list_drafts)
app.command("approve")(drafts.approve)
app.command("reject")(drafts.reject)
app.command("mode")(facts.mode)
app.add_typer(facts.app, name="fact")

Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
Database = Annotated[
    bool, typer.Option("--database", help="With the approved changes, as applicants get it.")
]


def _library(*, database: bool) -> Library:
    """The files, or with ``database`` what is in force."""
    from faq import library

    settings = desk.read_settings()
    files = library.load(settings.contest_dir)
    if not database:
        return files
    from bot import understanding

    with desk.opened(settings) as store, store.read() as session:
        return understanding.overlaid(files, session)


@app.command("list")
def list_entries(database: Database = False, as_json: Json = False) -> None:
    """List the topics that the desk answers.

    Example: contestdesk faq list
    """
    from faq.contest import Language

    loaded = _library(database=database)
    rows = [
        {
            "topic": entry.id,
            "title": entry.title[Language.KO],
            "source": list(entry.source),
            "phrasings": sum(len(text.phrasings) for text in entry.texts.values()),
            "version": entry.version,
            "mode": loaded.modes.get(entry.id),
        }
        for entry in loaded.entries.values()
    ]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("topic", "title", "source", "phrasings", "version", "mode")
    output.table(columns, [[row[column] for column in columns] for row in rows], empty="no entries")


@app.command("show")
def show(
    topic: Annotated[str, typer.Argument(help="Such as application.period, or the number of a draft.")],
    now: Annotated[str | None, typer.Option(help="As of this instant (ISO 8601).")] = None,
    database: Database = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="A draft as the file that `draft` takes.")] = False,
    as_json: Json = False,
) -> None:
    """Show what an entry says now, in both languages, and which facts it tells; or a draft.

    Example: contestdesk faq show application.period --now 2020-11-30
    """
    from faq import render

    if topic.isdecimal():
        drafts.show_draft(int(topic), as_yaml=as_yaml, as_json=as_json)
        return
    at = desk.instant(now)
    loaded = _library(database=database)
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
def check(
    regress: Annotated[
        bool, typer.Option("--regress", help="Ask all labelled questions with and without the changes.")
    ] = False,
    database: Database = False,
    as_json: Json = False,
) -> None:
    """Check the edition: errors keep it from being used, notices are contradictions and holes to weigh.

    With --regress: what the open drafts do to the labelled and the reviewed questions, or without a
    draft what the approved changes did; it fails when the desk understands worse.
    Example: contestdesk faq check --regress
    """
    from faq import lint

    if regress:
        _regress(as_json=as_json)
        return
    findings = lint.check(_library(database=database))
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


def _regress(*, as_json: bool) -> None:
    from bot import drafts as changes
    from bot import regression

    settings = desk.read_settings()
    with desk.opened(settings) as store:
        understanding = drafts.understand(settings, store)
        with store.read() as session:
            waiting = [one for one in changes.listed(session) if one.kind in changes.TRAINS]
            lines = regression.questions(session, settings.contest_dir)
            answers = regression.settled(session, waiting)
        asking = desk.progress("asking questions twice")
        if waiting:
            found = regression.of_drafts(understanding, waiting, lines, answers, progress=asking)
        else:
            found = regression.of_approved(understanding, lines, answers, progress=asking)
    told = {"drafts": [one.id for one in waiting], **found.as_document()}
    if as_json:
        output.emit(told)
    else:
        named = ", ".join(str(one.id) for one in waiting)
        typer.echo(f"with the drafts {named}:" if waiting else "with the approved changes:")
        drafts.tell_difference(told)
    if found.worse:
        raise output.fail("the desk understands worse with these changes")


@app.command("gaps")
def gaps(
    since: Annotated[str | None, typer.Option(help="Only what was asked from this day on.")] = None,
    as_json: Json = False,
) -> None:
    """List what was asked in vain, question by kind of question, each with a draft to fill in.

    Example: contestdesk faq gaps --since 2020-11-16
    """
    from bot import gap_report, understanding
    from faq import library

    settings = desk.read_settings()
    begin = desk.instant(since) if since else None
    with desk.opened(settings) as store, store.read() as session:
        current = understanding.overlaid(library.load(settings.contest_dir), session)
        found = gap_report.clusters(session, current, since=begin)
    if as_json:
        for cluster in found:
            output.emit(asdict(cluster))
        return
    if not found:
        typer.echo("no gaps")
    for number, cluster in enumerate(found, 1):
        named = cluster.unknown or f"nearest {cluster.nearest}"
        typer.echo(f"# {number}. asked {cluster.count} times, {cluster.waiting} wait; {named}")
        for example in cluster.examples:
            typer.echo(output.printable(f"#   {example}"))
        typer.echo(output.printable(cluster.draft))


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
