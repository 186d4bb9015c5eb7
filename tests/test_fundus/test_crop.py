"""Photograph to model pixels and back: points, pixels and differences."""

from __future__ import annotations

import numpy as np
import pytest

from napari_latent_explain.domain import Field, Photograph
from napari_latent_explain.fundus import composite, composite_crop, crop, find_field
from napari_latent_explain.fundus.resampling import resampling_matrix


@pytest.fixture(scope="module")
def field(eye):
    return find_field(eye)


@pytest.mark.parametrize("mirrored", [False, True])
def test_points_go_there_and_back(field, mirrored):
    field = field.replace(mirrored=mirrored)
    points = np.random.default_rng(0).uniform(0, 640, (50, 2))
    there = field.to_model(points, 256)
    assert np.abs(field.to_photograph(there, 256) - points).max() < 1e-9
    assert np.abs(there - points).max() > 1


def test_the_crop_shows_each_place_where_the_field_says(eye, field):
    marked = eye.pixels.copy()
    marked[160:176, 380:396] = (0, 0, 255)
    photograph = Photograph(pixels=marked, name="marked", sha256="0" * 64)
    for mirrored in (False, True):
        square = crop(photograph, field, 128, mirrored=mirrored)
        blue = (square[..., 2] > 200) & (square[..., 0] < 60)
        y, x = np.nonzero(blue)
        expected = field.replace(mirrored=mirrored).to_model(np.array([388.0, 168.0]), 128)
        assert (x.mean() + 0.5, y.mean() + 0.5) == pytest.approx(tuple(expected), abs=0.6)


def test_mirrored_crop_is_the_mirror_and_the_default_is_the_field_s(eye, field):
    plain = crop(eye, field, 100)
    assert np.array_equal(crop(eye, field, 100, mirrored=True), plain[:, ::-1])
    assert np.array_equal(crop(eye, field.replace(mirrored=True), 100), plain[:, ::-1])
    assert np.array_equal(crop(eye, field.replace(mirrored=True), 100, mirrored=False), plain)


def test_crop_is_black_outside_the_mask_and_antialiased(eye, field):
    square = crop(eye, field, 64)
    assert square.shape == (64, 64, 3)
    assert square.dtype == np.uint8
    assert not square[~field.mask(64)].any()
    grid = np.indices((480, 640)).sum(axis=0) % 2 * 255
    fine = Photograph(pixels=np.stack([grid] * 3, -1).astype(np.uint8), name="grid", sha256="0" * 64)
    inner = crop(fine, field, 64)[24:40, 24:40].astype(int)
    assert np.abs(inner - 127.5).max() < 12  # a checkerboard turns grey, not into moiré


def test_a_crop_at_the_photograph_s_own_scale_is_its_pixels(eye):
    whole = Field(center_x=300, center_y=240, radius=200, top=40, bottom=440, width=640, height=480)
    square = crop(eye, whole, 400)
    inside = whole.mask(400)
    assert np.array_equal(square[inside], eye.pixels[40:440, 100:500][inside])


def test_sixteen_bits_become_eight_in_the_crop(eye, field):
    deep = Photograph(pixels=eye.pixels.astype(np.uint16) * 257, name="deep", sha256="0" * 64)
    assert np.abs(crop(deep, field, 128).astype(int) - crop(eye, field, 128)).max() <= 1


def test_no_difference_returns_the_photograph_byte_for_byte(eye, field):
    nothing = np.zeros((64, 64, 3), dtype=np.float32)
    made = composite(eye, field, nothing)
    assert np.array_equal(made, eye.pixels)
    assert made is not eye.pixels
    square = crop(eye, field, 200, mirrored=False)
    assert np.array_equal(composite_crop(square, field, nothing), square)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_difference_lands_at_its_place(eye, field, mirrored):
    field = field.replace(mirrored=mirrored)
    difference = np.zeros((64, 64, 3), dtype=np.float32)
    difference[20:24, 40:44, 1] = 0.3
    change = composite(eye, field, difference).astype(int) - eye.pixels
    assert not change[..., 0].any()
    assert not change[..., 2].any()
    assert change[..., 1].max() == pytest.approx(0.3 * 255, abs=12)
    weight = change[..., 1].clip(0)
    y, x = np.indices(weight.shape) + 0.5
    center = ((x * weight).sum() / weight.sum(), (y * weight).sum() / weight.sum())
    assert center == pytest.approx(tuple(field.to_photograph(np.array([42.0, 22.0]), 64)), abs=1.0)
    square = crop(eye, field, 200, mirrored=False)
    small = (composite_crop(square, field, difference).astype(int) - square)[..., 1].clip(0)
    assert small.max() == pytest.approx(0.3 * 255, abs=12)
    y, x = np.indices(small.shape) + 0.5
    found = ((x * small).sum() / small.sum(), (y * small).sum() / small.sum())
    assert found == pytest.approx(tuple(field.replace(mirrored=False).to_model(np.array(center), 200)), abs=0.6)


def test_a_difference_stays_inside_the_field_and_fades_at_its_edge(eye, field):
    everywhere = np.full((64, 64, 3), 0.2, dtype=np.float32)
    change = composite(eye, field, everywhere).astype(int)[..., 2] - eye.pixels[..., 2]
    y, x = np.indices(change.shape) + 0.5
    r = np.hypot(x - field.center_x, y - field.center_y) / field.radius
    assert not change[(r > 1) | (y > field.bottom)].any()
    assert change[r < 0.5].min() == 51
    rim = change[(r > 0.985) & (r < 0.995) & (y > 60) & (y < 400)]
    assert 2 < rim.mean() < 49


def test_a_composite_of_sixteen_bits_is_eight_bits(eye, field):
    deep = Photograph(pixels=eye.pixels.astype(np.uint16) * 257, name="deep", sha256="0" * 64)
    assert np.array_equal(composite(deep, field, np.zeros((32, 32, 3), np.float32)), eye.pixels)


@pytest.mark.parametrize("step", [0.3, 1.0, 4.7])
def test_resampling_keeps_a_constant_and_a_ramp(step):
    count = int(40 / step)
    matrix = resampling_matrix(60, 10.0, step, count)
    assert matrix @ np.ones(60, np.float32) == pytest.approx(np.ones(count), abs=1e-5)
    middles = 10 + (np.arange(count) + 0.5) * step
    ramp = matrix @ (np.arange(60, dtype=np.float32) + 0.5)
    inner = (middles > 22) & (middles < 38)
    assert ramp[inner] == pytest.approx(middles[inner], abs=0.05)
