"""What the contest says about itself, and nothing else.

House map
---------
contest.py   the records: Contest, Fact, Statement, Milestone, Language, Person, Stage, Round
entry.py     the records: Entry (a topic and its approved answer), Unknown, Background
applicants.py  the kinds of applicants, and what the announcement says of each
feasibility.py  the words for datasets, and approved verdicts on them: precedents
reminders.py  when whom is reminded of what: rules per milestone, quiet hours
hours.py     the hour of a milestone, where it is counted to and where it is told
library.py   loads the files of one edition into a Library; overlays approved changes
edition.py   the file formats, read into records
sheet.py     YAML whose nodes know their file and line
render.py    fills an answer with the facts, as of a given instant
wording.py   how amounts, days, periods and countdowns are said in each language
labelled.py  questions that a change must not make worse
lint.py      finds broken answers, contradictions and holes
literals.py  finds facts that were typed into an answer instead of filled in

Data of the 2020 edition: contest.yaml, entries/, unknowns/, background.yaml, synonyms.yaml, labelled.jsonl,
feasibility.yaml, reminders.yaml.

This room imports the standard library, jinja2 (sandboxed) and yaml; nothing of ours.
"""
