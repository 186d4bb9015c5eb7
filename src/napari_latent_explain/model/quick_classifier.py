"""The classifier for one picture at a time, by whatever is faster on this machine and says the same."""

from __future__ import annotations

import dataclasses
import threading
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

__all__ = ["Begun", "QuickClassifier", "accelerated", "through_openvino"]

TOLERANCE = 1e-3
"""Largest difference of a logit that still counts as the same answer: a tenth of a point of probability is 0.004."""

_ROUNDS = 7


Begun = Callable[[Tensor], Callable[[], Tensor]]
"""A picture (1, 3, R, R) begins to be judged; what comes back waits for its logits (1, C)."""


def through_openvino(network: torch.nn.Module, example: Tensor) -> Begun:
    """Compile a network for pictures of the example's shape (1, 3, R, R) on the processor, in float32.

    As many threads as torch has are used.

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
    threads = torch.get_num_threads()
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


class QuickClassifier:
    """Begins to judge single pictures (1, 3, R, R): by torch, until `settle` has found what is faster on this machine.

    Parameters
    ----------
    explainer : Explainer
        The model; its classifier is the one that judges.
    make : callable
        (network, example picture) -> what begins to judge one.
    """

    def __init__(
        self, explainer: Explainer, make: Callable[[torch.nn.Module, Tensor], Begun] = through_openvino
    ) -> None:
        self._explainer, self._make = explainer, make
        self._faster: Begun | None = None
        self._settled, self._settling = False, threading.Lock()

    def __call__(self, x: Tensor) -> Callable[[], Tensor]:
        """Begin to judge a picture, without gradients; call what comes back for its logits (1, C)."""
        faster, classifier = self._faster, self._explainer.classifier
        return (lambda: classifier(x)) if faster is None else faster(x)

    @property
    def faster_than_torch(self) -> bool:
        """Whether something else than torch judges."""
        return self._faster is not None

    def settle(self) -> None:
        """Time torch and OpenVINO here; cost: about four seconds, once, in any thread.

        OpenVINO is taken only if its answers to three pictures are those of torch within `TOLERANCE`, and sooner there.
        """
        with self._settling:
            if not self._settled:
                self._faster = self._found()
                self._settled = True

    def _found(self) -> Begun | None:
        classifier, pictures = self._explainer.classifier, _examples(self._explainer)
        try:
            quick = self._make(classifier, pictures[-1].clone())
            with torch.inference_mode():
                same = all(torch.allclose(quick(x)(), classifier(x), rtol=0, atol=TOLERANCE) for x in pictures)
                faster = _duration(lambda x: quick(x)(), pictures[-1]) < _duration(classifier, pictures[-1])
        except Exception:  # noqa: BLE001 - whatever it lacks, torch does the work
            return None
        return quick if same and faster else None


@torch.inference_mode()
def _examples(explainer: Explainer) -> list[Tensor]:
    """Noise, grey and an eye: (1, 3, R, R) each."""
    size, noise = explainer.resolution, torch.Generator().manual_seed(0)
    eye = explainer.generator.synthesise(explainer.statistics.mean[None]).clamp(-1, 1).contiguous()
    return [torch.rand(1, 3, size, size, generator=noise) * 2 - 1, torch.zeros(1, 3, size, size), eye]


def accelerated(explainer: Explainer, make: Callable[[torch.nn.Module, Tensor], Begun] = through_openvino) -> Explainer:
    """Return the explainer in its fastest form, for a window: channels innermost, and single pictures judged by `quick`.

    Torch judges them until ``quick.settle()`` was called. Gradients and batches stay torch's. What is computed is the same up
    to rounding; a search that reaches nothing can end elsewhere for it. On a graphics processor the explainer stays as it is.
    """
    if explainer.device.type != "cpu":
        return explainer
    for network in (explainer.generator, explainer.encoder, explainer.classifier):
        channels_last(network)
    return dataclasses.replace(explainer, quick=QuickClassifier(explainer, make))
