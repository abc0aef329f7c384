"""``contestdesk intents``: how well questions are understood."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import desk, output

app = typer.Typer(help="How well questions are understood.", no_args_is_help=True)


@app.command("evaluate")
def evaluate(
    train: Annotated[Path, typer.Option(help='Examples to learn from: {"text", "label"} a line.')],
    test: Annotated[Path, typer.Option(help="Examples to judge by, same form; label oos = out of scope.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Judge the engine on any labelled set; nothing is tuned to it.

    Example: contestdesk intents evaluate --train train.jsonl --test test.jsonl --json
    """
    import intents.evaluate as judging
    from intents import encoder

    settings = desk.read_settings()
    learnt, judged = (
        [judging.Example(text=given["text"], label=given["label"]) for given in _lines(path)]
        for path in (train, test)
    )
    try:
        found = judging.evaluate(
            learnt, judged, encoder.available(settings.encoders), progress=desk.progress("reading examples")
        )
    except ValueError as error:
        raise output.fail(str(error)) from error
    told = asdict(found)
    if as_json:
        output.emit(told)
    else:
        output.table(("measure", "value"), list(told.items()), empty="")


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
