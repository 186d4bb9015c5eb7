"""Transfer learning of the classifier, its temperature, and its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier, load_imagenet
from napari_latent_explain.train.augment import jitter
from napari_latent_explain.train.perception import imagenet_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.config import ClassifierRecipe
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["classifier_scores", "predict", "roc_auc", "to_tensor", "train_classifier"]


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """(N, R, R, 3) uint8 to (N, 3, R, R) float32 in [-1, 1]."""
    return torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2).contiguous()


def roc_auc(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counted half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    positive = labels == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


@torch.no_grad()
def predict(classifier: FundusClassifier, pictures: NDArray[np.uint8], device: torch.device, batch: int = 32) -> Tensor:
    """Logits (N, classes) on the CPU."""
    classifier.eval()
    parts = [
        classifier(to_tensor(pictures[i : i + batch]).to(device)).cpu() for i in range(0, len(pictures), batch)
    ]
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


def _fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature of least cross-entropy, by a fine grid (Guo et al., ICML 2017)."""
    grid = torch.logspace(-0.7, 0.9, 81)
    losses = [float(functional.cross_entropy(logits / t, labels)) for t in grid]
    return float(grid[int(np.argmin(losses))])


def train_classifier(
    recipe: ClassifierRecipe,
    train: PhotographSet,
    validation: PhotographSet,
    device: torch.device,
    seed: int,
    progress: Progress,
) -> tuple[FundusClassifier, dict[str, float]]:
    """Fine-tune EfficientNet-Lite0 on the graded photographs.

    The weights are an exponential moving average over steps (no epoch is picked by validation); the validation part
    serves the temperature alone.

    Returns
    -------
    classifier, scores
        In evaluation mode, and its scores on the validation part.
    """
    torch.manual_seed(seed)
    graded = train.take(train.labels >= 0)
    x, y = to_tensor(graded.pictures), torch.from_numpy(graded.labels)
    network = FundusClassifier(ClassifierConfig(input_size=recipe.input_size))
    load_imagenet(network.backbone, imagenet_weights())
    network.to(device)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98), use_buffers=True
    )
    head = [p for n, p in network.named_parameters() if "_fc" in n]
    body = [p for n, p in network.named_parameters() if "_fc" not in n]
    optimizer = torch.optim.AdamW(
        [{"params": head, "lr": recipe.head_rate}, {"params": body, "lr": recipe.body_rate}],
        weight_decay=recipe.weight_decay,
    )
    steps_an_epoch = len(graded) // recipe.batch
    total = recipe.epochs * steps_an_epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [recipe.head_rate, recipe.body_rate], total_steps=total, pct_start=0.15
    )
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    weight = torch.tensor([1 / (graded.labels == c).mean() for c in (0, 1)], dtype=torch.float32, device=device)
    step = 0
    for _ in range(recipe.epochs):
        order = rng.permutation(len(graded))
        network.train()
        for start in range(0, steps_an_epoch * recipe.batch, recipe.batch):
            chosen = order[start : start + recipe.batch]
            batch = jitter(x[chosen].to(device), generator, flip=True, colour=0.15)
            loss = functional.cross_entropy(
                network(batch), y[chosen].to(device), weight=weight, label_smoothing=recipe.label_smoothing
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            step += 1
            progress(f"Classifier: loss {float(loss.detach()):.3f}", step / total)
    network.load_state_dict(averaged.module.state_dict())
    network.eval()
    logits = predict(network, validation.pictures, device)
    temperature = _fit_temperature(logits, torch.from_numpy(validation.labels))
    network.config = network.config.replace(temperature=temperature)
    return network, classifier_scores(logits / temperature, validation.labels)
