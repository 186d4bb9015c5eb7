"""One explained photograph: the state that a window shows and a program drives."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from psygnal import Signal

from napari_latent_explain.domain import DirectionAtlas, Edit, SaliencyMap, WrongUseError, silent
from napari_latent_explain.explain.faithfulness import check_faithfulness
from napari_latent_explain.explain.frame import Frame
from napari_latent_explain.explain.lesion_overlap import lesion_overlap
from napari_latent_explain.explain.pivot import Pivot
from napari_latent_explain.explain.recording import record_of
from napari_latent_explain.explain.renderer import Renderer
from napari_latent_explain.explain.saliency import saliency
from napari_latent_explain.explain.search_answer import as_answer
from napari_latent_explain.explain.shown_photograph import ShownPhotograph
from napari_latent_explain.fundus import crop, crop_outline, region_weights
from napari_latent_explain.latent import mask_tensor, to_pixels, to_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_latent_explain.domain import (
        CounterfactualRecord,
        DirectionId,
        DoseResponse,
        Faithfulness,
        Field,
        LateralityReading,
        LesionOverlap,
        Naming,
        Photograph,
        Progress,
        QualityReport,
        Region,
        SaliencyMethod,
        StyleDirection,
    )
    from napari_latent_explain.explain.boundary import BoundaryRadius, BoundarySurvey
    from napari_latent_explain.explain.counterfactual import CounterfactualSearch
    from napari_latent_explain.explain.frame_strip import FrameStrip
    from napari_latent_explain.latent import Inversion
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Explanation"]

LARGEST_GAP = 0.5


class Explanation:
    """A photograph, its code, and the edit that is shown.

    Made by `explain_photograph`. `render`, `find_counterfactual` and `saliency_map` change nothing and may run in a worker
    thread; the other methods put a new frame in and say so.
    """

    frame_changed: ClassVar[Signal] = Signal(Frame)
    target_changed: ClassVar[Signal] = Signal(int)
    names_changed: ClassVar[Signal] = Signal(DirectionAtlas)
    region_changed: ClassVar[Signal] = Signal(object)

    def __init__(
        self,
        explainer: Explainer,
        photograph: Photograph,
        field: Field,
        laterality: LateralityReading,
        quality: QualityReport,
        inversion: Inversion,
        *,
        target: int | None,
        display_size: int,
        seconds: dict[str, float],
    ) -> None:
        self.explainer, self.photograph, self.field = explainer, photograph, field
        self.laterality, self.quality, self.seconds = laterality, quality, seconds
        self.inversion, self.display_size = inversion, display_size
        self.kept_display_size = display_size
        size = explainer.resolution
        x = to_tensor(crop(photograph, field, size), explainer.device)
        mask = mask_tensor(field.mask(size), explainer.device)
        self.region: Region | None = None
        self._found_atlas = explainer.atlas
        self._shown = ShownPhotograph(photograph, field, min(display_size, max(size, int(2 * field.radius))))
        self.reconstruction = self._shown.upright(to_pixels(inversion.picture)[0])
        self._renderer = Renderer.of(Pivot(explainer, x, mask, inversion.code, inversion.picture), self._shown)
        if target is None:
            others = [c for c in range(len(explainer.classes)) if c != self._renderer.decision]
            target = max(others, key=lambda c: self._renderer.before[c])
        self._check_target(target)
        self.target = target
        self.frame = self.render(Edit())
        self.inversion_note = ""
        gap = self.frame.probabilities.gap
        if gap > LARGEST_GAP:
            self.inversion_note = (
                f"The reconstruction reads {gap:.2f} differently from the photograph: what this classifier sees here is "
                "not in the generator's picture, so the directions may miss the reason."
            )

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def original(self) -> NDArray[np.uint8]:
        """The square around the field of view, upright, (P, P, 3) uint8."""
        return self._shown.original

    @property
    def edit(self) -> Edit:
        """The strengths of the frame that is shown."""
        return self.frame.edit

    @cached_property
    def code_sha256(self) -> str:
        """Hash of the style code that all pictures are made from."""
        return hashlib.sha256(self.inversion.code.detach().cpu().numpy().tobytes()).hexdigest()

    @property
    def atlas(self) -> DirectionAtlas:
        """All directions of the model."""
        return self.explainer.atlas

    @property
    def found_atlas(self) -> DirectionAtlas:
        """The same as the search called them, whatever they were renamed to since."""
        return self._found_atlas

    @property
    def directions(self) -> tuple[StyleDirection, ...]:
        """Directions towards the target, best first."""
        return self.explainer.atlas.towards(self.target)

    def strength_range(self, direction_id: DirectionId) -> tuple[float, float]:
        """Least and greatest strength that keep this eye within what real eyes show."""
        return self._pivot.strength_range(direction_id)

    # -- pure -------------------------------------------------------------------------------------------------------

    def render(self, edit: Edit) -> Frame:
        """Render an edit without showing it (thread-safe).

        Raises
        ------
        WrongUseError
            If the edit names a direction that this model lacks.
        """
        return self._renderer.render(edit, self.target)

    def strip(
        self, direction_id: DirectionId, edit: Edit, progress: Progress = silent, *, frames: int = 9, size: int = 512
    ) -> FrameStrip:
        """Draw one slider's pictures ahead, the others where `edit` has them (thread-safe).

        Parameters
        ----------
        direction_id : DirectionId
            The slider.
        edit : Edit
            Where the sliders stand.
        progress : Progress
            Told at every picture; may raise `Cancelled`.
        frames : int
            Pictures, over the range that real eyes show.
        size : int
            Their side, no larger than that of `original`. Memory: ``3 * frames * size**2`` bytes.
        """
        return self._renderer.strip(direction_id, edit, progress, frames=frames, size=size)

    def find_counterfactual(self, progress: Progress = silent, *, probability: float | None = None) -> Frame:
        """Search for the smallest edit that changes the decision to the target, without showing it (thread-safe).

        With `probability`, the smallest that gives the target at least that probability.
        """
        _check_probability(probability)
        began = time.perf_counter()
        frame = self._found(self._pivot.search(self.target, progress, probability=probability), probability)
        self.seconds["counterfactual"] = time.perf_counter() - began
        return frame

    def find_another(
        self, answers: Sequence[Edit], progress: Progress = silent, *, probability: float | None = None
    ) -> Frame:
        """Search for an answer unlike those that are there (each moves something), without showing it (thread-safe).

        It does without the direction that did most in each of them. If none is left that reaches the goal, it is the furthest
        one, and its note says so.
        """
        _check_probability(probability)
        return self._found(
            self._pivot.search_another(self.target, answers, progress, probability=probability), probability
        )

    def find_alternatives(
        self, count: int = 3, progress: Progress = silent, *, probability: float | None = None
    ) -> tuple[Frame, ...]:
        """Up to `count` answers that differ, the smallest first: each does without what did most in the one before."""
        _check_probability(probability)
        found = self._pivot.search_several(self.target, count, progress, probability=probability)
        return tuple(self._found(answer, probability) for answer in found)

    def _found(self, found: CounterfactualSearch, probability: float | None) -> Frame:
        return as_answer(self.render(found.edit), reached=found.reached, probability=probability)

    def dose_response(self, frame: Frame | None = None) -> DoseResponse:
        """Log odds of the target from none to all of a frame's edit, by real renderings."""
        return self._pivot.dose_response((frame if frame is not None else self.frame).edit, self.target)

    def boundary(self, direction_id: DirectionId) -> BoundaryRadius:
        """How far along one direction, in its spreads, the decision changes to the direction's class."""
        return self._pivot.boundary(direction_id)

    def boundary_around(self, furthest: float, rng: np.random.Generator, *, rays: int = 16) -> BoundarySurvey:
        """How far the target's boundary is along random directions of style space, in spreads."""
        return self._pivot.boundary_around(self.target, furthest, rng, rays=rays)

    def check(self, seed: int = 0, progress: Progress = silent, frame: Frame | None = None) -> Faithfulness | None:
        """Put a frame's edit to the controls of `explain.faithfulness`; None if it changes nothing (thread-safe)."""
        edit = (frame if frame is not None else self.frame).edit
        return check_faithfulness(self._pivot, edit, self.target, np.random.default_rng(seed), progress=progress)

    def locate(self, outlines: Mapping[str, Photograph]) -> dict[str, NDArray[np.bool_]]:
        """Where `outlines` (by kind, as `fundus.read_outlines` gives them) lie in the crop, for `overlap`."""
        return {kind: crop_outline(one, self.field, self.explainer.resolution) for kind, one in outlines.items()}

    def overlap(
        self, located: Mapping[str, NDArray[np.bool_]], frame: Frame | None = None
    ) -> tuple[LesionOverlap, ...]:
        """Whether a frame's edit acts where something was outlined (thread-safe)."""
        difference = (frame if frame is not None else self.frame).difference
        inside = self._shown.upright(self.field.mask(len(difference)))
        found = (lesion_overlap(kind, difference, where, inside) for kind, where in located.items())
        return tuple(one for one in found if one is not None)

    def saliency_map(self, method: SaliencyMethod, progress: Progress = silent) -> SaliencyMap:
        """Map where the photograph speaks for the target, whatever edit is shown (thread-safe).

        Raises
        ------
        WrongUseError
            If the method needs a package that is not installed.
        """
        began, target = time.perf_counter(), self.target
        values = saliency(self.explainer, self._pivot.picture, self._pivot.mask, target, method, progress)
        self.seconds[f"saliency_{method}"] = time.perf_counter() - began
        return SaliencyMap(method, target, self._shown.upright(values))

    def record(
        self,
        frame: Frame | None = None,
        *,
        dose_response: DoseResponse | None = None,
        faithfulness: Faithfulness | None = None,
        alternatives: Sequence[Frame] = (),
        overlap: Sequence[LesionOverlap] = (),
    ) -> CounterfactualRecord:
        """Everything that a reviewer or a panel needs, as plain arrays and numbers, with what else was measured of the frame."""
        return record_of(
            self, frame if frame is not None else self.frame, dose_response=dose_response, faithfulness=faithfulness,
            alternatives=alternatives, overlap=overlap,
        )  # fmt: skip

    def full_size(self, frame: Frame | None = None) -> NDArray[np.uint8]:
        """Return the composite in the whole photograph, (H, W, 3) uint8."""
        frame = frame if frame is not None else self.frame
        return self._shown.whole(self._shown.upright(frame.difference))

    def detail(
        self, y: float, x: float, side: int, frame: Frame | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Photograph and composite around a point, in the photograph's own pixels (thread-safe).

        Parameters
        ----------
        y, x : float
            The point, in pixels of the photograph.
        side : int
            Of the window; it stays within the photograph, and is smaller only if that is.
        frame : Frame, optional
            Of this explanation; the one that is shown, if not given.

        Returns
        -------
        tuple of numpy.ndarray
            (h, w, 3) uint8 each.
        """
        frame = frame if frame is not None else self.frame
        return self._shown.window(self._shown.upright(frame.difference), y, x, side)

    # -- changing what is shown -------------------------------------------------------------------------------------

    def accept(self, frame: Frame) -> None:
        """Show a frame that `render` or `find_counterfactual` made."""
        self.frame = frame
        self.frame_changed.emit(frame)

    def set_edit(self, edit: Edit) -> None:
        """Render an edit and show it."""
        self.accept(self.render(edit))

    def set_strength(self, direction_id: DirectionId, strength: float) -> None:
        """Move one slider."""
        self.set_edit(self.edit.with_strength(direction_id, strength))

    def reset(self, direction_id: DirectionId | None = None) -> None:
        """Put one slider back, or all."""
        self.set_edit(Edit() if direction_id is None else self.edit.with_strength(direction_id, 0.0))

    def set_region(self, region: Region | None) -> None:
        """Let nothing change outside a region; None lets everything change again."""
        if region != self.region:
            weights = None
            if region is not None:
                drawn = region_weights(region, self.field, self.explainer.resolution)
                if not drawn.any():
                    msg = "The region lies outside the field of view, or is too small for the model to see; draw a larger one."
                    raise WrongUseError(msg)
                weights = torch.from_numpy(drawn)[None, None].to(self._pivot.mask)
            self.region, self._renderer = region, replace(self._renderer, pivot=replace(self._pivot, region=weights))
            self.region_changed.emit(region)
            self.set_edit(self.edit)

    def rename(self, names: Mapping[DirectionId, Naming]) -> None:
        """Call directions as `names` says, and all others as the search did; ids of other models are passed over."""
        self.explainer = replace(self.explainer, atlas=self._found_atlas.named(names))
        self._renderer = replace(self._renderer, pivot=replace(self._pivot, explainer=self.explainer))
        self.names_changed.emit(self.explainer.atlas)

    def set_target(self, target: int) -> None:
        """Ask for another class; the sliders go back to 0, since they are the other class's directions."""
        self._check_target(target)
        if target != self.target:
            self.target = target
            self.target_changed.emit(target)
            self.reset()

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _pivot(self) -> Pivot:
        return self._renderer.pivot

    def _check_target(self, target: int) -> None:
        if not 0 <= target < len(self.explainer.classes):
            msg = f"This model has no class number {target}; its classes are {', '.join(self.explainer.classes)}."
            raise WrongUseError(msg)


def _check_probability(probability: float | None) -> None:
    if probability is not None and not 0 < probability < 1:
        msg = f"A probability to reach lies between 0 and 1, not at {probability}."
        raise WrongUseError(msg)
