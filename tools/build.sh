#!/usr/bin/env bash
# Build into dist/, so that the same commit gives the same bytes: times are the commit's, and what builds is pinned. The
# arguments are those of `python -m build`: --wheel, or none for the sdist and the wheel that comes of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH PIP_CONSTRAINT=$PWD/tools/build_constraints.txt
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${PYTHON:-.venv/bin/python}" -m build --outdir dist "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
