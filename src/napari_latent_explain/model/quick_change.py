"""A change of one photograph and what the classifier says of it, by whatever is faster on this machine and says the same."""

from __future__ import annotations

import dataclasses
import threading
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from napari_latent_explain.model.device import channels_last
from napari_latent_explain.model.photograph_change import PhotographChange

if TYPE_CHECKING:
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["Changing", "QuickChange", "accelerated", "through_openvino"]

TOLERANCE = 1e-3
"""Largest difference that still counts as the same answer: of a logit, where a tenth of a point of probability is 0.004, and of
a pixel in [-1, 1], where a grey level is 0.008."""

_ROUNDS = 7

Changing = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""What a `PhotographChange` computes."""


def through_openvino(network: nn.Module, example: tuple[Tensor, ...]) -> Changing:
    """Compile a network for inputs of the example's shapes on the processor, in float32, with as many threads as torch has.

    One graph, for two libraries that take turns keep each other's threads waiting.

    Raises
    ------
    ImportError
        If OpenVINO (extra ``openvino``) is not installed.
    RuntimeError
        If it can't compile the network.
    """
    import openvino

    with warnings.catch_warnings(), torch.enable_grad():  # as batches are computed, so that weights stay constants
        warnings.simplefilter("ignore")  # of tracing: a shape that is compared becomes a constant, which it is here
        traced = torch.jit.trace(network, example, check_trace=False)
        model = openvino.convert_model(traced, example_input=example, input=[tuple(x.shape) for x in example])
    threads = torch.get_num_threads()
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    compiled: Any = openvino.Core().compile_model(model, "CPU", settings)

    def change(*inputs: Tensor) -> tuple[Tensor, Tensor]:
        request = compiled.create_infer_request()  # one for each call: several threads may ask at once
        request.infer([np.ascontiguousarray(x.detach().numpy()) for x in inputs], share_inputs=True)
        difference, logits = (torch.from_numpy(np.array(request.get_output_tensor(i).data)) for i in range(2))
        return difference, logits

    return change


def _duration(change: Changing, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        change(*inputs)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


class QuickChange:
    """Changes single photographs: by torch, until `settle` has found what is faster on this machine.

    Parameters
    ----------
    explainer : Explainer
        The model whose generator draws and whose classifier judges.
    make : callable
        (network, example inputs) -> what computes the same for inputs of these shapes.
    """

    def __init__(
        self, explainer: Explainer, make: Callable[[nn.Module, tuple[Tensor, ...]], Changing] = through_openvino
    ) -> None:
        self._explainer, self._make = explainer, make
        self._faster: Changing | None = None
        self._settled, self._settling = False, threading.Lock()

    def __call__(self, code: Tensor, x: Tensor, base: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """One code and photograph, (1, ...) each, without gradients, as `PhotographChange` takes and returns them."""
        return (self._faster or PhotographChange(self._explainer))(code, x, base, weight)

    @property
    def faster_than_torch(self) -> bool:
        """Whether something else than torch computes."""
        return self._faster is not None

    def settle(self) -> None:
        """Time torch and OpenVINO here; cost: about six seconds, once, in any thread.

        OpenVINO is taken only if its answers to three examples are those of torch within `TOLERANCE`, and sooner there.
        """
        with self._settling:
            if not self._settled:
                self._faster = self._found()
                self._settled = True

    def _found(self) -> Changing | None:
        network, examples = PhotographChange(self._explainer), _examples(self._explainer)
        try:
            quick = self._make(network, tuple(x.clone() for x in examples[-1]))
            with torch.inference_mode():
                same = all(
                    torch.allclose(one, other, rtol=0, atol=TOLERANCE)
                    for inputs in examples
                    for one, other in zip(quick(*inputs), network(*inputs), strict=True)
                )
                faster = _duration(quick, examples[-1]) < _duration(network, examples[-1])
        except Exception:  # noqa: BLE001 - whatever it lacks, torch does the work
            return None
        return quick if same and faster else None


@torch.inference_mode()
def _examples(explainer: Explainer) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Noise, grey and an eye, each changed to another code."""
    size, noise = explainer.resolution, torch.Generator().manual_seed(0)
    mean, spread = explainer.statistics.mean, explainer.statistics.spread
    base = explainer.generator.synthesise(mean[None]).clamp(-1, 1).contiguous()
    pictures = [torch.rand(1, 3, size, size, generator=noise) * 2 - 1, torch.zeros(1, 3, size, size), base]
    codes = mean + spread * torch.randn(len(pictures), len(mean), generator=noise)
    return [(code[None], x, base, torch.ones(1, 1, size, size)) for code, x in zip(codes, pictures, strict=True)]


def accelerated(
    explainer: Explainer, make: Callable[[nn.Module, tuple[Tensor, ...]], Changing] = through_openvino
) -> Explainer:
    """Return the explainer in its fastest form, for a window: channels innermost, and single photographs changed by `quick`.

    Torch changes them until ``quick.settle()`` was called. Gradients and batches stay torch's. What is computed is the same up
    to rounding. On a graphics processor the explainer stays as it is.
    """
    if explainer.device.type != "cpu":
        return explainer
    for network in (explainer.generator, explainer.encoder, explainer.classifier):
        channels_last(network)
    return dataclasses.replace(explainer, quick=QuickChange(explainer, make))
