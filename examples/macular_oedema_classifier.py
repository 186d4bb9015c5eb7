"""Train a small classifier of macular oedema, as somebody else might: `python examples/macular_oedema_classifier.py OUTPUT`.

It stands for the classifier that you have already. It reads the photographs of the data folder (their column ``dme``: 0 no
hard exudates, 1 and 2 a risk of macular oedema), fits a logistic regression to pooled ImageNet features of
EfficientNet-Lite1, and writes what `latent-explain adapt` takes: ``oedema.safetensors`` (a state dict) and ``labels.csv``
(columns file and label). Photographs of the test split are left out of both. About two minutes on two cores.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from napari_latent_explain.domain import silent
from napari_latent_explain.explain.roc import roc_auc
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.classifier import lite_backbone, load_imagenet
from napari_latent_explain.train.imagenet import imagenet_weights
from napari_latent_explain.train.logistic import fit_logistic
from napari_latent_explain.train.photographs import find_data_folder, load_labelled, split_validation

SIZE = 256


def labelled_rows(folder: Path) -> list[dict[str, str]]:
    """Training photographs with a grade of macular oedema: file, and label 1 for a risk of it."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["dme"] and r["split_as_given"] == "train"]
    return [{"file": r["file"], "label": str(int(r["dme"] != "0"))} for r in rows if not r["label_conflict"]]


def pooled_features(network: nn.Module, last: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """(N, 1280): what the last linear layer sees."""
    found: list[torch.Tensor] = []
    hook = last.register_forward_hook(lambda _module, given, _answer: found.append(given[0]))
    with torch.no_grad():
        for part in x.split(16):
            network(part)
    hook.remove()
    return torch.cat(found)


def main() -> None:
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    folder = find_data_folder()
    labels = output / "labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["file", "label"])
        writer.writeheader()
        writer.writerows(labelled_rows(folder))
    train, held_out = split_validation(load_labelled(folder, labels, SIZE, silent), 0.15, 0)
    torch.manual_seed(0)
    network = lite_backbone(2, variant=1).eval()
    load_imagenet(network, imagenet_weights(1))
    last = network.get_submodule("_fc")
    fitted = fit_logistic(
        pooled_features(network, last, to_tensor(train.pictures)), torch.from_numpy(train.labels), 5e-2
    )
    with torch.no_grad():
        last.weight.copy_(torch.stack([-fitted.weight / 2, fitted.weight / 2]))
        last.bias.copy_(torch.stack([-fitted.bias / 2, fitted.bias / 2]))
        odds = last(pooled_features(network, last, to_tensor(held_out.pictures))).diff(dim=1)[:, 0]
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, output / "oedema.safetensors")
    auc = roc_auc(odds.double().numpy(), np.asarray(held_out.labels))
    print(f"AUC {auc:.3f} on {len(held_out)} photographs that it never saw; written to {output}")


if __name__ == "__main__":
    main()
