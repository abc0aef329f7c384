"""``contestdesk rehearse``: the season before the season."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from bot.rehearsal import Progress
    from bot.rehearsal_ledger import Change, Entry, Rehearsed


def rehearse(
    begins: Annotated[str | None, typer.Option("--from", help="First day, such as 2020-11-02.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="Last day, such as 2020-12-11.")] = None,
    schedule: Annotated[
        Path | None, typer.Option(help="YAML, `milestones:` with edited fields: say what it would change.")
    ] = None,
    down: Annotated[
        list[str] | None, typer.Option(help="FROM..TO: the desk does not run then; may be repeated.")
    ] = None,
    schedulers: Annotated[int, typer.Option(min=1, max=8, help="Desks on one database at once.")] = 1,
    applicants: Annotated[int, typer.Option(min=60, max=1000, help="How many teams are invented.")] = 400,
    swap: Annotated[
        str | None, typer.Option(help="ADDRESS,ADDRESS: exchange what the jury decides on two teams.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page to write, with the timeline drawn.")] = None,
    texts: Annotated[bool, typer.Option("--texts", help="With --json: the words of each mail, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a mail.")] = False,
) -> None:
    """Play the whole season on a clock that leaps: invented applicants, real ticks and verbs, no mail out.

    Every reminder, invitation and result with its minute and recipient. It reads the files of the edition
    and touches no database of yours.

    Example: contestdesk rehearse --report season.html
    """
    from bot import rehearsal, rehearsal_ledger, schedule_file
    from faq import library

    settings = desk.read_settings()
    _quiet()
    edition = library.load(settings.contest_dir)
    exchanged = _pair(swap)
    options: dict[str, Any] = {
        "begins": _day(begins, "--from"),
        "ends": _day(ends, "--to"),
        "down": tuple(_span(text) for text in down or ()),
        "schedulers": schedulers,
        "applicants": applicants,
        "swapped": exchanged,
    }
    plot = rehearsal.plot(edition, **options)
    changes = None
    if schedule is not None:
        # Without an end of its own, each season lasts as long as its schedule.
        then = schedule_file.edition(schedule, edition)
        before = rehearsal.run(plot, progress=_progress(plot.begins, plot.ends, "as it is"))
        plot = rehearsal.plot(then, **options)
        done = rehearsal.run(plot, progress=_progress(plot.begins, plot.ends, "as edited"))
        changes = rehearsal_ledger.compared(before.entries, done.entries)
    else:
        done = rehearsal.run(plot, progress=_progress(plot.begins, plot.ends, "rehearsing"))
    if report is not None:
        from bot import rehearsal_report

        try:
            report.write_text(rehearsal_report.page(plot, done, changes=changes), encoding="utf-8")
        except OSError as error:
            raise output.fail(f"{report}: {error.strerror}") from error
    if as_json:
        for one in done.entries if changes is None else changes:
            words = {"text": (one if changes is None else one.entry).text} if texts else {}  # type: ignore[union-attr]
            output.emit(one.as_document() | words)
    else:
        _tell(done, changes)
        if report is not None:
            typer.echo(f"the report: {report}")
    if done.refused or done.twice:
        for said in done.refused:
            typer.echo(output.printable(f"contestdesk: {said}"), err=True)
        raise output.fail(
            f"the season did not go as planned: {len(done.refused)} refused, {done.twice} sent twice"
        )


def _tell(done: Rehearsed, changes: Sequence[Change] | None) -> None:
    from collections import Counter

    if changes is None:
        counted = Counter(_named(one) for one in done.entries)
        rows = [(*name, number) for name, number in sorted(counted.items())]
        output.table(("at (KST)", "kind", "milestone", "offset", "mails"), rows, empty="no mail")
        typer.echo(f"{len(done.entries)} mails, {len(done.left)} not out at the end")
        return
    moved = Counter((one.what, _at(one.was), *_named(one.entry)) for one in changes)
    listed = [
        (name[0], name[1], "" if name[0] == "cancel" else name[2], *name[3:], n) for name, n in moved.items()
    ]
    output.table(
        ("change", "was (KST)", "now (KST)", "kind", "milestone", "offset", "mails"),
        listed,
        empty="it changes no mail",
    )


def _named(entry: Entry) -> tuple[str, str, str, str]:
    return _at(entry), str(entry.kind), entry.milestone or "", entry.offset or ""


def _at(entry: Entry | None) -> str:
    return entry.as_document()["at"][:16].replace("T", " ") if entry is not None else ""


def _day(text: str | None, option: str) -> date | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day such as 2020-11-02", param_hint=option) from error


def _span(text: str) -> tuple[datetime, datetime]:
    begins, dots, ends = text.partition("..")
    try:
        found = desk.instant(begins or "?"), desk.instant(ends or "?")
    except typer.BadParameter as error:
        raise typer.BadParameter(
            f"{text!r} is not FROM..TO such as 2020-11-27T09:00..2020-11-27T12:00", param_hint="--down"
        ) from error
    if not dots or found[0] >= found[1]:
        raise typer.BadParameter(f"{text!r} ends before it begins", param_hint="--down")
    return found


def _pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    one, comma, other = (part.strip().lower() for part in text.partition(","))
    if not comma or not one or not other:
        raise typer.BadParameter(f"{text!r} is not ADDRESS,ADDRESS", param_hint="--swap")
    return one, other


def _progress(begins: datetime, ends: datetime, what: str) -> Progress | None:
    show = desk.progress(what)
    if show is None:
        return None
    total = max(1, (ends - begins).days + 1)
    return lambda now: show(min(total, (now - begins).days + 1), total)


def _quiet() -> None:
    """What a rehearsal logs is of nobody's interest; its ledger says it."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
