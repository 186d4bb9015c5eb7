"""How well a bundle does on photographs that its networks were not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.batches import in_batches
from napari_latent_explain.train.classifier_training import classifier_scores
from napari_latent_explain.train.fidelity import field_psnr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.explain.reference import ReferenceSet
    from napari_latent_explain.model.explainer import Explainer

__all__ = ["measure"]


@torch.no_grad()
def measure(explainer: Explainer, reference: ReferenceSet, labels: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    """Score classifier, reconstruction and agreement between f(x) and f(G(s)).

    Parameters
    ----------
    explainer : Explainer
        The model.
    reference : ReferenceSet
        Photographs with refined codes.
    labels : numpy.ndarray
        (N,) 0 or 1, or -1 where unknown. The classifier is scored where both are there and it has two classes.
    """
    encoded = in_batches(explainer.encode, reference.pictures)
    rough = in_batches(lambda mask, code: reconstruct(explainer, code, mask), reference.masks, encoded)
    after = in_batches(explainer.classifier, reference.bases)
    p, q = reference.logits.softmax(1), after.softmax(1)
    known = labels >= 0
    scored = p.shape[1] == 2 and set(labels[known].tolist()) == {0, 1}
    graded = {"classifier": classifier_scores(reference.logits.cpu()[known], labels[known])} if scored else {}
    return graded | {
        "reconstruction": {
            "psnr_db_encoder": float(field_psnr(rough, reference.pictures, reference.masks).mean()),
            "psnr_db_refined": float(field_psnr(reference.bases, reference.pictures, reference.masks).mean()),
        },
        "agreement": {
            "decision": float((p.argmax(1) == q.argmax(1)).float().mean()),
            "median_abs_dp": float((p - q).abs().amax(dim=1).median()),
        },
    }
