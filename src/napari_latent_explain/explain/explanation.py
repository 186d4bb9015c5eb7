"""One explained photograph: the state that a window shows and a program drives."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np
import torch
from psygnal import Signal

from napari_latent_explain.domain import (
    Alternative,
    CounterfactualRecord,
    DirectionAtlas,
    Edit,
    ExplanationError,
    Probabilities,
    SaliencyMap,
    WrongUseError,
    silent,
)
from napari_latent_explain.explain.faithfulness import check_faithfulness
from napari_latent_explain.explain.frame import Frame
from napari_latent_explain.explain.frame_strip import FrameStrip, strip_strengths
from napari_latent_explain.explain.lesion_overlap import lesion_overlap
from napari_latent_explain.explain.pivot import Pivot, changed_fraction
from napari_latent_explain.explain.saliency import saliency
from napari_latent_explain.fundus import (
    assess_quality,
    canonical,
    composite,
    composite_crop,
    composite_window,
    crop,
    crop_outline,
    find_field,
    read_laterality,
    region_weights,
)
from napari_latent_explain.latent import invert, mask_tensor, to_pixels, to_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import (
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
    from napari_latent_explain.latent import Inversion
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Explanation", "explain_photograph"]

T = TypeVar("T", bound=np.generic)

LARGEST_GAP = 0.5
LEAST_VISIBLE = 0.005  # share of the field; below it a change counts as hardly visible
NOT_REACHED = "not reached within the tested range"
HARDLY_VISIBLE = (
    "the change is hardly visible: the classifier is close to its boundary here, "
    "or reacts to what a person does not see"
)
LESS_THAN_ASKED = "the decision changes, but the probability that was asked for is not reached within the tested range"
BOUND = "Nothing was allowed to change outside the drawn outline."
BARELY_REACHED = "the decision changes only just; no clear change within the tested range"


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
        size = explainer.resolution
        x = to_tensor(crop(photograph, field, size), explainer.device)
        mask = mask_tensor(field.mask(size), explainer.device)
        self._pivot = Pivot(explainer, x, mask, inversion.code, inversion.picture)
        self.region: Region | None = None
        self._found_atlas = explainer.atlas
        display = min(display_size, max(size, int(2 * field.radius)))
        self.original: NDArray[np.uint8] = crop(photograph, field, display, mirrored=False)
        self._originals = {display: self.original}
        self.reconstruction = self._upright(to_pixels(inversion.picture)[0])
        with torch.inference_mode():
            logits = explainer.classifier(torch.cat([x, inversion.picture]))
        both = logits.double().softmax(dim=1).cpu().tolist()
        self._before, self._rebuilt = tuple(both[0]), tuple(both[1])
        self._decision = int(np.argmax(self._before))
        if target is None:
            others = [c for c in range(len(explainer.classes)) if c != self._decision]
            target = max(others, key=lambda c: self._before[c])
        self._check_target(target)
        self.target = target
        gap = max(abs(a - b) for a, b in zip(self._before, self._rebuilt, strict=True))
        self.inversion_note = ""
        if gap > LARGEST_GAP:
            self.inversion_note = (
                f"The reconstruction reads {gap:.2f} differently from the photograph: what this classifier sees here is "
                "not in the generator's picture, so the directions may miss the reason."
            )
        self.frame = self.render(Edit())

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def edit(self) -> Edit:
        """The strengths of the frame that is shown."""
        return self.frame.edit

    @property
    def atlas(self) -> DirectionAtlas:
        """All directions of the model."""
        return self.explainer.atlas

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
        made = self._pivot.composites([edit])
        judged = self.explainer.judging(made.picture)
        pixels = _of_full_scale(made.difference[0])
        upright = self._upright(pixels)
        counterfactual = composite_crop(self.original, self.field, pixels)
        changed = changed_fraction(made.difference, self._pivot.mask)
        with torch.inference_mode():
            after = judged().double().softmax(dim=1).cpu().tolist()[0]
        if not edit:
            after = list(self._before)
        decision = int(np.argmax(after))
        return Frame(
            edit=edit,
            counterfactual=counterfactual,
            difference=upright,
            probabilities=Probabilities(
                original=self._before, reconstruction=self._rebuilt, counterfactual=tuple(after)
            ),
            flipped=decision == self.target and self._decision != self.target,
            changed_area_fraction=changed,
        )

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
        size = min(size, len(self.original))
        upright = self._smaller(size)
        others = edit.with_strength(direction_id, 0.0)
        strengths = strip_strengths(*self.strength_range(direction_id), frames)
        pictures = np.empty((frames, size, size, 3), np.uint8)
        opinions = []
        for k, strength in enumerate(strengths):
            progress("Drawing ahead", k / frames)
            made = self._pivot.composites([others.with_strength(direction_id, strength)])
            pictures[k] = composite_crop(upright, self.field, _of_full_scale(made.difference[0]))
            with torch.inference_mode():
                opinions.append(self.explainer.judging(made.picture)().double().softmax(dim=1).cpu().numpy()[0])
        return FrameStrip(direction_id, others, strengths, pictures, np.stack(opinions))

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
        frame = replace(self.render(found.edit), reached=found.reached)
        if found.reached:
            hardly = frame.flipped and frame.changed_area_fraction < LEAST_VISIBLE
            return replace(frame, note=HARDLY_VISIBLE) if hardly else frame
        if probability is not None and frame.flipped:
            return replace(frame, note=LESS_THAN_ASKED)
        return replace(frame, note=BARELY_REACHED if frame.flipped else NOT_REACHED)

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
        inside = self._upright(self.field.mask(len(difference)))
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
        return SaliencyMap(method, target, self._upright(values))

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
        frame = frame if frame is not None else self.frame
        said = [f"{frame.note.capitalize()}." if frame.note else "", BOUND if self.region else "", self.inversion_note]
        note = " ".join(filter(None, said))
        return CounterfactualRecord(
            name=self.photograph.name,
            sha256=self.photograph.sha256,
            original=self.original,
            reconstruction=self.reconstruction,
            counterfactual=frame.counterfactual,
            difference=frame.difference,
            field=self.field,
            laterality=self.laterality,
            quality=self.quality,
            model=self.explainer.identity,
            classes=self.explainer.classes,
            target=self.target,
            probabilities=frame.probabilities,
            edit=frame.edit,
            directions=self.directions,
            flipped=frame.flipped,
            changed_area_fraction=frame.changed_area_fraction,
            note=note,
            simulated=self.photograph.simulated,
            seconds=dict(self.seconds),
            dose_response=dose_response,
            faithfulness=faithfulness,
            alternatives=tuple(
                Alternative(
                    edit=other.edit,
                    probabilities=other.probabilities,
                    flipped=other.flipped,
                    changed_area_fraction=other.changed_area_fraction,
                    note=other.note,
                )
                for other in alternatives
            ),
            overlap=tuple(overlap),
            region=self.region,
        )

    def full_size(self, frame: Frame | None = None) -> NDArray[np.uint8]:
        """Return the composite in the whole photograph, (H, W, 3) uint8."""
        frame = frame if frame is not None else self.frame
        return composite(self.photograph, self.field, self._upright(frame.difference))

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
        rows, columns = (
            _window(at, side, whole) for at, whole in ((y, self.photograph.height), (x, self.photograph.width))
        )
        return composite_window(self.photograph, self.field, self._upright(frame.difference), rows, columns)

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
            self.region, self._pivot = region, replace(self._pivot, region=weights)
            self.region_changed.emit(region)
            self.set_edit(self.edit)

    def rename(self, names: Mapping[DirectionId, Naming]) -> None:
        """Call directions as `names` says, and all others as the search did; ids of other models are passed over."""
        self.explainer = replace(self.explainer, atlas=self._found_atlas.named(names))
        self._pivot = replace(self._pivot, explainer=self.explainer)
        self.names_changed.emit(self.explainer.atlas)

    def set_target(self, target: int) -> None:
        """Ask for another class; the sliders go back to 0, since they are the other class's directions."""
        self._check_target(target)
        if target != self.target:
            self.target = target
            self.target_changed.emit(target)
            self.reset()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _check_target(self, target: int) -> None:
        if not 0 <= target < len(self.explainer.classes):
            msg = f"This model has no class number {target}; its classes are {', '.join(self.explainer.classes)}."
            raise WrongUseError(msg)

    def _smaller(self, size: int) -> NDArray[np.uint8]:
        """The original at another size, (size, size, 3), read off the photograph once."""
        if size not in self._originals:
            self._originals[size] = crop(self.photograph, self.field, size, mirrored=False)
        return self._originals[size]

    def _upright(self, picture: NDArray[T]) -> NDArray[T]:
        """Mirror between model and photograph orientation (its own inverse)."""
        return np.ascontiguousarray(picture[:, ::-1]) if self.field.mirrored else picture


def _of_full_scale(difference: Tensor) -> NDArray[np.float32]:
    """A difference (3, R, R) in [-2, 2] as a picture (R, R, 3) in units of full scale."""
    pixels: NDArray[np.float32] = (difference.permute(1, 2, 0).cpu().numpy() / 2).astype(np.float32)
    return pixels


def _window(middle: float, side: int, whole: int) -> slice:
    """`side` pixels around a point, moved so far that they lie within `whole`."""
    start = min(max(0, round(middle - side / 2)), max(0, whole - side))
    return slice(start, min(start + side, whole))


def _check_probability(probability: float | None) -> None:
    if probability is not None and not 0 < probability < 1:
        msg = f"A probability to reach lies between 0 and 1, not at {probability}."
        raise WrongUseError(msg)


def explain_photograph(
    explainer: Explainer,
    photograph: Photograph,
    *,
    target: int | None = None,
    display_size: int = 1024,
    seed: int = 0,
    steps: int = 60,
    progress: Progress = silent,
) -> Explanation:
    """Invert a photograph and make it ready to be edited.

    Parameters
    ----------
    explainer : Explainer
        The model.
    photograph : Photograph
        From `fundus.read_photograph`.
    target : int, optional
        Class to ask for; if not given, the most probable other class.
    display_size : int
        Largest side of the pictures that are shown; the full-size composite is made on demand.
    seed : int
        For algorithms that draw random numbers (the present inversion draws none).
    steps : int
        Refinement steps, see `latent.invert`.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    NotAFundusError
        If the picture shows no fundus.
    ExplanationError
        If the inversion gives numbers that are not finite.
    """
    torch.manual_seed(seed)
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    progress("Finding the field of view", 0.0)
    field = find_field(photograph)
    laterality = read_laterality(photograph, field)
    quality = assess_quality(photograph, field)
    field = canonical(field, laterality)
    size = explainer.resolution
    x = to_tensor(crop(photograph, field, size), explainer.device)
    mask = mask_tensor(field.mask(size), explainer.device)
    seconds["read"] = time.perf_counter() - began
    began = time.perf_counter()
    inversion = invert(explainer, x, mask, steps=steps, progress=progress)
    seconds["invert"] = time.perf_counter() - began
    if not bool(torch.isfinite(inversion.code).all()):
        msg = f"The inversion of {photograph.name} did not converge; try another photograph or model."
        raise ExplanationError(msg)
    return Explanation(
        explainer, photograph, field, laterality, quality, inversion,
        target=target, display_size=display_size, seconds=seconds,
    )  # fmt: skip
