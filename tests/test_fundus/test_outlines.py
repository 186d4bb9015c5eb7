from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import Field, PhotographError
from napari_latent_explain.fundus import crop_outline, read_outlines, read_photograph


def _eye(folder: Path, name: str = "eye_01.png", size: tuple[int, int] = (80, 60)) -> Path:
    path = folder / name
    Image.new("RGB", size, (200, 90, 40)).save(path)
    return path


def _mask(folder: Path, name: str, value: int = 255, size: tuple[int, int] = (80, 60)) -> None:
    pixels = np.zeros(size[::-1], np.uint8)
    pixels[10:20, 30:40] = value
    Image.fromarray(pixels).save(folder / name)


def test_masks_are_found_by_name_whatever_their_values(tmp_path: Path) -> None:
    photograph = read_photograph(_eye(tmp_path))
    _mask(tmp_path, "eye_01_EX.png")
    _mask(tmp_path, "eye_01_HE.tif", value=1)
    _mask(tmp_path, "eye_01_SE.png", value=0)  # nothing outlined
    _mask(tmp_path, "eye_011_MA.png")  # of another photograph
    _mask(tmp_path, "other_EX.png")
    found = read_outlines(tmp_path, photograph)
    assert list(found) == ["EX", "HE"]
    for outline in found.values():
        assert set(np.unique(outline.pixels)) == {0, 255}
        assert outline.pixels[10:20, 30:40].min() == 255


def test_a_mask_that_was_made_smaller_keeps_the_share_of_each_pixel(tmp_path: Path) -> None:
    photograph = read_photograph(_eye(tmp_path))
    shares = np.zeros((60, 80), np.uint8)
    shares[10:20, 30:40] = 255
    shares[40, 50] = 60  # a lesion that covers a quarter of one pixel
    Image.fromarray(shares).save(tmp_path / "eye_01_MA.png")
    (outline,) = read_outlines(tmp_path, photograph).values()
    assert outline.pixels[40, 50].tolist() == [60, 60, 60]
    field = Field(center_x=40, center_y=30, radius=30, top=0, bottom=60, width=80, height=60, mirrored=False)
    assert crop_outline(outline, field, 60)[40, 40]


def test_a_mask_of_another_size_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    photograph = read_photograph(_eye(tmp_path))
    _mask(tmp_path, "eye_01_EX.png", size=(40, 60))
    with pytest.raises(PhotographError, match=r"40 x 60 pixels .* 80 x 60"):
        read_outlines(tmp_path, photograph)
    with pytest.raises(PhotographError, match="can't be read"):
        read_outlines(tmp_path / "none", photograph)


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_outline_lies_in_the_crop_as_the_person_sees_the_photograph(tmp_path: Path, mirrored: bool) -> None:
    photograph = read_photograph(_eye(tmp_path))
    _mask(tmp_path, "eye_01_EX.png")
    field = Field(center_x=40, center_y=30, radius=30, top=0, bottom=60, width=80, height=60, mirrored=mirrored)
    inside = crop_outline(read_outlines(tmp_path, photograph)["EX"], field, 60)
    rows, columns = np.nonzero(inside)
    assert abs(rows.mean() - 14.5) < 1
    assert abs(columns.mean() - 24.5) < 1
