"""Logs for the operator: a dotted event and keys; ids, states and codes, never bodies or addresses."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def configure(form: Literal["console", "json"], *, level: int = logging.INFO) -> None:
    """Send structlog's events to stderr, for people or one JSON object a line; call once, at start."""
    json_lines = structlog.processors.JSONRenderer(ensure_ascii=False)
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            json_lines if form == "json" else people,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # The libraries below speak through logging; only what a person must see.
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s", stream=sys.stderr)
