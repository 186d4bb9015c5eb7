"""Chosen moves verified on held-out photographs: those with a sure effect, each difference once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.bootstrap import bootstrap_interval
from napari_latent_explain.explain.duplicates import difference_correlation, merge_duplicates
from napari_latent_explain.explain.evidence import measure_move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress, StyleDirection
    from napari_latent_explain.explain.evidence import MoveEvidence
    from napari_latent_explain.explain.probe import StyleMove, StyleProbe
    from napari_latent_explain.explain.search_settings import SearchSettings
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["VerifiedMove", "best_first", "verify_moves"]


@dataclass(frozen=True, eq=False)
class VerifiedMove:
    """A move, its evidence, the interval of its effect on the target's margin, and the near duplicates it stands for."""

    move: StyleMove
    measured: MoveEvidence
    interval: tuple[float, float]
    merged: tuple[StyleMove, ...] = ()


def verify_moves(
    probe: StyleProbe,
    moves: Sequence[StyleMove],
    photographs: NDArray[np.int64],
    target: int,
    *,
    rng: np.random.Generator,
    settings: SearchSettings,
    progress: Progress = silent,
) -> list[VerifiedMove]:
    """Measure moves in the given order until `settings.kept` different ones have an effect whose interval is above 0.

    The order is the choice's own: what is kept does not depend on how large an effect happens to be on these photographs.

    Cost: at most M x P forward passes.
    """
    sure: list[VerifiedMove] = []
    groups: list[list[int]] = []
    for done, move in enumerate(moves):
        measured = measure_move(probe, move, photographs, target)
        progress("Measuring on held-out photographs", (done + 1) / len(moves))
        interval = bootstrap_interval(measured.change[:, target], settings.bootstrap, rng)
        if interval[0] <= 0:
            continue
        sure.append(VerifiedMove(move, measured, interval))
        prints = np.stack([one.measured.fingerprint for one in sure])
        groups = merge_duplicates(difference_correlation(prints), settings.duplicate)
        if len(groups) >= settings.kept:
            break
    return [
        VerifiedMove(sure[first].move, sure[first].measured, sure[first].interval, tuple(sure[i].move for i in others))
        for first, *others in groups
    ]


def _called(explainer: Explainer, direction: StyleDirection, target: int) -> str:
    """What a direction is called behind its rank: what its attribute was taught to draw, else where it leads."""
    names = explainer.generator.config.attribute_names
    if direction.taught and names and names[direction.channel]:
        both_ways = explainer.encoder.config.taught_from < 0
        said = ("fewer ", "more ") if both_ways else ("the reverse of ", "")
        return f": {said[direction.sign > 0]}{names[direction.channel]}"
    return f" towards {explainer.classes[target]}"


def best_first(explainer: Explainer, directions: Sequence[StyleDirection], target: int) -> tuple[StyleDirection, ...]:
    """Order directions by their held-out effect and name them by rank."""
    ordered = sorted(directions, key=lambda direction: -direction.effect_logit)
    return tuple(
        d.replace(name=f"direction {rank}{_called(explainer, d, target)}") for rank, d in enumerate(ordered, start=1)
    )
