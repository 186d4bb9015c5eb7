"""The scoreboard on a tiny model: all keys, the same numbers again, pictures of the worst cases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_latent_explain.domain import Cancelled, TrainingError
from napari_latent_explain.model import Explainer
from napari_latent_explain.train.photographs import PhotographSet

WANTED = {
    "classifier": {"auc", "brier", "ece"},
    "agreement": {"decision", "median_abs_dp"},
    "counterfactual": {"flip_rate", "oracle_flip_rate", "directions_used", "changed_area_fraction", "reversal"},
    "realism": {"kid", "kid_real_reference", "kid_other_camera", "detectability_auc"},
    "memorisation": {"nearest_train_ratio"},
    "seconds": {"encode", "refine", "render"},
    "bundle": {"sha256", "mb", "resolution"},
}


def _photographs(n: int, seed: int, size: int = 32) -> PhotographSet:
    rng = np.random.default_rng(seed)
    masks = np.ones((n, size, size), dtype=bool)
    masks[:, :3] = False
    pictures = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8) * masks[..., None]
    files = tuple(f"{'idrid' if i % 3 else 'hrf'}/{i}.jpg" for i in range(n))
    return PhotographSet(files, pictures, masks, np.arange(n) % 2)


def test_all_groups_and_their_intervals(small_explainer: Explainer, tmp_path: Path) -> None:
    from napari_latent_explain.train.failures import write_failures
    from napari_latent_explain.train.scoreboard import measure_bundle

    photographs, training = _photographs(8, 0), _photographs(12, 1)
    measured = measure_bundle(small_explainer, photographs, training, refinement=2)
    tree = json.loads(measured.scoreboard.model_dump_json())
    assert tree["n"] == 8
    for group, names in WANTED.items():
        assert names <= set(tree[group]), group
    for which in ("encoder", "refined"):
        values = tree["reconstruction"][which]
        assert {"psnr_db", "ms_ssim", "perceptual", "fine_detail"} <= set(values)
        low, high = values["psnr_db_interval"]
        assert low <= values["psnr_db"] <= high
    assert tree["realism"]["kid_other_camera"] is not None
    again = measure_bundle(small_explainer, photographs, training, refinement=2).scoreboard
    ignored = {"seconds"}
    assert again.model_dump(exclude=ignored) == measured.scoreboard.model_dump(exclude=ignored)
    assert [path.name for path in write_failures(measured, tmp_path)] == [
        "worst_reconstructions.png", "worst_composites.png", "nearest_training_eyes.png",
    ]  # fmt: skip
    assert all(path.stat().st_size > 500 for path in tmp_path.iterdir())


def test_without_training_photographs_the_rest_is_measured(small_explainer: Explainer) -> None:
    from napari_latent_explain.train.scoreboard import measure_bundle

    board = measure_bundle(small_explainer, _photographs(8, 0), None, refinement=1).scoreboard
    assert board.counterfactual["oracle_flip_rate"] is None
    assert board.realism["kid"] is None
    assert board.memorisation["nearest_train_ratio"] is None
    assert board.counterfactual["flip_rate"] is not None


def test_one_class_alone_is_refused_and_a_run_can_be_cancelled(small_explainer: Explainer) -> None:
    from napari_latent_explain.train.scoreboard import measure_bundle

    photographs = _photographs(8, 0)
    with pytest.raises(TrainingError, match="both classes"):
        measure_bundle(small_explainer, photographs.take(photographs.labels == 0), None)

    def stop(_what: str, _done: float) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        measure_bundle(small_explainer, photographs, None, progress=stop)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\n,1\n", "Line 2"),
        ("file,label\na.png,2\n", "label of 0 or 1"),
        ("file,label\n../../etc/passwd,1\n", "not in"),
        ("file,label\nabsent.png,1\n", "No readable photograph"),
    ],
)
def test_labels_that_are_wrong_are_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    from napari_latent_explain.domain import silent
    from napari_latent_explain.train.photographs import load_labelled

    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(TrainingError, match=said):
        load_labelled(tmp_path, tmp_path / "labels.csv", 32, silent)
