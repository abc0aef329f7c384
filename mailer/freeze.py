"""A campaign as a whole, rendered: every mail, its fingerprint, and one hash over all that is approved.

What is rendered is what will be sent: the facts are those of the release instant, Message-ID and
boundaries derive from the row, and the Date alone is left out of the fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy.orm import Session

from faq.contest import Contest, Language, Person, Stage
from mailer import campaign as campaigns
from mailer import result_words, words
from mailer.attach import Attachment
from mailer.campaign_tables import Campaign, CampaignFile, Recipient
from mailer.compose import Composed, compose, fingerprint
from mailer.errors import ComposeError
from mailer.letter import Identity, Letter
from mailer.outbox import Request
from mailer.result_words import TOLD
from mailer.strangers import Marks, Watch
from mailer.tables import MailKind

#: A team that does not exist, for what all letters of a kind have in common.
NOBODY = Person(address="nobody@example.org", name=None, language=Language.KO)
NO_TEAM = "□□"
#: Faults that are listed before the rest is only counted.
MOST_FAULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What two people approve."""

    #: SHA-256 over everything below it.
    content: str
    #: How many mails; whoever withdrew or was absent gets none.
    count: int
    #: Recipient to the fingerprint of its mail.
    digests: Mapping[int, str] = field(repr=False)
    #: What the hash was made of, so that a change can be shown.
    manifest: Mapping[str, Any] = field(repr=False)
    #: Why it cannot be approved; empty when it can.
    faults: tuple[str, ...]


def freeze(session: Session, campaign: Campaign, contest: Contest, identity: Identity) -> Frozen:
    """Render every mail of a campaign and look each over; what has left already stays as it was approved."""
    listed = list(campaigns.recipients(session, campaign.id))
    shared = texts(contest, identity, campaign.release_at, {one.decision for one in listed})
    files = _files(session, listed)
    faults = list(_misshared(listed))
    watch = Watch([_marks(one, files) for one in listed], shared)
    digests: dict[int, str] = {}
    for one in listed:
        if one.decision not in TOLD:
            continue
        if one.mail_id is not None:
            digests[one.id] = one.digest or ""
            continue
        try:
            mail = mail_of(one, campaign, contest, identity, campaigns.file_of(session, one))
        except ComposeError as error:
            faults.append(f"line {one.number}: {error}")
            continue
        digests[one.id] = fingerprint(mail.body)
        key = one.decision, Language(one.language)
        faults.extend(watch.faults(mail.body, _marks(one, files), key))
    manifest = _manifest(campaign, listed, digests, identity, shared)
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [f"and {len(faults) - MOST_FAULTS} more"]
    return Frozen(
        content=hash_of(manifest),
        count=sum(one.decision in TOLD for one in listed),
        digests=digests,
        manifest=manifest,
        faults=tuple(faults),
    )


def request(one: Recipient, campaign: Campaign, contest: Contest, file: CampaignFile | None) -> Request:
    """The result of one recipient as the outbox takes it: these bytes and no others, once."""
    return Request(
        key=f"result:{one.id}",
        letter=letter(one, campaign, contest, file),
        result_of=one.id,
        digest=one.digest or "nothing was approved",
    )


def mail_of(
    one: Recipient, campaign: Campaign, contest: Contest, identity: Identity, file: CampaignFile | None
) -> Composed:
    """Write one result, dated at its release. Raises ComposeError naming what cannot be written."""
    return compose(
        letter(one, campaign, contest, file),
        row_id=one.id,
        identity=identity,
        now=campaign.release_at,
        result_of=one.id,
    )


def letter(one: Recipient, campaign: Campaign, contest: Contest, file: CampaignFile | None) -> Letter:
    """The result of one recipient; its template is the decision's own."""
    language = Language(one.language)
    return Letter(
        kind=MailKind.RESULT,
        recipient=Person(address=one.address, name=one.name, language=language),
        subject=result_words.subject(one.decision.value, contest, language),
        template=one.decision.value,
        data=result_words.data(
            one.decision,
            contest,
            language,
            team=one.team,
            name=one.name,
            slot_at=one.slot_at,
            file=file.name if file else None,
        ),
        automatic=True,
        provenance={
            "campaign": campaign.id,
            "recipient": one.id,
            "content": campaign.content,
            "facts": dict(result_words.facts(contest)),
        },
        embargo_until=campaign.release_at,
        attachments=(Attachment(name=file.name, type=file.type, content=file.content),) if file else (),
    )


def texts(
    contest: Contest, identity: Identity, release_at: datetime, decisions: Iterable[Stage]
) -> Mapping[tuple[Stage, Language], str]:
    """The words of each letter, subject first, as they would go to a made-up team."""
    found = {}
    for decision, language in product(sorted(set(decisions) & set(TOLD)), Language):
        subject = result_words.subject(decision.value, contest, language)
        told = result_words.data(
            decision,
            contest,
            language,
            team=NO_TEAM,
            name=None,
            slot_at=release_at + timedelta(days=1),
            file=None,
        )
        outer = {
            "contest": identity.name[language],
            "address": identity.address,
            "subject": subject,
            "inquiry": None,
        }
        said = words.render(decision.value, language, dict(told) | outer)
        found[decision, language] = f"{subject}\n{said.text}\n{said.html}"
    return found


def hash_of(manifest: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of what is approved."""
    told = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Say what is another now than when it was approved, a line each."""
    for name, said in _SAID.items():
        if before[name] != after[name]:
            yield f"{said}: {before[name]} -> {after[name]}"
    for key in sorted(set(before["texts"]) | set(after["texts"])):
        yield from _word_changes(key, before["texts"].get(key, ""), after["texts"].get(key, ""))
    old, new = before["mails"], after["mails"]
    for person in sorted(set(old) | set(new), key=int):
        if person not in new:
            yield f"{old[person]['team']} is not in the list any more"
        elif person not in old:
            yield f"{new[person]['team']} is new in the list"
        else:
            for name, value in new[person].items():
                if old[person].get(name) != value:
                    shown = "" if name == "mail" else f": {old[person].get(name)} -> {value}"
                    yield f"{new[person]['team']}: {_FIELDS[name]} changed{shown}"


#: What stands in the manifest beside the mails, and how it is called in a diff.
_SAID = {"release": "release", "round": "round", "sender": "sender", "range": "how many are chosen"}
_FIELDS = {
    "number": "line",
    "team": "team",
    "address": "address",
    "name": "contact",
    "language": "language",
    "decision": "decision",
    "slot": "presentation slot",
    "file": "file",
    "mail": "the text of its mail",
}


def _word_changes(key: str, before: str, after: str) -> Iterator[str]:
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    for line in old - new:
        if not line.lstrip().startswith("<"):
            yield f"{key}: - {line.strip()}"
    for line in new - old:
        if not line.lstrip().startswith("<"):
            yield f"{key}: + {line.strip()}"


def _manifest(
    campaign: Campaign,
    listed: Iterable[Recipient],
    digests: Mapping[int, str],
    identity: Identity,
    shared: Mapping[tuple[Stage, Language], str],
) -> dict[str, Any]:
    names = {language.value: name for language, name in identity.name.items()}
    return {
        "round": campaign.round.value,
        "release": campaign.release_at.isoformat(),
        "sender": {"address": identity.address, "domain": identity.domain, "names": names},
        "range": [campaign.least, campaign.most],
        "texts": {f"{decision}.{language}": text for (decision, language), text in shared.items()},
        "mails": {
            str(one.person): {
                "number": one.number,
                "team": one.team,
                "address": one.address,
                "name": one.name,
                "language": one.language,
                "decision": one.decision.value,
                "slot": one.slot_at.isoformat() if one.slot_at else None,
                "file": one.file,
                "mail": digests.get(one.id),
            }
            for one in listed
        },
    }


def _files(session: Session, listed: Iterable[Recipient]) -> Mapping[str, str]:
    """Names of the files that belong to one team alone, by their hash."""
    bearers = Counter(one.file for one in listed if one.file is not None)
    owners = {one.file: one for one in listed if one.file is not None and bearers[one.file] == 1}
    found = {}
    for sha256, one in owners.items():
        file = campaigns.file_of(session, one)
        if sha256 is not None and file is not None:
            found[sha256] = file.name
    return found


def _misshared(listed: Iterable[Recipient]) -> Iterator[str]:
    """A file is one team's own, or goes to all of a decision; anything between is a slip."""
    told = [one for one in listed if one.decision in TOLD]
    everybody = Counter(one.decision for one in told)
    bearers = Counter((one.file, one.decision) for one in told if one.file is not None)
    holders = Counter(one.file for one in told if one.file is not None)
    for one in told:
        if one.file is None or holders[one.file] == 1:
            continue
        if bearers[one.file, one.decision] != everybody[one.decision]:
            yield f"line {one.number}: its file goes to others too, but not to all that are {one.decision}"


def _marks(one: Recipient, files: Mapping[str, str]) -> Marks:
    return Marks(
        number=one.number,
        team=one.team,
        address=one.address,
        contact=one.name,
        file=files.get(one.file or ""),
    )
