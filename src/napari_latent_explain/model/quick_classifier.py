"""The classifier for one picture at a time, by whatever is faster on this machine and says the same."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from napari_latent_explain.model.device import channels_last

if TYPE_CHECKING:
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Begun", "accelerated", "through_openvino"]

TOLERANCE = 1e-3
"""Largest difference of a logit that still counts as the same answer: a tenth of a point of probability is 0.004."""

_ROUNDS = 7


Begun = Callable[[Tensor], Callable[[], Tensor]]
"""A picture (1, 3, R, R) begins to be judged; what comes back waits for its logits (1, C)."""


def through_openvino(network: torch.nn.Module, example: Tensor) -> Begun:
    """Compile a network for pictures of the example's shape (1, 3, R, R) on the processor, in float32.

    One thread less than torch has is used, for the caller to do something else meanwhile.

    Raises
    ------
    ImportError
        If OpenVINO (extra ``openvino``) is not installed.
    RuntimeError
        If it can't compile the network.
    """
    import openvino

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: a shape that is compared becomes a constant, which it is here
        model = openvino.convert_model(network, example_input=example, input=[tuple(example.shape)])
    threads = max(1, torch.get_num_threads() - 1)
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    compiled: Any = openvino.Core().compile_model(model, "CPU", settings)

    def begin(x: Tensor) -> Callable[[], Tensor]:
        request = compiled.create_infer_request()  # one for each call: several threads may ask at once
        pixels = np.ascontiguousarray(x.detach().numpy())
        request.start_async([pixels])

        def finish() -> Tensor:
            request.wait()
            return torch.from_numpy(np.array(request.get_output_tensor(0).data))

        return finish

    return begin


def _duration(judge: Callable[[Tensor], Tensor], x: Tensor) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        judge(x)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def accelerated(explainer: Explainer, make: Callable[[torch.nn.Module, Tensor], Begun] = through_openvino) -> Explainer:
    """Return the explainer in its fastest form, for a window: channels innermost, single pictures by torch or OpenVINO.

    Both are timed here, on this machine. OpenVINO is taken only if its answers to three pictures are those of torch within
    `TOLERANCE`. Gradients and batches stay torch's. What is computed is the same up to rounding; a search that reaches nothing
    can end elsewhere for it. Cost: two seconds, once.
    """
    if explainer.device.type != "cpu":
        return explainer
    for network in (explainer.generator, explainer.encoder, explainer.classifier):
        channels_last(network)
    size, noise = explainer.resolution, torch.Generator().manual_seed(0)
    pictures = [torch.rand(1, 3, size, size, generator=noise) * 2 - 1, torch.zeros(1, 3, size, size)]
    with torch.inference_mode():
        code = explainer.statistics.mean[None]
        pictures.append(explainer.generator.synthesise(code).clamp(-1, 1).contiguous())
        pictures = [picture.clone() for picture in pictures]
    try:
        quick = make(explainer.classifier, pictures[-1].clone())
        with torch.inference_mode():
            same = all(torch.allclose(quick(x)(), explainer.classifier(x), rtol=0, atol=TOLERANCE) for x in pictures)
            faster = _duration(lambda x: quick(x)(), pictures[-1]) < _duration(explainer.classifier, pictures[-1])
    except Exception:  # noqa: BLE001 - whatever it lacks, torch does the work
        return explainer
    return dataclasses.replace(explainer, quick=quick) if same and faster else explainer
