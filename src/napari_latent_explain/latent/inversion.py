"""A photograph's style code: the encoder's answer, refined in S.

Refinement moves an offset in units of each coordinate's spread, by Adam, against pixel, gradient and feature distance and
the classifier's answer, with a pull towards the encoder's code and towards what real eyes show (a diagonal Mahalanobis
prior). Nothing in it is random: the same picture and steps give the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from napari_latent_explain.domain import REFINEMENT_STEPS, silent
from napari_latent_explain.latent.similarity import detail_weight, gradient_l1, perceptual_distance, weighted_l1
from napari_latent_explain.model.classifier import stage_features

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Inversion", "invert", "reconstruct"]


@dataclass(frozen=True, eq=False)
class Inversion:
    """A style code (1, n), its picture G(s) (1, 3, R, R) inside the field, and the loss before and after refinement."""

    code: Tensor
    picture: Tensor
    loss_encoder: float
    loss_refined: float


def reconstruct(explainer: Explainer, codes: Tensor, mask: Tensor) -> Tensor:
    """G(s) in [-1, 1] inside the field of view (mask (N or 1, 1, R, R) of 0 and 1), black outside."""
    picture = explainer.generator.synthesise(codes).clamp(-1, 1)
    return picture * mask - (1 - mask)


def invert(
    explainer: Explainer,
    x: Tensor,
    mask: Tensor,
    *,
    steps: int = REFINEMENT_STEPS,
    rate: float = 0.05,
    structure_rate: float = 0.15,
    prior: float = 0.02,
    progress: Progress = silent,
) -> Inversion:
    """Find the style code of one picture.

    Parameters
    ----------
    explainer : Explainer
        The model.
    x : torch.Tensor
        (1, 3, R, R) in [-1, 1], field crop as a right eye.
    mask : torch.Tensor
        (1, 1, R, R) of 0 and 1, the field.
    steps : int
        Adam steps of refinement; 0 keeps the encoder's code.
    rate : float
        Learning rate in units of each coordinate's spread.
    structure_rate : float
        Share of it at which a structure code's numbers move: thousands of them, all at once at the full rate, make a picture
        worse before they make it better (docs/training-log.md, "Inversion").
    prior : float
        Weight of the squared distance from the encoder's code (in spreads, a structure code's in `structure_rate` of theirs) and
        from the mean of real eyes (in spreads).
    progress : Progress
        Told at every step; may raise `Cancelled`.
    """
    spread, mean = explainer.statistics.spread, explainer.statistics.mean
    progress("Encoding", 0.0)
    with torch.no_grad():
        start = explainer.encode(x)
        wanted_maps, logits = explainer.perceive(x)
        wanted = logits.softmax(dim=1)
    weight = detail_weight(x, 3.0) * mask
    free = torch.ones_like(spread)
    if (attributes := explainer.generator.config.attributes) > 0:  # those of a photograph are 0 by definition
        free[explainer.layout.size - attributes : explainer.layout.size] = 0
    step_size = spread * free
    step_size[explainer.layout.size :] *= structure_rate
    offset = torch.zeros_like(start, requires_grad=True)
    optimizer = torch.optim.Adam([offset], lr=rate, betas=(0.9, 0.99))

    def loss_of(offset: Tensor) -> Tensor:
        code = start + offset * step_size
        picture = explainer.generator.synthesise(code) * mask - (1 - mask)
        if explainer.classifier.differentiable:
            maps, logits = explainer.perceive(picture)
            agreement = functional.kl_div(logits.log_softmax(1), wanted, reduction="batchmean")  # KL(f(x) || f(G(s)))
        else:
            maps, agreement = stage_features(explainer.perception, picture, 4), picture.new_zeros(())
        away = ((code - mean) / spread).square().mean()
        return (
            5 * weighted_l1(picture, x, weight)
            + 5 * gradient_l1(picture, x, weight)
            + 0.5 * perceptual_distance(maps, wanted_maps).mean()
            + agreement
            + prior * (offset.square().mean() + 0.1 * away)
        )

    losses = []
    best, best_loss = offset.detach().clone(), float("inf")
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, 2 * (1 - step / steps))
        loss = loss_of(offset)
        value = float(loss.detach())
        losses.append(value)
        if value < best_loss:
            best, best_loss = offset.detach().clone(), value
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        progress("Refining the reconstruction", (step + 1) / steps)
    with torch.no_grad():
        final = float(loss_of(offset))
        if final < best_loss:
            best, best_loss = offset.detach().clone(), final
        code = explainer.generator.settled(start + best * step_size)
        picture = reconstruct(explainer, code, mask)
    return Inversion(code, picture, losses[0] if losses else final, best_loss)
