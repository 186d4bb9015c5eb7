"""What an imported generator lacks can be trained: stopped and gone on with, and in the end a photograph is explained with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_latent_explain.domain import BundleError, Cancelled, Edit, TrainingError, silent
from napari_latent_explain.latent import mask_tensor, move, reconstruct, to_tensor
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.model.bundle import read_bundle, write_bundle
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier
from napari_latent_explain.model.importing import import_generator, read_imported, write_imported
from napari_latent_explain.model.published_generator import PublishedGenerator
from napari_latent_explain.model.style_space import StyleLayer
from napari_latent_explain.train.imported_bundle import complete_imported
from napari_latent_explain.train.imported_encoder import EncoderRecipe, train_encoder
from napari_latent_explain.train.photographs import PhotographSet
from published_stylegan2 import make_published, nvlabs_pickle

RECIPE = EncoderRecipe(
    steps=8, batch=3, dreams=2, encoder_size=32, encoder_channels=(8, 8, 8), hidden=16, keep_every=3, rate=1e-3
)


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    made = make_published((8, 8, 8, 8), z_dim=8, widths=(8, 8))
    for name in made.weights:  # an untrained generator's pictures are far out of range: make them grey with colour
        if name.endswith("torgb.weight"):
            made.weights[name] = 0.1 * made.weights[name]
    write_imported(tmp_path / "eyes", import_generator(nvlabs_pickle(tmp_path / "eyes.pkl", made)))
    return tmp_path / "eyes"


def _photographs(generator: PublishedGenerator, n: int, seed: int) -> PhotographSet:
    """Pictures that the generator can draw."""
    z = torch.randn(n, generator.config.z_dim, generator=torch.Generator().manual_seed(seed))
    pixels = ((generator(generator.map(z)).clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    size = generator.config.resolution
    return PhotographSet(
        tuple(f"{seed}-{i}.jpg" for i in range(n)), pixels, np.ones((n, size, size), bool), np.arange(n) % 2
    )


@pytest.fixture
def awake_bundle(imported: Path, small_bundle: Path, tmp_path: Path) -> Path:
    """The small bundle with a classifier that answers differently from picture to picture."""
    metadata, networks, atlas, card = read_bundle(small_bundle)
    x = to_tensor(_photographs(read_imported(imported)[1], 24, 5).pictures)
    classifier = FundusClassifier(ClassifierConfig(input_size=32))
    classifier.load_state_dict(networks["classifier"])
    with torch.no_grad():
        for module in classifier.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 0.5
        for _ in range(20):
            classifier.train()(x)
        classifier.eval()
        answers = classifier(x)
        last = classifier.backbone._fc
        last.weight *= 2 / answers.std(dim=0).mean()
        last.bias -= classifier(x).mean(dim=0)
    write_bundle(tmp_path / "awake", metadata, networks | {"classifier": classifier.state_dict()}, atlas, card)
    return tmp_path / "awake"


def _state(encoder: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def test_a_stopped_training_goes_on_to_the_same_weights(
    imported: Path, small_explainer: Explainer, tmp_path: Path
) -> None:
    generator = read_imported(imported)[1]
    data = _photographs(generator, 10, 0)
    whole, history = train_encoder(small_explainer, generator, "g", data, tmp_path / "a", RECIPE, progress=silent)

    def stop(what: str, done: float) -> None:
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_encoder(small_explainer, generator, "g", data, tmp_path / "b", RECIPE, progress=stop)
    asked = []
    again, other = train_encoder(
        small_explainer, generator, "g", data, tmp_path / "b", RECIPE, progress=lambda what, done: asked.append(what)
    )
    assert len(asked) == 3  # five steps were done
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())
    assert history == other


def test_only_the_encoder_learns(imported: Path, small_explainer: Explainer, tmp_path: Path) -> None:
    generator = read_imported(imported)[1]
    before = _state(generator) | _state(small_explainer.classifier)
    train_encoder(
        small_explainer, generator, "g", _photographs(generator, 6, 0), tmp_path / "a", RECIPE, progress=silent
    )
    after = generator.state_dict() | small_explainer.classifier.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_pictures_are_drawn_better_than_by_the_mean(imported: Path, small_explainer: Explainer, tmp_path: Path) -> None:
    generator = read_imported(imported)[1]
    data = _photographs(generator, 24, 0)
    recipe = RECIPE.replace(steps=60, batch=6, rate=5e-3, keep_every=60)
    encoder, _ = train_encoder(small_explainer, generator, "g", data, tmp_path / "a", recipe, progress=silent)
    held = _photographs(generator, 16, 1)
    x = to_tensor(held.pictures)
    with torch.no_grad():
        seen = small_explainer.classifier(x).softmax(dim=1)
        drawn = generator(*encoder(x, x.new_zeros(len(x), 0), seen)).clamp(-1, 1)
        z = torch.randn(2000, generator.config.z_dim, generator=torch.Generator().manual_seed(2))
        mean = generator(generator.map(z)).clamp(-1, 1).mean(dim=0)
    assert (drawn - x).abs().mean() < 0.8 * (mean - x).abs().mean()


def test_another_training_is_not_gone_on_with(imported: Path, small_explainer: Explainer, tmp_path: Path) -> None:
    generator = read_imported(imported)[1]
    data = _photographs(generator, 6, 0)
    train_encoder(small_explainer, generator, "g", data, tmp_path / "a", RECIPE, progress=silent)
    with pytest.raises(TrainingError, match="another training"):
        train_encoder(small_explainer, generator, "other", data, tmp_path / "a", RECIPE, progress=silent)
    with pytest.raises(TrainingError, match="another training"):
        train_encoder(small_explainer, generator, "g", data, tmp_path / "a", RECIPE.replace(rate=1e-4), progress=silent)


def test_the_whole_bundle_explains_a_photograph(imported: Path, awake_bundle: Path, tmp_path: Path) -> None:
    metadata, generator = read_imported(imported)
    train, validation = _photographs(generator, 24, 0), _photographs(generator, 12, 1)
    bundle = complete_imported(
        imported, awake_bundle, train, validation, tmp_path / "run", RECIPE, device="cpu", progress=silent
    )
    explainer = load_explainer(bundle, "cpu")
    assert isinstance(explainer.generator, PublishedGenerator)
    stored = explainer.generator.state_dict()
    assert all(torch.equal(value, stored[name]) for name, value in generator.state_dict().items())  # not rounded
    assert explainer.classes == load_explainer(awake_bundle, "cpu").classes
    assert explainer.recipe["imported"]["sha256"] == metadata.source.sha256
    assert "imported from `eyes.pkl`" in explainer.card
    x, mask = to_tensor(validation.pictures[:2]), mask_tensor(validation.masks[:2])
    assert explainer.layout.layers[-1] == StyleLayer("components", 3)  # one for each eight of the photographs
    component = explainer.layout.column("components", 0)
    assert explainer.statistics.spread[component] == pytest.approx((24 / 23) ** 0.5, abs=0.02)
    with torch.no_grad():
        ws = explainer.encoder(x, x.new_zeros(2, 0), explainer.classifier(x).softmax(dim=1))[0]
        torch.testing.assert_close(explainer.generator(ws), generator(ws), rtol=1e-3, atol=1e-4)  # the same pictures
        moved = explainer.encode(x)
        moved[:, component] += 2
        changed = explainer.generator.synthesise(moved) - generator(ws)
    assert changed.abs().max() > 1e-2
    codes = explainer.encode(x)
    torch.testing.assert_close(explainer.generator.settled(codes), codes, rtol=1e-3, atol=1e-3)
    assert codes.shape == (2, explainer.layout.size)
    assert reconstruct(explainer, codes, mask).shape == (2, 3, 32, 32)
    assert torch.equal(move(explainer, codes, Edit()), codes)
    shape = json.loads((bundle / "configs/metadata.json").read_text())["generator"]
    assert (shape["channels"], shape["components"]) == ([8, 8, 8, 8], 3)


def test_an_imported_generator_that_brings_components_is_refused(imported: Path) -> None:
    told = imported / "configs" / "metadata.json"
    tree = json.loads(told.read_text())
    tree["generator"]["components"] = 2
    told.write_text(json.dumps(tree))
    with pytest.raises(BundleError, match="does not have yet"):
        read_imported(imported)


def test_photographs_of_one_answer_are_refused(imported: Path, small_bundle: Path, tmp_path: Path) -> None:
    generator = read_imported(imported)[1]
    data = _photographs(generator, 4, 0)
    same = PhotographSet(data.files, np.repeat(data.pictures[:1], 4, axis=0), data.masks, data.labels)
    with pytest.raises(TrainingError, match="same answer"):
        complete_imported(imported, small_bundle, same, same, tmp_path / "run", RECIPE, device="cpu", progress=silent)


def test_a_whole_bundle_needs_no_encoder(small_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no imported generator"):
        complete_imported(
            small_bundle, small_bundle, None, None, tmp_path / "run", RECIPE, device="cpu", progress=silent
        )  # type: ignore[arg-type]


def test_the_command_trains_what_is_missing_and_the_bundle_explains(
    imported: Path, awake_bundle: Path, tmp_path: Path
) -> None:
    from PIL import Image
    from typer.testing import CliRunner

    from napari_latent_explain.cli.app import app
    from napari_latent_explain.fundus import simulate

    eyes = tmp_path / "eyes_of_mine"
    eyes.mkdir()
    lines = ["file,label"]
    for seed in range(14):
        Image.fromarray(simulate(seed=seed, size=96).picture).save(eyes / f"{seed}.png")
        lines.append(f"{seed}.png,{seed % 2}")
    (eyes / "labels.csv").write_text("\n".join(lines))
    command = [
        "train-encoder", str(imported), "--output", str(tmp_path / "run"), "--base", str(awake_bundle),
        "--labels", str(eyes / "labels.csv"), "--steps", "2", "--batch", "2", "--device", "cpu",
    ]  # fmt: skip
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"Bundle: {tmp_path / 'run' / 'bundle'}" in result.stdout
    assert "dB in the field of view" in result.stdout
    explained = CliRunner().invoke(
        app,
        [
            "explain",
            str(eyes / "1.png"),
            "--model",
            str(tmp_path / "run/bundle"),
            "--output",
            str(tmp_path / "out"),
            "--json",
        ],
        catch_exceptions=False,
    )
    assert "Traceback" not in explained.output
    tree = json.loads(explained.stdout.strip().splitlines()[-1])
    assert tree["model"]["name"] == "eyes"
