"""How long a slider's pictures take, beside the generator computed as it was published."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_latent_explain.domain import Edit, WrongUseError, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.latent import move
from napari_latent_explain.model.generator import StyleGenerator
from napari_latent_explain.model.published_synthesis import synthesise_as_published

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.explain.explanation import Explanation

__all__ = ["RenderTimes", "benchmark_render"]

_WARM = 3


class RenderTimes(FrozenModel):
    """Milliseconds, median and 95 % quantile, on one machine in one run.

    Parameters
    ----------
    naive_ms : float
        The whole generator as published (grouped modulated convolutions, zeros between pixels, eager): its picture alone.
    exact_ms_p50, exact_ms_p95 : float
        What letting a slider go shows: move, generator, composite at the display size, classifier, probabilities.
    preview_ms_p50, preview_ms_p95 : float
        What dragging shows: two pictures drawn ahead, cross-faded.
    ratio_naive_over_exact : float
        Of the medians.
    max_abs_error : float
        Largest difference between the two generators' pictures, which range from -1 to 1.
    ui_gap_ms_p95 : float, optional
        Between two turns of the window's event loop while a slider is dragged; None without a display.
    plain_gap_ms_p95 : float, optional
        The same in a napari window without this plugin, where a picture of that size is replaced as often: what napari, Qt
        and the display take by themselves.
    resolution, display, threads : int
        Sides of the model's and of the shown picture, and threads of the processor.
    """

    naive_ms: float
    exact_ms_p50: float
    exact_ms_p95: float
    preview_ms_p50: float
    preview_ms_p95: float
    ratio_naive_over_exact: float
    max_abs_error: float
    ui_gap_ms_p95: float | None = None
    plain_gap_ms_p95: float | None = None
    resolution: int
    display: int
    threads: int


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - began)


def benchmark_render(explanation: Explanation, rounds: int = 40, progress: Progress = silent) -> RenderTimes:
    """Move one slider to and fro, by turns as published, exactly and as a preview.

    Parameters
    ----------
    explanation : Explanation
        Of any photograph.
    rounds : int
        Pictures of each kind; they take turns, so that what else the machine does hits all alike.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    WrongUseError
        If the model has no direction towards its target, or its generator was imported.
    """
    if not explanation.directions:
        msg = "This model has no direction towards the target class; choose another model."
        raise WrongUseError(msg)
    explainer, key = explanation.explainer, explanation.directions[0].id
    low, high = explanation.strength_range(key)
    code = explanation.inversion.code
    strip = explanation.strip(key, Edit())
    if not isinstance(explainer.generator, StyleGenerator):
        msg = "This model's generator was imported and is drawn as published already; choose another model."
        raise WrongUseError(msg)
    published = copy.deepcopy(explainer.generator)
    published.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    error, kinds = 0.0, list[list[float]]([[], [], []])
    for k in range(rounds + _WARM):
        progress("Drawing", k / (rounds + _WARM))
        strength = low + (high - low) * ((7 * k) % 20 + 0.5) / 20
        edit = Edit(strengths={key: strength})
        moved = move(explainer, code, edit)
        with torch.inference_mode():
            times = (
                _timed(lambda moved=moved: synthesise_as_published(published, moved)),  # type: ignore[misc]
                _timed(lambda edit=edit: explanation.render(edit)),  # type: ignore[misc]
                _timed(lambda strength=strength: strip.at(strength)),  # type: ignore[misc]
            )
            if k < _WARM:
                one, other = synthesise_as_published(published, moved), explainer.generator.synthesise(moved)
                error = max(error, float((one - other).abs().max()))
                continue
        for kept, taken in zip(kinds, times, strict=True):
            kept.append(taken)
    half, most = ([float(np.quantile(kept, share)) for kept in kinds] for share in (0.5, 0.95))
    return RenderTimes(
        naive_ms=half[0], exact_ms_p50=half[1], exact_ms_p95=most[1], preview_ms_p50=half[2], preview_ms_p95=most[2],
        ratio_naive_over_exact=half[0] / half[1], max_abs_error=error, resolution=explainer.resolution,
        display=len(explanation.original), threads=torch.get_num_threads(),
    )  # fmt: skip
