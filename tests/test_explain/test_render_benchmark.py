"""The render benchmark times what the sliders show, and compares like with like."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from napari_latent_explain.domain import DirectionAtlas, WrongUseError
from napari_latent_explain.explain import explain_photograph
from napari_latent_explain.explain import render_benchmark as module
from napari_latent_explain.explain.explanation import Explanation
from napari_latent_explain.explain.render_benchmark import benchmark_render
from napari_latent_explain.fundus import read_photograph, simulate
from napari_latent_explain.model import Explainer


@pytest.fixture
def eye(tmp_path: Path) -> Path:
    Image.fromarray(simulate(seed=3, size=128).picture).save(tmp_path / "eye.png")
    return tmp_path / "eye.png"


def test_it_times_all_three_and_the_pictures_agree(
    small_explainer: Explainer, eye: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanation = explain_photograph(small_explainer, read_photograph(eye), steps=1, display_size=128)
    real = Explanation.render

    def slow(self: Explanation, edit: object) -> object:
        time.sleep(0.05)
        return real(self, edit)  # type: ignore[arg-type]

    monkeypatch.setattr(Explanation, "render", slow)
    times = benchmark_render(explanation, rounds=5)
    assert times.exact_ms_p50 > 50  # what is timed is what the sliders call
    assert times.exact_ms_p95 >= times.exact_ms_p50
    assert times.ratio_naive_over_exact == pytest.approx(times.naive_ms / times.exact_ms_p50)
    assert times.max_abs_error < 1e-4
    assert (times.resolution, times.display) == (small_explainer.resolution, len(explanation.original))
    monkeypatch.setattr(module, "synthesise_as_published", lambda generator, code: generator.synthesise(code) + 0.5)
    assert benchmark_render(explanation, rounds=5).max_abs_error == pytest.approx(0.5, abs=1e-3)


def test_a_model_without_directions_is_said(small_explainer: Explainer, eye: Path) -> None:
    bare = replace(small_explainer, atlas=DirectionAtlas())
    explanation = explain_photograph(bare, read_photograph(eye), steps=1, display_size=128)
    with pytest.raises(WrongUseError, match="no direction"):
        benchmark_render(explanation)
