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
    reading.py        parse, classify, thread, decide: writes nothing
    copies.py         the same mail twice; two mails with one Message-ID
    returned.py       what comes back to a bounce address settles an unknown outcome
    threads.py        which inquiry a mail belongs to
    understanding.py  the library with its overlay, and the engine that reads it
    reply.py          Decision and facts become the words of a reply
    conversation.py   one transaction: mark, inquiry, parts, events, outbox rows
    questions.py      a question enters the rows
    caps.py           how often the desk may write by itself
    notice.py         mails that tell staff what waits

Staff
    triage.py         the states of an inquiry, and what staff do with it
    staff.py          who works at the desk
    refusal.py        how a verb says no
    inquiries.py      inquiries as documents: lists, export
    documents.py      decisions as documents
    gaps.py           what was asked without an answer

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
