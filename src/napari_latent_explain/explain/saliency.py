"""Where a classifier looks: Grad-CAM, occlusion sensitivity and integrated gradients, to set beside a counterfactual.

All three explain the same number, the log odds of the target class against the best other class (with two classes a single
logit says little). Such a map says where something counts, not what would have to be different there.
"""

from __future__ import annotations

import copy
import math
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from napari_latent_explain.domain import SaliencyMethod, WrongUseError, silent
from napari_latent_explain.model.classifier import FundusClassifier, margin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["require_saliency", "saliency"]

_WINDOWS = 8  # occluded windows are this share of the picture's side, half overlapping: 225 of them
_BATCH = 8  # small, so that progress is told often
_STEPS = 48  # of the path that gradients are integrated along
_LEAST = 1e-4  # a map whose strongest value, in log odds, is below this is rounding
_CLIPPED = 0.995  # quantile of |integrated gradients| that is shown as 1: single pixels stand out


class _Margins(nn.Module):
    """Pictures (N, 3, R, R) to the log odds of the target (N, 1), `beneath` added to them first; tells progress."""

    def __init__(self, classifier: nn.Module, target: int, told: Progress = silent, expected: int = 1) -> None:
        super().__init__()
        self.classifier, self.target = classifier, target
        self.training = classifier.training  # MONAI puts back what it finds here, in all that is inside
        self.beneath: Tensor | None = None
        self.told, self.expected, self.done = told, expected, 0

    def forward(self, x: Tensor) -> Tensor:
        self.told("Comparing", min(self.done / self.expected, 1.0))
        self.done += len(x)
        logits = self.classifier(x if self.beneath is None else x + self.beneath)
        return margin(logits, self.target)[:, None]


def require_saliency(method: SaliencyMethod) -> None:
    """Make sure that a method can be used here.

    Raises
    ------
    WrongUseError
        If it needs a package that is not installed.
    """
    if method is SaliencyMethod.INTEGRATED_GRADIENTS and find_spec("captum") is None:
        msg = "Integrated gradients need captum: pip install 'napari-latent-explain[saliency]'."
        raise WrongUseError(msg)


def saliency(
    explainer: Explainer, x: Tensor, mask: Tensor, target: int, method: SaliencyMethod, progress: Progress = silent
) -> NDArray[np.float32]:
    """Map where a photograph speaks for a class.

    Parameters
    ----------
    explainer : Explainer
        Its classifier is looked at; it is left as it is.
    x, mask : torch.Tensor
        Picture (1, 3, R, R) in [-1, 1], field (1, 1, R, R).
    target : int
        The class.
    method : SaliencyMethod
        Which map.
    progress : Progress
        May raise `Cancelled`.

    Returns
    -------
    numpy.ndarray
        (R, R) float32 in [0, 1], or [-1, 1] if the method is signed; 0 outside the field, and everywhere if nothing speaks
        for the class.

    Raises
    ------
    WrongUseError
        If the method needs a package that is not installed.
    """
    require_saliency(method)
    if method is not SaliencyMethod.OCCLUSION and not getattr(explainer.classifier, "differentiable", True):
        msg = "This classifier gives no gradients (it is an ONNX file); compare with occlusion instead."
        raise WrongUseError(msg)
    make = {
        SaliencyMethod.GRADCAM: _gradcam,
        SaliencyMethod.OCCLUSION: _occlusion,
        SaliencyMethod.INTEGRATED_GRADIENTS: _integrated_gradients,
    }[method]
    with torch.inference_mode(mode=False):
        found = make(explainer.classifier, x.clone(), mask, target, progress) * mask[0, 0]
        strongest = found.abs().amax()
        if method.signed:
            strongest = torch.quantile(found[mask[0, 0] > 0].abs(), _CLIPPED)
        shown = (found / strongest).clamp(-1, 1) if float(strongest) > _LEAST else torch.zeros_like(found)
    progress("Comparing", 1.0)
    values: NDArray[np.float32] = shown.float().cpu().numpy()
    return values


def _without_structure(x: Tensor, mask: Tensor) -> Tensor:
    """The picture as if nothing were to be seen in it: the field's mean colour, the same surroundings."""
    mean = (x * mask).sum(dim=(2, 3), keepdim=True) / mask.sum().clamp_min(1)
    return torch.where(mask > 0, mean, x)


def _opened(classifier: nn.Module) -> tuple[nn.Module, str]:
    """A copy of a classifier, and which of its layers gives the last feature maps.

    For this package's classifier those behind the last activation: their mean is what the decision is linear in, so that
    the map adds up to it. (Before the activation, maps of the same photograph can look altogether different.) For any
    other, the last convolution's, as the method was published.
    """
    network = copy.deepcopy(classifier)
    if isinstance(network, FundusClassifier):
        backbone: Any = network.backbone
        # One module is the activation behind the first and the last convolution; a layer to look at has to be used once.
        backbone._bn0 = nn.Sequential(backbone._bn0, backbone._swish)  # noqa: SLF001
        backbone._bn1 = nn.Sequential(backbone._bn1, copy.deepcopy(backbone._swish))  # noqa: SLF001
        backbone._swish = nn.Identity()  # noqa: SLF001
        return network, "backbone._bn1"
    convolutions = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    if not convolutions:
        msg = "Grad-CAM looks at a convolution, and this classifier has none; use occlusion."
        raise WrongUseError(msg)
    return network, convolutions[-1]


def _gradcam(classifier: nn.Module, x: Tensor, mask: Tensor, target: int, progress: Progress) -> Tensor:
    """Last feature maps, each weighted by its mean gradient, positive part (Selvaraju et al., ICCV 2017, section 3)."""
    from monai.visualize.class_activation_maps import GradCAM

    network, layer = _opened(classifier)
    margins = _Margins(network, target, progress)
    seen = GradCAM(margins, f"classifier.{layer}", postprocessing=lambda found: found)
    with torch.enable_grad():
        found: Tensor = seen(x.requires_grad_(), class_idx=0)[0, 0]
    return found.detach()


def _occlusion(classifier: nn.Module, x: Tensor, mask: Tensor, target: int, progress: Progress) -> Tensor:
    """How far the log odds fall when a place is blended into the field's mean colour (Zeiler and Fergus, ECCV 2014, 4.2)."""
    from monai.visualize.occlusion_sensitivity import OcclusionSensitivity

    window = max(x.shape[-1] // _WINDOWS, 2)
    per_side = math.ceil((x.shape[-1] - window) / (window // 2)) + 1
    margins = _Margins(classifier, target, progress, expected=per_side**2)
    margins.beneath = _without_structure(x, mask)  # what MONAI fades to 0 is then the difference from it
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using a non-tuple sequence")  # MONAI 1.6 with torch >= 2.9
        hide = OcclusionSensitivity(
            margins, window, _BATCH, verbose=False, mode="gaussian", overlap=0.5, activate=False
        )
        plain = classifier(x)
        hidden, _ = hide(x - margins.beneath)
    return (margin(plain, target) - torch.as_tensor(hidden)[0, 0]).clamp_min(0).as_subclass(Tensor)


def _integrated_gradients(classifier: nn.Module, x: Tensor, mask: Tensor, target: int, progress: Progress) -> Tensor:
    """Gradients along the way from the field's mean colour, times the way (Sundararajan et al., ICML 2017, equation 1)."""
    from captum.attr import IntegratedGradients

    margins = _Margins(classifier, target, progress, expected=_STEPS)
    with torch.enable_grad():
        found: Tensor = IntegratedGradients(margins).attribute(
            x, baselines=_without_structure(x, mask), target=0, n_steps=_STEPS, internal_batch_size=_BATCH
        )
    return found.detach()[0].sum(dim=0).float()
