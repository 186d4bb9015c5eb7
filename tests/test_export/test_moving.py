"""Moving pictures: there and back, with the mark in every frame."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export import Exhibit, Strip, read_provenance, write_strip
from napari_latent_explain.export.moving import MOVING, compose_frames


def test_every_frame_carries_the_mark_and_says_where_it_is(full: Exhibit, strip: Strip) -> None:
    plain = Strip(strip.shares, np.full_like(strip.pictures, 128), strip.probabilities)
    frames = [np.asarray(frame) for frame in compose_frames(full, plain)]
    assert len(frames) == 5
    for frame in frames:
        assert frame.shape == (596, 512, 3)
        assert (frame[:440] == 128).all()
        assert (frame[440:512] > 200).sum() > 500  # letters
    below = [frame[512:] for frame in frames]
    assert all(not np.array_equal(a, b) for a, b in pairwise(below))


@pytest.mark.parametrize("suffix", MOVING)
def test_a_strip_repeats_to_the_byte_and_carries_its_provenance(
    suffix: str, full: Exhibit, strip: Strip, tmp_path: Path
) -> None:
    if suffix == ".mp4":
        pytest.importorskip("av")
    path = write_strip(full, strip, tmp_path / f"a{suffix}")
    content = path.read_bytes()
    assert content == write_strip(full, strip, tmp_path / f"b{suffix}").read_bytes()
    assert b"Synthetic - for research, not for diagnosis" in content
    assert b"Canary" not in content
    if suffix == ".mp4":
        import av

        with av.open(str(path)) as film:
            assert json.loads(film.metadata["comment"])["case"] == "case 3fa94c21"
            shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert len(shown) == 2 * 20 + 6 * 4
        drawn = np.asarray(compose_frames(full, strip)[0].convert("L"), dtype=float)
        assert np.abs(shown[0] @ (0.299, 0.587, 0.114) - drawn).mean() < 4
        return
    with Image.open(path) as moving:
        assert (moving.n_frames, moving.size) == (8, (512, 596))  # five there, three back
        moving.seek(4)
        if suffix == ".apng":
            assert np.array_equal(np.asarray(moving.convert("RGB")), np.asarray(compose_frames(full, strip)[4]))
        else:
            assert b"case 3fa94c21" in moving.info["xmp"]
    if suffix == ".apng":
        assert read_provenance(path)["case"] == "case 3fa94c21"


def test_what_is_no_strip_is_refused(
    full: Exhibit, strip: Strip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match=r"\.apng, \.webp, \.mp4"):
        write_strip(full, strip, tmp_path / "a.gif")
    with pytest.raises(ExportError, match="as many"):
        Strip((0.0, 1.0), strip.pictures, strip.probabilities)
    with pytest.raises(ExportError, match="as many"):
        Strip(strip.shares, strip.pictures[..., 0], strip.probabilities)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExportError, match=r"napari-latent-explain\[video\]"):
        write_strip(full, strip, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())
