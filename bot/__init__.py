"""Opens the doors, and joins the other rooms.

House map
---------
Doors
    inbox/            the mail door: smtp, commit, parse, quote, rules
    http.py           /health and /metrics
    cli/              the command line
    settings.py       the environment, read once, all faults at once
    logs.py           what the operator reads

Mail in, answer out
    worker.py         takes stored mails to the conversation, in order
    backlog.py        what is stored and not yet handled, found without a look at the rest
    share.py          what one worker has in hand
    reading.py        parse, classify, thread, decide: writes nothing
    copies.py         the same mail twice; two mails with one Message-ID
    returned.py       what comes back to a bounce address: settles, records, closes dead addresses
    quiet.py          mail that nobody answers, for staff to look through
    threads.py        which inquiry a mail belongs to
    understanding.py  the library with its overlay, and the engine that reads it
    reply.py          Decision and facts become the words of a reply
    dataset_words.py  what a reply says of one dataset
    conversation.py   one transaction for several mails: marks, and what each of them leads to
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
    duty.py           whose turn an inquiry is: claim, snooze
    staff.py          who works at the desk
    refusal.py        how a verb says no
    inquiries.py      inquiries as documents: lists, export
    originals.py      mails as they came: raw octets, attachments
    documents.py      decisions as documents
    gaps.py           what was asked without an answer

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
    demo.py           the desk on this machine; samples.py holds its mails
"""
