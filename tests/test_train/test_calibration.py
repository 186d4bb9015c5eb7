"""What a classifier is calibrated on is what it says of eyes that it has not learned from."""

from __future__ import annotations

import torch

from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.train.classifier_training import _out_of_fold
from napari_latent_explain.train.config import ClassifierRecipe
from napari_latent_explain.train.logistic import fit_logistic

RECIPE = ClassifierRecipe(copies=3, penalty=1e-3)


def _eyes(told: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of 60 eyes and their copies, which differ a little, and labels that forty features tell or do not."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 2
    once = torch.randn(60, 200, generator=rng)
    once[:, :40] += told * (2 * labels - 1)[:, None]
    copies = [once + 0.05 * torch.randn(60, 200, generator=rng) * (number > 0) for number in range(RECIPE.copies)]
    return torch.cat(copies), labels


def test_no_copy_of_an_eye_takes_part_in_its_own_answer() -> None:
    features, labels = _eyes(0.0)
    learned = fit_logistic(features, labels.repeat(RECIPE.copies), RECIPE.penalty)(features[:60])
    assert roc_auc(learned.numpy(), labels.numpy()) == 1.0  # by heart
    odds = _out_of_fold(features, labels, RECIPE, seed=0)
    assert odds.shape == (60, 2)
    assert abs(roc_auc((odds[:, 1] - odds[:, 0]).numpy(), labels.numpy()) - 0.5) < 0.2


def test_what_can_be_told_is_told_and_the_same_seed_gives_the_same() -> None:
    features, labels = _eyes(1.0)
    odds = _out_of_fold(features, labels, RECIPE, seed=0)
    assert roc_auc((odds[:, 1] - odds[:, 0]).numpy(), labels.numpy()) > 0.9
    assert torch.equal(odds, _out_of_fold(features, labels, RECIPE, seed=0))
