"""The house stands: who may import whom, who alone knows what, and that the house maps are true.

The checker reads the source and imports nothing. Its self-tests break a small house on purpose.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Each room, and the rooms it may import.
ARROWS = {
    "faq": {"faq"},
    "intents": {"intents", "faq"},
    "mailer": {"mailer", "faq"},
    "bot": {"bot", "intents", "mailer", "faq"},
}
#: What only these modules may import (a name, and whatever lies below it).
KNOWN_ALONE = {
    "slack_bolt": {"bot.slack"},
    "slack_sdk": {"bot.slack"},
    "aiosmtpd": {"bot.inbox"},
    "imapclient": {"bot.inbox"},
    "smtplib": {"mailer.relay", "bot.bench.bulk"},
    "aiosmtplib": {"bot.bench.bulk"},
    "apscheduler": {"bot.clock"},
    "sqlalchemy": {"bot", "mailer"},
    "alembic": {"bot"},
}
#: Only this module asks the environment.
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
SETTINGS = "bot.settings"
#: Names that say nothing about what a module holds.
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "service", "services"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file of the house."""

    #: Such as "bot.inbox.smtp"; a package carries the package's name.
    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


def modules(house: Path) -> list[Module]:
    """Read every module of every room."""
    return [
        Module(
            name=".".join(path.relative_to(house).with_suffix("").parts).removesuffix(".__init__"),
            path=path,
            tree=ast.parse(path.read_text(encoding="utf-8"), filename=str(path)),
        )
        for room in ARROWS
        for path in sorted((house / room).rglob("*.py"))
    ]


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Name what a module imports, with its line: `from a import b` counts as a and as a.b.

    Relative imports are spelled out; imports inside functions, under TYPE_CHECKING, and
    import_module("literal") count like all others.
    """
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield alias.name, node.lineno
            case ast.ImportFrom(module=origin, names=names, level=level):
                base = absolute(module, origin, level)
                yield base, node.lineno
                for alias in names:
                    yield f"{base}.{alias.name}".lstrip("."), node.lineno
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(named)), *_],
            ):
                yield named, node.lineno


def absolute(module: Module, origin: str | None, level: int) -> str:
    """Spell out where `from ..x import y` points to."""
    if level == 0:
        assert origin is not None
        return origin
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    base = package[: len(package) - (level - 1)]
    return ".".join([*base, *([origin] if origin else [])])


def lies_in(name: str, package: str) -> bool:
    """Tell whether a dotted name is the package or something below it."""
    return name == package or name.startswith(package + ".")


def wrong_arrows(house: Path) -> list[str]:
    """Find imports against the arrows, of our rooms and of what only some of them may know."""
    found = set()
    for module in modules(house):
        room = module.name.split(".")[0]
        for imported, line in imports(module):
            first = imported.split(".")[0]
            if first in ARROWS and first not in ARROWS[room]:
                found.add(f"{module.name}:{line} imports {first}")
            if first == "tests":
                found.add(f"{module.name}:{line} imports tests")
            for known, homes in KNOWN_ALONE.items():
                if lies_in(imported, known) and not any(lies_in(module.name, home) for home in homes):
                    found.add(f"{module.name}:{line} imports {known}")
    return sorted(found)


def environment_reads(house: Path) -> list[str]:
    """Find modules other than the settings that ask the environment, by whatever name they gave to os."""
    found = set()
    for module in modules(house):
        if module.name == SETTINGS:
            continue
        found |= {
            f"{module.name}:{line} takes {imported}"
            for imported, line in imports(module)
            if imported in ENVIRONMENT
        }
        names_of_os = {
            alias.asname or alias.name
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name == "os"
        }
        for node in ast.walk(module.tree):
            match node:
                case ast.Attribute(value=ast.Name(id=base), attr=attribute) if (
                    base in names_of_os and f"os.{attribute}" in ENVIRONMENT
                ):
                    found.add(f"{module.name}:{node.lineno} takes os.{attribute}")
    return sorted(found)


def false_maps(house: Path) -> list[str]:
    """Find packages whose __init__ holds code or lacks its docstring, and house maps that are not true.

    A map is asked of each room and of each package that has "House map" in its docstring. It names,
    at the start of a line, every module and package beside it (`name.py`, `name/`); what it names
    beyond that and what is no file of the folder is wrong too.
    """
    found = []
    for module in modules(house):
        if not module.is_package:
            continue
        docstring = ast.get_docstring(module.tree)
        if docstring is None:
            found.append(f"{module.name}: no docstring")
            continue
        if len(module.tree.body) > 1:
            found.append(f"{module.name}: code in __init__.py, line {module.tree.body[1].lineno}")
        if module.name not in ARROWS and "House map" not in docstring:
            continue
        named = set(re.findall(r"^(\w+\.py|\w+/)(?=\s)", docstring, re.M))
        # Elsewhere in the text a folder may be named in passing; a module may share its line.
        in_passing = set(re.findall(r"\b(\w+\.py|\w+/)(?=[\s,.;:)]|$)", docstring))
        folder = module.path.parent
        there = {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}
        there |= {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
        found += [f"{module.name}: its map leaves out {name}" for name in sorted(there - named - in_passing)]
        found += [
            f"{module.name}: its map names {name}, which is not there"
            for name in sorted(named)
            if not (folder / name).exists()
        ]
    return found


def empty_names(house: Path) -> list[str]:
    """Find modules whose name says nothing."""
    return [module.name for module in modules(house) if EMPTY_NAMES & set(module.name.split("."))]


def outward_reads(house: Path, tracked: list[Path], words: tuple[str, ...]) -> list[str]:
    """Find files that name a place outside the repository."""
    found = []
    for path in tracked:
        text = (house / path).read_bytes().decode("utf-8", "replace")
        found += [f"{path} names {word}" for word in words if word in text]
    return found


def files_of_the_repository() -> list[Path]:
    """List what is committed or would be."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = [Path(name) for name in listing.split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


def test_rooms_import_only_along_the_arrows() -> None:
    assert wrong_arrows(ROOT) == []


def test_only_the_settings_read_the_environment() -> None:
    assert environment_reads(ROOT) == []


def test_house_maps_are_true() -> None:
    assert false_maps(ROOT) == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert empty_names(ROOT) == []


def test_repository_reads_nothing_outside_it() -> None:
    # Put together here, so that this file does not name the place itself.
    words = ("../" + "shared", "/work" + "/")

    assert outward_reads(ROOT, files_of_the_repository(), words) == []


def lay(house: Path, files: dict[str, str]) -> Path:
    """Build a small house: sound but for the given files."""
    for room in ARROWS:
        (house / room).mkdir()
        (house / room / "__init__.py").write_text(f'"""The room {room}."""\n')
    for name, text in files.items():
        path = house / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return house


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("faq/a.py", "import bot", "faq.a:1 imports bot"),
        ("faq/a.py", "from intents.decide import Part", "faq.a:1 imports intents"),
        ("intents/a.py", "def f():\n    from mailer import outbox", "intents.a:2 imports mailer"),
        (
            "mailer/a.py",
            "import importlib\nimportlib.import_module('intents.index')",
            "mailer.a:2 imports intents",
        ),
        ("bot/a.py", "from tests.servers import sink", "bot.a:1 imports tests"),
        ("intents/deep/a.py", "from ...bot import app", "intents.deep.a:1 imports bot"),
        ("intents/deep/__init__.py", "from ... import bot", "intents.deep:1 imports bot"),
        ("bot/a.py", "import slack_sdk.web", "bot.a:1 imports slack_sdk"),
        ("bot/slack_door.py", "from slack_bolt import App", "bot.slack_door:1 imports slack_bolt"),
        ("bot/a.py", "from aiosmtpd.smtp import SMTP", "bot.a:1 imports aiosmtpd"),
        ("mailer/a.py", "import imapclient", "mailer.a:1 imports imapclient"),
        ("mailer/outbox.py", "from smtplib import SMTP", "mailer.outbox:1 imports smtplib"),
        ("bot/app.py", "import apscheduler", "bot.app:1 imports apscheduler"),
        ("intents/a.py", "from sqlalchemy.orm import Session", "intents.a:1 imports sqlalchemy"),
        ("mailer/a.py", "import alembic", "mailer.a:1 imports alembic"),
    ],
)
def test_checker_finds_a_wrong_arrow(tmp_path: Path, path: str, source: str, complaint: str) -> None:
    house = lay(tmp_path, {path: source})

    assert wrong_arrows(house) == [complaint]


def test_checker_lets_the_right_arrows_pass(tmp_path: Path) -> None:
    house = lay(
        tmp_path,
        {
            "bot/inbox/__init__.py": '"""The mail door."""',
            "bot/inbox/smtp.py": "import aiosmtpd.smtp\nfrom . import parse\nfrom .. import storage",
            "bot/slack/socket.py": "import slack_bolt",
            "bot/clock.py": "import apscheduler\nfrom faq import contest",
            "mailer/relay.py": "import smtplib, sqlalchemy\nfrom . import outbox",
            "intents/index.py": "from faq.entry import Entry\nfrom .views import score",
        },
    )

    assert wrong_arrows(house) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import os\nx = os.environ['A']", "bot.a:2 takes os.environ"),
        ("import os as system\nx = system.getenv('A')", "bot.a:2 takes os.getenv"),
        ("from os import environ", "bot.a:1 takes os.environ"),
        ("from os import getenv as ask", "bot.a:1 takes os.getenv"),
    ],
)
def test_checker_finds_a_look_at_the_environment(tmp_path: Path, source: str, complaint: str) -> None:
    house = lay(tmp_path, {"bot/a.py": source, "bot/settings.py": "import os\nx = os.environ"})

    assert environment_reads(house) == [complaint]


def test_checker_finds_false_maps(tmp_path: Path) -> None:
    house = lay(
        tmp_path,
        {
            "faq/__init__.py": '"""Facts.\n\nHouse map\n---------\na.py   there\ngone.py   not there\n"""',
            "faq/a.py": "",
            "faq/forgotten.py": "",
            "faq/part/__init__.py": '"""A package that the map forgot."""',
            "intents/__init__.py": '"""Understands."""\nx = 1\n',
            "mailer/__init__.py": "",
            "bot/__init__.py": '"""Doors.\n\nHouse map\n---------\ncli/   the line; app.py  wiring\n"""',
            "bot/app.py": "",
            "bot/cli/__init__.py": '"""The command line."""',
        },
    )

    assert false_maps(house) == [
        "faq: its map leaves out forgotten.py",
        "faq: its map leaves out part/",
        "faq: its map names gone.py, which is not there",
        "intents: code in __init__.py, line 2",
        "mailer: no docstring",
    ]


def test_checker_finds_empty_names(tmp_path: Path) -> None:
    house = lay(tmp_path, {"bot/utils.py": "", "faq/helpers/facts.py": "", "mailer/relay.py": ""})

    assert empty_names(house) == ["faq.helpers.facts", "bot.utils"]


def test_checker_finds_a_look_outside(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("open('../elsewhere/x')")
    (tmp_path / "b.bin").write_bytes(b"\xff../elsewhere")

    found = outward_reads(tmp_path, [Path("a.py"), Path("b.bin")], ("../elsewhere",))

    assert found == ["a.py names ../elsewhere", "b.bin names ../elsewhere"]
