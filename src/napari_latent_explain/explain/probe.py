"""Style coordinates really moved: many photographs and coordinates side by side in one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from napari_latent_explain.domain import DiscoveryError, silent
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.classifier import margin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["StyleMove", "StyleProbe", "finite", "margins"]


class StyleMove(NamedTuple):
    """One coordinate moved to its low (0) or high (1) end."""

    column: int
    end: int

    @property
    def reversed(self) -> StyleMove:
        """The same coordinate to its other end."""
        return StyleMove(self.column, 1 - self.end)

    @property
    def sign(self) -> int:
        """-1 or +1."""
        return 1 if self.end else -1


def finite(logits: Tensor) -> Tensor:
    """Return logits as they are.

    Raises
    ------
    DiscoveryError
        If one is not a finite number.
    """
    if not bool(torch.isfinite(logits).all()):
        msg = "The classifier gives numbers that are not finite (NaN) for some pictures; no directions can be found for it."
        raise DiscoveryError(msg)
    return logits


def margins(logits: Tensor) -> NDArray[np.float64]:
    """Log odds of each class against the best other one: (N, C) from logits (N, C)."""
    finite(logits)
    return torch.stack([margin(logits, c) for c in range(logits.shape[1])], dim=1).cpu().double().numpy()


@dataclass(frozen=True, eq=False)
class StyleProbe:
    """Moves coordinates of N photographs' codes to their ends and asks a classifier what it thinks of G(s').

    Memory: `batch` pictures with their activations, and 8 bytes for each photograph and coordinate.

    Parameters
    ----------
    explainer : Explainer
        Generator, statistics and layout are used.
    reference : ReferenceSet
        The photographs.
    classify : callable
        Pictures (N, 3, R, R) in [-1, 1] to logits (N, C): the explainer's classifier or, as a control, another.
    ledger : Ledger
        Where forward passes are counted.
    batch : int
        Pictures at a time.
    """

    explainer: Explainer
    reference: ReferenceSet
    classify: Callable[[Tensor], Tensor]
    ledger: Ledger = field(default_factory=Ledger)
    batch: int = 16

    @cached_property
    def steps(self) -> Tensor:
        """Way of every coordinate to its low and its high end, (2, N, n); a coordinate beyond an end stays.

        The ends are the 5 % and 95 % quantiles of real eyes, not the extremes of a few, which are ruled by outliers.
        """
        n = self.explainer.layout.size  # what comes behind in a code is structure, which is never edited
        statistics, codes = self.explainer.statistics, self.reference.codes[:, :n]
        return torch.stack([(statistics.low[:n] - codes).clamp_max(0), (statistics.high[:n] - codes).clamp_min(0)])

    @cached_property
    def starts(self) -> NDArray[np.float64]:
        """Margins (N, C) of the reconstructions G(s), before any move."""
        found = []
        with torch.inference_mode():
            for bases in self.reference.bases.split(self.batch):
                found.append(margins(self.classify(bases)))
                self.ledger.book(len(bases))
        return np.concatenate(found)

    def effects(
        self,
        moves: Sequence[StyleMove],
        photographs: NDArray[np.int64],
        *,
        progress: Progress = silent,
        what: str = "Moving style coordinates",
    ) -> NDArray[np.float64]:
        """Change of every class's margin by every move in every photograph: (M, P, C).

        Cost: M x P forward passes, `batch` at a time whatever M and P are, and N more in the first call.

        Raises
        ------
        DiscoveryError
            If the classifier gives numbers that are not finite.
        """
        starts = self.starts[photographs]
        columns = torch.tensor([move.column for move in moves], dtype=torch.long).repeat_interleave(len(photographs))
        ends = torch.tensor([move.end for move in moves], dtype=torch.long).repeat_interleave(len(photographs))
        who = torch.from_numpy(photographs).repeat(len(moves))
        after = []
        with torch.inference_mode():
            for begin in range(0, len(who), self.batch):
                part = slice(begin, begin + self.batch)
                after.append(self._moved_margins(who[part], columns[part], ends[part]))
                progress(what, min(1.0, (begin + self.batch) / len(who)))
        if not after:
            return np.zeros((len(moves), len(photographs), starts.shape[1]))
        return np.concatenate(after).reshape(len(moves), len(photographs), -1) - starts[None]

    def _moved_margins(self, who: Tensor, columns: Tensor, ends: Tensor) -> NDArray[np.float64]:
        device = self.explainer.device
        who, columns, ends = who.to(device), columns.to(device), ends.to(device)
        codes = self.reference.codes[who].clone()
        codes[torch.arange(len(who), device=device), columns] += self.steps[ends, who, columns]
        return self.margins_of(codes, who)

    def margins_of(self, codes: Tensor, who: Tensor) -> NDArray[np.float64]:
        """Margins (K, C) of G of codes (K, n) in the fields of the photographs `who` (K,)."""
        self.ledger.book(len(codes))
        return margins(self.classify(reconstruct(self.explainer, codes, self.reference.masks[who])))
