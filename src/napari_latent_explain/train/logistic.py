"""Logistic regression of two classes on a few hundred standardised features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["LogisticModel", "fit_logistic"]


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """Log odds of class 1 = features @ `weight` + `bias`: weight (F,), bias ()."""

    weight: Tensor
    bias: Tensor

    def two_rows(self) -> tuple[Tensor, Tensor]:
        """Weight (2, F) and bias (2,) of a linear layer whose two logits differ by the log odds."""
        return torch.stack([-self.weight / 2, self.weight / 2]), torch.stack([-self.bias / 2, self.bias / 2])

    def __call__(self, features: Tensor) -> Tensor:
        """Features (N, F) to log odds (N,)."""
        return features @ self.weight + self.bias


def fit_logistic(features: Tensor, labels: Tensor, penalty: float) -> LogisticModel:
    """Fit features (N, F) to labels (N,) of 0 and 1: both classes weigh the same, L2 `penalty` on standardised weights."""
    mean, spread = features.mean(dim=0), features.std(dim=0) + 1e-3
    x = ((features - mean) / spread).double()
    weight = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    y = labels.double()
    balance = torch.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(x @ weight + bias, y, weight=balance)
        loss = loss + penalty * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    plain = weight.detach().float() / spread
    return LogisticModel(plain, bias.detach().float() - (plain * mean).sum())
