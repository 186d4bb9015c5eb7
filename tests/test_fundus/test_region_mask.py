"""Outside a drawn region nothing changes, in the crop or in the whole photograph."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from napari_latent_explain.domain import Field, Photograph, Region
from napari_latent_explain.fundus import composite, region_weights

HEIGHT, WIDTH, SIZE = 300, 400, 64


@pytest.mark.parametrize("mirrored", [False, True])
def test_nothing_changes_outside(mirrored: bool) -> None:
    field = Field(
        center_x=190.0, center_y=151.0, radius=140, top=11, bottom=291, width=WIDTH, height=HEIGHT, mirrored=mirrored
    )
    outline = ((60.0, 90.0), (80.0, 210.0), (200.0, 180.0), (190.0, 100.0))
    weights = region_weights(Region(outlines=(outline,)), field, SIZE)
    assert weights.shape == (SIZE, SIZE)
    assert weights.max() == 1
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    difference = np.full((SIZE, SIZE, 3), 0.3, np.float32) * weights[..., None]
    after = composite(Photograph(pixels, "eye", "1" * 64), field, difference)
    drawn = Image.new("1", (WIDTH, HEIGHT))
    ImageDraw.Draw(drawn).polygon([(x, y) for y, x in outline], fill=1)
    changed, inside = (after != pixels).any(axis=-1), np.asarray(drawn)
    assert not (changed & ~inside).any()
    assert (changed & inside).sum() > 0.4 * inside.sum()


def test_a_region_outside_the_field_or_too_small_holds_nothing() -> None:
    field = Field(center_x=190.0, center_y=151.0, radius=140, top=11, bottom=291, width=WIDTH, height=HEIGHT)
    far = Region(outlines=(((0.0, 380.0), (5.0, 399.0), (9.0, 380.0)),))
    tiny = Region(outlines=(((150.0, 190.0), (150.0, 196.0), (156.0, 190.0)),))
    assert not region_weights(far, field, SIZE).any()
    assert not region_weights(tiny, field, SIZE).any()


def test_weights_are_those_of_all_outlines_together() -> None:
    field = Field(center_x=150.0, center_y=150.0, radius=150, top=0, bottom=300, width=300, height=300)
    squares = [((y, y), (y, y + 80.0), (y + 80.0, y + 80.0), (y + 80.0, y)) for y in (40.0, 170.0)]
    both = region_weights(Region(outlines=tuple(squares)), field, SIZE)
    each = [region_weights(Region(outlines=(square,)), field, SIZE) for square in squares]
    assert np.array_equal(both, np.maximum(*each))
