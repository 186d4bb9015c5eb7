from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.model.published_synthesis import synthesise_as_published

CONFIG = GeneratorConfig(resolution=32, channel_base=512, channel_max=16, w_dim=8, z_dim=8, mapping_layers=2)


STRUCTURED = CONFIG.replace(structure_size=8, structure_channels=3, first_convolutions=2)


@pytest.fixture
def generator() -> StyleGenerator:
    torch.manual_seed(0)
    return StyleGenerator(CONFIG).eval()


@pytest.fixture
def structured() -> StyleGenerator:
    torch.manual_seed(0)
    return StyleGenerator(STRUCTURED).eval()


def test_shapes_all_the_way(generator: StyleGenerator) -> None:
    w = generator.map(torch.randn(3, 8))
    s = generator.styles(w)
    assert w.shape == (3, 8)
    assert s.shape == (3, generator.layout.size)
    assert generator.synthesise(s).shape == (3, 3, 32, 32)


def test_every_style_coordinate_is_open(generator: StyleGenerator) -> None:
    s = generator.styles(torch.randn(1, 8)).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad((generator.synthesise(s) * torch.randn(1, 3, 32, 32)).sum(), s)
    assert (gradient != 0).all()


def test_pictures_of_a_batch_do_not_mix(generator: StyleGenerator) -> None:
    s = generator.styles(torch.randn(4, 8)).detach()
    together = generator.synthesise(s)
    alone = torch.cat([generator.synthesise(row[None]) for row in s])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("which", ["generator", "structured"])
def test_one_picture_without_gradients_is_drawn_by_weights_of_its_own_and_stays_the_same(
    which: str, request: pytest.FixtureRequest
) -> None:
    drawn: StyleGenerator = request.getfixturevalue(which)
    with torch.no_grad():
        for layer in drawn.convolutions.values():
            layer.bias.normal_()
        for colour in drawn.colours.values():
            colour.bias.normal_()
    code = torch.randn(2, drawn.code_size)
    slow = drawn.synthesise(code)
    with torch.inference_mode():
        for k, one in enumerate(code):
            torch.testing.assert_close(drawn.synthesise(one[None]), slow[k : k + 1], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(synthesise_as_published(drawn, code), slow, rtol=1e-4, atol=1e-5)


def test_non_fused_modulation_equals_modulated_weights(generator: StyleGenerator) -> None:
    """Scaling the input and demodulating the output is StyleGAN2's modulated convolution (CVPR 2020, eq. 1 and 3)."""
    layer = generator.convolutions["b8_conv1"]
    x, style = torch.randn(1, 16, 8, 8), torch.rand(1, 16) + 0.5
    weight = layer.weight * style[0][None, :, None, None]
    weight = weight * torch.rsqrt(weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
    expected = functional.leaky_relu(functional.conv2d(x, weight, padding=1) + layer.bias[None, :, None, None], 0.2)
    torch.testing.assert_close(layer(x, style), expected * 2**0.5, rtol=1e-4, atol=1e-5)


def test_layout_names_every_column_once(generator: StyleGenerator) -> None:
    layout = generator.layout
    names = [layout.coordinate(i) for i in range(layout.size)]
    assert len(set(names)) == layout.size
    assert [layout.column(*name) for name in names] == list(range(layout.size))
    with pytest.raises(KeyError):
        layout.column("b9.conv1", 0)
    with pytest.raises(IndexError):
        layout.column("b4.conv1", 16)


def test_with_a_structure_code_synthesis_starts_there(structured: StyleGenerator) -> None:
    assert [layer.name for layer in structured.layout.layers][:4] == ["b8.conv1", "b8.conv2", "b8.torgb", "b16.conv0"]
    ws, structure = torch.randn(2, structured.style_layer_count, 8), torch.randn(2, 3 * 8 * 8)
    none = torch.zeros(2, 0)
    code = structured.code(ws, none, structure)
    assert code.shape == (2, structured.code_size) == (2, structured.layout.size + 192)
    assert structured.synthesise(code).shape == (2, 3, 32, 32)
    assert torch.equal(structured(ws, none, structure), structured.synthesise(code))


def test_structure_says_where_and_styles_say_how(structured: StyleGenerator) -> None:
    ws, structure = torch.randn(1, structured.style_layer_count, 8), torch.randn(1, 3, 8, 8)
    moved = structure.clone()
    moved[:, :, 0, 0] += 1.0
    none = torch.zeros(1, 0)
    before, after = (structured(ws, none, x.flatten(1)) for x in (structure, moved))
    changed = (before - after).abs().amax(dim=(0, 1))
    assert changed[:4, :4].max() > 1e-3
    assert changed[24:, 24:].max() < 1e-5  # convolutions of another batch may round otherwise
    restyled = structured(ws + 0.5, none, structure.flatten(1))
    assert ((restyled - before).abs().amax(dim=1) > 0).float().mean() > 0.99


def test_an_attribute_moves_the_styles_of_its_resolution_by_its_learned_direction() -> None:
    torch.manual_seed(0)
    generator = StyleGenerator(STRUCTURED.replace(attributes=4)).eval()
    assert generator.layout.layers[-1].name == "attributes"
    directions = generator.attribute_directions().detach()
    layout = generator.layout
    for k, resolution in enumerate((8, 16, 32, 8)):
        own = [layout.coordinate(c)[0].startswith(f"b{resolution}.") for c in range(layout.size - 4)]
        assert directions[k, ~torch.tensor(own)].abs().max() == 0
        assert directions[k, torch.tensor(own)].square().mean().sqrt() == pytest.approx(0.3)
    ws, structure = torch.randn(2, generator.style_layer_count, 8), torch.randn(2, 192)
    code = generator.code(ws, torch.zeros(2, 4), structure)
    by_attribute, by_styles = code.clone(), code.clone()
    by_attribute[:, layout.column("attributes", 1)] = 2.0
    by_styles[:, : layout.size - 4] += 2 * directions[1]
    torch.testing.assert_close(generator.synthesise(by_attribute), generator.synthesise(by_styles))
    assert (generator.synthesise(by_attribute) - generator.synthesise(code)).abs().max() > 1e-3


def test_an_attribute_may_move_the_styles_of_all_resolutions() -> None:
    one, all_ = (
        StyleGenerator(STRUCTURED.replace(attributes=2, attributes_everywhere=everywhere))
        for everywhere in (False, True)
    )
    assert (all_.attribute_directions() != 0).all()
    assert 0 < (one.attribute_directions() != 0).float().mean() < 0.8
    steps = all_.attribute_directions().square().mean(dim=1).sqrt()
    torch.testing.assert_close(steps, torch.full((2,), 0.3))


@pytest.mark.parametrize("config", [CONFIG, STRUCTURED], ids=["constant", "structure"])
def test_components_are_coordinates_of_the_same_pictures(config: GeneratorConfig) -> None:
    torch.manual_seed(0)
    plain = StyleGenerator(config.replace(attributes=2)).eval()
    generator = StyleGenerator(config.replace(attributes=2, components=3)).eval()
    generator.load_state_dict(plain.state_dict(), strict=False)
    count, layout = generator.styles_count, generator.layout
    assert [layer.name for layer in layout.layers[-2:]] == ["components", "attributes"]
    assert layout.size == count + 5 == plain.layout.size + 3
    ws, attributes = torch.randn(4, plain.style_layer_count, 8), torch.randn(4, 2)
    structure = torch.randn(4, config.structure_length)
    drawn = plain(ws, attributes, structure)
    torch.testing.assert_close(generator(ws, attributes, structure), drawn)  # not fitted yet: they do nothing
    generator.components.directions.normal_(std=0.3)
    generator.components.readings.normal_(std=0.1)
    generator.components.offsets.normal_()
    code = generator.code(ws, attributes, structure)
    assert code[:, count : count + 3].abs().min() > 1e-3
    torch.testing.assert_close(generator.synthesise(code), drawn, rtol=1e-3, atol=1e-4)

    by_component = code.clone()
    by_component[:, layout.column("components", 1)] += 2.0
    other = torch.cat([plain.styles(ws) + 2 * generator.components.directions[1], attributes, structure], dim=1)
    torch.testing.assert_close(generator.synthesise(by_component), plain.synthesise(other), rtol=1e-3, atol=1e-4)
    assert (generator.synthesise(by_component) - drawn).abs().max() > 1e-2


def test_a_settled_code_says_of_its_components_what_its_styles_show() -> None:
    torch.manual_seed(0)
    generator = StyleGenerator(CONFIG.replace(attributes=1, components=2)).eval()
    ws, nothing = torch.randn(3, generator.style_layer_count, 8), torch.zeros(3, 0)
    assert torch.equal(generator.settled(code := generator.code(ws, torch.zeros(3, 1), nothing)), code)
    generator.components.directions.normal_(std=0.3)
    generator.components.readings.normal_(std=0.1)
    code = generator.code(ws, torch.zeros(3, 1), nothing)
    moved = code.clone()
    moved[:, : generator.styles_count] += torch.randn(3, generator.styles_count)  # as inversion does
    settled = generator.settled(moved)
    torch.testing.assert_close(generator.synthesise(settled), generator.synthesise(moved), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(generator.settled(code), code, rtol=1e-4, atol=1e-4)
    column = generator.layout.column("components", 0)
    assert (settled[:, column] - moved[:, column]).abs().max() > 0.1


@pytest.mark.parametrize("structure", [False, True])
def test_the_published_form_of_synthesis_draws_the_same(structure: bool) -> None:
    from napari_latent_explain.model.published_synthesis import synthesise_as_published

    torch.manual_seed(0)
    sizes = {
        "structure_size": 8,
        "structure_channels": 2,
        "structure_constants": 1,
        "first_convolutions": 2,
        "attributes": 2,
    }
    config = GeneratorConfig(
        resolution=32, channel_base=256, channel_max=16, w_dim=8, z_dim=8, **sizes if structure else {}
    )
    generator = StyleGenerator(config).eval()
    code = torch.randn(3, generator.code_size)
    with torch.no_grad():
        fast, published = generator.synthesise(code), synthesise_as_published(generator, code)
    torch.testing.assert_close(fast, published, atol=1e-4, rtol=1e-4)
    assert fast.std() > 0.01
