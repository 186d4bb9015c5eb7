"""The command as a person or a program runs it, with the tiny untrained model and a simulated eye."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from napari_latent_explain import __version__
from napari_latent_explain.cli.app import app
from napari_latent_explain.cli.explain import ExplainOptions, _summary, explain_one
from napari_latent_explain.export import read_provenance
from napari_latent_explain.fundus import simulate
from napari_latent_explain.fundus.sources import FileSource
from napari_latent_explain.model import Explainer

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
    assert (refused["photograph"], refused["number"], tree["number"]) == ("photograph 1", 1, 2)
    assert "photograph 1" in refused["error"]
    assert "letter" not in done.stdout + done.stderr  # the name of a file may be a patient's
    named = run("explain", text, "--output", tmp_path / "out", "--json", "--model", small_bundle, "--name-files")
    assert json.loads(named.stdout)["photograph"] == "letter.jpg"
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


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs without labels."""
    folder = tmp_path_factory.mktemp("clinic")
    for seed in range(12):
        Image.fromarray(simulate(seed=seed, size=64).picture).save(folder / f"eye_{seed:02d}.png")
    (folder / "letter.jpg").write_text("Dear doctor")
    return folder


@pytest.fixture(scope="module")
def undecided_bundle(small_bundle: Path, clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with a classifier that decides half of the clinic's photographs each way."""
    import torch

    from napari_latent_explain.explain.photograph_folder import read_folder
    from napari_latent_explain.model.bundle import read_bundle, write_bundle
    from napari_latent_explain.model.classifier import FundusClassifier

    metadata, networks, atlas, card = read_bundle(small_bundle)
    classifier = FundusClassifier(metadata.classifier)
    classifier.load_state_dict(networks["classifier"])
    x, _ = read_folder(clinic, 32).tensors(torch.device("cpu"))
    with torch.no_grad():
        for module in classifier.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        classifier.train()(x)  # else untrained layers let hardly anything of the picture through
        logits = classifier.eval()(x)
        gap = logits[:, 1] - logits[:, 0]
        head = classifier.backbone._fc
        head.weight *= 3 / gap.std()
        head.bias *= 3 / gap.std()
        head.bias[0] += 3 * gap.median() / gap.std()
    networks["classifier"] = classifier.state_dict()
    atlas = atlas.replace(generator_sha256="", classifier_sha256="")
    return write_bundle(tmp_path_factory.mktemp("undecided"), metadata, networks, atlas, card)


def test_discover_writes_an_atlas_that_belongs_to_the_model(
    clinic: Path, undecided_bundle: Path, tmp_path: Path
) -> None:
    from napari_latent_explain.domain import DirectionAtlas
    from napari_latent_explain.model.bundle import read_bundle

    output = tmp_path / "new" / "atlas.json"
    done = run("discover", clinic, "--output", output, "--json", "--model", undecided_bundle, "--refinement", 2)
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    atlas = DirectionAtlas.model_validate_json(output.read_text())
    assert tree["photographs"] == 12
    assert tree["refused"] == ["letter.jpg"]
    assert [d["id"] for d in tree["directions"]] == [d.id for d in atlas.directions]
    assert tree["forwards"] == dict(atlas.forwards)
    assert [d["held_out"] for d in tree["directions"]] == [d.held_out for d in atlas.directions]
    assert max(d["held_out"] for d in tree["directions"]) < 10
    assert len(tree["warnings"]) == 2  # half of 12 photographs, decided both ways: a handful each
    assert all("too narrow" in warning for warning in tree["warnings"])
    assert any(search.explained > 0 for search in atlas.searches)
    assert {e.photograph for d in atlas.directions for e in d.examples} <= {f"eye_{i:02d}.png" for i in range(12)}
    files = read_bundle(undecided_bundle)[0].files
    assert atlas.generator_sha256 == files["models/generator.safetensors"]


def test_discover_says_how_many_photographs_stand_behind_a_number_and_what_the_rates_mean(
    small_explainer: Explainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_latent_explain.cli.discover import print_atlas
    from napari_latent_explain.domain import TargetSearch

    target = small_explainer.atlas.directions[0].target
    direction = small_explainer.atlas.directions[0].replace(held_out=4, false_discovery_rate=0.5)
    search = TargetSearch(target=target, selection=5, held_out=4, screened=20, tested=8, false_discovery_rate=1.0)
    atlas = small_explainer.atlas.replace(directions=(direction,), searches=(search,))
    print_atlas(atlas, tmp_path / "atlas.json")
    said = capsys.readouterr().out
    assert ", n = 4, flips" in said
    assert "false-discovery rate 0.50\n" in said
    assert "false-discovery rate 1.00." in said
    assert "Near 1, any classifier would give such a list." in said
    assert said.count("too narrow") == 1
    unmeasured = atlas.replace(
        directions=(direction.replace(held_out=12, false_discovery_rate=None),),
        searches=(search.replace(held_out=12, false_discovery_rate=None),),
    )
    print_atlas(unmeasured, tmp_path / "atlas.json")
    said = capsys.readouterr().out
    assert ", n = 12, flips" in said
    assert "false-discovery rate not measured." in said
    assert "too narrow" not in said
    assert "Near 1" not in said


def test_discover_refuses_what_makes_no_sense_in_one_sentence(clinic: Path, small_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "atlas.json"
    alike = run("discover", clinic, "--output", output, "--model", small_bundle)
    assert alike.returncode == 2
    assert "it is constant" in alike.stderr  # untrained, it answers nearly the same to all
    nowhere = run("discover", tmp_path / "nowhere", "--output", output, "--model", small_bundle)
    assert nowhere.returncode == 2
    assert "There is no folder" in nowhere.stderr
    assert "Traceback" not in alike.stderr + nowhere.stderr
    assert not output.exists()


def test_the_discovery_benchmark_prints_its_measures(clinic: Path, undecided_bundle: Path, tmp_path: Path) -> None:
    words = ("benchmark", "discovery", "--json", "--data", clinic, "--coordinates", 12, "--folder", tmp_path)
    done = run(*words, "--model", undecided_bundle)
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert set(tree) >= {
        "recall_at_10", "spearman", "forwards_ratio", "wall_ratio", "forwards_fast", "forwards_exhaustive",
        "explained_images_fast", "explained_images_exhaustive",
    }  # fmt: skip
    assert tree["coordinates"] == 12
    assert tree["forwards_exhaustive"] == tree["photographs"] * (1 + 2 * 12)
    assert tree["photographs"] + tree["held_out"] == 12


def test_an_audit_writes_its_page_and_prints_its_numbers(clinic: Path, undecided_bundle: Path, tmp_path: Path) -> None:
    done = run("audit", clinic, "--output", tmp_path / "audit", "--json", "--model", undecided_bundle)
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["photographs"] == 12
    assert {one["name"] for one in tree["interventions"]} >= {"notch", "cut field", "darker", "mirrored", "blurred"}
    assert json.loads(Path(tree["files"]["json"]).read_text())["interventions"] == tree["interventions"]
    named = [one["name"] for one in tree["interventions"] if one["concern"]]
    assert all(f"{name} (" in tree["verdict"] for name in named)
    assert {one["name"] for one in tree["interventions"] if one["flips_interval"][0] > 0.05} <= set(named)
    with Image.open(tree["files"]["page"]) as page:
        assert page.width == 1500
    few = run("audit", clinic, "--output", tmp_path, "--photographs", 8, "--model", undecided_bundle, "--target", "flu")
    assert few.returncode == 2
    assert "no class 'flu'" in few.stderr


def test_the_render_benchmark_prints_its_keys(small_bundle: Path) -> None:
    done = run("benchmark", "render", "--json", "--rounds", 5, "--no-window", "--model", small_bundle)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {
        "naive_ms", "exact_ms_p50", "exact_ms_p95", "preview_ms_p50", "preview_ms_p95", "ratio_naive_over_exact",
        "max_abs_error", "ui_gap_ms_p95", "plain_gap_ms_p95", "resolution", "display", "threads",
    }  # fmt: skip
    assert found["ui_gap_ms_p95"] is None  # no window, no gap
    assert found["plain_gap_ms_p95"] is None


@pytest.mark.parametrize(
    "words",
    [
        "explain x -o o", "adapt x -o o", "train-encoder x -o o", "scoreboard", "discover x -o o", "audit x -o o",
        "benchmark shortcuts", "benchmark ground-truth", "benchmark discovery", "benchmark outlines x --outlines y",
        "cohort invert x -o o", "cohort counterfactual x -o o", "cohort discover x -o o", "study create s x",
        "study summary s", "study export s -o o",
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_is_none_is_wrong_use(words: str, seed: int) -> None:
    done = CliRunner().invoke(app, [*words.split(), "--seed", str(seed)])
    assert done.exit_code == 2
    assert "Invalid value for '--seed'" in done.output


def test_the_version_is_said() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"napari-latent-explain {__version__}\n")


@pytest.mark.parametrize("where", ["in a command", "while it is loaded"])
def test_a_stopped_command_says_so(where: str) -> None:
    heard = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background has none
    )
    stop = "signal.raise_signal(signal.SIGINT)"
    code = {
        "in a command": f"""
import napari_latent_explain.cli.fetch as command
def run(*_, **__):
    {stop}
command.run_fetch = run
""",
        "while it is loaded": f"""
import sys
class Stops:
    def find_spec(self, name, *_):
        if name == "typer":
            {stop}
sys.meta_path.insert(0, Stops())
""",
    }[where]
    words = [sys.executable, "-c", heard + code + "from napari_latent_explain.cli import main; main()", "fetch"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "Stopped; what was finished is kept.\n")


def test_one_direction_is_one(eye: Path, small_explainer: Explainer, tmp_path: Path) -> None:
    tree = explain_one(small_explainer, FileSource(eye.name, eye), tmp_path, ExplainOptions(checks=False))
    edits = {f"d{number}": 1.0 for number in range(2)}
    for count, said in ((1, " 1 direction moved"), (2, " 2 directions moved")):
        moved = dict(list(edits.items())[:count])
        assert said in _summary(tree | {"counterfactual": tree["counterfactual"] | {"edits": moved}})
