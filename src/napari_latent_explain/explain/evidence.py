"""What a direction does to photographs that had no part in choosing it: measured on the composite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from napari_latent_explain.domain import LUMINANCE, ActivityMap, ExamplePair, OffTargetEffects, StyleDirection
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.explain.probe import margins
from napari_latent_explain.latent import render

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import DirectionId
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["MoveEvidence", "direction_of", "measure_move", "move_id"]

_MAP_SIDE = 32
_FINGERPRINT_SIDE, _FINGERPRINTS = 16, 12  # cells a side and photographs of what duplicates are compared by
_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class MoveEvidence:
    """A move in P photographs.

    Parameters
    ----------
    photographs : numpy.ndarray
        (P,) which.
    change : numpy.ndarray
        (P, C) change of every class's margin.
    before, after : numpy.ndarray
        (P,) the target's probability.
    flips : numpy.ndarray
        (P,) whether the decision is now the target.
    where : numpy.ndarray
        (32, 32) mean absolute difference, as a share of the range from black to white.
    fingerprint : numpy.ndarray
        (F, d) signed differences of the first photographs, coarsely.
    brightness, contrast : numpy.ndarray
        (P,) change of mean and standard deviation of luminance in the field.
    """

    photographs: NDArray[np.int64]
    change: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    flips: NDArray[np.bool_]
    where: NDArray[np.float64]
    fingerprint: NDArray[np.float32]
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]


def _light(pictures: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B,) of luminance, black 0 to white 1, inside the field."""
    weights = torch.tensor(LUMINANCE, device=pictures.device)[:, None, None]
    luminance = ((pictures + 1) / 2 * weights).sum(dim=1, keepdim=True)
    area = mask.sum(dim=(1, 2, 3)).clamp_min(1)
    mean = (luminance * mask).sum(dim=(1, 2, 3)) / area
    spread = ((luminance - mean[:, None, None, None]).square() * mask).sum(dim=(1, 2, 3)) / area
    return mean, spread.sqrt()


@torch.inference_mode()
def measure_move(probe: StyleProbe, move: StyleMove, photographs: NDArray[np.int64], target: int) -> MoveEvidence:
    """Move one coordinate in P photographs and look at the composites.

    Cost: P forward passes. Memory: a batch of pictures, whatever P is.

    Raises
    ------
    DiscoveryError
        If the classifier gives numbers that are not finite.
    """
    reference, device = probe.reference, probe.explainer.device
    change, before, after, flips, brightness, contrast, prints = [], [], [], [], [], [], []
    where = torch.zeros(_MAP_SIDE, _MAP_SIDE, device=device)
    for begin in range(0, len(photographs), probe.batch):
        who = torch.from_numpy(photographs[begin : begin + probe.batch]).to(device)
        x, mask, base = reference.pictures[who], reference.masks[who], reference.bases[who]
        codes = reference.codes[who].clone()
        codes[:, move.column] += probe.steps[move.end, who, move.column]
        composite = render(probe.explainer, x, mask, base, codes)
        logits = probe.classify(composite.picture)
        probe.ledger.book(len(who))
        old = reference.logits[who]
        new_margins = margins(logits)
        change.append(new_margins - margins(old))
        flips.append(new_margins[:, target] > 0)
        before.append(old.softmax(dim=1)[:, target].cpu().double().numpy())
        after.append(logits.softmax(dim=1)[:, target].cpu().double().numpy())
        difference = composite.difference / 2
        absolute = difference.abs().mean(dim=1, keepdim=True)
        where += functional.adaptive_avg_pool2d(absolute, _MAP_SIDE)[:, 0].sum(dim=0)
        if begin < _FINGERPRINTS:
            coarse = functional.adaptive_avg_pool2d(difference[: _FINGERPRINTS - begin], _FINGERPRINT_SIDE)
            prints.append(coarse.flatten(1).cpu().numpy())
        (mean, spread), (old_mean, old_spread) = _light(composite.picture, mask), _light(x, mask)
        brightness.append((mean - old_mean).cpu().double().numpy())
        contrast.append((spread - old_spread).cpu().double().numpy())
    return MoveEvidence(
        photographs, np.concatenate(change), np.concatenate(before), np.concatenate(after), np.concatenate(flips),
        (where / len(photographs)).cpu().double().numpy(), np.concatenate(prints),
        np.concatenate(brightness), np.concatenate(contrast),
    )  # fmt: skip


def _examples(probe: StyleProbe, measured: MoveEvidence, gain: NDArray[np.float64]) -> tuple[ExamplePair, ...]:
    order = np.argsort(-gain, kind="stable")[:_EXAMPLES]
    return tuple(
        ExamplePair(
            photograph=probe.reference.name(int(measured.photographs[i])),
            before=min(1.0, float(measured.before[i])),
            after=min(1.0, float(measured.after[i])),
        )
        for i in order
    )


def move_id(explainer: Explainer, move: StyleMove, target: int) -> DirectionId:
    """Return what a move towards a class is called in an atlas."""
    layer, channel = explainer.layout.coordinate(move.column)
    return f"{layer}:{channel}:{'+' if move.end else '-'}:{target}"


def direction_of(
    probe: StyleProbe,
    move: StyleMove,
    target: int,
    measured: MoveEvidence,
    interval: tuple[float, float],
    *,
    rng: np.random.Generator,
    draws: int,
    reverse: MoveEvidence | None = None,
    stability: float | None = None,
    false_discovery_rate: float | None = None,
    merged: tuple[StyleMove, ...] = (),
) -> StyleDirection:
    """Write down a move with its evidence.

    Parameters
    ----------
    probe, move, target : StyleProbe, StyleMove, int
        What was moved, and towards which class.
    measured, interval : MoveEvidence, (float, float)
        In photographs of another class, and the 95 % interval of the mean change of the target's margin.
    rng, draws : numpy.random.Generator, int
        Of the bootstrap interval of the probability.
    reverse : MoveEvidence, optional
        The move to the other end, in photographs of the target.
    stability, false_discovery_rate, merged : float, float and tuple, optional
        See `StyleDirection`.
    """
    explainer = probe.explainer
    layer, channel = explainer.layout.coordinate(move.column)
    statistics = explainer.statistics
    spread = float(statistics.spread[move.column])
    logit, gain = measured.change[:, target], measured.after - measured.before
    steps = probe.steps[move.end, :, move.column].cpu().numpy()[measured.photographs]
    others = {name: i for i, name in enumerate(explainer.classes) if i != target}
    return StyleDirection(
        id=move_id(explainer, move, target),
        name=f"{layer} {channel}",
        layer=layer,
        channel=channel,
        sign=1 if move.end else -1,
        spread=spread,
        low=float(statistics.low[move.column]),
        high=float(statistics.high[move.column]),
        target=target,
        effect_logit=float(logit.mean()),
        effect_logit_interval=interval,
        effect_probability=float(gain.mean()),
        effect_probability_interval=bootstrap_interval(gain, draws, rng),
        flip_share=float(measured.flips.mean()),
        held_out=len(logit),
        step=float(np.abs(steps).mean()) / spread,
        where=ActivityMap.of(measured.where),
        off_target=OffTargetEffects(
            margins=tuple((name, float(measured.change[:, i].mean())) for name, i in others.items()),
            brightness=float(measured.brightness.mean()),
            contrast=float(measured.contrast.mean()),
        ),
        examples=_examples(probe, measured, logit),
        reverse_effect_logit=None if reverse is None else float(reverse.change[:, target].mean()),
        reverse_examples=() if reverse is None else _examples(probe, reverse, -reverse.change[:, target]),
        stability=stability,
        false_discovery_rate=false_discovery_rate,
        merged=tuple(move_id(explainer, other, target) for other in merged),
    )
