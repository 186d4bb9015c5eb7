"""The frozen nouns keep their promises."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from napari_latent_explain.domain import (
    DirectionAtlas,
    Edit,
    Field,
    Laterality,
    LateralityReading,
    Mix,
    Photograph,
    Probabilities,
    StyleDirection,
)


def direction(**changes):
    values = {
        "id": "b16:3:+", "name": "direction 1", "layer": "b16", "channel": 3, "sign": 1, "spread": 0.5,
        "low": -1.0, "high": 2.0, "target": 1, "effect_logit": 0.4, "effect_logit_interval": (0.3, 0.5),
        "effect_probability": 0.1, "effect_probability_interval": (0.05, 0.15), "flip_share": 0.2, "held_out": 50,
    }  # fmt: skip
    return StyleDirection(**(values | changes))


def test_every_noun_can_be_shown_in_a_message():
    assert repr(Mix()) == "Mix()"
    assert repr(Edit()) == "Edit()"
    assert "'a': 1.0" in repr(Mix(edit=Edit(strengths={"a": 1.0})))


def test_edits_add_negate_and_forget_zeros():
    one, two = Edit(strengths={"a": 1.0, "b": 0.0}), Edit(strengths={"a": -1.0, "c": 2.0})
    assert one == Edit(strengths={"a": 1.0})
    assert one + two == Edit(strengths={"c": 2.0})
    assert not one + -one
    assert two.scaled(0.5)["c"] == 1.0
    assert one["missing"] == 0
    assert one.with_strength("a", 0) == Edit()
    assert hash(one) == hash(Edit(strengths={"a": 1.0}))
    assert Edit.model_validate(json.loads(two.model_dump_json())) == two


def test_values_are_frozen_and_checked():
    with pytest.raises(ValidationError):
        Edit().strengths = {}
    with pytest.raises(ValidationError):
        direction(spread=0.0)
    with pytest.raises(ValidationError):
        direction(unknown=1)
    with pytest.raises(ValidationError):
        direction().replace(flip_share=2.0)
    with pytest.raises(ValidationError):
        LateralityReading(confidence=float("nan"))


@pytest.mark.parametrize(
    ("sign", "value", "expected"),
    [(1, 0.0, (-2, 4)), (-1, 0.0, (-4, 2)), (1, 3.0, (-8, 0)), (1, -2.0, (0, 8))],
)
def test_the_strength_range_ends_where_real_eyes_end(sign, value, expected):
    assert direction(sign=sign).strength_range(value) == pytest.approx(expected)


def test_an_atlas_finds_its_directions_and_refuses_twins():
    first, second = direction(), direction(id="b16:3:-", sign=-1, target=0)
    atlas = DirectionAtlas(directions=(first, second))
    assert atlas["b16:3:-"] is second or atlas["b16:3:-"] == second
    assert atlas.towards(1) == (first,)
    with pytest.raises(KeyError):
        atlas["nothing"]
    with pytest.raises(ValidationError, match="share an id"):
        DirectionAtlas(directions=(first, first))


def test_a_photograph_cannot_be_painted_on_and_has_colour():
    pixels = np.zeros((4, 6, 3), np.uint16)
    photograph = Photograph(pixels=pixels, name="a", sha256="")
    assert (photograph.width, photograph.height, photograph.full_scale) == (6, 4, 65535)
    with pytest.raises(ValueError, match="read-only"):
        photograph.pixels[0] = 1
    for wrong in (np.zeros((4, 6), np.uint8), np.zeros((4, 6, 4), np.uint8), np.zeros((4, 6, 3), np.float32)):
        with pytest.raises(ValueError, match="H, W, 3"):
            Photograph(pixels=wrong, name="a", sha256="")


def test_a_field_masks_its_cuts_and_knows_its_box():
    field = Field(center_x=50, center_y=40, radius=40, top=10, bottom=80, width=100, height=80)
    assert field.box == (10, 0, 90, 80)
    mask = field.mask(80)
    assert not mask[:10].any()
    assert mask[10, 40]
    assert mask[40].all()
    assert mask.sum() == pytest.approx(np.pi * 1600 * 0.93, rel=0.02)
    assert np.array_equal(field.replace(mirrored=True).mask(80), mask[:, ::-1])


def test_the_gap_is_the_largest_difference_and_eyes_have_fellows():
    assert Probabilities(original=(0.2, 0.8), reconstruction=(0.5, 0.5), counterfactual=(1, 0)).gap == pytest.approx(
        0.3
    )
    assert Laterality.OD.other is Laterality.OS
    assert "center_x" in repr(Field(center_x=1, center_y=1, radius=1, top=0, bottom=2, width=2, height=2))
