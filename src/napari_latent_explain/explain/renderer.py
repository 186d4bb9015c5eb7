"""Edits to frames: what an edit looks like on the photograph, and what the classifier says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_latent_explain.domain import Edit, Probabilities, silent
from napari_latent_explain.explain.frame import Frame
from napari_latent_explain.explain.frame_strip import FrameStrip, strip_strengths
from napari_latent_explain.explain.pivot import changed_fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import DirectionId, Progress
    from napari_latent_explain.explain.pivot import Pivot
    from napari_latent_explain.explain.shown_photograph import ShownPhotograph

__all__ = ["Renderer"]


@dataclass(frozen=True, eq=False)
class Renderer:
    """Renders edits at a pivot; changes nothing, and may run in any thread.

    Parameters
    ----------
    pivot : Pivot
        What the generator and the classifier see.
    shown : ShownPhotograph
        What a person sees.
    before, rebuilt : tuple of float
        Class probabilities of photograph and reconstruction.
    """

    pivot: Pivot
    shown: ShownPhotograph
    before: tuple[float, ...]
    rebuilt: tuple[float, ...]

    @classmethod
    def of(cls, pivot: Pivot, shown: ShownPhotograph) -> Renderer:
        """Ask the classifier of the pivot about photograph and reconstruction."""
        with torch.inference_mode():
            logits = pivot.explainer.classifier(torch.cat([pivot.picture, pivot.base]))
        before, rebuilt = logits.cpu().double().softmax(dim=1).tolist()
        return cls(pivot, shown, tuple(before), tuple(rebuilt))

    @property
    def decision(self) -> int:
        """What the classifier takes the photograph for."""
        return int(np.argmax(self.before))

    def render(self, edit: Edit, target: int) -> Frame:
        """Render an edit towards a class.

        Raises
        ------
        WrongUseError
            If the edit names a direction that this model lacks.
        """
        if edit:
            difference, logits = self.pivot.changed(edit)
            after = _probabilities(logits)
        else:
            difference, after = torch.zeros_like(self.pivot.base), self.before
        pixels = _of_full_scale(difference[0])
        upright = self.shown.upright(pixels)
        counterfactual = self.shown.changed(pixels)
        changed = changed_fraction(difference, self.pivot.mask)
        return Frame(
            edit=edit,
            counterfactual=counterfactual,
            difference=upright,
            probabilities=Probabilities(original=self.before, reconstruction=self.rebuilt, counterfactual=after),
            flipped=int(np.argmax(after)) == target and self.decision != target,
            changed_area_fraction=changed,
        )

    def strip(
        self, direction_id: DirectionId, edit: Edit, progress: Progress = silent, *, frames: int = 9, size: int = 512
    ) -> FrameStrip:
        """Draw one slider's pictures ahead, the others where `edit` has them; see `Explanation.strip`."""
        size = min(size, len(self.shown.original))
        others = edit.with_strength(direction_id, 0.0)
        strengths = strip_strengths(*self.pivot.strength_range(direction_id), frames)
        pictures = np.empty((frames, size, size, 3), np.uint8)
        opinions = []
        for k, strength in enumerate(strengths):
            progress("Drawing ahead", k / frames)
            difference, logits = self.pivot.changed(others.with_strength(direction_id, strength))
            pictures[k] = self.shown.changed(_of_full_scale(difference[0]), size)
            opinions.append(_probabilities(logits))
        return FrameStrip(direction_id, others, strengths, pictures, np.array(opinions))


def _probabilities(logits: Tensor) -> tuple[float, ...]:
    """Those of one picture's logits (1, C)."""
    return tuple(logits.cpu().double().softmax(dim=1).tolist()[0])


def _of_full_scale(difference: Tensor) -> NDArray[np.float32]:
    """A difference (3, R, R) in [-2, 2] as a picture (R, R, 3) in units of full scale."""
    pixels: NDArray[np.float32] = (difference.permute(1, 2, 0).cpu().numpy() / 2).astype(np.float32)
    return pixels
