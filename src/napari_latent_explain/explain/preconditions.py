"""Photographs and a classifier on which a search for directions makes sense, or one sentence that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import DiscoveryError
from napari_latent_explain.explain.probe import finite

if TYPE_CHECKING:
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["check_searchable"]

_CONSTANT = 1e-5  # logits that differ less than this over all photographs don't depend on them
_FEWEST = 2  # photographs of another class that a class needs on each side


def check_searchable(explainer: Explainer, reference: ReferenceSet, what: str) -> None:
    """Check one side (`what`: "selection" or "held-out").

    Raises
    ------
    DiscoveryError
        If a code or logit is not finite, the classifier answers the same for every photograph, or fewer than two photographs
        are decided against some class.
    """
    if len(reference) == 0:
        msg = f"There is no {what} photograph; give a folder with more photographs."
        raise DiscoveryError(msg)
    finite(reference.logits)
    if not bool(torch.isfinite(reference.codes).all()):
        msg = f"The encoder gives numbers that are not finite (NaN) for a {what} photograph; use another model."
        raise DiscoveryError(msg)
    if len(reference) > 1 and float((reference.logits.amax(dim=0) - reference.logits.amin(dim=0)).max()) < _CONSTANT:
        msg = f"The classifier gives all {len(reference)} {what} photographs the same answer: it is constant, nothing changes it."
        raise DiscoveryError(msg)
    decided = torch.bincount(reference.logits.argmax(dim=1).cpu(), minlength=len(explainer.classes))
    if int(decided.max()) == len(reference):
        name = explainer.classes[int(decided.argmax())]
        msg = (
            f"All {len(reference)} {what} photographs are decided as '{name}'; "
            "directions need photographs that the classifier decides both ways."
        )
        raise DiscoveryError(msg)
    for target, name in enumerate(explainer.classes):
        against = len(reference) - int(decided[target])
        if against < _FEWEST:
            msg = f"Only {against} {what} photograph is decided against '{name}', too few to measure a direction; give more."
            raise DiscoveryError(msg)
