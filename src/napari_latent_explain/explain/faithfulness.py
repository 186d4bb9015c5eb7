"""Whether an explanation says something about this classifier: controls that an edit of one photograph must pass.

- random moves: moves of style space in random senses that change the picture as much do not move the opinion as much;
- heads that know nothing (`model.control_heads`) do not follow the edit as the classifier does;
- persistence: the opinion stays where it was brought when the composite is compressed, blurred or shifted;
- reversal: the composite, inverted anew and moved back, is judged as the photograph was;
- second opinion: another network that was asked for nothing moves the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from napari_latent_explain.domain import REFINEMENT_STEPS, Faithfulness, silent
from napari_latent_explain.latent import invert, jpeg_round_trip, move, reconstruct, render
from napari_latent_explain.model.classifier import FundusClassifier, margin

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from napari_latent_explain.domain import Edit, Progress
    from napari_latent_explain.explain.pivot import Pivot

__all__ = ["DISTURBANCES", "check_faithfulness"]

_TRIES, _CLOSE = 6, 0.03


def _jpeg(x: Tensor) -> Tensor:
    """Compress and read again at quality 75."""
    return jpeg_round_trip(x, [75] * len(x))


def _blur(x: Tensor) -> Tensor:
    """Binomial blur over 3 pixels."""
    taps = torch.tensor([0.25, 0.5, 0.25], device=x.device)
    kernel = torch.outer(taps, taps).expand(3, 1, 3, 3)
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)


def _shift(x: Tensor) -> Tensor:
    """Move by three pixels right and two down; black comes in."""
    return functional.pad(x, (3, -3, 2, -2), value=-1.0)


DISTURBANCES: dict[str, Callable[[Tensor], Tensor]] = {"jpeg": _jpeg, "blur": _blur, "shift": _shift}


def _energy(difference: Tensor, mask: Tensor) -> float:
    return float((difference.square() * mask).sum().div(3 * mask.sum()).sqrt())


def _random_effects(
    pivot: Pivot, wanted: float, before: float, target: int, rng: np.random.Generator, count: int
) -> list[float]:
    """Effects of random moves of S whose differences have the wanted energy."""
    explainer = pivot.explainer
    styles, spread = explainer.layout.size, explainer.statistics.spread
    found = []
    for _ in range(count):
        step = torch.zeros_like(pivot.code)
        drawn = torch.from_numpy(rng.standard_normal(styles)).to(step) / np.sqrt(styles)
        step[0, :styles] = drawn * spread[:styles]

        scale = 1.0
        for _ in range(_TRIES):  # the difference grows almost in proportion to the step
            made = pivot.moved_to(pivot.code + scale * step)
            energy = _energy(made.difference, pivot.mask)
            if abs(energy - wanted) < _CLOSE * wanted or energy == 0:
                break
            scale *= wanted / energy
        with torch.inference_mode():
            found.append(float(margin(explainer.classifier(made.picture), target)) - before)
    return found


def _control_effects(pivot: Pivot, composite: Tensor, target: int) -> dict[str, tuple[float, ...]]:
    heads, classifier = pivot.explainer.controls, pivot.explainer.classifier
    if heads is None or not isinstance(classifier, FundusClassifier):
        return {}
    with torch.inference_mode():
        both = heads.logits(classifier.features(torch.cat([pivot.picture, composite])))
    return {
        name: tuple(float(margin(pair[1:], target) - margin(pair[:1], target)) for pair in logits)
        for name, logits in both.items()
    }


def _second_opinion(pivot: Pivot, composite: Tensor, target: int) -> tuple[float, float] | None:
    """Probability of the target by the independent classifier, before and after."""
    second = pivot.explainer.second_opinion
    if second is None:
        return None
    with torch.inference_mode():
        odds = second(torch.cat([pivot.picture, composite]))
        before, after = torch.sigmoid((odds if target == 1 else -odds).cpu().double()).tolist()
    return before, after


def check_faithfulness(
    pivot: Pivot,
    edit: Edit,
    target: int,
    rng: np.random.Generator,
    *,
    count: int = 20,
    refinement: int = REFINEMENT_STEPS,
    progress: Progress = silent,
) -> Faithfulness | None:
    """Put an edit to the controls.

    Parameters
    ----------
    pivot : Pivot
        The photograph at its code.
    edit, target : Edit, int
        What was changed, and the class it was to reach.
    rng : numpy.random.Generator
        For the random moves.
    count : int
        Random moves.
    refinement : int
        Adam steps when the composite is inverted anew.
    progress : Progress
        May raise `Cancelled`.

    Returns
    -------
    Faithfulness or None
        None for an edit that changes nothing: there is no effect to check.

    Notes
    -----
    Cost: about ``4 * count`` renderings and one inversion.
    """
    explainer = pivot.explainer
    composite = pivot.composites([edit])
    energy = _energy(composite.difference, pivot.mask)
    if not edit or energy == 0:
        return None

    def odds(x: Tensor) -> float:
        with torch.inference_mode():
            return float(margin(explainer.classifier(x), target))

    before, after = odds(pivot.picture), odds(composite.picture)
    effect = after - before
    size = abs(effect) if abs(effect) > 1e-6 else 1e-6
    progress("Checking against random moves", 0.1)
    random = _random_effects(pivot, energy, before, target, rng, count)
    controls = _control_effects(pivot, composite.picture, target)
    second = _second_opinion(pivot, composite.picture, target)
    progress("Checking against disturbances", 0.6)
    kept = {
        name: (odds(disturb(composite.picture)) - odds(disturb(pivot.picture))) / (size if effect > 0 else -size)
        for name, disturb in DISTURBANCES.items()
    }
    progress("Checking whether it can be taken back", 0.7)
    again = invert(explainer, composite.picture, pivot.mask, steps=refinement)
    with torch.inference_mode():
        base = reconstruct(explainer, again.code, pivot.mask)
        back = render(explainer, composite.picture, pivot.weight, base, move(explainer, again.code, -edit))
    return Faithfulness(
        effect=effect,
        random_effects=tuple(random),
        random_share=float(np.mean([abs(value) < abs(effect) for value in random])),
        control_effects=controls,
        control_share={
            name: float(np.mean([abs(value) < abs(effect) for value in values])) for name, values in controls.items()
        },
        kept=kept,
        reversal=(after - odds(back.picture)) / (size if effect > 0 else -size),
        second_before=second[0] if second else None,
        second_after=second[1] if second else None,
    )
