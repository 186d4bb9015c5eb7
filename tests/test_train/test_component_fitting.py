"""Independent components of styles, on styles whose causes are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.model.style_components import StyleComponents
from napari_latent_explain.train.component_fitting import fit_components

CAUSES, STYLES = 4, 60


def _styles(causes: np.ndarray, seed: int = 0) -> torch.Tensor:
    """Styles of very different scales that each mix all causes, and a little noise."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-2, 1, STYLES)
    mixed = causes @ rng.standard_normal((causes.shape[1], STYLES)) + 0.05 * rng.standard_normal((len(causes), STYLES))
    return torch.from_numpy(mixed * scales + 3).float()


def _fitted(styles: torch.Tensor, count: int = CAUSES) -> StyleComponents:
    components = StyleComponents(count, styles.shape[1])
    components.load_state_dict(fit_components(styles, count))
    return components


@pytest.fixture(scope="module")
def causes() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (1500, CAUSES))


def test_each_component_is_one_cause_though_every_style_mixes_them(causes: np.ndarray) -> None:
    styles = _styles(causes)
    values = _fitted(styles).split(styles)[:, STYLES:].numpy()
    match = np.abs(np.corrcoef(values.T, causes.T)[:CAUSES, CAUSES:])
    assert (match.max(axis=1) > 0.97).all()
    assert sorted(match.argmax(axis=1).tolist()) == list(range(CAUSES))
    single = np.abs(np.corrcoef(styles.numpy().T, causes.T)[:STYLES, STYLES:])
    assert (np.sort(single, axis=1)[:, -2] > 0.2).mean() > 0.5  # as single styles do not
    np.testing.assert_allclose(values.std(axis=0), 1.0, atol=0.02)
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=0.02)


def test_a_component_moves_the_styles_as_its_cause_does(causes: np.ndarray) -> None:
    styles = _styles(causes)
    components = _fitted(styles)
    moved = causes.copy()
    moved[:, 2] = 1.0
    wanted = (_styles(moved) - styles).mean(dim=0)
    likeness = torch.nn.functional.cosine_similarity(
        components.directions / styles.std(dim=0), wanted / styles.std(dim=0)
    )
    assert likeness.abs().max() > 0.98


def test_split_styles_join_again_and_a_moved_value_is_read_off_them(causes: np.ndarray) -> None:
    styles = _styles(causes)[:20]
    components = _fitted(_styles(causes))
    both = components.split(styles)
    torch.testing.assert_close(components.joined(both), styles, rtol=1e-4, atol=1e-4)
    moved = both.clone()
    moved[:, STYLES + 1] += 1.5
    again = components.split(components.joined(moved))
    torch.testing.assert_close(again, moved, rtol=1e-3, atol=1e-3)


def test_the_same_seed_gives_the_same_components(causes: np.ndarray) -> None:
    one, other = (fit_components(_styles(causes), CAUSES, seed=3) for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    directions = one["directions"] / _styles(causes).std(dim=0)
    assert (directions.square().sum(dim=1).diff() <= 0).all()  # the largest first


def test_normal_causes_have_no_axes_but_still_span_the_styles() -> None:
    normal = np.random.default_rng(0).standard_normal((400, CAUSES))
    styles = _styles(normal)
    components = _fitted(styles)
    rest = components.split(styles)[:, :STYLES]
    assert (rest.std(dim=0) / styles.std(dim=0)).max() < 0.6


def test_too_few_photographs_are_refused() -> None:
    with pytest.raises(TrainingError, match="4 components can't be told apart from 31 photographs"):
        fit_components(torch.randn(31, STYLES), CAUSES)
    with pytest.raises(TrainingError, match="fewer than 4 ways"):
        fit_components(torch.randn(100, 1) * torch.ones(STYLES), CAUSES)
    with pytest.raises(TrainingError, match="in 3 styles"):
        fit_components(torch.randn(100, 3), CAUSES)


def test_until_they_are_fitted_components_do_nothing() -> None:
    components, styles = StyleComponents(3, 10), torch.randn(5, 10)
    both = components.split(styles)
    assert torch.equal(both[:, :10], styles)
    assert (both[:, 10:] == 0).all()
    assert not components.fitted
