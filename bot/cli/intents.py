"""``contestdesk intents``: how well questions are understood."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import desk, output

if TYPE_CHECKING:
    from bot.settings import Settings
    from intents.judge import Endpoint

app = typer.Typer(help="How well questions are understood.", no_args_is_help=True)


@app.command("evaluate")
def evaluate(
    train: Annotated[Path, typer.Option(help='Examples to learn from: {"text", "label"} a line.')],
    test: Annotated[Path, typer.Option(help="Examples to judge by, same form; label oos = out of scope.")],
    judge: Annotated[bool, typer.Option("--judge", help="Ask JUDGE_URL for a second opinion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Judge the engine on any labelled set; nothing is tuned to it.

    Example: contestdesk intents evaluate --train train.jsonl --test test.jsonl --json
    """
    import intents.evaluate as judging
    from intents import encoder

    settings = desk.read_settings()
    if judge and not settings.judge_url:
        raise output.fail("--judge needs CONTESTDESK_JUDGE_URL and CONTESTDESK_JUDGE_MODEL")
    learnt, judged = (
        [judging.Example(text=given["text"], label=given["label"]) for given in _lines(path)]
        for path in (train, test)
    )
    try:
        found = judging.evaluate(
            learnt,
            judged,
            encoder.available(settings.encoders),
            progress=desk.progress("reading examples"),
            judge=_endpoint(settings) if judge else None,
        )
    except ValueError as error:
        raise output.fail(str(error)) from error
    told = {name: value for name, value in asdict(found).items() if name != "judged" or value is not None}
    if as_json:
        output.emit(told)
    else:
        output.table(("measure", "value"), list(told.items()), empty="")


def _endpoint(settings: Settings) -> Endpoint:
    from intents.judge import Endpoint

    return Endpoint(settings.judge_url, model=settings.judge_model, key=settings.judge_key.get_secret_value())


@app.command("warm", hidden=True)
def warm() -> None:
    """Fill the vector cache and fit the head, so that the first question is answered at once.

    Example: contestdesk intents warm
    """
    settings = desk.read_settings()
    with desk.understanding(settings, database=False, tell_progress=True) as understanding:
        library, engine = understanding.current()
    names = ", ".join(engine.encoder_ids) or "no encoder: near-verbatim questions only"
    typer.echo(f"{len(library.entries)} topics, {len(library.unknowns)} known unknowns; {names}")


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise output.fail(f"{path}: not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise output.fail(f"{path}: {error.strerror}") from error
    read = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            read.append({"text": str(given["text"]), "label": str(given["label"])})
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise output.fail(f'{path}:{number}: an object with "text" and "label" is needed') from error
    return read
