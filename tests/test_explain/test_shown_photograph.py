"""What is shown lies as the photograph does, though the model may see its mirror image."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.domain import Field, Photograph
from napari_latent_explain.explain.shown_photograph import ShownPhotograph

M, HEIGHT, WIDTH = 16, 120, 160
LEFT = np.zeros((M, M, 3), np.float32)
LEFT[:, : M // 2] = 0.2


@pytest.fixture(params=[False, True])
def shown(request: pytest.FixtureRequest) -> ShownPhotograph:
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    field = Field(
        center_x=80, center_y=60, radius=50, top=10, bottom=110, width=WIDTH, height=HEIGHT, mirrored=request.param
    )
    return ShownPhotograph(Photograph(pixels, "eye.png", "0" * 64), field, 64)


def test_what_the_model_changes_on_its_left_shows_on_the_right_of_a_mirrored_eye(shown: ShownPhotograph) -> None:
    plain = (shown.original, shown.at(32), shown.photograph.pixels)
    changed = (shown.changed(LEFT), shown.changed(LEFT, 32), shown.whole(LEFT))
    for before, after in zip(plain, changed, strict=True):
        by = np.abs(after.astype(int) - before)
        middle = before.shape[1] // 2
        left, right = by[:, :middle].mean(), by[:, middle:].mean()
        assert (right > 10 * left) if shown.field.mirrored else (left > 10 * right)
    assert np.array_equal(shown.upright(shown.upright(LEFT)), LEFT)
    assert np.array_equal(shown.upright(LEFT), LEFT) is not shown.field.mirrored


def test_another_size_is_read_off_the_photograph_once(shown: ShownPhotograph) -> None:
    assert shown.at(64) is shown.original
    assert shown.at(32) is shown.at(32)
    assert shown.at(32).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("y", "x", "side", "rows", "columns"),
    [(60, 80, 20, (50, 70), (70, 90)), (0, 159, 20, (0, 20), (140, 160)), (60, 80, 140, (0, 120), (10, 150))],
)
def test_a_window_stays_within_the_photograph(
    shown: ShownPhotograph, y: float, x: float, side: int, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    before, after = shown.window(LEFT, y, x, side)
    there = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
    assert np.array_equal(before, shown.photograph.pixels[there])
    assert np.array_equal(after, shown.whole(LEFT)[there])
