"""What staff do with a result campaign: bring the list, look it over, approve it, let it go.

Verbs take a session and never commit. ``now`` is contest time, ``real_now`` is real UTC (for codes). What
takes long, rendering every mail, is done on a reading session first (``look_over``); what was seen then
must still be so when something is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from bot import canary, codes, decision_file, members
from bot import staff as people
from bot.codes import Redeemed
from bot.refusal import Refused
from bot.tables import Staff, StaffRole
from faq import wording
from faq.contest import SEOUL, Contest, Language, Round
from faq.library import Library
from mailer import campaign as campaigns
from mailer import freeze, proof
from mailer.campaign import NEEDED, Addressee
from mailer.campaign_tables import Approval, Campaign, CampaignFile, CampaignState, Recipient
from mailer.letter import Identity
from mailer.states import DIRECT

#: Who may bring, approve, schedule and cancel; to stop a campaign, anybody on the staff.
ROLE = StaffRole.APPROVER
#: Mails a minute and domain: the two large hosts of the country count who comes how fast.
PACE_PER_MINUTE = 60
#: A campaign that is found so long after its instant does not go out by itself: something was wrong.
LATE_AFTER = timedelta(hours=2)

#: Before the first mail is out the list may still be exchanged.
_EDITABLE = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.PAUSED,
    CampaignState.HALTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A list that was taken."""

    campaign_id: int
    recipients: int
    #: Of each decision how many.
    counts: Mapping[str, int]
    #: What is another now than in the list before; empty for a first one.
    changes: tuple[str, ...]
    #: What staff should look at, though nothing forbids it.
    warnings: tuple[str, ...]
    #: Approvals that do not count any more.
    voided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A campaign as it was looked over: everything rendered, everything proven."""

    campaign_id: int
    version: int
    #: Hash of texts, list, files, sender and time.
    content: str
    #: How many mails.
    count: int
    #: Why it cannot be approved or sent; empty when it can.
    faults: tuple[str, ...]
    manifest: Mapping[str, Any] = field(repr=False)
    digests: Mapping[int, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approval that counts."""

    given: int
    needed: int


# -- the list ---------------------------------------------------------------------------------


def bring(
    session: Session,
    path: Path,
    *,
    round: Round,
    release_at: datetime,
    staff: Staff,
    library: Library,
    identity: Identity,
    now: datetime,
    least: int | None = None,
    most: int | None = None,
    pace_per_minute: int | None = PACE_PER_MINUTE,
) -> Brought:
    """Take a list of decisions, all or nothing; one for the same round that is not out yet is replaced.

    The decisions stay with the campaign: the roster learns them when their mails are queued.

    Raises:
        Refused: a line for each fault of the file, of the proof, or of a mail that cannot be written.
    """
    if release_at <= now:
        raise Refused(f"the release instant {told(release_at)} has gone by; give one that is ahead")
    given = decision_file.read(path)
    try:
        allowed = proof.range_of(library.contest, round, least=least, most=most)
    except ValueError as error:
        raise Refused(str(error)) from error
    campaign = campaigns.current(session, round)
    before = None
    if campaign is None:
        campaign = Campaign(
            round=round,
            state=CampaignState.DRAFT,
            release_at=release_at,
            least=allowed.least,
            most=allowed.most,
            author=staff.address,
            edited_by=staff.address,
            created_at=now,
        )
        session.add(campaign)
    elif campaign.state not in _EDITABLE or campaign.released_at is not None:
        raise Refused(f"campaign {campaign.id} of the {round} round is {campaign.state}: its mails are out")
    else:
        before = freeze.freeze(session, campaign, library.contest, identity).manifest
    campaign.release_at, campaign.least, campaign.most = release_at, allowed.least, allowed.most
    campaign.edited_by, campaign.pace_per_minute = staff.address, pace_per_minute
    # What changed may be in the rows of the list alone.
    flag_modified(campaign, "edited_by")
    session.flush()
    addressees = members.addressees(session, given.lines)
    if doubled := list(proof.twice(addressees)):
        raise Refused("\n".join(doubled))
    _write(session, campaign, addressees, given)
    looked = look_over(session, campaign.id, library=library, identity=identity, now=now)
    if looked.faults:
        raise Refused("\n".join(looked.faults))
    return Brought(
        campaign_id=campaign.id,
        recipients=looked.count,
        counts=dict(Counter(one.decision.value for one in addressees)),
        changes=tuple(freeze.changes(before, looked.manifest)) if before else (),
        warnings=_warnings(library.contest, campaign),
        voided=_void_changed(session, campaign, looked, now=now),
    )


def _write(
    session: Session,
    campaign: Campaign,
    addressees: Sequence[Addressee],
    given: decision_file.Decisions,
) -> None:
    try:
        campaigns.put(session, campaign, addressees, given.files.values())
    except IntegrityError as error:
        # The unique keys of the schema: the same person or team twice, here or in another campaign.
        raise Refused(
            "a team or an address stands twice in this list, or has been told by another campaign of the"
            " round; nobody is told twice"
        ) from error


def _warnings(contest: Contest, campaign: Campaign) -> tuple[str, ...]:
    milestone = contest.milestones.get(proof.ANNOUNCED[campaign.round])
    day = campaign.release_at.astimezone(SEOUL).date()
    if milestone is None or milestone.approximate or milestone.starts_on <= day <= milestone.ends_on:
        return ()
    announced = wording.first_day(milestone, Language.EN)
    return (f"the release is on {day}, but applicants were told {announced} ({milestone.id})",)


# -- looking ----------------------------------------------------------------------------------


def look_over(
    session: Session, campaign_id: int, *, library: Library, identity: Identity, now: datetime
) -> Looked:
    """Prove a campaign against the roster and the contest, and render every mail of it."""
    campaign = campaigns.find(session, campaign_id)
    contest = library.contest
    listed = [members.addressee(row) for row in campaigns.recipients(session, campaign.id)]
    faults = list(
        proof.faults(
            listed,
            members.of_round(session, campaign.round),
            round=campaign.round,
            allowed=proof.Range(least=campaign.least, most=campaign.most),
            elsewhere=campaigns.decided_elsewhere(session, campaign),
            contest=contest,
            release_at=campaign.release_at,
        )
    )
    faults += _contest_moved(contest, campaign)
    faults += members.moved(session, listed)
    faults += _files_moved(session, campaign)
    frozen = freeze.freeze(session, campaign, contest, identity)
    return Looked(
        campaign_id=campaign.id,
        version=campaign.version,
        content=frozen.content,
        count=frozen.count,
        faults=(*faults, *frozen.faults),
        manifest=frozen.manifest,
        digests=frozen.digests,
    )


def _contest_moved(contest: Contest, campaign: Campaign) -> list[str]:
    """The contest's own number still bounds what staff chose at the import."""
    try:
        stated = proof.range_of(contest, campaign.round)
    except ValueError as error:
        return [str(error)]
    exact = stated.least == stated.most
    if exact and (campaign.least, campaign.most) != (stated.least, stated.most):
        return [f"the contest says {stated.least} now; import the list again"]
    return []


def _files_moved(session: Session, campaign: Campaign) -> list[str]:
    """What goes out was read at the import; a file that was changed since is a change all the same."""
    faults = []
    for file in session.scalars(select(CampaignFile).where(CampaignFile.campaign_id == campaign.id)):
        if decision_file.was_changed(file.path, file.sha256):
            faults.append(f"the file {file.name} was changed after the import; import the list again")
        if decision_file.hash_of(file.content) != file.sha256:
            faults.append(f"the file {file.name} is not the one that was imported; import the list again")
    return faults


def changes(session: Session, looked: Looked) -> tuple[str, ...]:
    """Say what is another now than when it was approved last; empty when nothing is, or nobody approved."""
    given = campaigns.approvals(session, looked.campaign_id)
    if not given or given[-1].content == looked.content:
        return ()
    return tuple(freeze.changes(given[-1].manifest, looked.manifest))


# -- approving --------------------------------------------------------------------------------


def send_code(
    session: Session, looked: Looked, address: str, *, identity: Identity, now: datetime, real_now: datetime
) -> int:
    """Mail the code that approves what was looked over; returns the outbox id.

    Raises:
        Refused: this person may not approve it, it has faults, or it was changed meanwhile.
    """
    member, campaign = _approver(session, looked, address, now=now)
    return codes.send(
        session,
        member,
        purpose=_purpose(campaign),
        said=f"결과 발송 {campaign.id}번 승인 ({looked.count}통, {told(campaign.release_at)})",
        content=looked.content,
        identity=identity,
        now=now,
        real_now=real_now,
    )


def approve(
    session: Session,
    looked: Looked,
    address: str,
    code: str,
    *,
    count: int | None,
    identity: Identity,
    now: datetime,
    real_now: datetime,
) -> Approved | Redeemed:
    """Take the code: the approval, or why the code is not good. The second person types the count too.

    The caller commits in both cases: a wrong try counts.

    Raises:
        Refused: this person may not approve it, the count is wrong, or something changed meanwhile.
    """
    member, campaign = _approver(session, looked, address, now=now)
    given = campaigns.valid(session, campaign.id, looked.content)
    if len(given) + 1 >= NEEDED and count is None:
        raise Refused(f"campaign {campaign.id}: the second person types how many mails leave: --count N")
    if count is not None and count != looked.count:
        raise Refused(f"campaign {campaign.id}: {count} is not the number of its mails; look at it again")
    redeemed = codes.redeem(
        session,
        member,
        code,
        purpose=_purpose(campaign),
        content=looked.content,
        identity=identity,
        real_now=real_now,
    )
    if redeemed is not Redeemed.YES:
        return redeemed
    session.add(
        Approval(
            campaign_id=campaign.id,
            staff=member.address,
            content=looked.content,
            manifest=dict(looked.manifest),
            at=now,
        )
    )
    campaign.content = looked.content
    flag_modified(campaign, "content")
    _keep_digests(session, looked)
    if len(given) + 1 >= NEEDED:
        campaigns.move(campaign, CampaignState.APPROVED)
    session.flush()
    return Approved(given=len(given) + 1, needed=NEEDED)


def _approver(session: Session, looked: Looked, address: str, *, now: datetime) -> tuple[Staff, Campaign]:
    member = people.member(session, address, role=ROLE)
    campaign = _unchanged(session, looked)
    if looked.faults:
        raise Refused("\n".join(looked.faults))
    _void_changed(session, campaign, looked, now=now)
    if campaign.state not in (CampaignState.DRAFT, CampaignState.HALTED):
        raise Refused(f"campaign {campaign.id} is {campaign.state}; there is nothing to approve")
    if member.address in (campaign.author, campaign.edited_by):
        raise Refused(f"{member.address} brought this list; two other people approve it")
    if any(one.staff == member.address for one in campaigns.valid(session, campaign.id, looked.content)):
        raise Refused(f"{member.address} has approved it already; another person is needed")
    return member, campaign


def _keep_digests(session: Session, looked: Looked) -> None:
    """What is sent is held against these; what has left keeps its own."""
    for recipient_id, digest in looked.digests.items():
        session.execute(
            update(Recipient)
            .where(Recipient.id == recipient_id, Recipient.mail_id.is_(None))
            .values(digest=digest),
            **DIRECT,
        )


def _void_changed(session: Session, campaign: Campaign, looked: Looked, *, now: datetime) -> int:
    """Approvals of anything else than this do not count; whoever waited for release is a draft again."""
    standing = [one for one in campaigns.approvals(session, campaign.id) if one.voided_at is None]
    if not standing or all(one.content == looked.content for one in standing):
        return 0
    said = "; ".join(changes(session, looked)) or "it was changed"
    voided = campaigns.void(session, campaign.id, said[:2000], now=now)
    campaign.content = None
    if campaign.state in (CampaignState.APPROVED, CampaignState.SCHEDULED, CampaignState.PAUSED):
        campaigns.move(campaign, CampaignState.DRAFT)
    session.flush()
    return voided


# -- letting go -------------------------------------------------------------------------------


def schedule(session: Session, looked: Looked, address: str, *, now: datetime) -> Campaign:
    """Let an approved campaign go at its release instant (what was stopped in the middle, at once).

    Raises:
        Refused: it is not approved as it stands, three people on the staff have not got the test mails,
            or the instant has gone by.
    """
    member = people.member(session, address, role=ROLE)
    campaign = _unchanged(session, looked)
    require_approved(session, campaign, looked)
    if campaign.state is not CampaignState.APPROVED:
        raise Refused(f"campaign {campaign.id} is {campaign.state}; only an approved one is scheduled")
    canary.check(session, campaign, looked.content)
    if campaign.released_at is None and campaign.release_at <= now:
        raise Refused(
            f"the release instant {told(campaign.release_at)} has gone by; import the list with another one"
        )
    campaign.scheduled_by = member.address
    begun = campaign.released_at is not None
    campaigns.move(campaign, CampaignState.SENDING if begun else CampaignState.SCHEDULED)
    session.flush()
    return campaign


def require_approved(session: Session, campaign: Campaign, looked: Looked) -> None:
    """Make sure that two people approved exactly what was looked over.

    Raises:
        Refused: they did not; the message says what has changed since.
    """
    if looked.faults:
        raise Refused("\n".join(looked.faults))
    given = campaigns.valid(session, campaign.id, looked.content)
    if len(given) < NEEDED:
        said = "; ".join(changes(session, looked))
        changed = f"; since the last approval: {said}" if said else ""
        raise Refused(f"campaign {campaign.id}: {len(given)} of {NEEDED} approvals stand{changed}")
    if campaign.content != looked.content:
        raise Refused(f"campaign {campaign.id}: what was approved is not what would be sent")


def _unchanged(session: Session, looked: Looked) -> Campaign:
    campaign = campaigns.find(session, looked.campaign_id)
    if campaign.version != looked.version:
        raise Refused(f"campaign {campaign.id} was changed at the same moment; look at it again")
    return campaign


def _purpose(campaign: Campaign) -> str:
    return f"campaign:{campaign.id}"


def told(instant: datetime) -> str:
    """An instant in the words of staff."""
    return wording.clock_text(instant, Language.KO)
