"""Small pictures of whatever lies in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import PhotographError
from napari_latent_explain.fundus.thumbnail import read_thumbnail


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_a_thumbnail_is_small_and_of_the_same_picture(tmp_path: Path, suffix: str) -> None:
    picture = np.zeros((300, 600, 3), np.uint8)
    picture[:, 300:] = (200, 90, 40)
    Image.fromarray(picture).save(tmp_path / f"eye{suffix}")
    small = read_thumbnail(tmp_path / f"eye{suffix}", 64)
    assert small.shape == (32, 64, 3)
    assert np.abs(small[16, 60].astype(int) - (200, 90, 40)).max() < 12
    assert small[16, 4].max() < 12


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear doctor")
    for path in (tmp_path / "letter.jpg", tmp_path / "none.jpg", tmp_path):
        with pytest.raises(PhotographError):
            read_thumbnail(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in the file system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "eye.jpg")
    with pytest.raises(PhotographError, match="no ordinary file"):
        read_thumbnail(tmp_path / "eye.jpg")
