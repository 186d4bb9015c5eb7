"""Measuring against known causes, on codes and pictures whose answer can be worked out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.train.disentanglement import measure_disentanglement
from napari_latent_explain.train.simulated_eyes import FACTORS, draw_simulated_eyes


def test_one_coordinate_a_factor_is_disentangled_and_complete() -> None:
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((600, 4))
    found = measure_disentanglement(np.c_[factors[:, ::-1], rng.standard_normal((600, 3)), np.ones(600)], factors)
    assert found.disentanglement > 0.97
    assert found.completeness > 0.97
    assert found.informativeness > 0.97


def test_mixed_coordinates_are_neither() -> None:
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((600, 4))
    turned, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    mixed = measure_disentanglement(factors @ turned, factors)
    assert mixed.informativeness > 0.97  # all is in it
    assert mixed.disentanglement < 0.6
    assert mixed.completeness < 0.6


def test_each_factor_in_two_coordinates_is_disentangled_but_not_complete() -> None:
    rng = np.random.default_rng(0)
    halves = rng.standard_normal((800, 8))
    found = measure_disentanglement(halves, halves[:, :4] + halves[:, 4:])
    assert found.disentanglement > 0.9
    assert 0.5 < found.completeness < 0.8  # 1 - log 2 / log 8 = 0.67


def test_a_code_that_knows_nothing() -> None:
    rng = np.random.default_rng(0)
    found = measure_disentanglement(rng.standard_normal((400, 5)), rng.standard_normal((400, 3)))
    assert found.informativeness < 0.05


def test_simulated_eyes_are_what_their_factors_say() -> None:
    eyes = draw_simulated_eyes(60, 32, seed=4)
    assert eyes.photographs.pictures.shape == (60, 32, 32, 3)
    again = draw_simulated_eyes(5, 32, seed=4)
    assert np.array_equal(again.photographs.pictures, eyes.photographs.pictures[:5])
    column = FACTORS.index("illumination")
    brightness = eyes.photographs.pictures.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, eyes.factors[:, column])[0, 1] > 0.4
    lesions = eyes.factors[:, [FACTORS.index("hard_exudates"), FACTORS.index("haemorrhages")]] > 0
    assert 0.3 < lesions.mean() < 0.7
    assert (lesions[:, 0] != lesions[:, 1]).any()  # one kind does not bring the other
    assert np.abs(eyes.standardised.mean(axis=0)).max() < 1e-9


def test_factors_are_read_off_eyes_that_the_reader_has_not_seen() -> None:
    from napari_latent_explain.latent import to_tensor
    from napari_latent_explain.train.factor_reading import fit_factor_reader

    eyes = draw_simulated_eyes(240, 32, seed=0)
    redrawn = to_tensor(eyes.photographs.pictures)
    reader = fit_factor_reader(eyes, redrawn)
    read = dict(zip(FACTORS, reader.determination, strict=True))
    assert read["illumination"] > 0.7
    assert read["illumination"] > read["cup_ratio"]
    others = draw_simulated_eyes(60, 32, seed=9)
    column = FACTORS.index("illumination")
    readings = reader(to_tensor(others.photographs.pictures))[:, column]
    assert np.corrcoef(readings, others.factors[:, column])[0, 1] > 0.8
    lost = fit_factor_reader(eyes, redrawn.mean(dim=0, keepdim=True).expand_as(redrawn))
    assert (
        lost.determination.max() < 0.2
    )  # what the generator can't draw can't be read, however well it shows in the eyes


def test_what_is_left_of_features_knows_nothing_of_other_factors_and_all_of_the_cause() -> None:
    from napari_latent_explain.train.logistic import fit_logistic
    from napari_latent_explain.train.planted_causes import _without

    noise = torch.Generator().manual_seed(0)
    factors = torch.randn(500, 3, generator=noise)
    mixed = factors @ torch.randn(3, 12, generator=noise) + 0.1 * torch.randn(500, 12, generator=noise)
    labels = (factors[:, 0] + 0.3 * factors[:, 1] > 0).long()  # it goes with another factor a little
    plain = fit_logistic(mixed, labels, 1e-3)(mixed)
    assert abs(torch.corrcoef(torch.stack([plain, factors[:, 1]]))[0, 1]) > 0.2
    left = mixed @ _without(mixed, factors[:, 1:])
    pure = fit_logistic(left, labels, 1e-3)(left)
    assert abs(torch.corrcoef(torch.stack([pure, factors[:, 1]]))[0, 1]) < 1e-3
    assert torch.corrcoef(torch.stack([pure, factors[:, 0]]))[0, 1] > 0.95


def test_eyes_drawn_from_noise_have_the_codes_of_known_eyes() -> None:
    from types import SimpleNamespace

    from napari_latent_explain.train.ground_truth import _from_noise

    noise = torch.Generator().manual_seed(0)
    known = torch.randn(4000, 2, 3, generator=noise) * torch.tensor([3.0, 1.0, 0.2]) + 5
    model = SimpleNamespace(generator=SimpleNamespace(styles=lambda ws: 2 * ws.flatten(1)))
    drawn = _from_noise(model, known, 4000, noise)
    assert drawn["z"].shape == (4000, 6)
    flat = known.flatten(1)
    assert torch.allclose(drawn["w"].mean(dim=0), flat.mean(dim=0), atol=0.2)
    assert torch.allclose(torch.cov(drawn["w"].T), torch.cov(flat.T), atol=0.6)
    assert torch.equal(drawn["s"], 2 * drawn["w"])


def test_precision_and_recall_of_what_directions_change() -> None:
    from napari_latent_explain.train.planted_causes import _rates

    causes = ("tilt", "disc_x")
    assert _rates(("disc_x", "tilt"), causes) == (1.0, 1.0)
    assert _rates(("tilt", "tilt"), causes) == (1.0, 0.5)  # two directions of one cause are both right
    assert _rates(("tilt", "haze", "none", "disc_x"), causes) == (0.5, 1.0)
    assert _rates((), causes) == (0.0, 0.0)


@pytest.mark.filterwarnings(
    "ignore::UserWarning:lightning.*", "ignore::DeprecationWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)  # codes of an untrained encoder are all but the same line
def test_a_generator_is_trained_stored_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_latent_explain.train import ground_truth, simulated_generator
    from napari_latent_explain.train.ground_truth import GroundTruthSettings, benchmark_ground_truth

    monkeypatch.setattr(simulated_generator, "SIZE", 32)
    small = {"channel_base": 256, "channel_max": 16, "w_dim": 8, "encoder_size": 32, "encoder_channels": (8, 8, 16)}
    recipe = simulated_generator.RECIPE.replace(
        **small, steps=6, batch=4, noise_batch=2, adversarial_from=1, components=2
    )
    folder = simulated_generator.train_simulated_generator(tmp_path, eyes=16, recipe=recipe)
    generator = simulated_generator.load_simulated_generator(folder)
    ws = generator.encode(torch.zeros(2, 3, 32, 32))
    assert ws.shape == (2, generator.generator.style_layer_count, 8)
    codes = generator.codes(ws)
    assert generator.generator.synthesise(codes).shape == (2, 3, 32, 32)
    assert generator.generator.components.fitted
    both = codes[:, : generator.generator.styles_count + 2]
    styles = generator.generator.components.joined(both)
    torch.testing.assert_close(styles, generator.generator.styles(ws), rtol=1e-3, atol=1e-3)
    settings = GroundTruthSettings(eyes=80, drawn=120, classifiers=1, reference=18, listed=5)
    with pytest.raises(TrainingError, match="train the generator for longer"):
        benchmark_ground_truth(generator, 0, settings)
    monkeypatch.setattr(ground_truth, "_READABLE", -9.0)
    monkeypatch.setattr(ground_truth, "_DRAWN", 0.0)
    found = benchmark_ground_truth(generator, 0, settings)
    assert set(found.dci) == {"z", "w", "s", "components"}
    assert all(0 <= one.disentanglement <= 1 and 0 <= one.completeness <= 1 for one in found.dci.values())
    (planted,) = found.planted
    assert 2 <= len(planted.causes) <= 4
    from napari_latent_explain.train.planted_causes import _rates

    first = planted.found[: len(planted.causes)]
    assert (planted.precision, planted.recall) == _rates(first, planted.causes)
    assert (planted.precision_listed, planted.recall_listed) == _rates(planted.found, planted.causes)
    assert len(planted.found) <= 5
    assert found.model_dump() == benchmark_ground_truth(generator, 0, settings).model_dump()

    from typer.testing import CliRunner

    from napari_latent_explain.cli.app import app
    from napari_latent_explain.train import shortcut_benchmark

    monkeypatch.setattr(ground_truth, "GroundTruthSettings", lambda **given: settings)
    small_shortcuts = shortcut_benchmark.ShortcutSettings(eyes=60, size=64, classifiers=2)
    monkeypatch.setattr(shortcut_benchmark, "ShortcutSettings", lambda **given: small_shortcuts)
    done = CliRunner().invoke(app, ["benchmark", "ground-truth", "--json", "--generator", str(folder)])
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout.splitlines()[-1])
    assert {"precision_at_k", "recall_at_k", "dci", "shortcut_auc", "shortcut_false_positive_rate"} <= set(tree)
    assert set(tree["dci"]["s"]) >= {"disentanglement", "completeness"}
    assert tree["precision_at_k"] == found.precision_at_k
    (folder / "generator.safetensors").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="make ground-truth-generator"):
        simulated_generator.load_simulated_generator(folder)
