"""The provider's own verdict on spam, where our border server vouches for the header.

A header stands in the mail's own text, so anybody can write it. What speaks for spam counts only under an
Authentication-Results of the configured server, which removes those of others (RFC 8601 §5); who forges one
all the same puts his own mail into the quiet list, which staff still see. What speaks against spam never
counts, so that nobody gains by writing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

#: Exchange: 5 and 6 are spam, 9 is certain (Microsoft's Spam Confidence Level).
SPAM_LEVEL = 5


def _says_yes(value: str) -> bool:
    return re.match(r"(?:yes|true|spam|1)\b", value) is not None


def _is_level(value: str) -> bool:
    found = re.match(r"(-?\d{1,2})\b", value)
    return found is not None and int(found[1]) >= SPAM_LEVEL


def _is_filtered(value: str) -> bool:
    return (
        re.search(r"\bsfv:(?:spm|skb|sks)\b|\bcat:(?:spm|hspm|phsh|hphsh|hphish|malw)\b", value) is not None
    )


def _is_action(value: str) -> bool:
    return re.match(r"(?:reject|add header|rewrite subject|quarantine)\b", value) is not None


_SPEAKS: Mapping[str, Callable[[str], bool]] = {
    "x-spam-flag": _says_yes,
    "x-spam-status": _says_yes,
    "x-spam": _says_yes,
    "x-barracuda-spam-flag": _says_yes,
    "x-barracuda-spam-status": _says_yes,
    "x-dspam-result": _says_yes,
    "x-bogosity": _says_yes,
    "x-gm-spam": _says_yes,
    "x-ms-exchange-organization-scl": _is_level,
    "x-forefront-antispam-report": _is_filtered,
    "x-rspamd-action": _is_action,
}


def spam(headers: Mapping[str, Sequence[str]], *, results: Sequence[str], authserv_id: str) -> str:
    """The header by which the provider calls this spam; '' where it does not, or nobody vouches for it.

    ``results`` are the Authentication-Results as they stand, topmost first: a decoded one could hold words
    of the sender.
    """
    if not _is_vouched(results, authserv_id):
        return ""
    for name, speaks in _SPEAKS.items():
        for value in headers.get(name, ()):
            if speaks(value.strip().lower()):
                return f"{name}: {value.strip()[:40]}"
    return ""


def _is_vouched(results: Sequence[str], authserv_id: str) -> bool:
    """True when the topmost result is that of the configured server (RFC 8601 §2.5)."""
    if not authserv_id or not results:
        return False
    named = re.match(r'\s*"?([^\s;"]+)', results[0])
    return named is not None and named[1].rstrip(".").casefold() == authserv_id.rstrip(".").casefold()
