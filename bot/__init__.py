"""Opens the doors, and joins the other rooms.

House map
---------
Doors
    inbox/            the mail door: smtp, commit, parse, quote, rules
    slack/            the Slack door: applicants ask, staff triage
    http.py           /health and /metrics
    cli/              the command line
    settings.py       the environment, read once, all faults at once
    logs.py           what the operator reads

Mail in, answer out
    worker.py         takes stored mails to the conversation, in order
    backlog.py        what is stored and not yet handled, found without a look at the rest
    share.py          what one worker has in hand
    second_opinion.py  what another judge thinks of an answer, before it goes out
    reading.py        parse, classify, thread, decide: writes nothing
    copies.py         the same mail twice; two mails with one Message-ID
    returned.py       what comes back to a bounce address: settles, records, closes dead addresses
    quiet.py          mail that nobody answers, for staff to look through
    threads.py        which inquiry a mail belongs to
    understanding.py  the library with its overlay, and the engine that reads it
    reply.py          Decision and facts become the words of a reply
    rendering.py      answers as they stand now, rendered once a minute
    dataset_words.py  what a reply says of one dataset
    conversation.py   one transaction for several mails: marks, and what each of them leads to
    doors.py          by which door an applicant is written to
    answering.py      questions become inquiry, parts, events and outbox rows
    questions.py      a question enters the rows
    caps.py           how often the desk may write by itself
    echo.py           what comes back to our mails under other names
    personal.py       which questions concern one applicant alone
    strangers.py      what staff should know about who writes
    notice.py         mails that tell staff what waits

Staff
    triage.py         the states of an inquiry, and what staff do with it
    merge.py          two inquiries are one
    precedents.py     verdicts of staff on datasets; approved, they answer like questions
    datasets.py       datasets between rows and records
    duty.py           whose turn an inquiry is: claim, assign, snooze
    writing.py        who writes an answer just now; drafts are kept (writing_tables.py)
    letters.py        a letter may be taken back; what became of it
    duplicates.py     one answer for all who asked the same
    finding.py        search among inquiries
    nudging.py        what nobody takes on for too long
    office_hours.py   when staff can be expected to work
    morning.py        the figures of the morning
    staff.py          who works at the desk
    refusal.py        how a verb says no
    inquiries.py      inquiries as documents: lists, export
    originals.py      mails as they came: raw octets, attachments
    documents.py      decisions as documents
    gaps.py           what was asked without an answer

Season
    roster.py         who takes part, how far each team has come, who is reminded
    roster_file.py    a roster in CSV or Excel, read line by line and written
    roster_import.py  a file against the roster: what it adds and changes, who looks alike
    roster_tables.py  the rows of the roster
    reminding.py      the tick that reminds
    unsubscribe.py    ending reminders by page or mail; unsubscribe_page.py says it
    fence.py          whose database this is; mailings to nobody or too many
    schedule.py       edits of milestones, proposed; schedule_file.py reads them from a file
    schedule_effect.py  what an edit adds, moves, cancels, and who was told the old days
    schedule_tables.py  the rows of invitations and corrections
    invites.py        what stands in the calendars of teams: asked, moved, cancelled
    told.py           which mails told a fact, and to whom
    recall.py         a changed fact drafts corrections for those who were told the old one
    corrections.py    corrections approved by staff
    rehearsal.py      the season on a clock that leaps
    rehearsal_staff.py  what staff do in it; season_people.py invents its applicants
    rehearsal_sink.py   where its mails go
    rehearsal_ledger.py  what was sent, and what another schedule would send otherwise
    rehearsal_report.py  the same as a page with the timeline drawn (rehearsal_report.html)

Results
    decision_file.py  the jury's decisions as staff bring them
    members.py        between the roster and a campaign
    campaigning.py    import, look, approve, schedule
    stopping.py       stop, go on, call off
    campaign_status.py  a campaign in numbers
    preview.py        a campaign as a folder, each mail to be ticked off
    canary.py         the test mails to three of us
    releasing.py      the release, second by second
    embargo.py        what may be said before the release: letters wait for a second person
    own_result.py     an applicant asks for his own result
    attending.py      who comes to the presentation

Learning
    drafts.py         proposed changes to the library, decided upon
    drafting.py       a letter of staff becomes a draft
    draft_file.py     drafts as YAML
    approving.py      an approval, step by step
    codes.py          one-time codes: an approval is by the person who got the mail
    regression.py     the labelled questions before and after a change
    reviews.py        what people say of the desk's answers
    gap_report.py     what was asked in vain, by kind, once a week by mail

Running
    app.py            wiring: start, stop, roles
    desk.py           who the desk is to the outside
    sender.py         the threads that empty the outbox
    bell.py           wakes loops when another process wrote
    alarm.py          tells staff that no mail leaves
    clock.py          contest time, and apscheduler's heartbeat
    loop.py           a thread that works off what waits
    storage.py        engines, sessions, upgrade; migrations/ holds the revisions
    tables.py         the rows of the desk
    doctor.py         is everything in order?
    inspection.py     what would happen to mails on disk
    bench/            figures against peers
    demo.py           the desk on this machine; samples.py holds its mails, pretending.py its Slack
    standin.py        orders to the stand-in for Slack, which the tests hold
"""
