"""A result campaign from its list to its last mail, and everything that must stop it on the way."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from bot import campaign_status, campaigning, canary, codes, stopping
from bot.refusal import Refused
from bot.roster_tables import Contestant, Decision
from bot.storage import Storage
from faq.contest import Round, Stage
from faq.library import Library
from mailer import campaign as campaigns
from mailer import outbox
from mailer.campaign_tables import Approval, Campaign, CampaignFile, CampaignState, Recipient
from mailer.errors import IllegalTransition
from mailer.relay import Deferred, Delivered, Outcome, Outgoing, Unknown
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.office import IDENTITY
from tests.bot.results import AUTHOR, IMPORTED, RELEASE, SECOND, THIRD, Row, Season, but, rows, slot
from tests.mailer.letters import Scripted, hello

TEAMS = 20


def told(relay: Scripted) -> Counter[str]:
    """How many mails each applicant got; staff get notices as well."""
    return Counter(mail.recipient for mail in relay.sent if mail.recipient.startswith("team-"))


def everybody(count: int = TEAMS) -> Counter[str]:
    return Counter(row.address for row in rows(count))


@pytest.fixture
def season(storage: Storage, packaged: Library, tmp_path: Path) -> Season:
    """Twenty teams that submitted, and staff; on both kinds of database."""
    made = Season(storage=storage, library=packaged, folder=tmp_path)
    made.add_people(rows(TEAMS))
    return made


@pytest.fixture
def quick(small_storage: Storage, packaged: Library, tmp_path: Path) -> Season:
    """The same on SQLite alone, for what asks nothing of the other kind."""
    made = Season(storage=small_storage, library=packaged, folder=tmp_path)
    made.add_people(rows(TEAMS))
    return made


# -- the way that it goes ---------------------------------------------------------------------


def test_campaign_tells_everybody_once_at_its_instant(season: Season) -> None:
    season.bring(rows(TEAMS))
    season.ready()
    relay = Scripted()

    season.tick(now=RELEASE - timedelta(minutes=1))
    season.deliver(relay, now=RELEASE - timedelta(minutes=1))
    early = len(relay.sent)
    season.tick()
    season.deliver(relay)
    season.tick()
    season.tick()

    assert early == 0
    assert told(relay) == everybody()
    assert season.state() is CampaignState.DONE
    with season.storage.read() as session:
        assert campaign_status.verify(session, 1).ok


def test_roster_knows_nothing_before_the_release(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()

    def decided() -> list[tuple[Stage, int | None]]:
        with quick.storage.read() as session:
            return [(row.decision, row.mail_id) for row in session.scalars(select(Decision))]

    before, results_before = decided(), quick.results()
    quick.tick()
    after = decided()

    assert (before, results_before) == ([], [])
    assert Counter(decision for decision, _ in after) == {Stage.SHORTLISTED: 15, Stage.NOT_SHORTLISTED: 5}
    assert sorted(mail_id or 0 for _, mail_id in after) == [mail.id for mail in quick.results()]


def test_result_row_leaves_neither_early_nor_without_a_campaign(season: Season) -> None:
    season.bring(rows(TEAMS))
    season.ready()
    season.tick()
    with season.writing() as session:
        stray = hello(kind=MailKind.RESULT, to="team-1@example.org")
        outbox.enqueue(session, stray, key="result:stray", identity=IDENTITY, now=RELEASE)
    relay = Scripted()

    season.deliver(relay, now=RELEASE - timedelta(seconds=1))
    early = len(relay.sent)
    season.deliver(relay)

    assert early == 0
    assert told(relay) == everybody()
    with season.storage.read() as session:
        assert campaign_status.verify(session, 1).differences == (
            f"outbox mail {season.results()[-1].id} is a result that nobody approved",
        )


def test_pace_spreads_the_mails_to_one_domain(quick: Season) -> None:
    quick.bring(rows(TEAMS), pace=8)
    quick.ready()
    relay = Scripted()

    counts = []
    for _ in range(4):
        quick.tick()
        quick.deliver(relay)
        counts.append(told(relay).total())
        quick.tick()
        quick.deliver(relay)
        quick.real_now += timedelta(seconds=61)

    assert counts == [8, 16, 20, 20]


# -- what must stop it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (
            [*rows(TEAMS), Row(team="팀 x", address="team-1@example.org", decision="shortlisted")],
            "is that of",
        ),
        ([*rows(TEAMS), *rows(1)], "the same address as in line 2; nobody is told twice"),
        (rows(TEAMS)[:-1], "has no decision; every team must have one"),
        (rows(TEAMS, chosen=12), "12 teams are shortlisted; the contest says 13 to 17 (shortlist.teams)"),
        (rows(TEAMS, chosen=18), "18 teams are shortlisted; the contest says 13 to 17 (shortlist.teams)"),
        (but(rows(TEAMS), 3, decision="selected"), "selected is no decision of the first round"),
        (but(rows(TEAMS), 3, slot_at=""), "line 4: shortlisted, but no presentation slot (slot_at)"),
        (but(rows(TEAMS), 3, slot_at=slot(2)), "its slot begins before that of line 3 is over"),
        (but(rows(TEAMS), 3, slot_at="2020-12-08T10:00"), "the slot is on 2020-12-08"),
        (but(rows(TEAMS), 18, slot_at=slot(18)), "line 19: not_shortlisted, and yet a presentation slot"),
        (but(rows(TEAMS), 3, address="nobody@example.org"), "nobody on the roster has the address"),
        (but(rows(TEAMS), 3, attachment="../elsewhere.pdf"), "lies outside the folder of the list"),
        (but(rows(TEAMS), 3, decision="chosen"), "line 4: 'chosen' is no decision"),
    ],
)
def test_import_refuses_a_wrong_list_and_takes_nothing(
    quick: Season, listed: Sequence[Row], said: str
) -> None:
    with pytest.raises(Refused) as refused:
        quick.bring(listed)

    assert said in str(refused.value)
    assert quick.recipients() == []


def test_same_person_twice_is_refused_by_the_schema_itself(season: Season) -> None:
    season.bring(rows(TEAMS))
    first, second = season.recipients()[:2]
    doubled = update(Recipient).where(Recipient.id == second.id).values(person_key=first.person_key)

    with season.storage.write() as session, pytest.raises(IntegrityError):
        session.execute(doubled)


def test_final_round_wants_exactly_as_many_as_the_contest_states(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    relay = Scripted()
    quick.tick()
    quick.deliver(relay)
    quick.tick()
    final = {"round": Round.FINAL, "release_at": RELEASE.replace(day=11), "now": RELEASE.replace(day=10)}

    def finalists(chosen: int) -> list[Row]:
        return [
            Row(team=r.team, address=r.address, decision="selected" if n < chosen else "not_selected")
            for n, r in enumerate(rows(15))
        ]

    with pytest.raises(Refused, match="9 teams are selected; the contest says exactly 10"):
        quick.bring(finalists(9), **final)  # type: ignore[arg-type]  # one set of arguments for both
    brought = quick.bring(finalists(10), **final)  # type: ignore[arg-type]  # likewise

    assert brought.counts == {"selected": 10, "not_selected": 5}


def test_withdrawn_team_gets_no_mail_and_needs_no_decision(quick: Season) -> None:
    with quick.writing() as session:
        session.execute(
            update(Contestant)
            .where(Contestant.address == "team-20@example.org")
            .values(status=Stage.WITHDRAWN)
        )
    with pytest.raises(Refused, match="has withdrawn; it cannot be not_shortlisted"):
        quick.bring(rows(TEAMS))
    brought = quick.bring(but(rows(TEAMS), 20, decision="withdrawn"))

    assert brought.recipients == TEAMS - 1


def test_check_15_author_may_not_approve_and_two_others_must(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    looked = quick.look()

    with pytest.raises(Refused, match="two other people approve it"):
        quick.code(looked, AUTHOR)
    first = quick.approve(SECOND)
    with pytest.raises(Refused, match="another person is needed"):
        quick.code(quick.look(), SECOND)
    with pytest.raises(Refused, match="1 of 2 approvals stand"):
        quick.schedule()
    second = quick.approve(THIRD)

    assert [first.given, second.given] == [1, 2]
    assert quick.state() is CampaignState.APPROVED


def test_last_editor_may_not_approve(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.bring(rows(TEAMS), by=SECOND)

    with pytest.raises(Refused, match="brought this list"):
        quick.code(quick.look(), SECOND)


def test_second_person_types_the_right_count(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.approve(SECOND)

    with pytest.raises(Refused, match="21 is not the number of its mails"):
        quick.approve(THIRD, count=21)
    looked = quick.look()
    code = quick.code(looked, THIRD)
    with quick.writing() as session, pytest.raises(Refused, match="types how many mails leave"):
        campaigning.approve(
            session,
            looked,
            THIRD,
            code,
            count=None,
            identity=IDENTITY,
            now=IMPORTED,
            real_now=quick.real_now,
        )


def test_code_of_another_content_approves_nothing(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    code = quick.code(quick.look(), SECOND)
    quick.bring(rows(TEAMS, chosen=14))
    with quick.writing() as session:
        done = campaigning.approve(
            session,
            quick.look(),
            SECOND,
            code,
            count=None,
            identity=IDENTITY,
            now=IMPORTED,
            real_now=quick.real_now,
        )

    assert done is codes.Redeemed.CHANGED


def test_schedule_wants_the_test_mails_of_three(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.approve(SECOND)
    quick.approve(THIRD)

    with pytest.raises(Refused, match="0 of 3 people have got the test mails"):
        quick.schedule()
    with quick.writing() as session, pytest.raises(Refused, match="3 different people"):
        canary.send(
            session,
            campaigns.find(session, 1),
            "x",
            (AUTHOR, AUTHOR, SECOND),
            contest=quick.library.contest,
            identity=IDENTITY,
            now=IMPORTED,
        )
    sent = quick.test_send()
    quick.schedule()

    assert len(sent) == 3 * 2 * 2  # people, letters, languages
    assert quick.state() is CampaignState.SCHEDULED
    with quick.storage.read() as session:
        said = b"".join(session.get_one(OutboxMail, mail_id).body or b"" for mail_id in sent)
    assert not any(row.address.encode() in said for row in rows(TEAMS))


def one_recipient(season: Season) -> None:
    with season.writing() as session:
        session.execute(update(Recipient).where(Recipient.number == 4).values(address="other@example.org"))


def one_decision(season: Season) -> None:
    with season.writing() as session:
        session.execute(update(Recipient).where(Recipient.number == 18).values(decision=Stage.SHORTLISTED))


def one_word(season: Season) -> None:
    contest = season.library.contest
    venue = contest.facts["presentation.venue"]
    (stated,) = venue.statements
    moved = dataclasses.replace(
        venue, statements=(dataclasses.replace(stated, value={"ko": "서울", "en": "Seoul"}),)
    )
    facts = {**contest.facts, "presentation.venue": moved}
    season.library = dataclasses.replace(season.library, contest=dataclasses.replace(contest, facts=facts))


def one_file(season: Season) -> None:
    with season.writing() as session:
        session.execute(update(CampaignFile).values(content=b"another guide"))


def one_file_on_disk(season: Season) -> None:
    (season.folder / "guide.pdf").write_bytes(b"another guide")


def one_minute(season: Season) -> None:
    with season.writing() as session:
        session.execute(update(Campaign).values(release_at=RELEASE + timedelta(minutes=1)))


def one_who_joined(season: Season) -> None:
    season.add_people([Row(team="늦은 팀", address="late@example.org", decision="")])


def one_who_withdrew(season: Season) -> None:
    with season.writing() as session:
        session.execute(
            update(Contestant)
            .where(Contestant.address == "team-2@example.org")
            .values(status=Stage.WITHDRAWN)
        )


def one_contact(season: Season) -> None:
    with season.writing() as session:
        session.execute(
            update(Contestant).where(Contestant.address == "team-2@example.org").values(language="en")
        )


CHANGES = [
    one_recipient,
    one_decision,
    one_word,
    one_file,
    one_file_on_disk,
    one_minute,
    one_who_joined,
    one_who_withdrew,
    one_contact,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_check_28_change_after_approval_lets_nothing_out(
    quick: Season, change: Callable[[Season], None]
) -> None:
    (quick.folder / "guide.pdf").write_bytes(b"%PDF guide")
    quick.bring(but(rows(TEAMS), 3, attachment="guide.pdf"))
    quick.ready()
    change(quick)
    relay = Scripted()

    quick.tick(now=RELEASE + timedelta(minutes=1))
    quick.deliver(relay, now=RELEASE + timedelta(minutes=1))

    assert told(relay) == Counter()
    assert quick.results() == []
    assert quick.state() is CampaignState.HALTED


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (one_word, "shortlisted.ko: - "),
        (one_minute, "release: 2020-12-04T05:00:00+00:00 -> 2020-12-04T05:01:00+00:00"),
    ],
)
def test_check_28_change_before_scheduling_is_refused_and_shown(
    quick: Season, change: Callable[[Season], None], shown: str
) -> None:
    quick.bring(rows(TEAMS))
    quick.approve(SECOND)
    quick.approve(THIRD)
    quick.test_send()
    change(quick)

    with pytest.raises(Refused, match="0 of 2 approvals stand; since the last approval"):
        quick.schedule()
    with quick.storage.read() as session:
        changed = campaigning.changes(session, quick.look())

    assert any(line.startswith(shown) for line in changed)


def test_check_16_new_list_voids_approvals_and_shows_the_difference(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.approve(SECOND)
    quick.approve(THIRD)
    brought = quick.bring(but(rows(TEAMS), 20, decision="shortlisted", slot_at=slot(20)))

    assert brought.voided == 2
    assert "팀 0020호: decision changed: not_shortlisted -> shortlisted" in brought.changes
    assert quick.state() is CampaignState.DRAFT
    with quick.storage.read() as session:
        given = session.scalars(select(Approval)).all()
        assert all(one.voided_at for one in given)
        assert "팀 0020호" in (given[0].why or "")


def test_same_list_again_leaves_approvals_as_they_are(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.approve(SECOND)
    brought = quick.bring(rows(TEAMS))

    assert (brought.changes, brought.voided) == ((), 0)
    assert quick.approve(THIRD).given == 2


def test_check_29_field_missing_for_applicant_57_and_nobody_gets_a_mail(
    small_storage: Storage, packaged: Library, tmp_path: Path
) -> None:
    season = Season(storage=small_storage, library=packaged, folder=tmp_path)
    season.add_people(rows(60))
    season.bring(rows(60))
    season.ready()
    with season.writing() as session:
        # A row that cannot be written any more: its contact was made a header's line break.
        session.execute(
            update(Recipient).where(Recipient.number == 58).values(address="broken\r\n@example.org")
        )
    relay = Scripted()

    season.tick()
    season.deliver(relay)

    assert told(relay) == Counter()
    assert season.state() is CampaignState.HALTED
    with season.storage.read() as session:
        assert "line 58" in (session.get_one(Campaign, 1).halted or "")


def test_bytes_altered_in_the_outbox_stop_everything(season: Season) -> None:
    season.bring(rows(TEAMS))
    season.ready()
    season.tick()
    fifth = season.results()[4]
    with season.writing() as session:
        row = session.get_one(OutboxMail, fifth.id)
        row.body = (row.body or b"").replace(b"Content-Language", b"Content-Languagf")
    relay = Scripted()

    season.deliver(relay)
    season.deliver(relay)

    # What was claimed beside it is stopped at the gate before it is begun.
    assert told(relay) == Counter()
    assert season.state() is CampaignState.HALTED


def test_redirected_row_stops_everything(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    quick.tick()
    with quick.writing() as session:
        session.execute(
            update(OutboxMail).where(OutboxMail.id == quick.results()[4].id).values(recipient="x@example.org")
        )
    relay = Scripted()
    quick.deliver(relay)

    assert told(relay) == Counter()


def test_release_found_hours_late_does_not_go_by_itself(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    relay = Scripted()
    quick.tick(now=RELEASE + timedelta(hours=3))
    quick.deliver(relay, now=RELEASE + timedelta(hours=3))

    assert told(relay) == Counter()
    assert quick.state() is CampaignState.HALTED


# -- stop, go on, cancel ----------------------------------------------------------------------


def test_check_17_stop_lets_no_further_mail_out_and_resume_tells_each_once(season: Season) -> None:
    season.bring(rows(TEAMS))
    season.ready()
    season.tick()
    relay = Scripted()

    def stop_at_the_fifth(mail: Outgoing) -> Outcome:
        if len(relay.sent) == 5:
            with season.writing() as session:
                stopping.pause(session, 1, THIRD, now=RELEASE)
        return Delivered(reply="250 ok")

    relay.answer = stop_at_the_fifth
    stopped = season.deliver(relay)
    season.tick()
    season.deliver(relay)
    at_the_stop = len(relay.sent)
    with season.storage.read() as session:
        shown = campaign_status.status(session, 1).as_document()
    with season.writing() as session:
        stopping.resume(session, 1, SECOND, now=RELEASE)
    season.deliver(relay)
    season.tick()

    assert (at_the_stop, stopped.released) == (5, TEAMS - 5)
    assert (shown["state"], shown["sent"], shown["waiting"]) == ("paused", 5, TEAMS - 5)
    assert told(relay) == everybody()
    assert season.state() is CampaignState.DONE


def test_stop_before_the_release_and_going_on_after_it(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    with quick.writing() as session:
        stopping.pause(session, 1, THIRD, now=IMPORTED)
    quick.tick()
    quiet = quick.results()
    with quick.writing() as session:
        stopping.resume(session, 1, SECOND, now=RELEASE + timedelta(minutes=5))
    quick.tick(now=RELEASE + timedelta(minutes=5))

    assert quiet == []
    assert len(quick.results()) == TEAMS


def test_cancelled_in_the_middle_the_rest_may_be_told_by_another_list(season: Season) -> None:
    season.bring(rows(TEAMS))
    season.ready()
    season.tick()
    relay = Scripted()
    season.deliver(relay, limit=5)
    with season.writing() as session:
        stopped = stopping.cancel(session, 1, AUTHOR, now=RELEASE)
    season.deliver(relay)
    with pytest.raises(Refused, match="told"):
        season.bring(rows(TEAMS), release_at=RELEASE + timedelta(days=1), now=RELEASE)
    rest = rows(TEAMS)[5:]
    brought = season.bring(rest, release_at=RELEASE + timedelta(hours=2), now=RELEASE)
    season.ready(campaign_id=brought.campaign_id)
    season.tick(now=RELEASE + timedelta(hours=2))
    season.deliver(relay, now=RELEASE + timedelta(hours=2))

    assert stopped == TEAMS - 5
    assert told(relay) == everybody()


def test_unknown_waits_for_a_person_with_evidence(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    quick.tick()
    relay = Scripted()
    relay.answer = lambda mail: (
        Unknown(cause="cut after the dot")
        if mail.recipient == "team-3@example.org"
        else Delivered(reply="250")
    )
    quick.deliver(relay)
    quick.tick()
    quick.deliver(relay)
    (unknown,) = [mail for mail in quick.results() if mail.state is MailState.UNKNOWN]

    with quick.writing() as session, pytest.raises(IllegalTransition, match="evidence"):
        outbox.resend(session, unknown.id)
    with quick.storage.read() as session:
        verified = campaign_status.verify(session, 1)
    with quick.writing() as session:
        outbox.resend(session, unknown.id, evidence="the relay's log knows nothing of it")
    relay.answer = lambda _mail: Delivered(reply="250 ok")
    quick.deliver(relay)

    assert told(relay) == everybody() + Counter({"team-3@example.org": 1})
    assert not verified.ok
    assert verified.differences == ("line 4: unknown: cut after the dot",)
    with quick.storage.read() as session:
        assert campaign_status.verify(session, 1).ok


def test_campaign_is_not_done_while_one_waits_for_its_next_try(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    quick.tick()
    relay = Scripted()
    relay.answer = lambda mail: (
        Deferred(code=451, text="later") if mail.recipient == "team-3@example.org" else Delivered(reply="250")
    )
    quick.deliver(relay)
    quick.tick()

    assert quick.state() is CampaignState.SENDING  # one of them still waits for its next try
    with quick.storage.read() as session:
        assert campaign_status.status(session, 1).as_document()["waiting"] == 1


def test_status_names_nobody(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    quick.tick()
    with quick.storage.read() as session:
        shown = str(campaign_status.status(session, 1).as_document())

    assert not any(row.team in shown or row.address in shown for row in rows(TEAMS))
    assert "shortlisted" not in shown


def test_two_clocks_queue_each_result_once(quick: Season) -> None:
    quick.bring(rows(TEAMS))
    quick.ready()
    quick.tick()
    quick.tick()

    assert len(quick.results()) == TEAMS
