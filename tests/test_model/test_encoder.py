"""What the encoder codes at a place."""

from __future__ import annotations

import pytest
import torch

from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder


def _encoder(context: int, structure_size: int = 16) -> FundusEncoder:
    torch.manual_seed(0)
    return FundusEncoder(
        EncoderConfig(
            input_size=64, channels=(8, 16, 24, 32), feature_size=0, style_layers=3, w_dim=8, attributes=2,
            structure_size=structure_size, structure_channels=4, context=context,
        )
    ).eval()  # fmt: skip


@pytest.mark.parametrize("context", [0, 8])
def test_with_context_a_place_is_coded_by_what_is_far_from_it(context: int) -> None:
    encoder = _encoder(context)
    x = torch.rand(1, 3, 64, 64, dtype=torch.float64)
    encoder.double()
    for module in encoder.modules():  # their means and spreads would carry everything everywhere
        if isinstance(module, torch.nn.GroupNorm):
            module.forward = lambda x: x
    other = x.clone()
    other[..., 40:44, 40:44] += 1
    changed = (encoder.describe(other)[1] - encoder.describe(x)[1]).view(4, 16, 16).abs().amax(dim=0)
    assert changed[10, 10] > 0
    assert (changed[5, 5] > 0) == bool(context)


@pytest.mark.parametrize(("context", "size"), [(8, 32), (8, 16), (8, 8), (8, 4), (0, 4)])
def test_structure_has_its_size_wherever_it_is_read(context: int, size: int) -> None:
    own, structure = _encoder(context, size).describe(torch.rand(2, 3, 64, 64))
    assert own.shape == (2, 384)
    assert structure.shape == (2, 4 * size * size)


def test_a_context_of_no_whole_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="context"):
        EncoderConfig(style_layers=1, context=12)
