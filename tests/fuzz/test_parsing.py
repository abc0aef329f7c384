"""Check 9 beyond the crafted mails: what holds for any octets, tried within a bound and always in the same order."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import mutations, parsing

ROOT = Path(__file__).resolve().parent.parent.parent
FUZZ_S = 15

bounded = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@bounded
@given(mutations.mails())
def test_tampered_mail_is_read_or_refused(raw: bytes) -> None:
    parsing.check(raw)


@bounded
@given(mutations.headers)
def test_header_of_any_octets_is_read_or_refused(raw: bytes) -> None:
    parsing.check(raw)


@bounded
@given(st.binary(max_size=600))
def test_any_octets_are_read_or_refused(raw: bytes) -> None:
    parsing.check(raw)


@pytest.mark.parametrize("seed", mutations.SEEDS)
def test_seed_is_read_or_refused(seed: bytes) -> None:
    parsing.check(seed)


@pytest.mark.long
def test_fuzzer_finds_nothing_within_its_time(tmp_path: Path) -> None:
    """With atheris (the group `fuzz`) guided by coverage; without it, more of the mutations above."""
    if importlib.util.find_spec("atheris") is None:
        settings(bounded, max_examples=5_000)(given(mutations.mails())(parsing.check))()
        return
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(mutations.SEEDS):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_total_time={FUZZ_S}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=8192", "-seed=1"]
    ran = subprocess.run(
        [
            sys.executable,
            str(ROOT / "tests/fuzz/parsing.py"),
            str(corpus),
            *options,
            f"-artifact_prefix={tmp_path}/",
        ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=FUZZ_S + 120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-3_000:]
    assert "Done " in ran.stderr
