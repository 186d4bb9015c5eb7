#!/usr/bin/env bash
# Set up build/release/: the tools that a release needs (SBOM, audit), in a virtual environment of their own, so that what they
# need is not mixed with what is described and audited.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

place=build/release
[ -f "$place/.installed" ] && [ "$place/.installed" -nt pyproject.toml ] && exit 0
.venv/bin/python -m venv --clear "$place"
.venv/bin/python -m pip --python "$place/bin/python" install -qq --group release
touch "$place/.installed"
