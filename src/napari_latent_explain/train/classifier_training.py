"""Transfer learning of the classifier, its calibration, and its scores."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier, load_imagenet
from napari_latent_explain.train.augment import jitter, other_cameras
from napari_latent_explain.train.imagenet import imagenet_weights
from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.opinions import disturbed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.config import ClassifierRecipe
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["classifier_scores", "predict", "train_classifier"]

_FOLDS = 5


@torch.no_grad()
def predict(classifier: FundusClassifier, pictures: NDArray[np.uint8], device: torch.device, batch: int = 32) -> Tensor:
    """Logits (N, classes) on the CPU."""
    classifier.eval()
    parts = [classifier(to_tensor(pictures[i : i + batch]).to(device)).cpu() for i in range(0, len(pictures), batch)]
    return torch.cat(parts)


def classifier_scores(logits: Tensor, labels: NDArray[np.int64], bins: int = 10) -> dict[str, float]:
    """AUC, accuracy, Brier score and expected calibration error of a two-class classifier."""
    p = logits.double().softmax(dim=1)[:, 1].numpy()
    index = np.minimum((p * bins).astype(int), bins - 1)
    ece = sum(
        abs(p[index == k].mean() - labels[index == k].mean()) * float((index == k).mean())
        for k in range(bins)
        if (index == k).any()
    )
    return {
        "n": len(labels),
        "auc": roc_auc(p, labels),
        "accuracy": float(((p > 0.5) == labels).mean()),
        "brier": float(((p - labels) ** 2).mean()),
        "ece": float(ece),
    }


def _calibrate(network: FundusClassifier, logits: Tensor, labels: Tensor) -> None:
    """Fit a factor and an offset of the log odds by logistic regression (Platt, 1999), and take them into the network.

    The factor becomes the temperature (Guo et al., ICML 2017), the offset part of the last layer's bias.
    """
    from scipy.optimize import minimize

    margins, y = (logits[:, 1] - logits[:, 0]).double().numpy(), labels.double().numpy()
    n1, n0 = y.sum(), (1 - y).sum()
    wanted = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))  # Platt's targets: never quite sure

    def loss(theta: NDArray[np.float64]) -> float:
        z = np.exp(theta[0]) * margins + theta[1]
        return float(np.mean(np.logaddexp(0, z) - wanted * z))

    found = minimize(loss, np.zeros(2), method="BFGS").x
    factor, offset = float(np.clip(np.exp(found[0]), 0.1, 10)), float(found[1])
    linear: torch.nn.Linear = network.backbone._fc  # type: ignore[assignment]  # noqa: SLF001
    with torch.no_grad():
        shift = offset / factor * network.config.temperature / 2
        linear.bias.add_(torch.tensor([-shift, shift], device=linear.bias.device))
    network.config = network.config.replace(temperature=network.config.temperature / factor)


def _fit_head(network: FundusClassifier, features: Tensor, labels: Tensor, penalty: float) -> None:
    """Logistic regression, folded into the last linear layer."""
    weight, bias = fit_logistic(features, labels, penalty).two_rows()
    linear: torch.nn.Linear = network.backbone._fc  # type: ignore[assignment]  # noqa: SLF001
    with torch.no_grad():
        linear.weight.copy_(weight)
        linear.bias.copy_(bias)


def _out_of_fold(features: Tensor, labels: Tensor, recipe: ClassifierRecipe, seed: int) -> Tensor:
    """Logits (N, 2) of every eye as it is, by a last layer that has learned from the other folds, in which no copy of it is.

    Features (copies * N, F) hold all eyes as they are first, then their copies in the same order.
    """
    fold = torch.from_numpy(np.random.default_rng(seed).permutation(len(labels)) % _FOLDS)
    logits = torch.zeros(len(labels), 2)
    for k in range(_FOLDS):
        others = (fold != k).repeat(recipe.copies)
        model = fit_logistic(features[others], labels.repeat(recipe.copies)[others], recipe.penalty)
        odds = model(features[: len(labels)][fold == k])
        logits[fold == k] = torch.stack([-odds / 2, odds / 2], dim=1)
    return logits


@dataclass(frozen=True, eq=False)
class _Eyes:
    """Graded photographs as tensors x (N, 3, R, R), y (N,); all of the training part, and its outlined lesions."""

    photographs: PhotographSet
    x: Tensor
    y: Tensor
    lesions: OutlinedLesions | None

    def batch(self, chosen: NDArray[np.int64], share: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The chosen ones; a share of them replaced by eyes that lost their lesions or were given some."""
        count = round(share * len(chosen)) if self.lesions is not None and len(self.lesions.owners) else 0
        if not count or self.lesions is None:
            return self.x[chosen], self.y[chosen]
        pictures, labels = self.lesions.labelled(self.photographs, count, rng)
        kept = chosen[count:]
        return torch.cat([to_tensor(pictures), self.x[kept]]), torch.cat([torch.from_numpy(labels), self.y[kept]])


@torch.no_grad()
def _described(
    network: FundusClassifier, recipe: ClassifierRecipe, eyes: _Eyes, seed: int, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Features (M, F) and labels (M,) of `recipe.copies` copies of each eye, and of eyes that lost or were given lesions.

    Copies are the photograph, its mirror image, and the two again, changed a little and by other cameras.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    edited = round(recipe.lesion_share / (1 - recipe.lesion_share) * recipe.copies * len(eyes.y))
    parts: list[Tensor] = []
    labels = [eyes.y] * recipe.copies
    device = next(network.parameters()).device

    def read(x: Tensor, share: float) -> None:
        for part in x.split(32):
            parts.append(network.features(part.to(device)).cpu())
            progress("Classifier: reading features", share)

    for number in range(recipe.copies):
        x = eyes.x.flip(-1) if number % 2 else eyes.x
        if number >= 2:
            x = jitter(x, generator, degrees=6.0, colour=0.08)
            x = other_cameras(x, recipe.cameras, generator) if recipe.cameras else x
        read(x, number / (recipe.copies + 1))
    if edited and eyes.lesions is not None and len(eyes.lesions.owners):
        pictures, wanted = eyes.lesions.labelled(eyes.photographs, edited, rng)
        x, mirrored = to_tensor(pictures), torch.arange(edited) % 4 >= 2  # every other one was given lesions
        read(torch.where(mirrored[:, None, None, None], x.flip(-1), x), recipe.copies / (recipe.copies + 1))
        labels.append(torch.from_numpy(wanted))
    return torch.cat(parts), torch.cat(labels)


def _adversarial(network: FundusClassifier, x: Tensor, y: Tensor, radius: float, generator: torch.Generator) -> Tensor:
    """Pictures one step up the gradient of the loss, by 0 to `radius` in the L2 norm (Miyato et al., ICLR 2016, eq. 8)."""
    x = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(functional.cross_entropy(network(x), y), x)
    length = radius * torch.rand(len(x), generator=generator).to(x.device)[:, None, None, None]
    norm = slope.square().sum(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
    return (x + length * slope / norm).detach().clamp(-1, 1)


def _fine_tune(
    network: FundusClassifier, recipe: ClassifierRecipe, eyes: _Eyes, seed: int, progress: Progress
) -> dict[str, Tensor]:
    """A few gentle epochs of the whole network with the batch statistics as published; returns the averaged weights."""
    device = next(network.parameters()).device
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    y = eyes.y
    steps = len(y) // recipe.batch
    total = recipe.epochs * steps
    weight = torch.tensor([len(y) / (2 * float((y == c).sum())) for c in (0, 1)], device=device)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98)
    )
    network.eval()
    for step in range(total):
        if step % steps == 0:
            order = rng.permutation(len(y))
        chosen = order[step % steps * recipe.batch :][: recipe.batch]
        drawn, labels = eyes.batch(chosen, recipe.lesion_share, rng)
        wanted = labels.to(device)
        batch = jitter(drawn.to(device), generator, colour=0.15)
        if recipe.cameras:
            batch = other_cameras(batch, recipe.cameras, generator)
        if recipe.adversary:
            batch = _adversarial(network, disturbed(batch, generator), wanted, recipe.adversary, generator)
        features = functional.dropout(network.features(batch), 0.2)
        loss = functional.cross_entropy(
            network.head(features), wanted, weight=weight, label_smoothing=recipe.label_smoothing
        )
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * min(1.0, (step + 1) / 20, 1.05 - step / total)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        averaged.update_parameters(network)
        progress(f"Classifier: loss {float(loss.detach()):.3f}", (step + 1) / total)
    state: dict[str, Tensor] = averaged.module.state_dict()
    return state


def _fine_tune_all(
    network: FundusClassifier, recipe: ClassifierRecipe, eyes: _Eyes, seed: int, progress: Progress
) -> None:
    """Fine-tune `recipe.runs` copies, each in an order of its own, and keep the mean of their weights.

    Runs from the same start stay in one valley of the loss, where the mean of weights does what an ensemble does
    (Wortsman et al., ICML 2022: model soups, section 2).
    """
    found = []
    for run in range(recipe.runs):

        def part(text: str, share: float, run: int = run) -> None:
            progress(text, (run + share) / recipe.runs)

        found.append(_fine_tune(copy.deepcopy(network), recipe, eyes, seed + run, part))
    network.load_state_dict(
        {k: torch.stack([f[k].double() for f in found]).mean(dim=0).to(v.dtype) for k, v in found[0].items()}
    )


def train_classifier(
    recipe: ClassifierRecipe,
    train: PhotographSet,
    validation: PhotographSet,
    device: torch.device,
    seed: int,
    progress: Progress,
    lesions: OutlinedLesions | None = None,
) -> tuple[FundusClassifier, dict[str, float]]:
    """Transfer EfficientNet-Lite0 to the graded photographs: first the last layer alone, then, if asked for, gently the whole.

    Fine-tuned weights are an exponential moving average over steps; no epoch is picked. What a last layer alone says of each
    training eye when it has learned from the other folds serves the calibration; where there is more than that, the validation
    part does. `lesions` belong to the photographs of `train`.

    Returns
    -------
    classifier, scores
        In evaluation mode, and its scores on the validation part.
    """
    torch.manual_seed(seed)
    graded = train.take(train.labels >= 0)
    x, y = to_tensor(graded.pictures), torch.from_numpy(graded.labels)
    network = FundusClassifier(ClassifierConfig(input_size=recipe.input_size, texture=recipe.texture))
    load_imagenet(network.backbone, imagenet_weights())
    network.to(device).eval()
    eyes = _Eyes(train, x, y, lesions)
    features, labels = _described(network, recipe, eyes, seed, progress)
    _fit_head(network, features, labels, recipe.penalty)
    network.to(device)
    calibrating = None
    if not recipe.epochs and len(labels) == recipe.copies * len(y):  # else a fold would take part in its own answers
        calibrating = _out_of_fold(features, y, recipe, seed), y
    scores = {"linear_" + k: v for k, v in _scores(network, validation, device).items() if k == "auc"}
    if recipe.epochs:
        _fine_tune_all(network, recipe, eyes, seed, progress)
    network.eval()
    if calibrating is None:
        calibrating = predict(network, validation.pictures, device), torch.from_numpy(validation.labels)
    _calibrate(network, *calibrating)
    return network, scores | _scores(network, validation, device)


def _scores(network: FundusClassifier, validation: PhotographSet, device: torch.device) -> dict[str, float]:
    return classifier_scores(predict(network, validation.pictures, device), validation.labels)
