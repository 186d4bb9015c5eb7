from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import BundleError
from napari_latent_explain.fundus import simulate
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model import load_explainer
from napari_latent_explain.model.bundle import read_bundle, write_bundle
from napari_latent_explain.model.second_opinion import SecondOpinion
from napari_latent_explain.train.oracle import fit_oracle
from napari_latent_explain.train.photographs import PhotographSet


def _eyes(count: int = 12) -> PhotographSet:
    """Every other eye has a bright patch."""
    pictures = np.stack([simulate(seed=k, size=64).picture for k in range(count)])
    pictures[1::2, 24:36, 20:32] = 250
    labels = np.arange(count) % 2
    return PhotographSet(tuple(map(str, range(count))), pictures, np.ones((count, 64, 64), bool), labels)


def test_it_learns_and_says_the_same_of_the_same() -> None:
    eyes = _eyes()
    first, second = fit_oracle(eyes), fit_oracle(eyes)
    x = to_tensor(eyes.pictures)
    with torch.no_grad():
        odds = first(x)
    assert odds.shape == (12,)
    assert ((odds > 0).numpy() == (eyes.labels == 1)).all()
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    with torch.no_grad():
        torch.testing.assert_close(first.folded()(x), odds, atol=1e-3, rtol=1e-3)


def test_a_bundle_carries_it(small_bundle: Path, tmp_path: Path) -> None:
    metadata, networks, atlas, card = read_bundle(small_bundle)
    oracle = fit_oracle(_eyes())
    folder = write_bundle(tmp_path / "b", metadata, networks | {"second_opinion": oracle.state_dict()}, atlas, card)
    loaded = load_explainer(folder, "cpu").second_opinion
    assert loaded is not None
    x = to_tensor(_eyes().pictures)
    with torch.no_grad():
        torch.testing.assert_close(loaded(x), oracle(x), atol=0.05, rtol=0.05)  # stored as float16
    assert load_explainer(small_bundle, "cpu").second_opinion is None
    assert (folder / "models" / "second_opinion.safetensors").stat().st_size < 3e6


def test_one_of_another_shape_is_refused(small_bundle: Path, tmp_path: Path) -> None:
    metadata, networks, atlas, card = read_bundle(small_bundle)
    state = SecondOpinion().state_dict()
    del state["last.bias"]
    folder = write_bundle(tmp_path / "b", metadata, networks | {"second_opinion": state}, atlas, card)
    with pytest.raises(BundleError, match="second_opinion"):
        load_explainer(folder, "cpu")
