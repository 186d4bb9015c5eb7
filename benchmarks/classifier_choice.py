"""What a classifier of a few hundred photographs should learn from: `python benchmarks/classifier_choice.py [--json]`.

Five-fold cross-validation on the graded training photographs (no test split): a logistic regression on ImageNet features, with
and without the texture of shallow maps, with none or more eyes whose outlined lesions were taken away or given. For each
choice: AUC; of the outlined eyes that are decided ill, the share that is decided healthy once all outlined lesions are taken
away; of the healthy ones, the share that is decided ill once lesions are given. Eyes and the lesions that they are given are of
the same fold, so that nothing measured was learned from.
Nearly all of the time goes into the features: about four forward passes a photograph, and one for every eye that is edited.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import ClassifierConfig, FundusClassifier, fold_batch_norms, load_imagenet
from napari_latent_explain.train.augment import jitter, other_cameras
from napari_latent_explain.train.config import TrainConfig
from napari_latent_explain.train.imagenet import imagenet_weights
from napari_latent_explain.train.lesions import OutlinedLesions, load_outlined_lesions
from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.photographs import PhotographSet, find_data_folder
from napari_latent_explain.train.run import cached_photographs

FOLDS, POOLED = 5, 1280


def without(photographs: PhotographSet, lesions: OutlinedLesions, donor: int) -> np.ndarray:
    """The donor's own eye without its outlined lesions."""
    removed = photographs.pictures[lesions.owners[donor]].astype(float) - lesions.residuals[donor].sum(axis=0)
    return np.clip(removed, 0, 255).astype(np.uint8)


def given(photographs: PhotographSet, lesions: OutlinedLesions, owner: int, donor: int) -> np.ndarray:
    """A healthy eye with a donor's lesions."""
    added = lesions.residuals[donor].sum(axis=0) * photographs.masks[owner][..., None]
    return np.clip(photographs.pictures[owner].astype(float) + added, 0, 255).astype(np.uint8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON list")
    parser.add_argument("--run", type=Path, help="a training's folder, whose photographs and lesions are read again")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = options.run or Path(tempfile.mkdtemp())
    rng, noise = np.random.default_rng(options.seed), torch.Generator().manual_seed(options.seed)

    def silent(_what: str, _done: float) -> None: ...

    photographs = cached_photographs(TrainConfig(resolution=256), folder, "train", silent)
    photographs = photographs.take(photographs.labels >= 0)
    lesions = load_outlined_lesions(find_data_folder(), photographs, silent)
    network = FundusClassifier(ClassifierConfig(input_size=256, texture=True)).eval()
    load_imagenet(network.backbone, imagenet_weights())
    fold_batch_norms(network.backbone)

    def features(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return torch.cat([network.features(part) for part in x.split(16)])

    y, x = photographs.labels, to_tensor(photographs.pictures)
    fold = rng.permutation(len(y)) % FOLDS
    plain = features(x)
    copies = [plain, features(x.flip(-1))]
    copies += [features(other_cameras(jitter(v, noise, degrees=6.0, colour=0.08), 0.3, noise)) for v in (x, x.flip(-1))]
    donors = np.arange(len(lesions.owners))
    removed = to_tensor(np.stack([without(photographs, lesions, d) for d in donors]))
    gone = [features(removed), features(removed.flip(-1))]
    pairs = [
        (owner, rng.choice(donors[fold[lesions.owners] == fold[owner]]))
        for owner in np.flatnonzero(y == 0)
        for _ in range(2)
    ]
    owners = np.array([owner for owner, _ in pairs])
    come = features(to_tensor(np.stack([given(photographs, lesions, *pair) for pair in pairs])))
    rows = []
    for texture in (False, True):
        columns = slice(None) if texture else slice(POOLED)
        for repeats in (0, 1, 2):
            for penalty in (0.02, 0.5):
                odds, after_gone, after_come = np.zeros(len(y)), np.zeros(len(donors)), np.zeros(len(owners))
                for k in range(FOLDS):
                    known = fold != k
                    gone_known, come_known = known[lesions.owners], known[owners]
                    edited = [*(g[gone_known] for g in gone), come[come_known]] * repeats
                    answers = [np.zeros(2 * gone_known.sum()), np.ones(come_known.sum())] * repeats
                    model = fit_logistic(
                        torch.cat([*(c[known] for c in copies), *edited])[:, columns],
                        torch.from_numpy(np.concatenate([*[y[known]] * len(copies), *answers]).astype(np.int64)), penalty,
                    )  # fmt: skip
                    odds[~known] = model(plain[~known][:, columns])
                    after_gone[~gone_known] = model(gone[0][~gone_known][:, columns])
                    after_come[~come_known] = model(come[~come_known][:, columns])
                ill, healthy = odds[lesions.owners] > 0, odds[owners] < 0
                rows.append(
                    {
                        "texture": texture, "edited_eyes": repeats, "penalty": penalty, "auc": roc_auc(odds, y),
                        "accuracy": float(((odds > 0) == y).mean()),
                        "healthy_without_lesions": float((after_gone[ill] < 0).mean()),
                        "ill_with_lesions": float((after_come[healthy] > 0).mean()),
                    }
                )  # fmt: skip
    if options.json:
        print(json.dumps(rows))
        return
    table = Table(title=f"{len(y)} photographs, {len(donors)} of them outlined, {FOLDS} folds")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) and k != "penalty" else str(v) for k, v in row.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
