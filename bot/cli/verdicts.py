"""``contestdesk inquiries verdict``: whether a dataset can be built, said once and used again."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output


def register(app: typer.Typer) -> None:
    """Add the verbs to ``contestdesk inquiries``."""
    app.command("verdict")(verdict)
    app.command("precedents")(precedents)


def verdict(
    number: Annotated[int, typer.Argument(help="The inquiry's number.")],
    staff: Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")],
    said: Annotated[
        str | None, typer.Argument(metavar="[VERDICT]", help="feasible, conditional or not_feasible.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, in words that applicants will read.")
    ] = None,
    translated: Annotated[
        str | None, typer.Option("--translated", help="The reason in the other language.")
    ] = None,
    justify: Annotated[
        str | None, typer.Option("--justify", help="Why it stands against a precedent it contradicts.")
    ] = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve the verdict that waits (approvers).")
    ] = False,
) -> None:
    """Say whether the dataset of an inquiry can be built; approved, it answers like questions.

    An approver's verdict counts at once, anybody else's waits for `--approve`. One that contradicts an
    approved precedent is held until `--justify`, and then takes its place. Nothing is sent to the
    applicant. Without --translated, only questions in the reason's language are answered from it.
    Example: contestdesk inquiries verdict 12 feasible --reason "수집이 가능합니다." --staff a@example.org
    """
    from bot import precedents as verbs
    from bot import staff as people
    from bot import triage, understanding
    from bot.clock import ContestClock
    from bot.tables import JudgmentState
    from faq import library
    from faq.feasibility import Judged

    if (said is None) != approve:
        raise typer.BadParameter("give a verdict (feasible, conditional, not_feasible) or --approve")
    if said is not None and said not in tuple(Judged):
        raise typer.BadParameter(f"{said!r} is none of {', '.join(Judged)}")
    if said is not None and reason is None:
        raise typer.BadParameter("a verdict needs --reason")
    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    files = library.load(settings.contest_dir)
    with desk.opened(settings) as store, store.write.begin() as session:
        member = people.member(session, staff)
        inquiry = triage.find(session, number)
        known = understanding.overlaid(files, session)
        if said is None:
            given = verbs.approve(
                session, inquiry, library=known, staff=member, justification=justify, now=now
            )
        else:
            given = verbs.give(
                session,
                inquiry,
                Judged(said),
                verbs.reasons(reason or "", translated),
                library=known,
                staff=member,
                justification=justify,
                now=now,
            )
    against = ", ".join(given.contradicts)
    if given.state is JudgmentState.HELD:
        raise output.fail(
            f"inquiry {number}: the verdict is held, it contradicts {against};"
            " repeat it with --justify and why it stands all the same"
        )
    if given.state is JudgmentState.PROPOSED:
        typer.echo(f"inquiry {number}: the verdict waits; an approver repeats this with --approve")
        return
    instead = f", in place of {against}" if against else ""
    typer.echo(f"inquiry {number}: approved as {given.precedent}{instead}")
    if given.answered:
        told = ", ".join(str(one) for one in given.answered)
        typer.echo(f"answered from what it replaces, look at them: {told}")


def precedents(
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> None:
    """List the verdicts on datasets: those that answer, wait, are held or were replaced.

    Example: contestdesk inquiries precedents
    """
    from bot import precedents as verbs

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        rows = [verbs.as_line(row) for row in verbs.listed(session)]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    columns = ("precedent", "inquiry", "state", "verdict", "modality", "task", "volume", "reason")
    shown = [
        [
            row["precedent"],
            row["inquiry"],
            row["state"],
            row["verdict"],
            ", ".join(row["modality"]),
            ", ".join(row["task"]),
            row["volume"],
            " / ".join(row["reason"].values())[:80],
        ]
        for row in rows
    ]
    output.table(columns, shown, empty="no verdicts yet")
