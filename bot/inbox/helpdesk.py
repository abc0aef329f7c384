"""Other help desks: their marks, and what their automatic acknowledgements say.

An agent's letter carries the same marks as the acknowledgement that came before it, so the marks
alone never silence: the words decide. A letter with the marks is read, and left to a person to answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.inbox.automatic import BOOK

#: So much of a text is looked at.
MAX_CHARS = 3_000

# Zendesk, Freshdesk, OTRS and Znuny, RT, FreeScout, Zammad, Jira, HubSpot, Intercom, Help Scout, Front,
# Gorgias, Kayako, ServiceNow, GLPI, HappyFox, Kustomer.
_PREFIXES = (
    "x-zendesk-", "x-freshdesk-", "x-fd-", "x-otrs-", "x-znuny-", "x-rt-", "x-freescout-", "x-zammad-",
    "x-jira-", "x-atlassian-", "x-intercom-", "x-helpscout-", "x-front-", "x-gorgias-", "x-kayako-",
    "x-servicenow-", "x-glpi-", "x-happyfox-", "x-kustomer-", "rt-ticket", "rt-originator", "x-osticket",
)  # fmt: skip
#: Headers and values by which a help desk says itself that nobody wrote this.
_ROBOTS = {
    "x-otrs-loop": None,
    "x-znuny-loop": None,
    "x-freescout-mail-type": re.compile(r"auto\.?reply|user\.notification"),
    "x-zammad-is-auto-response": re.compile(r"true|yes|1"),
    "x-zammad-article-sender": re.compile(r"system"),
    "x-otrs-sendertype": re.compile(r"system"),
}


def mark(headers: Mapping[str, Sequence[str]]) -> str:
    """What shows that a help desk's program sent this; '' for nothing."""
    for name in headers:
        if name.startswith(_PREFIXES):
            return name
    for name in ("x-mailer", "x-powered-by", "managed-by", "user-agent"):
        for value in headers.get(name, ()):
            if found := BOOK["help_desk_program"].search(value[:200]):
                return f"{name}: {found[0]}"
    return ""


def robot(headers: Mapping[str, Sequence[str]]) -> str:
    """The header by which a help desk says that its program wrote this; '' for none."""
    for name, value in _ROBOTS.items():
        for given in headers.get(name, ()):
            if given.strip().lower() not in ("", "no", "0", "false") and (
                value is None or value.search(given.lower())
            ):
                return f"{name}: {given.strip()[:40]}"
    return ""


def acknowledges(subject: str, text: str, *, is_marked: bool) -> bool:
    """True for 'we have your message'; where no mark stands beside it, only with 'we will answer'."""
    said = f"{subject[:300]}\n{text[:MAX_CHARS]}"
    if BOOK["received"].search(said) is None:
        return False
    return is_marked or BOOK["later"].search(text[:MAX_CHARS]) is not None
