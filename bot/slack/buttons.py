"""Names of the buttons under an answer; what they do is in opinions.py and linking.py."""

from __future__ import annotations

HELPED = "ask.helped"
PERSON = "ask.person"
#: Followed by the number of the suggestion.
SHOW = "ask.show"
#: Of the row of buttons that goes once an opinion was given.
BLOCK = "opinion"
#: Opens the window in which an applicant shows that an address is his.
LINK = "link.open"
