"""Frozen ImageNet features: the perceptual loss, and what the projected discriminator sees."""

from __future__ import annotations

from torch import Tensor, nn

from napari_latent_explain.model.classifier import fold_batch_norms, lite_backbone, load_imagenet, stage_features
from napari_latent_explain.model.device import channels_last
from napari_latent_explain.train.imagenet import imagenet_weights

__all__ = ["ImageNetFeatures"]


class ImageNetFeatures(nn.Module):
    """Pictures (N, 3, R, R) in [-1, 1] to five feature maps; nothing in it is trained.

    Parameters
    ----------
    variant : int
        Which EfficientNet-Lite: 0 sees the trainings; 1 and 2 are kept for measuring.
    """

    channels = (16, 24, 40, 112, 320)  # of Lite0 and Lite1

    def __init__(self, variant: int = 0) -> None:
        super().__init__()
        self.network = lite_backbone(1, variant=variant)
        load_imagenet(self.network, imagenet_weights(variant))
        self.requires_grad_(False)
        self.eval()
        fold_batch_norms(self.network)
        channels_last(self)

    def train(self, mode: bool = True) -> ImageNetFeatures:
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        return stage_features(self.network, x)
