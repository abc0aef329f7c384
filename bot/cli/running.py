"""``contestdesk serve`` and ``contestdesk demo``: the desk at work."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import desk, output


def serve(
    role: Annotated[
        list[str] | None, typer.Option(help="all, intake, worker, sender, clock, slack, http; repeatable.")
    ] = None,
) -> None:
    """Run the desk until SIGTERM: take mail, answer it, send; all roles in one process by default.

    Example: contestdesk serve
    """
    from bot.app import App, Role

    known = list(Role)
    if wrong := [name for name in role or () if name not in known]:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(known)}", param_hint="--role")
    settings = desk.read_settings()
    roles = [Role(name) for name in role or ["all"]]
    app = App(settings, roles=roles, progress=desk.progress("reading phrasings"))
    try:
        opened = app.start()
    except BaseException:
        app.stop()
        raise
    for name, port in (("SMTP", opened.smtp_port), ("LMTP", opened.lmtp_port), ("HTTP", opened.http_port)):
        if port is not None:
            typer.echo(f"{name} on port {port}")
    typer.echo(f"running as {', '.join(roles)}; stop with Ctrl-C")
    app.run_until_signal()


def demo(
    once: Annotated[bool, typer.Option(help="End after the samples.")] = False,
) -> None:
    """Run the whole desk on this machine with the 2020 edition, and show each step of sample mails.

    Example: contestdesk demo --once
    """
    from bot import demo as show

    if not show.run(once=once, say=lambda line: typer.echo(output.printable(line))):
        raise output.fail("not every sample was settled; see above")
