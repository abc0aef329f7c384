"""The one way in which the desk's own verbs say no."""

from __future__ import annotations


class Refused(Exception):
    """The verb cannot be done; the message says why and what could be done instead."""
