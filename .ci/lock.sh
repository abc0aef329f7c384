#!/bin/sh
# Resolves pyproject.toml into requirements.lock: every extra, hashes, no index URL and no path of
# this machine. Versions already locked are kept; `make lock ARGS=--upgrade` takes the newest allowed.
set -eu
cd "$(dirname "$0")/.."

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    echo "lock: uv is not on this machine; installing it into .venv/lock"
    "${PYTHON:-python3}" -m venv .venv/lock
    .venv/lock/bin/python -m pip install --quiet uv
    uv=.venv/lock/bin/uv
fi

# fewest: one version of numpy and scipy on every Python, so that scores are the same everywhere.
next=requirements.lock.next
trap 'rm -f "$next"' EXIT
if [ -f requirements.lock ]; then cp requirements.lock "$next"; fi
"$uv" pip compile pyproject.toml --output-file "$next" --quiet \
    --universal --python-version 3.11 --fork-strategy fewest --all-extras --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"

if grep -nE '://|^-|(^| )/' "$next"; then
    echo "lock: the lines above name a host or a path; requirements.lock is left as it was" >&2
    exit 1
fi
if grep -nE '^(torch|nvidia)' "$next"; then
    echo "lock: torch would weigh several GB; requirements.lock is left as it was" >&2
    exit 1
fi
mv "$next" requirements.lock
echo "lock: $(grep -cE '^[a-z]' requirements.lock) packages in requirements.lock"
