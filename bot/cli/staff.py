"""``contestdesk staff``: who works at the desk."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output

app = typer.Typer(help="Who works at the desk.", no_args_is_help=True)


@app.command("add")
def add(
    address: Annotated[str, typer.Argument(help="The person's address.")],
    name: Annotated[str, typer.Option(help="As applicants see it under a letter.")] = "",
    role: Annotated[str, typer.Option(help="triage, approver or admin.")] = "triage",
    slack_id: Annotated[str | None, typer.Option(help="Slack member id, such as U0123.")] = None,
) -> None:
    """Add a person, or bring one back with this role.

    Example: contestdesk staff add staff-a@example.org --name "담당자 A" --role approver
    """
    from bot import staff
    from bot.clock import real_now
    from bot.tables import StaffRole

    if role not in list(StaffRole):
        raise typer.BadParameter("triage, approver or admin", param_hint="--role")
    with desk.opened(desk.read_settings()) as store, store.write.begin() as session:
        member = staff.add(
            session, address, name=name, role=StaffRole(role), slack_id=slack_id, now=real_now()
        )
    typer.echo(f"{member.address} is {member.role}")


@app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the staff.

    Example: contestdesk staff list
    """
    from bot import staff

    with desk.opened(desk.read_settings()) as store, store.read() as session:
        members = staff.active(session)
        rows = [(member.address, member.name, member.role, member.slack_id) for member in members]
    if as_json:
        for address, name, role, slack_id in rows:
            output.emit({"address": address, "name": name, "role": role, "slack_id": slack_id})
    else:
        output.table(
            ("address", "name", "role", "slack"), rows, empty="no staff yet: contestdesk staff add ADDRESS"
        )


@app.command("remove")
def remove(address: Annotated[str, typer.Argument(help="The person's address.")]) -> None:
    """Take a person off the desk; what he did stays on record.

    Example: contestdesk staff remove staff-a@example.org
    """
    from bot import staff
    from bot.clock import real_now

    with desk.opened(desk.read_settings()) as store, store.write.begin() as session:
        staff.remove(session, address, now=real_now())
    typer.echo(f"{address} is no longer staff")
