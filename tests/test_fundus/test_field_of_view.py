"""The lit disc is found where it is, and other pictures are refused with their reason."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from skimage import data as pictures

from napari_latent_explain.domain import NotAFundusError, Photograph
from napari_latent_explain.fundus import find_field, read_photograph


def photograph(pixels, name="picture.png"):
    pixels = np.asarray(pixels)
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    return Photograph(pixels=np.ascontiguousarray(pixels[..., :3]), name=name, sha256="0" * 64)


def lit_disc(colour, *, radius=280, noise=0.0):
    y, x = np.mgrid[:600, :700]
    grain = np.random.default_rng(0).normal(0, noise, y.shape)[..., None]
    inside = ((x - 350) ** 2 + (y - 300) ** 2 < radius**2)[..., None]
    return (inside * (np.array(colour) + grain)).clip(0, 255).astype(np.uint8)


def test_finds_the_disc_of_a_drawn_eye_and_its_cuts(eye):
    field = find_field(eye)
    assert field.center_x == pytest.approx(300, abs=1.5)
    assert field.center_y == pytest.approx(236, abs=1.5)
    assert field.radius == pytest.approx(260, abs=1.5)
    assert field.top == 0  # the sensor cuts it here
    assert field.bottom == pytest.approx(480 - 14, abs=2)  # black rows begin here
    assert not field.mirrored


@pytest.mark.parametrize(("x", "radius"), [(200.0, 260.0), (440.0, 260.0), (320.0, 120.0)])
def test_a_disc_cut_at_one_side_or_small_is_found(draw_eye, x, radius):
    field = find_field(draw_eye(x=x, radius=radius))
    assert (field.center_x, field.radius) == pytest.approx((x, radius), abs=0.015 * radius)


def test_sixteen_bits_give_the_same_field(eye):
    deep = Photograph(pixels=eye.pixels.astype(np.uint16) * 257, name="deep.png", sha256="0" * 64)
    assert find_field(deep).box == pytest.approx(find_field(eye).box, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pictures.chelsea, "no round lit field"),
        (pictures.astronaut, "no round lit field"),
        (pictures.coffee, "no round lit field"),
        (pictures.page, "no round lit field"),
        (pictures.camera, "no round lit field"),
        (lambda: np.zeros((400, 500), np.uint8), "is black"),
        (lambda: np.random.default_rng(0).integers(0, 6, (400, 500, 3)).astype(np.uint8), "is black"),
        (lambda: np.full((400, 500, 3), (200, 90, 30), np.uint8), "one even brightness"),
        (lambda: np.full((40, 500, 3), (200, 90, 30), np.uint8), "500 x 40"),
        (lambda: lit_disc((200, 90, 30)), "one even colour"),
        (lambda: lit_disc((40, 80, 200), noise=8), "not reddish"),
        (lambda: lit_disc((128, 128, 128), noise=8), "no vessels"),
        (lambda: lit_disc((200, 90, 30), radius=60), "no round lit field"),
    ],
)
def test_other_pictures_are_refused_with_their_reason(make, reason):
    with pytest.raises(NotAFundusError, match=reason) as refusal:
        find_field(photograph(make(), "thing.jpg"))
    assert "thing.jpg" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_chest_film_is_refused():
    y, x = np.mgrid[:700, :600] / 100.0
    film = (
        60
        + 120 * np.exp(-((x - 3) ** 2))
        + 15 * np.sin(6 * y)
        - 90 * np.exp(-((np.abs(x - 3) - 1.6) ** 2 + (y - 3) ** 2 / 4))
    )
    film[:, :15] = film[:, -15:] = 0
    with pytest.raises(NotAFundusError):
        find_field(photograph(film.clip(0, 255).astype(np.uint8)))


@pytest.mark.real_photograph
def test_every_real_photograph_is_found_and_fills_its_square(data_folder):
    folder = data_folder / "fundus512"
    with (folder / "manifest.csv").open(encoding="utf-8") as manifest:
        files = [row["file"] for row in csv.DictReader(manifest)]
    off = {}
    for name in files:
        field = find_field(read_photograph(folder / name))
        off[name] = max(abs(field.radius - 256), abs(field.center_x - 256), abs(field.center_y - 256))
    assert len(off) >= 600
    assert max(off.values()) < 6, max(off, key=off.get)
    assert np.median(list(off.values())) < 1.5


@pytest.mark.real_photograph
def test_full_size_photographs_are_found(data_folder):
    for path in sorted((data_folder / "fullres").glob("*.jpg")):
        field = find_field(read_photograph(path))
        if "idrid" in path.name:  # one camera: 3430 pixels across, cut by the sensor at top and bottom
            assert field.radius == pytest.approx(1705, abs=12)
            assert (field.top, field.bottom) == (0, 2848)
        else:
            assert field.radius == pytest.approx(0.4925 * field.width, abs=0.006 * field.width)
            assert field.top > 0
    bare = pictures.retina()
    green = np.stack([bare[..., 1]] * 3, axis=-1)  # a red-free photograph is a fundus too
    assert find_field(photograph(green)).radius == pytest.approx(695, abs=6)
