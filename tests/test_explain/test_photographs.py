"""Photographs read from a folder, or simulated, and split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from napari_latent_explain.domain import Cancelled, DiscoveryError
from napari_latent_explain.explain import ReferenceSet
from napari_latent_explain.explain.photograph_folder import read_folder
from napari_latent_explain.explain.reference import split_reference
from napari_latent_explain.explain.simulated_photographs import simulate_both_ways
from napari_latent_explain.fundus import simulate
from napari_latent_explain.model import Explainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clinic")
    (root / "more").mkdir()
    for seed in range(3):
        Image.fromarray(simulate(seed, size=128).picture).save(root / f"eye_{seed}.png")
    Image.fromarray(simulate(7, size=128).picture).save(root / "more" / "eye_7.PNG")
    (root / "more" / "copy.png").write_bytes((root / "eye_0.png").read_bytes())
    (root / "black.png").write_bytes(b"")
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden.png").write_bytes((root / "eye_1.png").read_bytes())
    return root


def test_all_photographs_below_a_folder_are_read_each_once(folder: Path) -> None:
    crops = read_folder(folder, 32)
    assert crops.names == ("eye_0.png", "eye_1.png", "eye_2.png", str(Path("more") / "eye_7.PNG"))
    assert set(crops.refused) == {"black.png", str(Path("more") / "copy.png")}
    assert crops.pictures.shape == (4, 32, 32, 3)
    x, masks = crops.tensors(torch.device("cpu"))
    assert x.shape == (4, 3, 32, 32)
    assert masks.shape == (4, 1, 32, 32)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert len(read_folder(folder, 32, limit=2)) == 2


def test_a_manifest_says_which(folder: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes((folder / "eye_1.png").read_bytes())
    (tmp_path / "manifest.csv").write_text("file,label\nb.png,\nmissing.png,\n")
    crops = read_folder(tmp_path, 32)
    assert crops.names == ("b.png",)
    assert crops.refused == ("missing.png",)
    (tmp_path / "manifest.csv").write_text(f"file\n../{folder.name}/eye_1.png\n")
    with pytest.raises(DiscoveryError, match="not in the folder"):
        read_folder(tmp_path, 32)


def test_a_folder_without_photographs_is_said(tmp_path: Path) -> None:
    with pytest.raises(DiscoveryError, match="no folder"):
        read_folder(tmp_path / "nowhere", 32)
    with pytest.raises(DiscoveryError, match="no readable fundus photograph"):
        read_folder(tmp_path, 32)


def test_reading_can_be_cancelled(folder: Path) -> None:
    def stop(what: str, done: float) -> None:
        raise Cancelled(what)

    with pytest.raises(Cancelled):
        read_folder(folder, 32, progress=stop)


def test_simulated_eyes_are_decided_both_ways(small_explainer: Explainer) -> None:
    crops = simulate_both_ways(small_explainer, 8, 0)
    assert len(crops) == 8
    assert len(set(crops.names)) == 8
    again = simulate_both_ways(small_explainer, 8, 0)
    assert again.names == crops.names
    assert np.array_equal(again.pictures, crops.pictures)


def test_a_split_keeps_decisions_in_proportion_and_nobody_twice(known: tuple[Any, Any, Any]) -> None:
    reference: ReferenceSet = known[1]
    selection, held_out = split_reference(reference, 0.4, np.random.default_rng(0))
    assert set(selection.names) | set(held_out.names) == set(reference.names)
    assert not set(selection.names) & set(held_out.names)
    whole, part = (r.logits.argmax(dim=1).bincount() for r in (reference, held_out))
    assert whole.tolist() == [46, 14]
    assert part.tolist() == [18, 7]
    index = reference.names.index(held_out.names[3])
    assert torch.equal(held_out.codes[3], reference.codes[index])


@pytest.mark.parametrize(
    ("members", "share", "held"), [(4, 0.4, 2), (14, 0.4, 7), (22, 0.4, 10), (22, 0.1, 10), (46, 0.4, 18), (8, 0.75, 6)]
)
def test_ten_of_a_decision_are_held_out_where_as_many_are_left(
    known: tuple[Any, Any, Any], members: int, share: float, held: int
) -> None:
    reference: ReferenceSet = known[1]
    alike = reference.away_from(1).take(torch.arange(members))
    selection, held_out = split_reference(alike, share, np.random.default_rng(0))
    assert (len(held_out), len(selection)) == (held, members - held)
