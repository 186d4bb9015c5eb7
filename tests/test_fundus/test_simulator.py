from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from napari_latent_explain.fundus.factors import FundusFactors
from napari_latent_explain.fundus.simulator import simulate

LESIONS = ["microaneurysms", "haemorrhages", "hard_exudates", "cotton_wool_spots", "drusen"]


def test_same_seed_same_bytes_other_seed_other_eye() -> None:
    a, b, c = simulate(5, size=128), simulate(5, size=128), simulate(6, size=128)
    assert a.picture.tobytes() == b.picture.tobytes()
    assert a.picture.tobytes() != c.picture.tobytes()


@pytest.mark.parametrize("lesion", LESIONS)
def test_a_lesion_changes_its_own_place_only(lesion: str) -> None:
    plain = simulate(5, FundusFactors(haze=0.0), 192)
    ill = simulate(5, FundusFactors(haze=0.0, **{lesion: 8}), 192)
    assert not plain.masks[lesion].any()
    assert ill.masks[lesion].any()
    changed = np.abs(plain.picture.astype(int) - ill.picture).max(axis=2) > 12
    assert changed.any()
    from scipy.ndimage import binary_dilation

    near = binary_dilation(ill.masks[lesion], iterations=5)
    assert (changed & ~near).mean() < 0.001


def test_a_left_eye_is_the_mirrored_right_eye() -> None:
    right = simulate(5, FundusFactors(laterality="OD"), 128)
    left = simulate(5, FundusFactors(laterality="OS"), 128)
    assert np.array_equal(right.picture[:, ::-1], left.picture)
    assert np.argwhere(right.masks["disc"])[:, 1].mean() > 64 > np.argwhere(left.masks["disc"])[:, 1].mean()


def test_the_field_is_lit_and_its_surround_is_black_and_the_notch_is_seen() -> None:
    eye = simulate(5, FundusFactors(), 128)
    assert eye.picture[~eye.masks["field"]].mean() < 12
    assert np.median(eye.picture[eye.masks["field"]][:, 0]) > 80
    notched = simulate(5, FundusFactors(notch=True), 128)
    assert notched.masks["field"].sum() < eye.masks["field"].sum() - 20


def test_factors_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        FundusFactors(cup_ratio=2.0)
    with pytest.raises(ValueError, match="at least 64"):
        simulate(1, size=10)
