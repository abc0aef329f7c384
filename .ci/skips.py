"""Compares the skips of a test run with those allowed: python .ci/skips.py JUNIT.xml ALLOWED."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def skipped(report: Path) -> dict[str, str]:
    """Read which tests were skipped, and why.

    A test that was expected to fail and did is no skip, though pytest writes it as one.
    """
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        for mark in case.iter("skipped"):
            if mark.get("type") != "pytest.xfail":
                found[f"{case.get('classname')}::{case.get('name')}"] = mark.get("message", "")
    return found


def surplus(report: Path, listing: Path) -> dict[str, str]:
    """Find the skips that the listing does not name, with their reasons."""
    known = allowed(listing)
    return {test: why for test, why in skipped(report).items() if test not in known}


def allowed(listing: Path) -> set[str]:
    """Read the test ids of .ci/allowed-skips, spelled as the report spells them."""
    lines = (line.strip() for line in listing.read_text(encoding="utf-8").splitlines())
    return {as_in_report(line) for line in lines if line and not line.startswith("#")}


def as_in_report(test_id: str) -> str:
    """Turn tests/room/test_x.py::TestY::test_z[a] into tests.room.test_x.TestY::test_z[a]."""
    base, bracket, parameters = test_id.partition("[")
    path, *classes, name = base.split("::")
    module = path.removesuffix(".py").replace("/", ".")
    return ".".join([module, *classes]) + f"::{name}{bracket}{parameters}"


def main() -> int:
    """Print each skip that is not allowed; exit code 1 when there is one."""
    report, listing = Path(sys.argv[1]), Path(sys.argv[2])
    found = surplus(report, listing)
    for test, why in sorted(found.items()):
        print(f"ci: skipped, and not named in {listing}: {test} ({why})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
