"""``contestdesk faq fact set`` and ``faq mode``: single values from staff's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import drafts, output
from bot.cli.drafts import Actor

if TYPE_CHECKING:
    from bot.drafts import Proposal
    from faq.library import Library

app = typer.Typer(help="Facts of the contest, from staff's hands.", no_args_is_help=True)


def mode(
    topic: Annotated[str, typer.Argument(help="Such as application.period.")],
    mode: Annotated[str, typer.Argument(help="shadow, suggest or auto.")],
    staff: Actor,
) -> None:
    """Set how far the desk goes with a topic by itself; it takes effect at once.

    Example: contestdesk faq mode application.period suggest --staff staff-b@example.org
    """
    from bot import drafts as changes
    from faq.entry import Mode

    if mode not in list(Mode):
        raise typer.BadParameter("shadow, suggest or auto", param_hint="MODE")
    with drafts.acting() as act:
        member = act.member(staff, approver=True)
        if topic not in act.library().entries:
            raise output.fail(f"no topic {topic!r}; contestdesk faq list shows them")
        version = changes.set_mode(act.session, topic, mode, staff=member, now=act.now)
    typer.echo(f"{topic}: {mode}, version {version}")


@app.command("set")
def set_fact(
    fact: Annotated[str, typer.Argument(help="Such as support.teams; `faq check` names the open ones.")],
    value: Annotated[str, typer.Option(help="A number, a day (2020-12-04) or words.")],
    source: Annotated[str, typer.Option(help="Section or notice that says so.")],
    staff: Actor,
    value_en: Annotated[str | None, typer.Option(help="The words in English, where they differ.")] = None,
    unit: Annotated[str | None, typer.Option(help="For a new number, such as teams or krw.")] = None,
    new: Annotated[bool, typer.Option("--new", help="A fact that the edition does not know yet.")] = False,
) -> None:
    """Propose what a fact says from now on; another person approves it.

    Example: contestdesk faq fact set support.teams --value 12 --source "공지 3" --staff staff-a@example.org
    """
    from bot import drafts as changes

    with drafts.acting() as act:
        member = act.member(staff)
        proposal = _fact(act.library(), fact, value, value_en, source, unit=unit, new=new)
        row = changes.add(act.session, proposal, staff=member, now=act.now)
        found = changes.faults(row, act.library(), act.files)
        number = row.id
        if found:  # leaves the transaction, so that no draft is kept
            raise output.fail("; ".join(found))
    typer.echo(f"draft {number}: fact {fact}")
    drafts.tell_next(number, [])


def _fact(
    library: Library,
    name: str,
    value: str,
    value_en: str | None,
    source: str,
    *,
    unit: str | None,
    new: bool,
) -> Proposal:
    from datetime import date

    from bot.drafts import Kind, Proposal

    known = library.contest.facts.get(name)
    if known is None and not new:
        raise output.fail(f"no fact {name!r}; --new adds one")
    statement: dict[str, Any] = {"source": source}
    counted = unit if known is None else known.unit
    if counted is not None:
        if not value.replace(",", "").isdecimal():
            raise output.fail(f"{name} is counted in {counted}: give --value as a number")
        statement["value"] = int(value.replace(",", ""))
    elif value_en is not None:
        statement["value"] = {"ko": value, "en": value_en}
    else:
        try:
            statement["day"] = date.fromisoformat(value).isoformat()
        except ValueError:
            if not value.isascii():
                raise output.fail(
                    f"{name} gets Korean words; give the English ones with --value-en"
                ) from None
            statement["value"] = value
    content: dict[str, Any] = {"statements": [statement]}
    if known is None:
        content |= {"added": True} | ({"unit": unit} if unit else {})
    return Proposal(kind=Kind.FACT, subject=name, content=content)
