"""A workspace of Slack on this machine, as far as the desk can tell: `python -m tests.slack_standin`.

House map
---------
__main__.py    the program: port, page, and the command that it may be put around
server.py      the doors: Web API, sockets, files, control, page
state.py       people, channels, messages, views of one workspace, and its clock
ids.py         ids and time stamps as Slack writes them
blocks.py      what Slack refuses of messages, modals and Home (limits of slack.md §7)
refusals.py    how Slack says no
reading.py     blocks as a person reads them, and whom they would ping
faults.py      what goes wrong on demand
rates.py       how often a method may be called
methods.py     one call of the Web API, from its token to its answer
chat.py        the methods chat.* and reactions.*
lookups.py     the methods auth.*, users.*, usergroups.*, conversations.*, assistant.*
views.py       the methods views.*, and the stack of modals of a person
files.py       the methods files.*, uploads and downloads
responses.py   response_url
payloads.py    what Slack tells the app: events, actions, submits, commands
delivery.py    envelopes over sockets or HTTP: acks, deadlines, redelivery
sockets.py     Socket Mode: tickets, hello, disconnect
people.py      what a person does in the workspace
control.py     the doors for tests: orders, looks, waiting
looks.py       what tests and the page may look at
echo.py        the bench's peer: an app that does nothing but answer
load.py        questions at a steady number in flight, for the bench
sample.py      the workspace of the demo
driver.py      the tests' end: Standin, Workspace
page/          the page for a person: channels, threads, modals, Home
"""
