"""Whether a Qt window can be opened on $DISPLAY: exit status 0 if so, 1 if not.

Qt aborts the whole program on a display that it can't open, so this asks in a child process.
"""

import subprocess
import sys

_OPEN = "import sys; from qtpy.QtWidgets import QApplication; application = QApplication(sys.argv[:1])"


def main() -> int:
    """Try in a child, silently."""
    try:
        done = subprocess.run([sys.executable, "-c", _OPEN], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return 1
    return 0 if done.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
