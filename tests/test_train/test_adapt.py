"""A classifier that was not made here, explained with the generator of a bundle."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import TrainingError, silent
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model import load_explainer
from napari_latent_explain.model.encoder import opinion
from napari_latent_explain.model.foreign import build_network
from napari_latent_explain.model.foreign_files import open_foreign_classifier
from napari_latent_explain.train.adapt import AdaptRecipe, adapt_bundle
from napari_latent_explain.train.photographs import PhotographSet

ROOT = Path(__file__).resolve().parents[1]
DENSE = {
    "spatial_dims": 2, "in_channels": 3, "out_channels": 1, "init_features": 8, "growth_rate": 4, "block_config": [1, 1],
}  # fmt: skip
TOLD = {"target": "monai.networks.nets.DenseNet", "arguments": DENSE, "classes": ("no oedema", "oedema")}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    sys.path.insert(0, str(ROOT))
    from small_model import write_small_bundle

    return write_small_bundle(tmp_path / "base", attributes=3, names=("spots", "flames", "rings"))


def _photographs(n: int, seed: int) -> PhotographSet:
    rng = np.random.default_rng(seed)
    colours = rng.integers(40, 200, (n, 1, 1, 3))
    pictures = np.clip(colours + rng.integers(-30, 30, (n, 32, 32, 3)), 0, 255).astype(np.uint8)
    return PhotographSet(
        tuple(f"{seed}-{i}.jpg" for i in range(n)), pictures, np.ones((n, 32, 32), bool), np.arange(n) % 2
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    network = build_network(TOLD["target"], DENSE)
    train = _photographs(24, 0)
    with torch.no_grad():  # batch statistics of real inputs, so that answers differ from picture to picture
        for _ in range(20):
            x = torch.from_numpy(train.pictures.astype(np.float32)).permute(0, 3, 1, 2) / 255
            network(x)
        network.eval()
        answers = network(x)
        network.class_layers.out.weight *= 2 / answers.std()
        network.class_layers.out.bias *= 2 / answers.std()
        network.class_layers.out.bias -= network(x).median()
    path = tmp_path / "oedema.safetensors"
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


def _adapt(base: Path, weights: Path, output: Path, **changes: object) -> Path:
    plain = {"input_size": 32, "mean": (0, 0, 0), "std": (1, 1, 1)}
    opened = open_foreign_classifier(weights, TOLD | plain)
    recipe = AdaptRecipe(name="oedema", title="Macular oedema", steps=6, batch=2).replace(**changes)
    return adapt_bundle(
        base, opened, weights, _photographs(24, 0), _photographs(12, 1), output, recipe, progress=silent
    )


def test_the_adapted_bundle_asks_the_new_classifier(base: Path, weights: Path, tmp_path: Path) -> None:
    explainer = load_explainer(_adapt(base, weights, tmp_path / "new"), "cpu")
    assert explainer.classes == ("no oedema", "oedema")
    assert explainer.title == "Macular oedema"
    network = build_network(TOLD["target"], DENSE).eval()
    from safetensors.torch import load_file

    network.load_state_dict(load_file(weights))
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    odds = explainer.classifier(x)
    torch.testing.assert_close((odds[:, 1] - odds[:, 0])[:, None], network((x + 1) / 2))
    assert explainer.scores["validation"]["classifier"]["n"] == 12
    assert "was not made with them" in explainer.card
    assert explainer.recipe["base"]["name"] == "small"
    assert explainer.generator.config.attribute_names == ()  # taught anew
    assert all(d.effect_logit_interval[0] > 0 for d in explainer.atlas.directions)


def test_only_attributes_and_their_gains_are_taught(base: Path, weights: Path, tmp_path: Path) -> None:
    old, new = load_explainer(base, "cpu"), load_explainer(_adapt(base, weights, tmp_path / "new"), "cpu")
    for part, learned in (("generator", "attributes"), ("encoder", "gains.")):
        before, after = getattr(old, part).state_dict(), getattr(new, part).state_dict()
        for name, value in after.items():
            if name.startswith(learned):
                assert not torch.equal(value, before[name]), name
            else:
                torch.testing.assert_close(value, before[name], rtol=2e-3, atol=1e-4)


def test_the_same_seed_gives_the_same_bundle(base: Path, weights: Path, tmp_path: Path) -> None:
    once, twice = (_adapt(base, weights, tmp_path / name) for name in ("a", "b"))
    for path in sorted((once / "models").iterdir()):
        assert path.read_bytes() == (twice / "models" / path.name).read_bytes(), path.name


def _pull(bundle: Path) -> float:
    """How far attributes for the other opinion take the classifier's log odds towards it, mean over the photographs."""
    explainer = load_explainer(bundle, "cpu")
    x = to_tensor(_photographs(24, 0).pictures)
    with torch.no_grad():
        before = explainer.classifier(x)
        seen = before.softmax(dim=1)
        own, structure = explainer.encoder.describe(x)
        ws = explainer.encoder.styles(own, x.new_zeros(len(x), 0), x.new_zeros(len(x), 0))
        moved = explainer.encoder.attributes(own, opinion(seen.flip(1)) - opinion(seen))
        difference = explainer.generator(ws, moved, structure) - explainer.generator(ws, 0 * moved, structure)
        change = explainer.classifier(x + difference) - before
    towards = torch.sign(seen[:, 0] - seen[:, 1])
    return float(((change[:, 1] - change[:, 0]) * towards).mean())


def test_teaching_makes_attributes_carry_the_other_opinion(base: Path, weights: Path, tmp_path: Path) -> None:
    untaught = _adapt(base, weights, tmp_path / "untaught", steps=0)
    taught = _adapt(base, weights, tmp_path / "taught", steps=120, rate=5e-3, closeness=0.0)
    assert abs(_pull(untaught)) < 0.3
    assert _pull(taught) > 0.8


def test_a_classifier_that_says_nothing_is_refused(base: Path, weights: Path, tmp_path: Path) -> None:
    for value, said in ((0.0, "same answer"), (float("nan"), "not finite")):
        network = build_network(TOLD["target"], DENSE)
        with torch.no_grad():
            network.class_layers.out.weight.fill_(value)
        save_file(network.state_dict(), tmp_path / "c.safetensors")
        with pytest.raises(TrainingError, match=said):
            _adapt(base, tmp_path / "c.safetensors", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_base_whose_styles_know_their_classifier_is_refused(
    small_bundle: Path, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="encoder_features"):
        _adapt(small_bundle, weights, tmp_path / "new")


def test_an_onnx_classifier_is_explained_by_forward_passes_alone(base: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    sys.path.insert(0, str(ROOT / "test_model"))
    from test_foreign import onnx_of_mean

    path = onnx_of_mean(tmp_path / "c.onnx")
    told = {"classes": ("red", "green"), "input_size": 16, "mean": (0, 0, 0), "std": (0.1, 0.1, 0.1)}
    opened = open_foreign_classifier(path, told)
    recipe = AdaptRecipe(steps=5, batch=2)
    bundle = adapt_bundle(
        base, opened, path, _photographs(24, 0), _photographs(12, 1), tmp_path / "new", recipe, progress=silent
    )
    explainer = load_explainer(bundle, "cpu")
    assert not explainer.classifier.differentiable
    assert explainer.atlas.directions
    assert explainer.recipe["adapted"]["history"] == []
    assert explainer.generator.config.attribute_names == ("spots", "flames", "rings")  # they do what they did


def test_the_command_adapts_and_explains(base: Path, weights: Path, tmp_path: Path) -> None:
    from PIL import Image
    from typer.testing import CliRunner

    from napari_latent_explain.fundus import simulate

    eyes = tmp_path / "eyes"
    eyes.mkdir()
    lines = ["file,label"]
    for seed in range(14):
        Image.fromarray(simulate(seed=seed, size=96).picture).save(eyes / f"{seed}.png")
        lines.append(f"{seed}.png,{seed % 2}")
    (eyes / "labels.csv").write_text("\n".join(lines))
    runner = CliRunner()
    command = [
        "adapt", str(weights), "--output", str(tmp_path / "new"), "--base", str(base), "--network", TOLD["target"],
        "--arguments", json.dumps(DENSE), "--classes", "no oedema,oedema", "--input-size", "32", "--mean", "0",
        "--std", "1", "--labels", str(eyes / "labels.csv"), "--steps", "2", "--json",
    ]  # fmt: skip
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    tree = json.loads(result.stdout.strip().splitlines()[-1])
    assert Path(tree["bundle"]) == tmp_path / "new"
    assert {"reconstruction", "agreement"} <= set(tree["scores"]["validation"])
    for wrong, said in ((["--mean", "x"], "--mean"), (["--arguments", "["], "--arguments")):
        bad = runner.invoke(app, command + wrong)
        assert bad.exit_code != 0
        assert said in str(bad.exception)
