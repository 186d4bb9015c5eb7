#!/usr/bin/env bash
# Run pytest where a window can open: under Xvfb if it is installed. Without arguments all tests run, with PyQt6, and those of
# the window again with PySide6.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

screen="-screen 0 1600x1000x24 +extension GLX +render -noreset"

run() {  # the Qt binding, then what pytest is given
  local binding=$1
  shift
  if command -v xvfb-run >/dev/null && command -v xauth >/dev/null; then
    QT_API=$binding PYTEST_QT_API=$binding xvfb-run -a -s "$screen" .venv/bin/python -m pytest "$@"
  else
    echo "Xvfb is not installed: tests that open a window are skipped unless there is a display." >&2
    QT_API=$binding PYTEST_QT_API=$binding .venv/bin/python -m pytest "$@"
  fi
}

if [ "$#" -gt 0 ]; then
  run "${QT_API:-pyqt6}" "$@"
  exit
fi
run pyqt6
first=$?
echo "== The window again, with PySide6"
run pyside6 tests/test_qt
second=$?
exit $((first != 0 ? first : second))
