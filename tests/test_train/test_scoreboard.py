"""The scoreboard on a tiny model: all keys, the same numbers again, pictures of the worst cases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from napari_latent_explain.domain import Cancelled, TrainingError
from napari_latent_explain.model import Explainer
from napari_latent_explain.train.photographs import PhotographSet

WANTED = {
    "classifier": {"auc", "brier", "ece"},
    "agreement": {"decision", "median_abs_dp"},
    "counterfactual": {"flip_rate", "oracle_flip_rate", "directions_used", "changed_area_fraction", "reversal"},
    "sure_counterfactual": {"flip_rate", "oracle_flip_rate", "probability", "detectability_auc"},
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
    agree = tree["agreement"]
    count = round(8 * agree["decision"])
    exact = binomtest(count, 8).proportion_ci(0.95, "exact")
    assert agree["decision_interval"] == pytest.approx((exact.low, exact.high))  # of 8 of 8: not "1 to 1"
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


def test_answers_that_a_classifier_is_sure_of_have_that_probability(small_explainer: Explainer) -> None:
    from napari_latent_explain.domain import silent
    from napari_latent_explain.explain.pivot import Pivot
    from napari_latent_explain.latent import mask_tensor, reconstruct, to_tensor
    from napari_latent_explain.train.counterfactual_scores import make_counterfactuals

    photographs = _photographs(6, 0)
    pivots = []
    with torch.no_grad():
        for x, mask in zip(to_tensor(photographs.pictures), mask_tensor(photographs.masks), strict=True):
            code = small_explainer.encode(x[None])
            pivots.append(
                Pivot(small_explainer, x[None], mask[None], code, reconstruct(small_explainer, code, mask[None]))
            )
    just = make_counterfactuals(small_explainer, pivots, silent)
    odds = {k: float(np.log(k / (1 - k))) for k in (0.5, 0.505, 0.999)}
    assert (just.reached == (just.margins > 0)).all()
    for probability, margin in odds.items():
        asked = make_counterfactuals(small_explainer, pivots, silent, probability=probability)
        assert (asked.margins[asked.reached] >= margin - 1e-4).all()
        assert (asked.margins[~asked.reached] < margin + 1e-4).all()
    assert not asked.reached.any()


def test_a_second_opinion_follows_no_answer_that_was_not_reached() -> None:
    from napari_latent_explain.train.counterfactual_scores import Counterfactuals, second_odds, second_verdict

    class Brightness:
        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(1, 2, 3))

    x = torch.tensor([-0.5, -0.5, -0.5, 0.5]).reshape(4, 1, 1, 1).expand(4, 3, 8, 8)
    nothing = np.zeros(4)
    made = Counterfactuals(
        -x, np.array([1, 1, 1, 1]), nothing, np.array([True, False, True, True]), nothing, nothing, nothing > 0, nothing
    )
    made.composites[2] = -0.5
    odds = second_odds(Brightness(), x)  # type: ignore[arg-type]
    follows = second_verdict(Brightness(), odds, made)  # type: ignore[arg-type]
    assert follows.tolist() == [
        1,
        0,
        0,
    ]  # reached and convinced; not reached; not convinced; of the last it thought otherwise
    assert odds.tolist() == [-0.5, -0.5, -0.5, 0.5]
