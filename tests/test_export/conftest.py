"""A record with everything that can be exported, made by hand: no model."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from napari_latent_explain.domain import (
    CounterfactualRecord,
    Edit,
    ExamplePair,
    Faithfulness,
    Field,
    LateralityReading,
    LesionOverlap,
    Mark,
    ModelIdentity,
    Naming,
    Probabilities,
    QualityReport,
    Region,
    StyleDirection,
    Validation,
)
from napari_latent_explain.export import Exhibit, RaterFindings
from napari_latent_explain.export.strip import Strip

PERSON = "Canary_Birdperson"


def _direction(number: int) -> StyleDirection:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    judged = Validation(study="ab" * 32, protocol="p", verdict="known sign", ratings=4, agreeing=3, at=at)
    return StyleDirection(
        id=f"b64:{number}:+:1", name=f"direction {number}", layer="b64", channel=number, sign=1, spread=1.0, low=-2.0,
        high=2.0, target=1, effect_logit=0.5, effect_logit_interval=(0.1, 0.9), effect_probability=0.1,
        effect_probability_interval=(0.05, 0.2), flip_share=0.2, held_out=38,
        examples=(ExamplePair(photograph=f"{PERSON}.jpg", before=0.1, after=0.9),),
        naming=Naming(name=f"direction {number}", by=PERSON, at=at), validation=judged if number == 0 else None,
    )  # fmt: skip


@pytest.fixture
def rich() -> CounterfactualRecord:
    """An explained left eye with controls, an outline, a note and validated directions."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:300, :300] - 149.5
    inside = (x**2 + y**2 < 145**2)[..., None]
    picture = (rng.integers(60, 200, (300, 300, 3)) * inside).astype(np.uint8)
    return CounterfactualRecord(
        name=f"{PERSON}.jpg", sha256="3fa94c21" * 8, original=picture, reconstruction=picture[::4, ::4].copy(),
        counterfactual=picture[:, ::-1].copy(), difference=rng.normal(0, 0.05, (64, 64, 3)).astype(np.float32),
        field=Field(center_x=210.25, center_y=160.5, radius=150.125, top=12.0, bottom=309.0, width=420, height=320),
        laterality=LateralityReading(eye="OS", confidence=0.9, source="optic disc"),
        quality=QualityReport(brightness=0.4, sharpness=1.0, saturated=0.0),
        model=ModelIdentity(name="small", sha256="cd" * 32, resolution=64), classes=("no disease", "disease"), target=1,
        probabilities=Probabilities(original=(0.8, 0.2), reconstruction=(0.75, 0.25), counterfactual=(0.4, 0.6)),
        edit=Edit(strengths={f"b64:{k}:+:1": 1.5 - k for k in range(7)}),
        directions=tuple(_direction(k) for k in range(7)), flipped=True, changed_area_fraction=0.12, note="Only just.",
        faithfulness=Faithfulness(
            effect=1.0, random_effects=(0.5,) * 3, random_share=0.1, control_effects={"random": (2.0,)},
            control_share={"random": 0.0}, kept={"jpeg": 0.9, "blur": 0.1, "shift": 0.1}, reversal=0.1,
            second_before=0.91, second_after=0.905,
        ),
        overlap=(LesionOverlap(kind="EX", area=0.1, share=0.3, auc=0.8),),
        region=Region(outlines=(((60, 140), (60, 240), (180, 220)),)),
    )  # fmt: skip


@pytest.fixture
def findings() -> tuple[RaterFindings, ...]:
    marks = (Mark(x=0.3, y=0.4, note="exudates fade"), Mark(x=0.5, y=0.2, width=0.2, height=0.1))
    return (
        RaterFindings(rater="rater-a", verdict="known sign", marks=marks),
        RaterFindings(rater="rater-b", verdict="artefact", marks=(Mark(x=0.98, y=0.5),)),
        RaterFindings(rater="rater-c", verdict="cannot tell"),
    )


@pytest.fixture
def full(rich: CounterfactualRecord, findings: tuple[RaterFindings, ...]) -> Exhibit:
    """Everything that may stand beside a record."""
    from dataclasses import replace

    other = replace(rich, target=0, region=None, flipped=False)
    return Exhibit(
        rich, reverse=other, findings=findings, spacing=5.0, audit_head="9f" * 32, atlas="12" * 32,
        intervals={"photograph": (0.1, 0.3), "counterfactual": (0.5, 0.7)},
    )  # fmt: skip


@pytest.fixture
def strip(rich: CounterfactualRecord) -> Strip:
    shares = (-1.0, -0.5, 0.0, 0.5, 1.0)
    pictures = np.stack([np.roll(rich.original, round(20 * share), axis=1) for share in shares])
    return Strip(shares, pictures, tuple((0.5 - share / 3, 0.5 + share / 3) for share in shares))
