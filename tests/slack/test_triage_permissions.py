"""Who may: every way in which somebody who is not staff could try, against the stand-in (slack.md §10)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot import staff
from bot.slack import permissions
from bot.tables import InquiryState, StaffRole
from tests.bot.office import LATE, OTHER, eml
from tests.scenarios.serving import until
from tests.slack.triage_room import Room


def enter(room: Room, kind: str) -> str:
    """Somebody of a kind who must not act, with the card before his eyes; returns the Slack id."""
    workspace = room.workspace
    role = kind if kind in ("guest", "single_guest", "stranger", "bot") else "home"
    user = workspace.add_user(f"{kind}-x", role=role)
    if kind != "outside":
        workspace.join(room.channel, user)
    if kind != "no_row":
        with room.storage.write.begin() as session:
            staff.add(
                session, f"{kind}@example.org", name=kind, role=StaffRole.ADMIN, slack_id=user,
                now=room.clock.now(),
            )  # fmt: skip
            if kind == "removed":
                staff.remove(session, f"{kind}@example.org", now=room.clock.now())
    if kind == "deleted":
        workspace.change_user(user, deleted=True)
    room.people[kind] = user
    return user


KINDS = ("no_row", "removed", "guest", "single_guest", "stranger", "deleted", "outside")
BUTTONS = ("inq.claim", "inq.answer", "inq.ask")


def test_check_13_others_are_refused_and_that_is_written_down(room: Room) -> None:
    room.take(eml(LATE))
    card = room.card(1)
    users = {kind: enter(room, kind) for kind in KINDS}
    before = (room.inquiry(1).version, len(room.office.outbox()))
    for user in users.values():
        for button in BUTTONS:
            room.workspace.click(user, room.channel, card["ts"], button, wait=False)
        room.workspace.choose(user, room.channel, card["ts"], "inq.more", "1:close", wait=False)
    tried = len(KINDS) * (len(BUTTONS) + 1)
    until(lambda: room.office.events(1).count("refused") == tried, "all refusals")
    actors = Counter(event.actor for event in room.office.happened(1) if event.kind == "refused")

    assert actors == {f"slack:{room.workspace.team_id}/{user}": len(BUTTONS) + 1 for user in users.values()}
    assert (room.inquiry(1).state, room.inquiry(1).owner) == (InquiryState.NEW, None)
    assert (room.inquiry(1).version, len(room.office.outbox())) == before


def test_check_13_a_stolen_dialogue_is_refused(room: Room) -> None:
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.answer")
    form = room.view("staff-a", until=lambda said: "답변 Answer (" in said)
    thief = enter(room, "guest")
    answer = room.workspace.submit(thief, form["id"], {"inq.text": "가짜 답변"})

    assert "Refused" in str(answer.payload)
    assert room.office.events(1)[-1] == "refused"
    assert "가짜" not in str([row.subject for row in room.office.outbox()])
    assert room.inquiry(1).owner == "staff-a@example.org"


def test_check_13_a_role_that_is_lost_between_click_and_submit(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.answer")
    form = room.view("staff-a", until=lambda said: "답변 Answer (" in said)
    with room.storage.write.begin() as session:
        staff.remove(session, "staff-a@example.org", now=room.clock.now())
    answer = room.workspace.submit(user, form["id"], {"inq.text": "답변"})

    assert permissions.NOT_STAFF in str(answer.payload)
    assert room.office.events(1)[-1] == "refused"


def test_a_group_that_changes_is_asked_anew(grouped: Room) -> None:
    room = grouped
    user = room.add_staff("staff-a")
    room.workspace.set_group(room.groups["triage"], [user])
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.claim")
    room.card(1, until=lambda said: "Claimed" in said)
    room.workspace.set_group(room.groups["triage"], [])
    until(
        lambda: [one.state for one in room.heard("subteam_members_changed")] == ["done", "done"],
        "both changes are heard",
    )
    room.click("staff-a", 1, "inq.release")

    assert permissions.NOT_MEMBER in room.told("staff-a", "그룹")
    assert room.inquiry(1).state is InquiryState.CLAIMED


def test_check_14_nobody_acts_while_roles_cannot_be_looked_up(grouped: Room) -> None:
    room = grouped
    user = room.add_staff("staff-a")
    room.workspace.set_group(room.groups["triage"], [user], tell=False)
    room.workspace.fault("503", method="usergroups.users.list", times=None)
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.claim")
    told = room.told("staff-a", "확인할 수 없습니다")
    applicant = room.workspace.add_user("applicant")
    room.workspace.say(applicant, room.workspace.im(applicant), "접수 마감이 언제예요?")
    room.settle_slack()
    answered = room.workspace.wait_until(
        lambda: room.replies(applicant),
        "the applicant is answered",
    )

    assert permissions.CANNOT_VERIFY in told
    assert room.inquiry(1).state is InquiryState.NEW
    assert answered


def test_a_channel_that_is_not_private_makes_nobody_staff(public: Room) -> None:
    room = public
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.click("staff-a", 1, "inq.claim")
    room.told("staff-a", "구성원이 아닙니다")

    assert room.inquiry(1).state is InquiryState.NEW


def test_what_slack_said_is_believed_for_five_minutes(room: Room) -> None:
    user = room.add_staff("staff-a")
    room.take(eml(LATE))
    room.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    for number in (1, 2):
        room.click("staff-a", number, "inq.claim")
        room.card(number, until=lambda said: "Claimed" in said)
    asked = [call for call in room.workspace.calls("users.info") if call["args"].get("user") == user]

    assert len(asked) == 1
    assert timedelta(minutes=5) == permissions.KEPT
