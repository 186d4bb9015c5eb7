"""The command as a person or a program runs it, with the tiny untrained model and a simulated eye."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from napari_latent_explain.export import read_provenance
from napari_latent_explain.fundus import simulate

KEYS = {
    "photograph", "sha256", "field", "laterality", "model", "classes", "probabilities", "gap", "directions",
    "counterfactual", "files", "seconds",
}  # fmt: skip


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from napari_latent_explain.cli import main; main()"
    words = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("eyes") / "eye_OD.png"
    Image.fromarray(simulate(seed=3, size=256).picture).save(path)
    return path


def test_explain_gives_one_json_line_a_photograph_and_goes_on_after_a_refusal(
    eye: Path, small_bundle: Path, tmp_path: Path
) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("Dear doctor")
    done = run("explain", text, eye, "--output", tmp_path / "out", "--json", "--model", small_bundle)
    assert done.returncode == 1, done.stderr
    refused, tree = [json.loads(line) for line in done.stdout.splitlines()]
    assert refused["photograph"] == "letter.jpg"
    assert refused["error"]
    assert set(tree) >= KEYS
    assert set(tree["probabilities"]) == {"original", "reconstruction", "counterfactual"}
    assert set(tree["directions"][0]) >= {
        "id", "name", "layer", "channel", "sign", "effect_logit", "effect_probability",
    }  # fmt: skip
    assert set(tree["counterfactual"]) >= {"target", "edits", "flipped", "changed_area_fraction"}
    assert {"center", "radius"} <= set(tree["field"])
    assert read_provenance(Path(tree["files"]["panel"]))["model"] == tree["model"]
    with Image.open(tree["files"]["counterfactual_full"]) as full:
        assert full.size == (256, 256)
    assert "Traceback" not in done.stderr


def test_wrong_use_is_code_2_and_one_sentence(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    unknown = run("explain", eye, "--output", tmp_path, "--model", small_bundle, "--target", "measles")
    assert unknown.returncode == 2
    assert "no class 'measles'" in unknown.stderr
    missing = run("info", "--model", tmp_path / "nothing")
    assert missing.returncode == 2
    assert "There is no model bundle" in missing.stderr
    nothing = run("explain", "--output", tmp_path)
    assert nothing.returncode == 2
    assert "Traceback" not in unknown.stderr + missing.stderr + nothing.stderr


def test_info_is_json(small_bundle: Path) -> None:
    done = run("info", "--model", small_bundle, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["resolution"] == 32


def test_listing_the_plugin_imports_neither_torch_nor_qt() -> None:
    code = (
        "import sys; from npe2 import PluginManifest; PluginManifest.from_distribution('napari-latent-explain');"
        "import napari_latent_explain, napari_latent_explain._napari.reader, napari_latent_explain.model;"
        "print([m for m in ('torch', 'qtpy', 'monai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_demo_without_a_display_writes_files_and_says_where(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import napari_latent_explain.model as model;"
        "real = model.load_explainer; model.load_explainer = lambda path, device: real(Path(sys.argv[3]), 'cpu');"
        "from napari_latent_explain.cli.demo import run_demo;"
        "sys.exit(run_demo(Path(sys.argv[1]), Path(sys.argv[2]), window=True))"
    )
    blind = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    words = [sys.executable, "-c", code, str(eye), str(tmp_path / "out"), str(small_bundle)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=blind | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert "No display" in done.stdout
    assert str(tmp_path / "out") in done.stdout
    (panel,) = (tmp_path / "out").rglob("*panel*.png")
    assert read_provenance(panel)["model"]["name"] == "small"


def test_maps_to_compare_with_are_written_beside_the_rest(eye: Path, small_bundle: Path, tmp_path: Path) -> None:
    done = run(
        "explain", eye, "--output", tmp_path, "--json", "--model", small_bundle, "--saliency", "gradcam, occlusion",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    for method in ("gradcam", "occlusion"):
        path = Path(tree["files"][f"saliency_{method}"])
        assert path.name == f"saliency_{method}.png"
        assert read_provenance(path)["model"] == tree["model"]
        assert tree["seconds"][f"saliency_{method}"] >= 0
    stored = json.loads(Path(tree["files"]["record"]).read_text())
    assert stored["files"]["saliency_gradcam"] == "saliency_gradcam.png"
    assert "saliency_integrated-gradients" not in tree["files"]
    unknown = run("explain", eye, "--output", tmp_path, "--model", small_bundle, "--saliency", "gradcam,tealeaves")
    assert unknown.returncode == 2
    assert "no saliency method 'tealeaves'; the methods are: gradcam, occlusion" in unknown.stderr
    assert "Traceback" not in unknown.stderr
