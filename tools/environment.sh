#!/usr/bin/env bash
# Set up .venv/ at the project's root: torch as constraints.txt pins it, then this package with all extras, editable,
# and the tools for tests and lint. `make` calls it only when what is to be installed has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

pick() {  # the first Python >= 3.11 that also passes the code in $1
  local name
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c "$new_enough" >/dev/null 2>&1 && "$name" -c "$1" >/dev/null 2>&1; then
      printf '%s' "$name"
      return 0
    fi
  done
  return 1
}

if ! .venv/bin/python -c "$new_enough" >/dev/null 2>&1 || ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
  if ! python=$(pick 'import venv, ensurepip'); then
    if ! bare=$(pick 'pass'); then
      say "Python 3.11 or newer is needed and none was found: install it, or name it with PYTHON=/path/to/python3 make demo."
      exit 1
    fi
    package="python$("$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null \
      || ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$package"; } >/dev/null 2>&1 \
      || ! python=$(pick 'import venv, ensurepip'); then
      say "$bare can't make virtual environments (venv or ensurepip is missing); on Debian or Ubuntu: sudo apt-get install -y $package"
      exit 1
    fi
  fi
  "$python" -m venv --clear .venv
fi

started=$SECONDS
say "Setting up .venv (a few minutes the first time; later runs skip this)"
.venv/bin/python -m pip install -qq --upgrade 'pip>=25.1'
.venv/bin/python -m pip install -qq -c constraints.txt torch
.venv/bin/python -m pip install -qq -c constraints.txt -e '.[all]' --group dev
say "Set up in $((SECONDS - started)) s"
