"""Which style coordinates change the classifier's mind: screened by gradients, chosen by real forward passes, measured
on photographs that the choice never saw.

1. Screening: the gradient of the target's margin with respect to every coordinate, times the way to the 5 % and the 95 %
   quantile, averaged over the selection photographs. Two passes for each photograph instead of two for each coordinate.
2. Choice: the best candidates are really moved, each on the selection photographs.
3. Evidence: the chosen ones are moved on held-out photographs of the other class, on the composite x + (G(s') - G(s));
   mean effects with bootstrap 95 % intervals. A direction whose interval of the logit effect holds 0 is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import StyleDirection, silent
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.latent import reconstruct, render
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["SearchSettings", "find_directions"]


@dataclass(frozen=True)
class SearchSettings:
    """How wide to look.

    `screened` candidates are really moved on `selection` photographs, the best `tested` of them on the held-out ones, and
    at most `kept` are returned for the class.
    """

    screened: int = 96
    selection: int = 24
    tested: int = 24
    kept: int = 10
    bootstrap: int = 2000


def _ends(explainer: Explainer, codes: Tensor) -> Tensor:
    """Steps of every coordinate to its two ends, (2, N, n); a coordinate beyond an end stays."""
    statistics = explainer.statistics
    return torch.stack([(statistics.low - codes).clamp_max(0), (statistics.high - codes).clamp_min(0)])


def _screen(explainer: Explainer, reference: ReferenceSet, target: int) -> Tensor:
    """Predicted mean change of the margin for both ends of every coordinate: (2, n)."""
    styles = explainer.layout.size  # what comes behind them in a code is structure, which is never edited
    total = torch.zeros(2, styles, device=explainer.device)
    for start in range(0, len(reference), 8):
        part = reference.take(torch.arange(start, min(start + 8, len(reference))))
        codes = part.codes.clone().requires_grad_(True)
        picture = explainer.generator.synthesise(codes) * part.masks - (1 - part.masks)
        value = margin(explainer.classifier(picture), target).sum()
        (gradient,) = torch.autograd.grad(value, codes)
        total += (_ends(explainer, part.codes) * gradient).sum(dim=1)[:, :styles]
    return total / len(reference)


def _effects(
    explainer: Explainer, reference: ReferenceSet, column: int, end: int, target: int, *, composite: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Change of margin and probability, and margin after, for one coordinate at one end, on every photograph."""
    moved = reference.codes.clone()
    moved[:, column] += _ends(explainer, reference.codes)[end, :, column]
    before, after = [], []
    with torch.inference_mode():
        for start in range(0, len(reference), 16):
            part = slice(start, start + 16)
            x, mask, base = reference.pictures[part], reference.masks[part], reference.bases[part]
            if composite:
                picture = render(explainer, x, mask, base, moved[part]).picture
                before.append(reference.logits[part])
            else:
                picture = reconstruct(explainer, moved[part], mask)
                before.append(explainer.classifier(base))
            after.append(explainer.classifier(picture))
    old, new = torch.cat(before), torch.cat(after)
    change = margin(new, target) - margin(old, target)
    return change, new.softmax(1)[:, target] - old.softmax(1)[:, target], margin(new, target)


def find_directions(
    explainer: Explainer,
    selection: ReferenceSet,
    held_out: ReferenceSet,
    target: int,
    *,
    rng: np.random.Generator,
    settings: SearchSettings | None = None,
    progress: Progress = silent,
) -> tuple[StyleDirection, ...]:
    """Find single coordinates that raise class `target`, best first by their held-out effect.

    Parameters
    ----------
    explainer : Explainer
        The model (its atlas is not used).
    selection, held_out : ReferenceSet
        Photographs to choose on and, disjoint, photographs to measure on; only those of another predicted class count.
    target : int
        Index of the class to raise.
    rng : numpy.random.Generator
        For the choice of selection photographs and for the bootstrap.
    settings : SearchSettings, optional
        How wide to look.
    progress : Progress
        Told at every candidate.

    Notes
    -----
    Cost: 2 passes for each selection photograph, then ``screened * selection + tested * len(held_out)`` forward passes.
    """
    settings = settings or SearchSettings()
    away, test = selection.away_from(target), held_out.away_from(target)
    if len(away) == 0 or len(test) == 0:
        return ()
    predicted = _screen(explainer, away, target)
    few = torch.from_numpy(rng.permutation(len(away))[: settings.selection])
    chosen = away.take(few.to(explainer.device))
    order = predicted.flatten().argsort(descending=True)[: settings.screened].tolist()
    measured = []
    for done, flat in enumerate(order):
        end, column = divmod(flat, explainer.layout.size)
        change, _, _ = _effects(explainer, chosen, column, end, target, composite=False)
        measured.append((float(change.mean()), column, end))
        progress(f"Trying directions towards '{explainer.classes[target]}'", 0.8 * (done + 1) / len(order))
    measured.sort(reverse=True)
    found = []
    for done, (_, column, end) in enumerate(measured[: settings.tested]):
        change, gain, after = _effects(explainer, test, column, end, target, composite=True)
        progress("Measuring on held-out photographs", 0.8 + 0.2 * (done + 1) / settings.tested)
        logit, probability = change.double().cpu().numpy(), gain.double().cpu().numpy()
        interval = bootstrap_interval(logit, settings.bootstrap, rng)
        if interval[0] <= 0:
            continue
        layer, channel = explainer.layout.coordinate(column)
        sign = 1 if end else -1
        found.append(
            StyleDirection(
                id=f"{layer}:{channel}:{'+' if end else '-'}",
                name="unnamed",
                layer=layer,
                channel=channel,
                sign=sign,
                spread=float(explainer.statistics.spread[column]),
                low=float(explainer.statistics.low[column]),
                high=float(explainer.statistics.high[column]),
                target=target,
                effect_logit=float(logit.mean()),
                effect_logit_interval=interval,
                effect_probability=float(probability.mean()),
                effect_probability_interval=bootstrap_interval(probability, settings.bootstrap, rng),
                flip_share=float((after > 0).double().mean()),
                held_out=len(test),
            )
        )
    found.sort(key=lambda direction: -direction.effect_logit)
    return tuple(
        direction.replace(name=f"direction {rank} towards {explainer.classes[target]}")
        for rank, direction in enumerate(found[: settings.kept], start=1)
    )
