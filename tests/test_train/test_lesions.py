from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from napari_latent_explain.domain import silent
from napari_latent_explain.fundus.simulator import simulate
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.train.config import StylexRecipe
from napari_latent_explain.train.lesions import (
    KINDS,
    TAUGHT,
    OutlinedLesions,
    lesion_distance,
    load_outlined_lesions,
)
from napari_latent_explain.train.photographs import PhotographSet

SIZE = 32


def _photographs(labels: list[int]) -> PhotographSet:
    pictures = np.full((len(labels), SIZE, SIZE, 3), 100, np.uint8)
    pictures[0, 8:12, 8:12] = 180  # a bright lesion
    pictures[0, 20:22, 20:22] = 40  # a dark one
    masks = np.ones((len(labels), SIZE, SIZE), bool)
    masks[:, :2] = False
    files = tuple(f"{i}.jpg" for i in range(len(labels)))
    return PhotographSet(files, pictures, masks, np.array(labels))


def _outlined(photographs: PhotographSet) -> OutlinedLesions:
    residual = photographs.pictures[0].astype(np.int16) - 100
    kinds = [residual.clip(min=0), 0 * residual, residual.clip(max=0)]  # one without cotton-wool spots
    return OutlinedLesions(np.array([0]), np.stack(kinds)[None])


def test_lesions_go_come_and_are_not_there_to_go() -> None:
    photographs = _photographs([1, 0])
    pairs = _outlined(photographs).draw(photographs, 400, 7, np.random.default_rng(0))
    assert set(pairs.owners.tolist()) == {0, 1}
    assert not pairs.moved[:, 6].any()  # an attribute that stands for no kind of lesion
    assert bool((pairs.moved >= 0).all())
    assert bool((pairs.moved <= 1).all())
    fundus = 100 / 127.5 - 1
    before_all, after_all = to_tensor(pairs.before), to_tensor(pairs.after)
    change = after_all - before_all
    for where, gone, given in (((10, 10), 0, 3), ((21, 21), 2, 5)):
        here, before = change[:, 0, *where], before_all[:, 0, *where] - fundus
        away, there = pairs.moved[:, gone], pairs.moved[:, given]
        loses = (away > 0) & (before.abs() > 0.1)
        assert 0.15 < loses.float().mean() < 0.6
        torch.testing.assert_close(here[loses], -away[loses] * before[loses], atol=0.02, rtol=0)
        gains = (there > 0) & (before.abs() < 0.1)  # an eye without: it is given the one that there is
        assert 0.05 < gains.float().mean() < 0.4
        template = (180 if gone == 0 else 40) / 127.5 - 1 - fundus
        torch.testing.assert_close(here[gains], there[gains] * template, atol=0.02, rtol=0)
        still = (away == 0) & (there == 0)
        assert bool((here[still].abs() < 1e-6).all())
    asked = pairs.moved.any(dim=1) & (change.abs().amax(dim=(1, 2, 3)) == 0)
    assert 0.08 < asked.float().mean() < 0.35  # nothing there to go: nothing may change
    again = _outlined(photographs).draw(photographs, 400, 7, np.random.default_rng(0))
    assert (pairs.before == again.before).all()


def test_a_kind_of_lesion_is_given_as_one_eye_has_it() -> None:
    residuals = np.zeros((4, 3, SIZE, SIZE, 3), np.int16)
    for eye, amount in enumerate((0, 10, 90, 40)):
        residuals[eye, 0, 14:16, 14:16] = amount
        residuals[eye, 0, 0, 16] = 200  # at the edge of the field
    found = OutlinedLesions(np.arange(4), residuals).templates
    assert found.shape == (3, SIZE, SIZE, 3)
    assert found[0].max() == 40  # of the three eyes that have any in the middle, the second
    assert not found[1:].any()


def test_outlines_of_a_manifest_are_filled_in_from_around(tmp_path: Path) -> None:
    clean = simulate(seed=3, size=128).picture
    spoilt = clean.copy()
    spoilt[60:66, 40:46] = (240, 230, 120)
    spoilt[80:84, 60:64] = spoilt[90:92, 70:72] = (60, 10, 10)
    outline, dark, darker = np.zeros((3, 128, 128), np.uint8)
    outline[60:66, 40:46] = 255
    dark[80:84, 60:64] = 255
    darker[90:92, 70:72] = 255
    Image.fromarray(spoilt).save(tmp_path / "a.png")
    Image.fromarray(clean).save(tmp_path / "b.png")
    for kind, drawn in (("EX", outline), ("HE", dark), ("MA", darker)):
        Image.fromarray(drawn).save(tmp_path / f"a_{kind}.png")
    (tmp_path / "manifest.csv").write_text("file,masks\na.png,a_EX.png;a_HE.png;a_MA.png\nb.png,\n")

    from napari_latent_explain.fundus import canonical, crop, find_field, read_laterality, read_photograph

    pictures, masks = [], []
    for name in ("a.png", "b.png"):
        photograph = read_photograph(tmp_path / name)
        field = find_field(photograph)
        field = canonical(field, read_laterality(photograph, field))
        pictures.append(crop(photograph, field, 64))
        masks.append(field.mask(64))
    photographs = PhotographSet(("a.png", "b.png"), np.stack(pictures), np.stack(masks), np.array([1, 0]))
    found = load_outlined_lesions(tmp_path, photographs, silent)
    assert found.owners.tolist() == [0]
    assert found.residuals.shape == (1, 3, 64, 64, 3)
    assert not found.residuals[0, 1].any()
    bright, red = found.residuals[0, 0], found.residuals[0, 2]
    assert bright.max() > 60
    assert [bool((red[rows, columns] < -40).any()) for rows, columns in ((slice(40, 42), slice(30, 32)), (45, 35))] == [
        True,
        True,
    ]
    assert np.abs(bright).max(axis=-1).astype(bool).mean() < 0.02  # the rest of the eye is left alone
    without = photographs.pictures[0] - bright - red
    assert np.abs(without - photographs.pictures[1].astype(int)).max() < 30


def test_photographs_without_outlines_give_no_pairs(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,masks\n0.jpg,\n1.jpg,vessels_vessel.png\n")
    found = load_outlined_lesions(tmp_path, _photographs([1, 0]), silent)
    assert found.owners.shape == (0,)
    assert found.residuals.shape == (0, 3, SIZE, SIZE, 3)


def test_lesion_pairs_and_turned_photographs_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="turn_degrees"):
        StylexRecipe(lesion_pairs=2, attributes=6)


def test_lesions_count_as_much_as_all_the_rest() -> None:
    asked = torch.zeros(1, 3, 20, 20)
    asked[..., 3:5, 3:5] = 0.4
    mask = torch.ones(1, 1, 20, 20)
    mask[..., :2] = 0
    even = torch.ones_like(mask)
    assert lesion_distance(asked, asked, mask, even) == 0
    missed = 0.4 + 0.4  # in each of four pixels, and on half of their edges to the right and below
    outside = 0.4 * 4 / (18 * 20 - 4)  # edges that begin outside the lesion
    assert lesion_distance(0 * asked, asked, mask, even) == pytest.approx(missed + outside)
    assert lesion_distance(asked + 0.1, asked, mask, even) == pytest.approx(0.2)
    assert lesion_distance(asked + 0.1, asked, mask, even, 3.0) == pytest.approx(0.4)
    assert lesion_distance(asked + 0.1, 0 * asked + 0.01, mask, even) > 0  # a pair that asks for nothing visible
    vessel = 0 * asked
    vessel[..., 10:12, :] = 0.1
    dear = 1 + 9 * (vessel[:, :1] > 0).float()
    assert lesion_distance(asked + vessel, asked, mask, dear) > 4 * lesion_distance(asked + vessel, asked, mask, even)


def test_lesion_pairs_need_an_attribute_for_each_kind_to_go_and_to_come() -> None:
    assert 2 * len(KINDS) == TAUGHT
    with pytest.raises(ValueError, match="6 attributes"):
        StylexRecipe(lesion_pairs=2, attributes=5, turn_degrees=0.0, zoom=0.0, oversampling=1)
