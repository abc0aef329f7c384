"""``contestdesk inquiries review`` and ``feedback``: what people say of the desk's answers."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output

Inquiry = Annotated[int, typer.Argument(help="The inquiry's number.")]
Part = Annotated[int, typer.Argument(help="Which of its questions, from 1, as `inquiries show` lists them.")]


def review(
    number: Inquiry,
    part: Part,
    opinion: Annotated[str, typer.Argument(help="right, wrong or incomplete.")],
    staff: Annotated[str, typer.Option("--staff", help="Your address, as in `contestdesk staff list`.")],
    topic: Annotated[str | None, typer.Option(help="Where it belongs: a topic, an unknown, or oos.")] = None,
) -> None:
    """Say whether an automatic answer was right: how far the desk may go is counted from this.

    Example: contestdesk inquiries review 12 1 wrong --topic application.format --staff staff-a@example.org
    """
    from bot import reviews, triage, understanding
    from bot import staff as people
    from bot.clock import ContestClock
    from bot.tables import Opinion
    from faq import library

    if opinion not in reviews.BY_STAFF:
        raise typer.BadParameter("right, wrong or incomplete", param_hint="OPINION")
    settings = desk.read_settings()
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.write.begin() as session:
        member = people.member(session, staff)
        reviews.review(
            session,
            reviews.part_of(triage.find(session, number), part),
            Opinion(opinion),
            library=understanding.overlaid(library.load(settings.contest_dir), session),
            topic=topic,
            staff=member,
            now=now,
        )
    typer.echo(f"inquiry {number}, question {part}: {opinion}")


def feedback(
    number: Inquiry, part: Part, opinion: Annotated[str, typer.Argument(help="helpful or need_person.")]
) -> None:
    """Record what the applicant said of an answer; who needs a person gets one.

    Example: contestdesk inquiries feedback 12 1 need_person
    """
    from bot import desk as desks
    from bot import reviews, triage
    from bot.clock import ContestClock
    from bot.tables import Opinion
    from faq import library

    if opinion not in reviews.BY_APPLICANT:
        raise typer.BadParameter("helpful or need_person", param_hint="OPINION")
    settings = desk.read_settings()
    told = desks.of(settings, library.load(settings.contest_dir).contest)
    now = ContestClock.starting_at(settings.clock_start).now()
    with desk.opened(settings) as store, store.write.begin() as session:
        inquiry = triage.find(session, number)
        row = reviews.part_of(inquiry, part)
        reviews.feedback(session, told, inquiry, row, Opinion(opinion), now=now)
    typer.echo(f"inquiry {number}, question {part}: {opinion}")


def judged(as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False) -> None:
    """Count right and wrong automatic answers by confidence, as reviewed so far.

    Example: contestdesk inquiries reviews
    """
    from dataclasses import asdict

    from bot import reviews

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        found = reviews.buckets(reviews.reviewed(session))
    if as_json:
        for bucket in found:
            output.emit(asdict(bucket))
        return
    rows = [(f"{one.low:.1f}-{one.high:.1f}", one.right, one.wrong) for one in found if one.right + one.wrong]
    output.table(("confidence", "right", "wrong"), rows, empty="nothing is reviewed yet")


def register(app: typer.Typer) -> None:
    """Add these verbs to those of ``contestdesk inquiries``."""
    app.command("review")(review)
    app.command("feedback")(feedback)
    app.command("reviews")(judged)
