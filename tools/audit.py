"""Look up known vulnerabilities of all installed packages with pip-audit, and judge what it finds.

Exit status 0: each package was looked up, and what was found is excused in tools/audit_exceptions.txt. 1: something was found
that is not excused, or an excuse has no reason or no use. 3: the service did not answer for some packages, so that nothing is
known about them; pip-audit itself would call that clean.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).resolve().parent
OWN = "napari-latent-explain"


@dataclass
class Verdict:
    """What an audit says: sentences about what is wrong, what is excused and what is not known."""

    audited: int = 0
    wrong: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status."""
        return 1 if self.wrong else 3 if self.unknown or not self.audited else 0


def read_exceptions(text: str) -> dict[tuple[str, str], str]:
    """Return the reason for each (id, package) of the lines `ID PACKAGE REASON`; lines that begin with # are comments."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            identifier, package, reason = (*line.split(maxsplit=2), "", "")[:3]
            found[identifier, canonicalize_name(package)] = reason.strip()
    return found


def judge(dependencies: Iterable[Mapping[str, Any]], exceptions: Mapping[tuple[str, str], str]) -> Verdict:
    """Judge pip-audit's list of dependencies.

    Parameters
    ----------
    dependencies
        What `pip-audit --format json` has under "dependencies": `name` with either `version` and `vulns`, or `skip_reason`.
    exceptions
        What `read_exceptions` returns.
    """
    verdict, used = Verdict(), set()
    for dependency in dependencies:
        name = canonicalize_name(dependency["name"])
        if "skip_reason" in dependency:
            verdict.unknown.append(f"{name}: {dependency['skip_reason']}")
            continue
        verdict.audited += 1
        for found in dependency["vulns"]:
            known_as = [found["id"], *found.get("aliases", ())]
            key = next(((one, name) for one in known_as if (one, name) in exceptions), None)
            mended = ", ".join(found.get("fix_versions", ())) or "no version yet"
            sentence = f"{name} {dependency['version']}: {' = '.join(known_as)}, mended in {mended}"
            if key is None:
                verdict.wrong.append(sentence)
                continue
            used.add(key)
            if exceptions[key]:
                verdict.excused.append(f"{sentence}; excused: {exceptions[key]}")
            else:
                verdict.wrong.append(f"{sentence}; excused without a reason")
    if not verdict.unknown:
        verdict.wrong += [
            f"{one} of {name} is excused, and was not found" for one, name in exceptions if (one, name) not in used
        ]
    return verdict


def pinned() -> list[str]:
    """Return `name==version` of all installed packages, without what is only local ("+cpu"): no service knows such versions."""
    found = {canonicalize_name(one.name): Version(one.version).public for one in importlib.metadata.distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name != OWN]


def main() -> int:
    """Audit the environment that this runs in."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pip-audit", type=Path, required=True, metavar="PROGRAM", help="the program pip-audit")
    parser.add_argument("--exceptions", type=Path, default=HERE / "audit_exceptions.txt")
    arguments, for_pip_audit = parser.parse_known_args()

    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder) / "installed.txt", Path(folder) / "report.json"
        requirements.write_text("\n".join(pinned()) + "\n")
        command = [
            str(arguments.pip_audit),
            "-r",
            str(requirements),
            "--no-deps",
            "--disable-pip",
            "--progress-spinner=off",
        ]
        done = subprocess.run(
            [*command, "-f", "json", "-o", str(report), *for_pip_audit], capture_output=True, text=True, check=False
        )
        if not report.is_file():
            print(done.stderr.strip(), file=sys.stderr)
            print("pip-audit gave no report: nothing is known.", file=sys.stderr)
            return 3
        verdict = judge(
            json.loads(report.read_text())["dependencies"], read_exceptions(arguments.exceptions.read_text())
        )

    for sentence in (*verdict.wrong, *verdict.excused, *verdict.unknown[:5]):
        print(sentence)
    if len(verdict.unknown) > 5:
        print(f"... and so for {len(verdict.unknown) - 5} more")
    counts = f"{len(verdict.wrong)} wrong, {len(verdict.excused)} excused, {len(verdict.unknown)} not known"
    print(f"{verdict.audited} packages looked up: {counts}")
    return verdict.status


if __name__ == "__main__":
    raise SystemExit(main())
