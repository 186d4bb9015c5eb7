"""How long imports take: each in new processes, one statement after another by turns; medians, and ratios to `import napari`.

    python tools/import_times.py [--runs 7]

The time is that of the import statement alone, by the interpreter's own clock (`python -X importtime` gives the same total, with
some time of its own); Python's start is not in it. "Without torch" means that torch can't be imported at all.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict

YARDSTICK = "import napari"
STATEMENTS = [
    YARDSTICK,
    "import torch",
    "import napari_latent_explain",
    "import napari_latent_explain._napari",
    "import napari_latent_explain.review",
    "import napari_latent_explain.export",
    "import napari_latent_explain.cli",
    "import napari_latent_explain.explain",
    "import napari_latent_explain._qt",
]
MEASURE = """
import sys, time
if sys.argv[2] == "blocked":
    sys.modules["torch"] = None
start = time.perf_counter()
try:
    exec(sys.argv[1])
except ImportError:
    sys.exit(3)
seconds = time.perf_counter() - start
print(seconds, int(sys.modules.get("torch") is not None), int(any("Qt" in name.split(".")[0] for name in sys.modules)))
"""


def measure(statement: str, blocked: bool) -> tuple[float, bool, bool] | None:
    """Return the seconds that `statement` takes in a new process, whether torch and Qt came with it; None if it can't be done."""
    command = [sys.executable, "-c", MEASURE, statement, "blocked" if blocked else "free"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 3:
        return None
    if done.returncode:
        raise RuntimeError(f"{statement} failed: {done.stderr.strip()[-500:]}")
    seconds, torch, qt = done.stdout.split()[-3:]
    return float(seconds), torch == "1", qt == "1"


def main() -> int:
    """Measure all statements and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=int, default=7, help="processes for each statement, after one that warms up (default: 7)"
    )
    arguments = parser.parse_args()

    times: defaultdict[tuple[str, bool], list[float]] = defaultdict(list)
    brings: dict[str, str] = {}
    for run in range(-1, arguments.runs):
        for statement in STATEMENTS:
            for blocked in (False, True):
                found = measure(statement, blocked)
                if found is None:
                    continue
                if run >= 0:  # the first time around fills the disk's cache
                    times[statement, blocked].append(found[0])
                if not blocked:
                    brings[statement] = ", ".join(
                        name for name, there in zip(("torch", "Qt"), found[1:], strict=True) if there
                    )
    yardstick = statistics.median(times[YARDSTICK, False])
    print(
        "| statement | median, s | shortest to longest, s | ratio to `import napari` | brings | without torch, median, s |"
    )
    print("|---|---|---|---|---|---|")
    for statement in STATEMENTS:
        seconds = times[statement, False]
        middle = statistics.median(seconds)
        without = f"{statistics.median(times[statement, True]):.2f}" if times[statement, True] else "can't be imported"
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(
            f"| `{statement}` | {middle:.2f} | {spread} | {middle / yardstick:.2f} | {brings[statement]} | {without} |"
        )
    print(
        f"\n{arguments.runs} runs each; Python {platform.python_version()}, {platform.system()} {platform.machine()}."
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
