"""Darkened, blurred and over-exposed pictures are flagged; good ones are not."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy import ndimage

from napari_latent_explain.domain import Photograph, QualityFlag
from napari_latent_explain.fundus import assess_quality, find_field, read_photograph


def spoiled(photograph, pixels):
    pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    changed = Photograph(pixels=pixels, name="spoiled", sha256="0" * 64)
    return set(assess_quality(changed, find_field(photograph)).flags)


def check(photograph):
    assert assess_quality(photograph, find_field(photograph)).flags == ()
    pixels = photograph.pixels.astype(float)
    sigma = find_field(photograph).radius / 50
    assert QualityFlag.DARK in spoiled(photograph, pixels * 0.3)
    assert QualityFlag.BLURRY in spoiled(photograph, ndimage.gaussian_filter(pixels, (sigma, sigma, 0)))
    assert QualityFlag.OVEREXPOSED in spoiled(photograph, pixels * 3)
    assert QualityFlag.DARK not in spoiled(photograph, pixels * 0.9)


def test_a_drawn_eye(eye):
    check(eye)


@pytest.mark.real_photograph
def test_a_real_eye(data_folder):
    check(read_photograph(data_folder / "fullres" / "cc0_right_eye.jpg"))


@pytest.mark.real_photograph
def test_few_real_photographs_are_flagged(data_folder):
    folder = data_folder / "fundus512"
    with (folder / "manifest.csv").open(encoding="utf-8") as manifest:
        files = [row["file"] for row in csv.DictReader(manifest)][::5]
    photographs = [read_photograph(folder / file) for file in files]
    flagged = [p.name for p in photographs if assess_quality(p, find_field(p)).flags]
    assert len(flagged) <= 0.05 * len(files), flagged
