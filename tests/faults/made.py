"""Results made by hand, small and numbered: what writers write and readers read."""

from __future__ import annotations

import hashlib

import numpy as np

from napari_latent_explain.domain import (
    CounterfactualRecord,
    Edit,
    Field,
    LateralityReading,
    ModelIdentity,
    Probabilities,
    QualityReport,
    StyleDirection,
)
from napari_latent_explain.explain.saved_explanation import SavedExplanation, Snapshot

__all__ = ["small_record", "small_snapshot"]

_MODEL = ModelIdentity(name="small", sha256="cd" * 32, resolution=32)
_FIELD = Field(center_x=16, center_y=16, radius=15, top=1, bottom=31, width=32, height=32)
_QUALITY = QualityReport(brightness=0.4, sharpness=1.0, saturated=0.0)


def small_record(note: str) -> CounterfactualRecord:
    """An explained photograph of 32 pixels that says `note`."""
    picture = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    direction = StyleDirection(
        id="b8:1:+:1", name="d", layer="b8", channel=1, sign=1, spread=1.0, low=-2.0, high=2.0, target=1, effect_logit=0.5,
        effect_logit_interval=(0.1, 0.9), effect_probability=0.1, effect_probability_interval=(0.05, 0.2), flip_share=0.2,
        held_out=38,
    )  # fmt: skip
    return CounterfactualRecord(
        name="eye.png", sha256="ab" * 32, original=picture, reconstruction=picture, counterfactual=picture[::-1].copy(),
        difference=np.zeros((32, 32, 3), np.float32), field=_FIELD, laterality=LateralityReading(), quality=_QUALITY,
        model=_MODEL, classes=("no", "yes"), target=1,
        probabilities=Probabilities(original=(0.8, 0.2), reconstruction=(0.8, 0.2), counterfactual=(0.4, 0.6)),
        edit=Edit(strengths={"b8:1:+:1": 1.5}), directions=(direction,), flipped=True, changed_area_fraction=0.1, note=note,
    )  # fmt: skip


def small_snapshot(number: int) -> Snapshot:
    """An explanation to be saved that says `number`, in its text and in its code."""
    code = number.to_bytes(8, "little") * 64
    saved = SavedExplanation(
        photograph="/nowhere/eye.png", sha256="ab" * 32, model=_MODEL, field=_FIELD, laterality=LateralityReading(),
        quality=_QUALITY, target=1, edit=Edit(strengths={"b8:1:+:1": float(number)}), note=str(number),
        code=f"{hashlib.sha256(code).hexdigest()}.safetensors", loss_encoder=1.0, loss_refined=0.5,
    )  # fmt: skip
    return Snapshot(saved, code)
