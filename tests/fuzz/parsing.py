"""What must hold for any octets that reach the parser; a target for atheris when it is run as a program.

python tests/fuzz/parsing.py CORPUS -max_total_time=60 (all options are libFuzzer's)
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

#: Text is LF, tab and what can be shown.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def check(octets: bytes) -> None:
    """Parse, and compare the outcome with what is promised; AssertionError tells what is broken."""
    from bot.inbox import limits, reader, wire

    refused = ""
    try:
        limits.check(octets)
        inbound = reader.read(octets)
    except limits.Unreadable as error:
        refused = str(error)
    assert "parser failed" not in refused, refused
    if refused:
        return
    shown = [inbound.text, inbound.subject, inbound.from_name, *(found.name for found in inbound.attachments)]
    assert not any(CONTROLS.search(text) for text in shown if text is not None), shown
    assert "\n" not in "".join([inbound.subject or "", inbound.from_name or "", *inbound.to, *inbound.cc])
    assert all(found.size_bytes <= len(octets) for found in inbound.attachments)
    assert wire.loads(wire.dumps(inbound)) == inbound


def main() -> None:
    """Fuzz until the options say stop; a finding ends with another code than 0."""
    # By name: where the group is not installed, the types are not either.
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["bot.inbox", "email"]):
        from bot.inbox import limits, reader, wire  # noqa: F401  imported here to be instrumented
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
