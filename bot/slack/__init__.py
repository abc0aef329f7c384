"""Slack: applicants ask, staff triage. The only room that knows slack_bolt and slack_sdk.

House map
---------
Running
    side.py           all of Slack in one process, started and stopped
    transport.py      two sockets or HTTP, watched, drained
    client.py         the only place where a client is made; the loop it lives in
    app.py            one app of listeners; the middleware that stores before any ack
    deps.py           what listeners work with
    manifest.py       what is asked of Slack (manifest.yaml)

In
    keys.py           what a payload is, and the key by which it is one
    inbox.py          payloads, each acted on once
    asking.py         which messages are questions
    heard.py          a message, read as a mail is
    persons.py        who a Slack user is to the desk
    lifecycle.py      the app was removed
    linking.py        a user shows by a mailed code that an address is his
    opinions.py       what applicants press; buttons.py names it
    opening.py        windows are opened at once

Out
    answers.py        a letter as a message
    wording.py        what the desk says by itself
    richtext.py       the pieces messages are built of
    lint.py           what Slack would refuse, found before it is sent
    posting.py        rows of the one outbox
    relay.py          the edge where they leave
    limiter.py        how fast
    lookup.py         posts whose reply was lost

Names and rows
    place.py          Message-IDs and addresses that stand for messages and users
    tables.py         the rows

Triage
    triage_listeners.py   who listens to what
    triage_tables.py      cards and Home tabs that were drawn
    permissions.py        who may
    acts.py               a click, checked and done
    outcomes.py           what came of it
    desk_verbs.py         claim, snooze, merge ...
    answer_verbs.py       answer, preview, undo
    teaching_verbs.py     save as FAQ, approve (teaching_forms.py)
    verdict_verbs.py      can this dataset be built?
    filing.py             a message becomes an inquiry
    commands.py           /inquiry
    dialogue.py           windows, step by step; modals.py builds them
    projection.py         cards follow the rows; rhythm.py is what the clock brings
    case.py               an inquiry as a card needs it
    cards.py              cards; home.py the Home tab; story.py the thread; labels.py words
"""
