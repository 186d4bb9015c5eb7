"""Judges of a composite: others who decide as the classifier does, from parts of what an ImageNet network sees."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.model.classifier import map_spreads
from napari_latent_explain.train.logistic import fit_logistic

__all__ = ["Judges", "described"]

_JUDGES, _PENALTY = 8, 2e-2
_HEARD, _ASKED = 0.3, 0.8  # shares of the features that a judge hears of, and of the photographs that it learns from
_FEWEST = 8  # photographs of each decision, or there are no judges


class Judges(NamedTuple):
    """Log odds of the second class = features @ `weight`.T + `bias`: weight (J, F), bias (J,); and the features' spread (F,)."""

    weight: Tensor
    bias: Tensor
    spread: Tensor

    @classmethod
    def of(cls, features: Tensor, decisions: Tensor, classes: int, seed: int) -> Judges:
        """Fit them to the decisions (N,) on features (N, F); none if there are other than two classes, or too few of one."""
        spread = features.std(dim=0) + 1e-6
        weights, biases = [features.new_zeros(0, features.shape[1])], [features.new_zeros(0)]
        if classes == 2 and int(torch.bincount(decisions, minlength=2).min()) >= _FEWEST:
            random = torch.Generator().manual_seed(seed)
            for _ in range(_JUDGES):
                heard = torch.rand(features.shape[1], generator=random) < _HEARD
                asked = torch.rand(len(decisions), generator=random) < _ASKED
                with torch.enable_grad():
                    model = fit_logistic(features[asked][:, heard], decisions[asked], _PENALTY)
                row = features.new_zeros(1, features.shape[1])
                row[0, heard] = model.weight
                weights.append(row)
                biases.append(model.bias[None])
        return cls(torch.cat(weights), torch.cat(biases), spread)

    def to(self, device: torch.device) -> Judges:
        """Return the same ones on a device."""
        return Judges(*(part.to(device) for part in self))

    def distance(self, features: Tensor, wanted: Tensor) -> Tensor:
        """KL of what they say of features (N, F) from the probabilities (N, 2) that are wanted; 0 without judges."""
        if not len(self.weight):
            return features.new_zeros(())
        odds, share = features @ self.weight.T + self.bias, wanted[:, 1:].expand(-1, len(self.bias))
        said = functional.binary_cross_entropy_with_logits(odds, share)
        return said - functional.binary_cross_entropy(share, share)


def described(maps: list[Tensor]) -> Tensor:
    """Means of the deepest map and standard deviations of all: (N, F)."""
    return torch.cat([maps[-1].mean(dim=(2, 3)), map_spreads(maps)], dim=1)
