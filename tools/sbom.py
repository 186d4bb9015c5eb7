"""Write the SBOM (CycloneDX 1.6, JSON) of the base: this package as it was built, and what it needs as installed here.

cyclonedx-py reads the environment; what is only for tests, lint or an extra is then left out, and the wheel is named as what is
described, with its SHA-256. Its time is that of the files in the wheel, the commit's, so that the same wheel and environment give
the same bytes.
"""

from __future__ import annotations

import argparse
import calendar
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licences import ROOT, needed
from packaging.utils import canonicalize_name, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(f"not valid: {error}" if error else 0)
"""


def of_the_base(whole: dict[str, Any], base: Mapping[str, str], wheel_name: str, wheel: bytes) -> dict[str, Any]:
    """Reduce an SBOM of an environment to what is needed, with the wheel as what it describes.

    Parameters
    ----------
    whole
        The SBOM of the whole environment.
    base
        Names of the packages to keep, and of the package that needs each first (what `licences.needed` returns).
    wheel_name, wheel
        The wheel's file name and bytes.

    Raises
    ------
    LookupError
        If a package of the base is not in the SBOM.
    """
    name, version, _, _ = parse_wheel_filename(wheel_name)
    kept = {one["bom-ref"]: one for one in whole["components"] if canonicalize_name(one["name"]) in base}
    if missing := set(base) - {canonicalize_name(one["name"]) for one in kept.values()}:
        raise LookupError(f"not in the environment that cyclonedx-py read: {', '.join(sorted(missing))}")
    graph = {one["ref"]: one.get("dependsOn", []) for one in whole["dependencies"]}
    editable = next(one for one in whole["components"] if canonicalize_name(one["name"]) == name)
    main = {
        "type": "library",
        "bom-ref": "root-component",
        "name": str(name),
        "version": str(version),
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel).hexdigest()}],
        **{key: editable[key] for key in ("description", "licenses") if key in editable},
    }
    direct = [
        ref for ref, one in kept.items() if base[canonicalize_name(one["name"])] == name
    ]  # not those of the extras
    depends = {"root-component": direct, **{ref: graph.get(ref, []) for ref in kept}}
    edges = [(ref, sorted(needs for needs in on if needs in kept)) for ref, on in sorted(depends.items())]
    return {
        **whole,
        "metadata": {**whole["metadata"], "component": main},
        "components": sorted(kept.values(), key=lambda one: one["bom-ref"]),
        "dependencies": [{"ref": ref, "dependsOn": on} if on else {"ref": ref} for ref, on in edges],
    }


def time_of(wheel: Path) -> int:
    """Return the time of the files in a wheel, in seconds since 1970."""
    with zipfile.ZipFile(wheel) as archive:
        return calendar.timegm((*max(one.date_time for one in archive.infolist()), 0, 0, 0))


def main() -> int:
    """Write the SBOM beside a wheel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument(
        "--tools", type=Path, required=True, metavar="FOLDER", help="virtual environment with cyclonedx-bom"
    )
    parser.add_argument("--output", type=Path, default=Path("dist/sbom.cdx.json"))
    arguments = parser.parse_args()

    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(time_of(arguments.wheel))}
    program = [str(arguments.tools / "bin" / "cyclonedx-py"), "environment", "--output-reproducible", "--sv", "1.6"]
    read = subprocess.run([*program, sys.executable], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    bom = of_the_base(json.loads(read.stdout), needed(ROOT), arguments.wheel.name, arguments.wheel.read_bytes())
    text = json.dumps(bom, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    check = [str(arguments.tools / "bin" / "python"), "-c", VALIDATE]
    subprocess.run(check, input=text, text=True, check=True)
    arguments.output.write_text(text, "utf-8")
    print(f"{arguments.output}: {len(bom['components'])} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
