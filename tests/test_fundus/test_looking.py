"""What is drawn on pictures to look at."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.fundus.looking import line_width


@pytest.mark.parametrize("size", [200, 350, 800, 960, 1024, 2800, 4096])
def test_a_line_is_seen_where_its_picture_is_shown_small(size: int) -> None:
    wide, step = line_width(size), max(1.0, size / 350)
    for start in np.linspace(0.3 * size, 0.3 * size + step, 9):
        row = np.zeros(size)
        row[round(start) : round(start) + wide] = 1  # a line across, sampled as linear interpolation does
        seen = np.interp(np.arange(step / 2, size - 1, step), np.arange(size), row)
        assert seen.max() >= 0.5
