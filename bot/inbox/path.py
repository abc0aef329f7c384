"""The path of MAIL FROM and RCPT TO (RFC 5321 §4.1.2), read without ever raising."""

from __future__ import annotations

import re

MAX_ADDRESS_CHARS = 320
#: How the null path comes back, because aiosmtpd takes '' for a fault.
NULL = "<>"

# A path in angle brackets (a quoted local part may hold brackets), then the parameters.
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?:\s+(.*))?\s*$', re.S)
_SOURCE_ROUTE = re.compile(r"^@[^:]*:")


def read(argument: str) -> tuple[str | None, str | None]:
    """Address and parameters of a path; (None, None) for one that nobody can have meant.

    aiosmtpd's own reading can raise on hostile ones.
    """
    bracketed = _PATH.match(argument)
    if bracketed is None:
        address, _, rest = argument.strip().partition(" ")
    else:
        address, rest = bracketed[1].strip(), bracketed[2] or ""
    address = _SOURCE_ROUTE.sub("", address)
    if bracketed is not None and not address:
        return NULL, rest
    sane = address.isprintable() and " " not in address.partition('"')[0]
    if not sane or not 0 < len(address) <= MAX_ADDRESS_CHARS or address[0] == "<":
        return None, None
    return address, rest
