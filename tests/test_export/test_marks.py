from __future__ import annotations

import numpy as np
from PIL import Image

from napari_latent_explain.export.synthetic_mark import mark_synthetic


def test_the_mark_fits_a_small_picture() -> None:
    for side in (128, 460, 1024):
        marked = np.asarray(mark_synthetic(Image.new("RGB", (side, side)), simulated=True))
        written = np.flatnonzero(marked.any(axis=(0, 2)))
        assert written.size
        assert written[0] > 0, "cut off at the left"
        assert written[-1] < side - 1, "cut off at the right"
