"""An explanation without a model: pictures and probabilities that follow the edit, in plain numpy."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from psygnal import Signal

from napari_latent_explain.domain import (
    CounterfactualRecord,
    DirectionAtlas,
    DoseResponse,
    Edit,
    Faithfulness,
    Field,
    LateralityReading,
    ModelIdentity,
    Photograph,
    Probabilities,
    QualityFlag,
    QualityReport,
    SaliencyMap,
    StyleDirection,
    silent,
)
from napari_latent_explain.explain.frame import Frame
from napari_latent_explain.explain.frame_strip import FrameStrip, strip_strengths

M, P = 64, 128


def fake_direction(number: int, target: int) -> StyleDirection:
    return StyleDirection(
        id=f"b{8 * 2**number}.conv:{number}:+{target}",
        name=["vessel calibre", "bright spots near the macula", "direction 3"][number],
        layer=f"b{8 * 2**number}.conv",
        channel=number,
        sign=1,
        spread=1.0,
        low=-2.0,
        high=2.5,
        target=target,
        effect_logit=0.8 - 0.2 * number,
        effect_logit_interval=(0.5, 1.1),
        effect_probability=0.123,
        effect_probability_interval=(0.08, 0.16),
        flip_share=0.21,
        held_out=48,
    )


def fake_explainer() -> SimpleNamespace:
    classes = ("no referable retinopathy", "referable retinopathy")
    atlas = DirectionAtlas(
        classes=classes,
        directions=tuple(fake_direction(n, t) for t in (0, 1) for n in range(3)),
        searched=100,
    )
    identity = ModelIdentity(name="fake", sha256="0" * 64, resolution=M)
    return SimpleNamespace(
        identity=identity, classes=classes, atlas=atlas, device="cpu", bundle=Path("fake"), card="# Fake", quick=None
    )


class FakeExplanation:
    frame_changed: ClassVar[Signal] = Signal(Frame)
    target_changed: ClassVar[Signal] = Signal(int)
    names_changed: ClassVar[Signal] = Signal(DirectionAtlas)
    region_changed: ClassVar[Signal] = Signal(object)

    def __init__(self, explainer, photograph, *, size=P, model_size=M, slow=0.0):
        self.explainer, self.photograph, self.target, self.slow = explainer, photograph, 1, slow
        self.size, self.model_size = size, model_size
        self.region, self._found_atlas = None, explainer.atlas
        h, w = photograph.pixels.shape[:2]
        self.field = Field(center_x=w / 2, center_y=h / 2, radius=min(h, w) / 2 - 1, top=0, bottom=h, width=w, height=h)
        self.laterality = LateralityReading(eye="OD", confidence=0.93, source="optic disc")
        self.quality = QualityReport(flags=(QualityFlag.DARK,), brightness=0.2, sharpness=1.0, saturated=0.0)
        self.original = self._crop(size)
        self.reconstruction = (self._crop(model_size) * 0.95).astype(np.uint8)
        self.seconds, self.inversion_note = (
            {},
            "The reconstruction reads 0.52 differently from the photograph.",
        )
        self.rendered, self.mapped, self.goals, self.drawn_ahead, self.checked = [], [], [], [], []
        self.frame = self.render(Edit())

    def _crop(self, size):
        left, top, right, _ = self.field.box
        at = ((np.arange(size) + 0.5) / size * (right - left)).astype(int)
        rows = np.clip(at + int(top), 0, self.field.height - 1)
        columns = np.clip(at + int(left), 0, self.field.width - 1)
        return np.ascontiguousarray(self.photograph.pixels[np.ix_(rows, columns)]).astype(np.uint8)

    code_sha256 = "c0de" * 16

    @property
    def edit(self):
        return self.frame.edit

    @property
    def directions(self):
        return self.explainer.atlas.towards(self.target)

    def strength_range(self, direction_id):
        return self.explainer.atlas[direction_id].strength_range(0.3)

    def render(self, edit):
        time.sleep(self.slow)
        self.rendered.append(edit)
        y, x = np.mgrid[: self.model_size, : self.model_size] / self.model_size - 0.5
        change = np.zeros((self.model_size, self.model_size, 3), np.float32)
        allowed = 0.0 if self.region is not None else 1.0
        for number, direction in enumerate(self.directions):
            spot = np.exp(-((x - 0.25 + 0.2 * number) ** 2 + (y - 0.1 * number) ** 2) / 0.01)
            change += allowed * 0.08 * edit[direction.id] * spot[..., None].astype(np.float32)
        at = np.arange(self.size) * self.model_size // self.size
        shown = np.clip(self.original + 255 * change[np.ix_(at, at)], 0, 255).astype(np.uint8)
        score = sum(edit.strengths.values()) - 1.0
        share = float(1 / (1 + np.exp(-score)))
        now = (1 - share, share) if self.target == 1 else (share, 1 - share)
        return Frame(
            edit=edit,
            counterfactual=shown,
            difference=change,
            probabilities=Probabilities(original=(0.73, 0.27), reconstruction=(0.7, 0.3), counterfactual=now),
            flipped=share > 0.5,
            changed_area_fraction=float((np.abs(change).mean(-1) > 0.02).mean()),
        )

    def accept(self, frame):
        self.frame = frame
        self.frame_changed.emit(frame)

    def set_edit(self, edit):
        self.accept(self.render(edit))

    def set_strength(self, direction_id, strength):
        self.set_edit(self.edit.with_strength(direction_id, strength))

    def reset(self, direction_id=None):
        self.set_edit(Edit() if direction_id is None else self.edit.with_strength(direction_id, 0.0))

    def set_region(self, region):
        if region != self.region:
            self.region = region
            self.region_changed.emit(region)
            self.set_edit(self.edit)

    def rename(self, names):
        self.explainer = SimpleNamespace(**(vars(self.explainer) | {"atlas": self._found_atlas.named(names)}))
        self.names_changed.emit(self.explainer.atlas)

    @property
    def atlas(self):
        return self.explainer.atlas

    @property
    def found_atlas(self):
        return self._found_atlas

    @property
    def display_size(self):
        return self.size

    def detail(self, y, x, side, frame=None):
        top, left = (int(min(max(0, at - side / 2), whole - side)) for at, whole in ((y, 150), (x, 200)))
        before = self.photograph.pixels[top : top + side, left : left + side]
        return before, np.clip(before + 20, 0, 255).astype(np.uint8)

    def set_target(self, target):
        if target != self.target:
            self.target = target
            self.target_changed.emit(target)
            self.reset()

    def find_counterfactual(self, progress=silent, *, probability=None):
        return self.find_another((), progress, probability=probability)

    def find_another(self, answers, progress=silent, *, probability=None):
        """The next direction alone, as far as the probability asks; the third reaches nothing."""
        progress("Searching", 0.5)
        self.goals.append(probability)
        strength = 1.5 if probability is None else 1.0 + float(np.log(probability / (1 - probability)))
        frame = self.render(Edit(strengths={self.directions[len(answers)].id: strength}))
        return replace(frame, reached=len(answers) < 2)

    def strip(self, direction_id, edit, progress=silent, *, frames=5, size=P):
        size, others = min(size, self.size), edit.with_strength(direction_id, 0.0)
        strengths = strip_strengths(*self.strength_range(direction_id), frames)
        pictures, opinions = [], []
        for strength in strengths:
            progress("Drawing ahead", 0.5)
            frame = self.render(others.with_strength(direction_id, strength))
            shown = frame.counterfactual
            opinions.append(frame.probabilities.counterfactual)
            pictures.append(shown[:: self.size // size, :: self.size // size])
            self.rendered.pop()
        self.drawn_ahead.append(direction_id)
        return FrameStrip(direction_id, others, strengths, np.stack(pictures), np.array(opinions))

    def dose_response(self, frame=None):
        edit = (frame if frame is not None else self.frame).edit
        doses = tuple(np.linspace(0, 1, 5).tolist())
        odds = tuple(sum(edit.scaled(d).strengths.values()) - 1.0 for d in doses)
        return DoseResponse(doses=doses, log_odds=odds, monotone=True, rank_correlation=1.0)

    def saliency_map(self, method, progress=silent):
        for step in range(3):
            progress("Comparing", step / 3)
            time.sleep(self.slow)
        self.mapped.append((method, self.target))
        values = np.zeros((self.model_size, self.model_size), np.float32)
        values[10:20, 30 + 10 * self.target : 50] = 1
        return SaliencyMap(method, self.target, values)

    def check(self, seed=0, progress=silent, frame=None):
        progress("Checking", 0.5)
        time.sleep(self.slow)
        self.checked.append((frame if frame is not None else self.frame).edit)
        return Faithfulness(
            effect=2.0, random_effects=(0.1, 0.2), random_share=1.0, control_effects={"random": (0.1,)},
            control_share={"random": 1.0}, kept={"jpeg": 0.9}, reversal=1.0, second_before=0.2, second_after=0.7,
        )  # fmt: skip

    def record(self, frame=None, *, faithfulness=None):
        frame = frame if frame is not None else self.frame
        return CounterfactualRecord(
            name=self.photograph.name, sha256=self.photograph.sha256, original=self.original,
            reconstruction=self.reconstruction, counterfactual=frame.counterfactual,
            difference=frame.difference, field=self.field, laterality=self.laterality,
            quality=self.quality, model=self.explainer.identity,
            classes=self.explainer.classes, target=self.target, probabilities=frame.probabilities,
            edit=frame.edit, directions=self.directions, flipped=frame.flipped,
            changed_area_fraction=frame.changed_area_fraction, faithfulness=faithfulness,
        )  # fmt: skip


def fake_explain(explainer, photograph, *, progress=silent):
    for step in range(3):
        progress("Refining the code", step / 3)
    return FakeExplanation(explainer, photograph)


def fake_photograph(seed=0, height=150, width=200) -> Photograph:
    pixels = np.random.default_rng(seed).integers(60, 180, (height, width, 3), dtype=np.uint8)
    return Photograph(pixels, f"eye{seed}.png", "1" * 64)
