"""A small edition that tests may change: written anew into the test's own folder."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from faq import library
from faq.contest import SEOUL
from faq.library import Library

EDITION = Path(__file__).parent.parent / "data" / "faq_edition"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EDITION, tmp_path / "edition"))


@pytest.fixture(scope="session")
def small() -> Library:
    return library.load(EDITION)


@pytest.fixture
def before() -> datetime:
    """An instant ahead of every milestone of the small edition."""
    return datetime(2030, 11, 1, 9, 0, tzinfo=SEOUL)
