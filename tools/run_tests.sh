#!/usr/bin/env bash
# Run pytest where a window can open: under Xvfb if it is installed; with PyQt6 unless QT_API says pyside6. The arguments are
# pytest's.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

screen="-screen 0 1600x1000x24 +extension GLX +render -noreset"

binding=${QT_API:-pyqt6}
export QT_API=$binding PYTEST_QT_API=$binding
if command -v xvfb-run >/dev/null && command -v xauth >/dev/null; then
  exec xvfb-run -a -s "$screen" .venv/bin/python -m pytest "$@"
fi
echo "Xvfb is not installed: tests that open a window are skipped unless there is a display." >&2
exec .venv/bin/python -m pytest "$@"
