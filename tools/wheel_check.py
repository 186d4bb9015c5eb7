"""Build the last commit twice, in two places and surroundings, compare the bytes, and look at what is in the wheel.

What is not committed is not built. Takes a minute or two: what builds the package is installed each time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "napari_latent_explain"
LARGEST = 30_000_000  # bytes
PICTURES = {".bmp", ".dcm", ".gif", ".jpeg", ".jpg", ".jp2", ".npy", ".npz", ".png", ".ppm", ".tif", ".tiff", ".webp"}
BUNDLE = "bundles/referable_dr/"
REQUIRED = [
    "napari.yaml",
    "py.typed",
    f"{BUNDLE}configs/metadata.json",
    f"{BUNDLE}configs/directions.json",
    *(
        f"{BUNDLE}models/{part}.safetensors"
        for part in ("classifier", "encoder", "generator", "second_opinion", "statistics")
    ),
    *(f"review/protocols/{name}.json" for name in ("attribute-review", "free-review", "identity", "realism-2afc")),
    "review/migrations/env.py",
    "review/migrations/script.py.mako",
    *(f"sample_data/simulated_{name}.png" for name in ("healthy_od", "healthy_os", "referable_od")),
]
# Two surroundings that differ in what builds are known to pick up.
SURROUNDINGS = [
    (0o022, {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"}),
    (0o077, {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"}),
]


def complaints(names: Collection[str], size: int, tracked: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with a wheel, a sentence each.

    Parameters
    ----------
    names
        The files in it, by their paths.
    size
        Its bytes.
    tracked
        The files of the package in the repository, as paths in the wheel: the wheel must hold them, and nothing else.
    """
    inside = {name for name in names if name.startswith(f"{PACKAGE}/")}
    required = {f"{PACKAGE}/{name}" for name in REQUIRED} | set(tracked)
    out = [f"{name} is missing" for name in sorted(required - inside)]
    if tracked:
        out += [f"{name} is not in the repository" for name in sorted(inside - set(tracked))]
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.suffix.lower() in PICTURES and not path.match(f"{PACKAGE}/sample_data/simulated_*.png"):
            out.append(f"{name} may be a photograph")
        if {"tests", "test", "__pycache__"} & set(path.parts) or path.suffix == ".pyc" or path.name == "conftest.py":
            out.append(f"{name} does not belong into a wheel")
        if path.parts[0] != PACKAGE and not path.parts[0].endswith(".dist-info"):
            out.append(f"{name} would be installed beside the package")
    if size > LARGEST:
        out.append(f"it has {size / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}")
    return out


def tracked_files() -> set[str]:
    """Return the paths in the wheel of all files of the package that the last commit has."""
    command = ["git", "ls-tree", "-r", "--name-only", "HEAD", f"src/{PACKAGE}", "sample_data"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name.removeprefix("src/") if name.startswith("src/") else f"{PACKAGE}/{name}" for name in listed}


def build(place: Path, umask: int, variables: dict[str, str], *arguments: str) -> dict[str, bytes]:
    """Build a clone of the last commit in `place`; the bytes of what came of it, by file name."""
    script = f"umask {umask:04o} && git clone -q --no-hardlinks '{ROOT}' '{place}' && '{place}/tools/build.sh' \"$@\""
    environment = os.environ | variables | {"PYTHON": sys.executable}
    environment.pop("SOURCE_DATE_EPOCH", None)
    command = ["bash", "-c", script, "bash", *arguments]
    subprocess.run(command, env=environment, check=True)
    return {
        file.name: file.read_bytes() for file in sorted((place / "dist").iterdir()) if file.suffix in {".whl", ".gz"}
    }


def main() -> int:
    """Build, compare, look."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = (
            build(Path(folder) / f"place-{number}", *surroundings)
            for number, surroundings in enumerate(SURROUNDINGS, 1)
        )
        direct = build(Path(folder) / "direct", *SURROUNDINGS[0], "--wheel")

    wrong = [] if one.keys() == two.keys() else [f"the names differ: {', '.join(one)}; {', '.join(two)}"]
    for name, content in one.items():
        print(f"{hashlib.sha256(content).hexdigest()}  {name}  {len(content) / 1e6:.1f} MB")
        if two.get(name) != content:
            wrong.append(f"{name}: two builds differ")
        if name.endswith(".whl") and direct.get(name) != content:
            wrong.append(f"{name}: built from the sdist, it differs from the one built from the repository")
    if len(one) != 2:
        wrong.append(f"an sdist and a wheel were to be built, and there are: {', '.join(one) or 'none'}")
    for name, content in one.items():
        if name.endswith(".whl"):
            with tempfile.TemporaryFile() as file:
                file.write(content)
                names = zipfile.ZipFile(file).namelist()
            wrong += [f"{name}: {sentence}" for sentence in complaints(names, len(content), tracked_files())]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        print("the same bytes three times; what should be in the wheel is there, and nothing else")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
