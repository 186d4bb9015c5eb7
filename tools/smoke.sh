#!/usr/bin/env bash
# Does a wheel work by itself? tools/smoke.sh dist/*.whl installs it (no extras, no Qt) into a new virtual environment in a
# temporary folder, with the versions of constraints.txt, and uses it from there. Takes minutes: torch is fetched anew, from
# where pip's settings say (for a small one on Linux: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ $# -ne 1 ] || [ ! -f "$1" ]; then
  echo "Say which wheel: tools/smoke.sh dist/napari_latent_explain-*.whl" >&2
  exit 2
fi
wheel=$(realpath "$1")
python=${PYTHON:-$root/.venv/bin/python}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place" # away from the sources, so that they can't be what is imported

step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
unset PYTHONPATH DISPLAY

step "installing $(basename "$wheel")"
"$python" -m venv bare
bare/bin/python -m pip install -qq --disable-pip-version-check -c "$root/constraints.txt" "$wheel"
bare/bin/python -m pip check

step "the package alone: neither torch nor Qt, and not from the sources"
bare/bin/python -I - <<'END'
import sys
from importlib.util import find_spec
from pathlib import Path

sys.modules["torch"] = None  # whoever imports it fails
import napari_latent_explain
import napari_latent_explain.export
import napari_latent_explain.review
from npe2 import PluginManifest

assert Path(napari_latent_explain.__file__).is_relative_to(Path.cwd()), napari_latent_explain.__file__
assert PluginManifest.from_distribution("napari-latent-explain").contributions.widgets
present = [name for name in ("PyQt5", "PyQt6", "PySide2", "PySide6") if find_spec(name)]
assert not present, f"the base brings a Qt binding: {present}"
END

step "latent-explain info"
bare/bin/latent-explain info >info.txt
cat info.txt

step "latent-explain study create --help"
bare/bin/latent-explain study create --help >/dev/null

step "explaining a sample that is in the wheel"
sample=$(bare/bin/python -I -c 'import napari_latent_explain as p; print(p.__path__[0])')/sample_data/simulated_referable_od.png
bare/bin/latent-explain explain "$sample" --output explained --device cpu >/dev/null
find explained -type f -name '*.png' -size +10k | grep -q . || { echo "No picture was written." >&2; exit 1; }

step "licences of what was installed"
bare/bin/python -I "$root/tools/licences.py" --check >licences.txt || { cat licences.txt >&2; exit 1; }
tail -n 1 licences.txt

step "$(bare/bin/python -m pip list --format=freeze --disable-pip-version-check | wc -l) packages, $(du -sh bare | cut -f1): passed"
