"""The gate of CI: a skip that nobody allowed is a failure."""

from pathlib import Path

import pytest

import skips

REPORT = """<testsuites><testsuite>
<testcase classname="tests.room.test_x" name="test_runs"/>
<testcase classname="tests.room.test_x" name="test_known[a::b]"><skipped type="pytest.skip" message="no server"/></testcase>
<testcase classname="tests.room.test_x.TestY" name="test_z"><skipped type="pytest.skip" message="no root"/></testcase>
<testcase classname="tests.room.test_x" name="test_wrong"><skipped type="pytest.xfail" message="a known fault"/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("allowed", "surplus"),
    [
        (
            "# why\n",
            {
                "tests.room.test_x::test_known[a::b]": "no server",
                "tests.room.test_x.TestY::test_z": "no root",
            },
        ),
        ("tests/room/test_x.py::test_known[a::b]\n", {"tests.room.test_x.TestY::test_z": "no root"}),
        ("tests/room/test_x.py::test_known[a::b]\n\ntests/room/test_x.py::TestY::test_z\n", {}),
    ],
)
def test_skip_needs_a_line(tmp_path: Path, allowed: str, surplus: dict[str, str]) -> None:
    report, listing = tmp_path / "junit.xml", tmp_path / "allowed-skips"
    report.write_text(REPORT)
    listing.write_text(allowed)

    assert skips.surplus(report, listing) == surplus
