"""Right eye or left eye: from words, from names, from the optic disc."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import Laterality, LateralityReading, Photograph
from napari_latent_explain.fundus import canonical, crop, disc_side, find_field, read_laterality
from napari_latent_explain.fundus.eye_words import laterality_in_description, laterality_in_file_name

OD, OS = Laterality.OD, Laterality.OS


@pytest.mark.parametrize(
    ("name", "eye"),
    [
        ("patient7_OD.jpg", OD), ("patient7-os.tif", OS), ("left_eye.png", OS), ("RightEye 3.jpg", OD),
        ("chase_01L.jpg", OS), ("chase_01R.jpg", OD), ("a_L.jpg", OS), ("R-12.jpg", OD), ("x_left.R.jpg", OS),
        ("idrid_test_001.jpg", None), ("model_rose.jpg", None), ("left_and_right.jpg", None), ("bright.jpg", None),
        ("leftover.jpg", None), ("od_os.jpg", None), ("hrf_01_dr.jpg", None),
    ],
)  # fmt: skip
def test_file_names(name, eye):
    reading = laterality_in_file_name(name)
    assert reading.eye is eye
    assert reading.source == ("none" if eye is None else "file name")
    assert (reading.confidence > 0.9) == (eye is not None)


@pytest.mark.parametrize(
    ("text", "eye"),
    [
        ("Colour fundus, right eye", OD), ("OS macula centred", OS), ("Oculus dexter", OD), ("Laterality: L", OS),
        ("O.D. 45 deg", OD), ("both: right eye and left eye", None), ("all right", None), ("", None), ("GODS", None),
    ],
)  # fmt: skip
def test_descriptions(text, eye):
    assert laterality_in_description(text).eye is eye


@pytest.mark.parametrize(("disc", "eye"), [(0.7, OD), (-0.7, OS)])
def test_the_optic_disc_tells(draw_eye, disc, eye):
    photograph = draw_eye(disc=disc)
    field = find_field(photograph)
    reading = read_laterality(photograph, field)
    assert (reading.eye, reading.source) == (eye, "optic disc")
    assert reading.confidence > 0.9
    probability, x = disc_side(crop(photograph, field, 256))
    assert (probability > 0.5) == (eye is OD)
    assert x == pytest.approx(128 * (1 + disc), abs=12)
    shown = crop(photograph, canonical(field, reading), 256)
    assert disc_side(shown)[0] > 0.9  # every eye is shown as a right eye


def test_a_bright_patch_without_vessels_does_not_outweigh_the_disc(eye):
    y, x = np.indices(eye.pixels.shape[:2])
    patch = 110 * np.exp(-((x - 190) ** 2 + (y - 236) ** 2) / 900)
    pixels = np.clip(eye.pixels + patch[..., None] * (1.0, 1.1, 0.6), 0, 255).astype(np.uint8)
    photograph = Photograph(pixels=pixels, name="exudates", sha256="0" * 64)
    assert read_laterality(photograph, find_field(photograph)).eye is OD


def test_a_disc_in_the_middle_claims_nothing(draw_eye):
    photograph = draw_eye(disc=0.01)
    reading = read_laterality(photograph, find_field(photograph))
    assert (reading.eye, reading.source) == (None, "none")
    assert not canonical(find_field(photograph), reading).mirrored


def test_what_the_file_says_counts_first(eye):
    said = LateralityReading(eye=OS, confidence=0.97, source="file name")
    photograph = Photograph(pixels=eye.pixels, name=eye.name, sha256=eye.sha256, laterality=said)
    assert read_laterality(photograph, find_field(photograph)) == said


def test_a_black_square_claims_nothing():
    assert disc_side(np.zeros((64, 64, 3), np.uint8)) == (0.5, 32.0)


@pytest.mark.real_photograph
def test_the_disc_is_found_where_graders_drew_it(data_folder):
    folder = data_folder / "fundus512"
    with (folder / "manifest.csv").open(encoding="utf-8") as manifest:
        drawn = [
            (r["file"], m) for r in csv.DictReader(manifest) for m in r["masks"].split(";") if m.endswith("_OD.png")
        ]
    sure_and_wrong, right, total = 0, 0, 0
    for file, mask in drawn:
        outline = np.asarray(Image.open(folder / mask).convert("L")).astype(float)
        if not outline.any():
            continue
        x = float((outline.sum(axis=0) * np.arange(512)).sum() / outline.sum())
        probability, _ = disc_side(np.asarray(Image.open(folder / file).convert("RGB")))
        total += 1
        right += (probability > 0.5) == (x > 256)
        sure_and_wrong += ((probability > 0.5) != (x > 256)) and abs(probability - 0.5) > 0.25
    assert total >= 80
    assert right / total > 0.96
    assert sure_and_wrong == 0
