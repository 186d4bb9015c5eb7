"""Checkpoints of other programs become the generator that they hold: every layer as the paper's formulas give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.importing import ImportedGenerator, import_generator
from published_stylegan2 import (
    Published,
    layers,
    make_published,
    map_published,
    nvlabs_generator,
    nvlabs_modules,
    nvlabs_pickle,
    rosinality_file,
    rosinality_state,
)

TIGHT = 1e-4


def _each_layer(imported: ImportedGenerator, code: torch.Tensor) -> dict[str, np.ndarray]:
    """What the layers of the imported generator give, by the names of the reference."""
    generator, found = imported.generator, {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: object, _given: object, gave: torch.Tensor) -> None:
            found[name] = gave.double().numpy()

        return hook

    for key, module in generator.convolutions.items():
        module.register_forward_hook(keep(key.replace("_", ".")))
    for key, module in generator.colours.items():
        module.register_forward_hook(keep(f"{key}.torgb"))
    found["picture"] = generator.synthesise(code).double().numpy()
    return found


def _is_the_reference(
    imported: ImportedGenerator, made: Published, *, noise: bool = True, eps_scale: bool = False
) -> None:
    generator, rng = imported.generator, np.random.default_rng(1)
    z = rng.normal(size=(3, made.z_dim))
    ws = np.stack([map_published(made, one) for one in z])
    np.testing.assert_allclose(generator.map(torch.from_numpy(z).float()).numpy(), ws, atol=TIGHT)
    mixed = rng.normal(size=(3, 2 * len(made.channels), made.widths[-1]))  # another vector for each published layer
    mixed[0] = ws[0]
    code = generator.code(generator.spread(torch.from_numpy(mixed).float()))
    assert code.shape == (3, generator.code_size)
    found = _each_layer(imported, code)
    for i in range(3):
        wanted = layers(made, mixed[i], noise=noise, eps_scale=eps_scale)
        assert set(wanted) == set(found)
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name][i], value, atol=TIGHT, rtol=1e-5, err_msg=name)


SHAPES = [
    pytest.param((5, 4), (7, 5), id="8px"),
    pytest.param((6, 5, 4), (5,), id="16px-one-mapping-layer"),
    pytest.param((8, 8, 6, 3), (6, 6, 6, 6, 6, 6, 6, 6), id="32px-eight-mapping-layers"),
    pytest.param((3,), (4, 9), id="4px"),
]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(("channels", "widths"), SHAPES)
def test_a_pickle_of_stylegan2_ada_draws_what_the_formulas_say(
    tmp_path: Path, channels: tuple[int, ...], widths: tuple[int, ...], protocol: int
) -> None:
    made = make_published(channels, widths=widths)
    imported = import_generator(nvlabs_pickle(tmp_path / "net.pkl", made, protocol=protocol))
    _is_the_reference(imported, made)
    config = imported.generator.config
    assert (config.channels, config.mapping_widths, config.z_dim, config.clamp) == (channels, widths, 6, 256.0)
    assert torch.equal(imported.generator.average, made.weights["average"])
    assert (imported.source.family, imported.source.key, imported.source.class_name) == (
        "stylegan2-ada-pytorch", "G_ema", "Generator",
    )  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(("channels", "widths"), SHAPES)
def test_a_file_of_rosinality_draws_what_the_formulas_say(
    tmp_path: Path, channels: tuple[int, ...], widths: tuple[int, ...], zipped: bool
) -> None:
    made = make_published(channels, widths=widths, clamp=None)
    imported = import_generator(rosinality_file(tmp_path / "net.pt", made, zipped=zipped))
    _is_the_reference(imported, made, eps_scale=True)
    assert imported.generator.config.clamp is None
    assert torch.equal(imported.generator.average, made.weights["average"])


@pytest.mark.parametrize("family", ["ada", "rosinality"])
def test_a_style_of_nearly_nothing_is_divided_by_what_its_own_program_adds(tmp_path: Path, family: str) -> None:
    """The constant of eq. 3 counts there, and the two programs scale weights differently before it."""
    made = make_published((5, 4), clamp=None)
    for part in ("weight", "bias"):
        made.weights[f"b8.conv1.affine.{part}"] *= 1e-4
    if family == "ada":
        _is_the_reference(import_generator(nvlabs_pickle(tmp_path / "net.pkl", made)), made)
        return
    imported = import_generator(rosinality_file(tmp_path / "net.pt", made))
    _is_the_reference(imported, made, eps_scale=True)
    with pytest.raises(AssertionError):
        _is_the_reference(imported, made, eps_scale=False)


@pytest.mark.parametrize(("clamp", "rate"), [(0.7, 0.01), (None, 0.01), (256.0, 0.03)])
def test_clamp_and_learning_rate_of_a_pickled_module_are_its_own(
    tmp_path: Path, clamp: float | None, rate: float
) -> None:
    made = make_published((6, 5, 4), clamp=clamp, rate=rate)
    _is_the_reference(import_generator(nvlabs_pickle(tmp_path / "net.pkl", made)), made)


def test_noise_is_left_out_on_request(tmp_path: Path) -> None:
    made = make_published((5, 4))
    path = nvlabs_pickle(tmp_path / "net.pkl", made)
    _is_the_reference(import_generator(path, noise="none"), made, noise=False)
    with pytest.raises(AssertionError):
        _is_the_reference(import_generator(path, noise="none"), made, noise=True)


def test_a_state_dict_of_stylegan2_ada_is_read_too(tmp_path: Path) -> None:
    made = make_published((5, 4))
    with nvlabs_modules():
        state = nvlabs_generator(made).state_dict()
    torch.save({"G_ema": state}, tmp_path / "state.pt")
    _is_the_reference(import_generator(tmp_path / "state.pt"), made)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_weights_of_other_precision_are_read(tmp_path: Path, kind: torch.dtype) -> None:
    made = make_published((5, 4), clamp=None)
    made.weights = {name: value.to(kind) for name, value in made.weights.items()}
    torch.save({"g_ema": {k: v.to(kind) for k, v in rosinality_state(made).items()}}, tmp_path / "net.pt")
    _is_the_reference(import_generator(tmp_path / "net.pt"), made, eps_scale=True)


def test_weights_with_strides_of_their_own_are_read(tmp_path: Path) -> None:
    made = make_published((5, 4), clamp=None)
    state = rosinality_state(made)
    name = "convs.0.conv.weight"
    state[name] = state[name].transpose(1, 2).contiguous().transpose(1, 2)
    torch.save({"g_ema": state}, tmp_path / "net.pt")
    _is_the_reference(import_generator(tmp_path / "net.pt"), made, eps_scale=True)


def test_the_mean_of_w_is_measured_where_the_file_lacks_it(tmp_path: Path) -> None:
    made = make_published((5, 4))
    path = rosinality_file(tmp_path / "net.pt", made, average=False)
    first, again = import_generator(path).generator.average, import_generator(path).generator.average
    z = np.random.default_rng(0).normal(size=(4000, made.z_dim))
    wanted = np.mean([map_published(made, one) for one in z], axis=0)
    np.testing.assert_allclose(first.numpy(), wanted, atol=0.2)
    assert torch.equal(first, again)


def test_importing_leaves_the_random_numbers_of_others_alone(tmp_path: Path) -> None:
    path = nvlabs_pickle(tmp_path / "net.pkl", make_published((5, 4)))
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    import_generator(path)
    assert torch.equal(torch.rand(2), wanted)


def test_styles_are_what_a_layer_is_scaled_by(tmp_path: Path) -> None:
    """Doubling one style coordinate doubles what that channel gives to the colours."""
    generator = import_generator(nvlabs_pickle(tmp_path / "net.pkl", make_published((5,), clamp=None))).generator
    code = generator.code(torch.randn(1, 5, generator=torch.Generator().manual_seed(0)))
    column = generator.layout.column("b4.torgb", 2)
    pictures = []
    for factor in (0.0, 1.0, 2.0):
        moved = code.clone()
        moved[:, column] *= factor
        pictures.append(generator.synthesise(moved))
    torch.testing.assert_close(pictures[2] - pictures[1], pictures[1] - pictures[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"c_dim": 3}, "conditional"),
        ({"img_channels": 1}, "three of a colour photograph"),
    ],
)
def test_other_generators_of_stylegan2_ada_are_refused(tmp_path: Path, changes: dict[str, int], said: str) -> None:
    path = nvlabs_pickle(tmp_path / "net.pkl", make_published((5, 4)), **changes)
    with pytest.raises(BundleError, match=said):
        import_generator(path)


def _changed(state: dict[str, torch.Tensor], changes: dict[str, torch.Tensor | None]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in (state | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"synthesis.L0_36_16.weight": torch.zeros(1), "synthesis.input.weight": torch.zeros(1)}, "alias-free"),
        ({"mapping.embed.weight": torch.zeros(1)}, "conditional"),
        ({"synthesis.b8.skip.weight": torch.zeros(4, 5, 1, 1)}, "residual"),
        ({"synthesis.b4.torgb.weight": None}, "lacks the weight synthesis.b4.torgb"),
        ({"synthesis.b8.torgb.weight": torch.zeros(1, 4, 1, 1)}, "in the shape"),
        ({"synthesis.b8.conv1.weight": torch.zeros(4, 4, 1, 1)}, "in the shape"),
        ({"synthesis.b8.conv1.affine.weight": torch.zeros(4, 4)}, "style layer"),
        ({"synthesis.b8.conv1.affine.weight": torch.zeros(4)}, "no linear layer"),
        ({"synthesis.b4.const": torch.zeros(5, 4, 8)}, "no square learned constant"),
        ({"synthesis.b8.resample_filter": torch.ones(4, 4)}, "low-passes by"),
        ({"synthesis.b32.conv0.weight": torch.zeros(1)}, "each must be twice"),
        ({"mapping.fc1.weight": torch.zeros(5, 4)}, "does not fit the layer before"),
        ({"mapping.fc0.weight": None}, "no mapping network"),
        ({"synthesis.b8.conv1.gate": torch.zeros(1)}, "does not have"),
        ({"synthesis.b8.conv1.bias": torch.tensor([0, 0, 0, float("nan")])}, "not finite"),
        ({"synthesis.b8.conv1.bias": torch.zeros(4, dtype=torch.int64)}, "not as floating-point"),
        ({"synthesis.b8.conv1.noise_const": None}, "--noise none"),
    ],
)
def test_weights_that_are_no_skip_generator_are_refused(
    tmp_path: Path, changes: dict[str, torch.Tensor | None], said: str
) -> None:
    with nvlabs_modules():
        state = nvlabs_generator(make_published((5, 4))).state_dict()
    torch.save({"G_ema": _changed(state, changes)}, tmp_path / "net.pt")
    with pytest.raises(BundleError, match=said) as caught:
        import_generator(tmp_path / "net.pt")
    assert str(caught.value).startswith("net.pt ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to_rgbs.0.iwt.ll": torch.zeros(2, 2)}, "wavelets"),
        ({"convs.2.conv.weight": torch.zeros(1)}, "two convolutions in every block"),
        ({"input.input": torch.zeros(1, 5, 4, 6)}, "no square learned constant"),
        ({"to_rgb1.conv.weight": None}, "lacks the weight to_rgb1"),
        ({"something.else": torch.zeros(1)}, "does not have"),
    ],
)
def test_weights_of_rosinality_that_are_something_else_are_refused(
    tmp_path: Path, changes: dict[str, torch.Tensor | None], said: str
) -> None:
    torch.save({"g_ema": _changed(rosinality_state(make_published((5, 4))), changes)}, tmp_path / "net.pt")
    with pytest.raises(BundleError, match=said):
        import_generator(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"epoch": 3}, "holds no generator"),
        ([1, 2], "holds no generator"),
        ({"layer.weight": torch.zeros(2)}, "names its weights as no program"),
    ],
)
def test_files_without_a_generator_are_refused(tmp_path: Path, tree: object, said: str) -> None:
    torch.save(tree, tmp_path / "net.pt")
    with pytest.raises(BundleError, match=said):
        import_generator(tmp_path / "net.pt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nothing\.pkl can't be read"):
        import_generator(tmp_path / "nothing.pkl")


def test_many_blocks_of_tiny_weights_are_no_gigantic_picture(tmp_path: Path) -> None:
    state = rosinality_state(make_published((1,)))
    for k in range(12):
        for i in (2 * k, 2 * k + 1):
            state |= {f"convs.{i}{name[5:]}": value for name, value in state.items() if name.startswith("conv1.")}
        state |= {f"to_rgbs.{k}{name[7:]}": value for name, value in state.items() if name.startswith("to_rgb1.")}
    torch.save({"g_ema": state}, tmp_path / "net.pt")
    with pytest.raises(BundleError, match="2048 px"):
        import_generator(tmp_path / "net.pt")
