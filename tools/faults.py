"""Give spoiled files to whatever reads files, and strike whatever writes results: a table, and what was found.

Readers are fuzzed by atheris, guided by coverage; each for `--seconds`. Writers are killed, kept from writing, robbed of their
files and set against each other, each for as long. Exit status 0: no crash, no hang, no file that took too much memory, nothing
lost. 1: something of these; the files that did it are kept, and named.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from faults.faulting import BLOWS, FaultReport, strike
from faults.fuzz_targets import CHOSEN
from faults.fuzzing import ReaderReport, fuzz

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(readers: Sequence[ReaderReport], faults: Sequence[FaultReport]) -> str:
    """What came of it, a line each, in Markdown."""
    rows = [("target", "tried", "crashes", "hangs", "too much memory", "data lost")]
    rows += [(r.name, str(r.tried), str(r.crashes), str(r.hangs), str(r.memory), "") for r in readers]
    rows += [(f"{f.writer}: {f.fault}", str(f.tried), str(f.crashes), str(f.hangs), "", str(f.lost)) for f in faults]
    sums = [sum(int(row[column] or 0) for row in rows[1:]) for column in range(1, 6)]
    rows.append(("all", *map(str, sums)))
    wide = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in wide) + "|", *lines[1:]])


def main() -> int:
    """Fuzz, strike, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--only", default="", metavar="WORD", help="only targets with this word in their names")
    parser.add_argument("--keep", type=Path, help="folder for the files that did something (a temporary one)")
    arguments = parser.parse_args()

    folder = arguments.keep if arguments.keep is not None else Path(tempfile.mkdtemp(prefix="faults-"))
    for name in ("fuzz", "strike"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    names = [name for name in CHOSEN if arguments.only in name]
    blows = [blow for blow in BLOWS if arguments.only in ": ".join(blow)]
    readers = fuzz(names, folder / "fuzz", seconds=arguments.seconds, seed=arguments.seed) if names else []
    faults = strike(blows, folder / "strike", seconds=arguments.seconds, seed=arguments.seed) if blows else []
    every = [*readers, *faults]
    if arguments.json:
        print(json.dumps({"readers": list(map(asdict, readers)), "faults": list(map(asdict, faults))}, indent=1))
    else:
        print(table(readers, faults))
    for report in every:
        name = report.name if isinstance(report, ReaderReport) else f"{report.writer}: {report.fault}"
        for sentence in report.found:
            print(f"{name}: {sentence}", file=sys.stderr)
    return 0 if every and all(report.clean for report in every) else 1


if __name__ == "__main__":
    raise SystemExit(main())
