"""Pictures on the way to a counterfactual and the other way, by real renderings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from napari_latent_explain.domain import Edit, silent
from napari_latent_explain.export.strip import Strip

if TYPE_CHECKING:
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.explanation import Explanation

__all__ = ["draw_strip"]


def draw_strip(
    explanation: Explanation, edit: Edit, progress: Progress = silent, *, frames: int = 11, size: int = 512
) -> Strip:
    """Render an edit at even shares from its opposite to all of it, without showing it (thread-safe).

    Parameters
    ----------
    explanation : Explanation
        Of the photograph.
    edit : Edit
        At share 1; on the other side each strength stops where real eyes do.
    progress : Progress
        Told at every picture; may raise `Cancelled`.
    frames : int
        Pictures, an odd number, so that the photograph is among them.
    size : int
        Their side, no larger than that of the photograph's crop.
    """
    shares = np.linspace(-1, 1, frames)
    size = min(size, len(explanation.original))
    pictures, opinions = [], []
    for k, share in enumerate(shares):
        progress("Drawing the way to the answer", k / frames)
        strengths = {}
        for key, strength in edit.scaled(float(share)).strengths.items():
            low, high = explanation.strength_range(key)
            strengths[key] = min(max(strength, low), high)
        frame = explanation.render(Edit(strengths=strengths))
        smaller = Image.fromarray(frame.counterfactual).resize((size, size), Image.Resampling.LANCZOS)
        pictures.append(np.asarray(smaller))
        opinions.append(frame.probabilities.counterfactual)
    return Strip(tuple(float(share) for share in shares), np.stack(pictures), tuple(opinions))
