"""One address, or a clear refusal: the only way an address gets onto a header or an envelope."""

from __future__ import annotations

import re
from email.utils import getaddresses
from functools import lru_cache

import idna

from mailer.errors import AddressError

#: RFC 5321 §4.5.3.1: a path has 256 octets with its angle brackets, a local part 64.
MAX_ADDRESS = 254
MAX_LOCAL_PART = 64

# RFC 5322 §3.2.3 dot-atom; quoted local parts and address literals are refused on purpose: no
# applicant has one, and every parser reads them differently.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@lru_cache(maxsize=1024)
def one_address(text: str) -> str:
    """Read exactly one bare address (no name, no brackets, no list) and return it as the wire needs it.

    It comes back in lower case, the domain as IDNA. RFC 5321 §2.4 leaves the case of a local part to its
    host, and no host that people use tells A from a; whereas every cap and suppression must know one
    person whatever the letters. Raises AddressError, which shows at most 60 characters of the input.
    """
    local_part, at, domain = text.rpartition("@")
    if not at or not local_part or not domain:
        raise AddressError(f"no single local part and domain in {_shown(text)}")
    if not local_part.isascii():
        raise AddressError(
            f"non-ASCII local part needs SMTPUTF8 (RFC 6531), a person decides: {_shown(text)}"
        )
    if not _LOCAL_PART.fullmatch(local_part) or len(local_part) > MAX_LOCAL_PART:
        raise AddressError(f"local part is not a dot-atom of at most 64 characters: {_shown(text)}")
    if "=?" in local_part:  # a dot-atom, too, but lenient readers decode it (CVE-2024-6923)
        raise AddressError(f"local part looks like an encoded word: {_shown(text)}")
    address = f"{local_part.lower()}@{_domain(domain)}"
    if len(address) > MAX_ADDRESS:
        raise AddressError(f"longer than {MAX_ADDRESS} characters: {_shown(text)}")
    # CVE-2023-27043 family: parsers find another mailbox in odd input. What a parser reads must be
    # what we wrote, nothing more.
    if getaddresses([address]) != [("", address)]:
        raise AddressError(f"reads back as something else: {_shown(text)}")
    return address


def _domain(text: str) -> str:
    try:
        domain = idna.encode(text, uts46=True).decode("ascii") if not text.isascii() else text.lower()
    except idna.IDNAError as error:
        raise AddressError(f"domain is no IDNA name: {_shown(text)}") from error
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise AddressError(f"domain is no host name: {_shown(text)}")
    return domain


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
