from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_latent_explain.domain import Cancelled, Edit, WrongUseError
from napari_latent_explain.latent import invert, move, reconstruct, render, to_pixels, to_tensor
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.model.classifier import stage_features
from small_model import write_small_bundle


@pytest.fixture
def scene(small_explainer: Explainer) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) - 0.5
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 4:28, :] = 1
    x = x * mask - (1 - mask)
    with torch.no_grad():
        code = small_explainer.encode(x)
        base = reconstruct(small_explainer, code, mask)
    return x, mask, code, base


def test_moving_there_and_back(small_explainer: Explainer, scene) -> None:
    _, _, code, _ = scene
    edit = Edit(strengths={d.id: 1.5 for d in small_explainer.atlas.directions[:2]})
    moved = move(small_explainer, code, edit)
    assert (moved != code).sum() == 2
    torch.testing.assert_close(move(small_explainer, moved, -edit), code)
    with pytest.raises(WrongUseError, match="no direction 'x'"):
        move(small_explainer, code, Edit(strengths={"x": 1.0}))


def test_no_edit_returns_the_photograph_itself(small_explainer: Explainer, scene) -> None:
    x, mask, code, base = scene
    made = render(small_explainer, x, mask, base, move(small_explainer, code, Edit()))
    torch.testing.assert_close(made.picture, x, rtol=0, atol=1e-6)


def test_an_edit_changes_the_inside_only(small_explainer: Explainer, scene) -> None:
    x, mask, code, base = scene
    edit = Edit(strengths={small_explainer.atlas.directions[0].id: 3.0})
    made = render(small_explainer, x, mask, base, move(small_explainer, code, edit))
    assert made.difference.abs().max() > 1e-4
    assert (made.difference * (1 - mask)).abs().max() == 0


def test_refinement_lowers_the_loss_and_repeats_exactly(small_explainer: Explainer, scene) -> None:
    x, mask, _, _ = scene
    first = invert(small_explainer, x, mask, steps=8)
    again = invert(small_explainer, x, mask, steps=8)
    assert first.loss_refined < first.loss_encoder
    assert torch.equal(first.code, again.code)


def test_inversion_leaves_components_that_say_what_the_styles_show(tmp_path: Path, scene) -> None:
    x, mask, _, _ = scene
    explainer = load_explainer(write_small_bundle(tmp_path, seed=3, components=2), "cpu")
    found = invert(explainer, x, mask, steps=8)
    assert found.loss_refined < found.loss_encoder
    torch.testing.assert_close(explainer.generator.settled(found.code), found.code, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.picture, reconstruct(explainer, found.code, mask))


def test_maps_and_logits_come_from_one_pass_where_one_network_gives_both(small_explainer: Explainer, scene) -> None:
    x, calls, last = scene[0], [], []
    handle = small_explainer.perception._conv_stem.register_forward_hook(lambda *_: calls.append(1))
    handle_last = small_explainer.perception._blocks[-1].register_forward_hook(lambda *_: last.append(1))
    try:
        maps, logits = small_explainer.perceive(x)
        assert len(calls) == 1
        torch.testing.assert_close(logits, small_explainer.classifier(x))
        for one, other in zip(maps, stage_features(small_explainer.perception, x)[:4], strict=True):
            torch.testing.assert_close(one, other)
        calls.clear()
        last.clear()
        larger = torch.nn.functional.interpolate(x, scale_factor=2)  # which the classifier looks at smaller
        maps, logits = small_explainer.perceive(larger)
        assert len(calls) == 2
        assert len(last) == 1  # for the maps, no more is computed than is compared
        assert maps[0].shape[-1] == 32
        for one, other in zip(maps, stage_features(small_explainer.perception, larger)[:4], strict=True):
            torch.testing.assert_close(one, other)
        torch.testing.assert_close(logits, small_explainer.classifier(larger))
    finally:
        handle.remove()
        handle_last.remove()


def test_a_bundle_is_read_without_the_compiler_of_torch(small_bundle: Path) -> None:
    code = (
        "import sys; from napari_latent_explain.model import load_explainer; load_explainer(sys.argv[1], 'cpu'); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(small_bundle)], check=False).returncode == 0


def test_inversion_can_be_cancelled(small_explainer: Explainer, scene) -> None:
    x, mask, _, _ = scene

    def stop(what: str, done: float) -> None:
        if done > 0.4:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        invert(small_explainer, x, mask, steps=8, progress=stop)


def test_pixels_there_and_back() -> None:
    pixels = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8).numpy()
    assert (to_pixels(to_tensor(pixels)) == pixels).all()
