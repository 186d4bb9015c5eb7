"""A classifier that was not made here: any torch network that can be built by name, or an ONNX file.

A bundle holds its weights and how to build it, never code: the name of a class or function, with plain arguments, and only
from trusted packages or those that the user names (`model.network_builder`). It is wrapped so that the rest of the program can
ask it what it asks its own classifier: pictures (N, 3, R, R) in [-1, 1] in, logits (N, classes) out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from napari_latent_explain.domain import BundleError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.model.network_builder import TRUSTED, build_network, numbers_for

__all__ = ["TRUSTED", "ForeignClassifier", "ForeignConfig", "build_network", "numbers_for"]

_CERTAIN = 1e-6  # probabilities are taken to be no closer to 0 and 1 than this
Scalar = str | int | float | bool | None
Row = Annotated[list[Scalar], Field(max_length=4096)]
Argument = Scalar | Row | Annotated[list[Row], Field(max_length=4096)]
Spread = Annotated[float, Field(gt=0)]


class ForeignConfig(FrozenModel):
    """How to build a classifier, and what it takes and gives.

    Parameters
    ----------
    kind : {"module", "onnx"}
        A torch network, or an ONNX graph (forward passes only, no gradients).
    target : str
        Dotted name of the class or function that builds the network (as ``_target_`` of a MONAI bundle); "" for ONNX.
    arguments : dict
        Its keyword arguments: numbers, words, and lists of them.
    classes : tuple of str
        Names of the classes, in the order of the outputs; with one output, of "no" and "yes".
    input_size : int
        Side in pixels to which pictures are resampled.
    mean, std : tuple of float
        What is subtracted from, and then divides, red, green and blue in [0, 1].
    output : {"logits", "probabilities"}
        What the network gives. One column is the log odds, or the probability, of the second class.
    temperature : float
        What the logits are divided by.
    """

    kind: Literal["module", "onnx"]
    target: Annotated[str, Field(max_length=200)] = ""
    arguments: Annotated[dict[str, Argument], Field(max_length=100)] = Field(default_factory=dict)
    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=1000)]
    input_size: Annotated[int, Field(ge=8, le=2048)] = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[Spread, Spread, Spread] = (0.229, 0.224, 0.225)
    output: Literal["logits", "probabilities"] = "logits"
    temperature: Annotated[float, Field(gt=0)] = 1.0


class ForeignClassifier(nn.Module):
    """Pictures (N, 3, R, R) in [-1, 1], any R, to logits (N, classes) of a network that was not made here.

    Parameters
    ----------
    config : ForeignConfig
        What the network takes and gives.
    network : torch.nn.Module or callable
        Takes (N, 3, S, S) normalised float32 and gives (N, C) or (N, 1), or a tuple of which that is the first.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ForeignConfig, network: nn.Module) -> None:
        super().__init__()
        self.config = config
        self.network = network
        self.register_buffer("mean", torch.tensor(config.mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(config.std)[:, None, None], persistent=False)

    @property
    def differentiable(self) -> bool:
        """Whether gradients pass through it."""
        return self.config.kind == "module"

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes), divided by the temperature."""
        size = self.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        found = self.network(((x + 1) / 2 - self.mean) / self.std)
        answer = found[0] if isinstance(found, tuple | list) else found
        classes = len(self.config.classes)
        if answer.ndim != 2 or answer.shape[1] not in ({1, 2} if classes == 2 else {classes}):
            msg = (
                f"The classifier gives an output of shape {tuple(answer.shape)} for {classes} classes; name one class for "
                f"each output."
            )
            raise BundleError(msg)
        answer = answer.float()
        if self.config.output == "probabilities":
            answer = answer.clamp(_CERTAIN, 1 - _CERTAIN)
            answer = answer.logit() if answer.shape[1] == 1 else answer.log()
        if answer.shape[1] == 1:  # log odds of the second class, shared out evenly
            answer = torch.cat([-answer / 2, answer / 2], dim=1)
        logits: Tensor = answer / self.config.temperature
        return logits

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> Tensor:
        """(N, classes), each row adds up to 1."""
        logits: Tensor = self(x)
        return logits.softmax(dim=1)
