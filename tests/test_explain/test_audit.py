from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_latent_explain.domain import Cancelled, DiscoveryError
from napari_latent_explain.explain.audit import (
    AuditedPhotographs,
    audit_classifier,
    exact_interval,
    intervention_effects,
    photograph_properties,
)
from napari_latent_explain.fundus import simulate
from napari_latent_explain.fundus.factors import FundusFactors, sample_factors
from napari_latent_explain.fundus.interventions import INTERVENTIONS
from napari_latent_explain.model import Explainer


@pytest.fixture(scope="module")
def eyes() -> AuditedPhotographs:
    rng = np.random.default_rng(0)
    drawn = [simulate(seed=i, factors=sample_factors(rng, laterality="OD", notch=False), size=64) for i in range(16)]
    pictures = np.stack([eye.picture * eye.masks["field"][..., None] for eye in drawn])
    return AuditedPhotographs(pictures, np.stack([eye.masks["field"] for eye in drawn]))


def _notch_reader(weight: float):
    """Log odds = brightness of the centre, less `weight` times that of the corner where a notch is cut."""

    def classify(x: torch.Tensor) -> torch.Tensor:
        size = x.shape[-1]
        axis = (torch.arange(size) + 0.5) * 2 / size - 1
        corner = torch.maximum(
            (axis[None] + axis[:, None] + 1.36).abs() * 1.3, (axis[None] - axis[:, None]).abs() * 1.6
        )
        where = (corner <= 0.08).float()
        light = (x.mean(dim=1) + 1) / 2
        rim = (light * where).sum(dim=(1, 2)) / where.sum()
        odds = 4 * (light[:, 20:44, 20:44].mean(dim=(1, 2)) - 0.45) - weight * rim
        return torch.stack([-odds / 2, odds / 2], dim=1)

    return classify


def test_a_classifier_that_reads_the_notch_is_found_out(eyes: AuditedPhotographs) -> None:
    guilty = {e.name: e for e in intervention_effects(_notch_reader(8.0), eyes, 1, np.random.default_rng(0))}
    innocent = {e.name: e for e in intervention_effects(_notch_reader(0.0), eyes, 1, np.random.default_rng(0))}
    assert guilty["notch"].effect_interval[0] > 0.3
    assert guilty["notch"].size == pytest.approx(guilty["notch"].effect)
    assert innocent["notch"].effect == 0
    assert innocent["notch"].flips == 0
    assert innocent["darker"].effect_interval[1] < 0  # it does read light, and that is said
    assert innocent["mirrored"].size < 0.1


def test_effects_are_measured_by_how_much_eyes_of_one_decision_differ(eyes: AuditedPhotographs) -> None:
    """A classifier that is sure of both classes has a wide spread; that does not excuse what the notch does within one."""
    ask = _notch_reader(8.0)
    middle = float(np.median(eyes.pictures[:, 20:44, 20:44].mean(axis=(1, 2, 3)))) / 127.5 - 1

    def sure(x: torch.Tensor) -> torch.Tensor:
        apart = 20 * torch.sign(x[..., 20:44, 20:44].mean(dim=(1, 2, 3)) - middle)
        return ask(x) + torch.stack([-apart / 2, apart / 2], dim=1)

    effects = intervention_effects(sure, eyes, 1, np.random.default_rng(0), interventions=INTERVENTIONS[:1])
    assert effects[0].name == "notch"
    assert 0 < effects[0].effect < 20 / 4
    assert effects[0].standardised > 0.25
    assert effects[0].concern


def test_decisions_that_change_both_ways_are_a_concern_though_no_mean_effect_is(eyes: AuditedPhotographs) -> None:
    """Half of the eyes are moved up and half down, by the same amount, beyond the boundary."""
    ordered = np.argsort(eyes.pictures[:, 20:44, 20:44, 0].mean(axis=(1, 2)), kind="stable")
    seen = {eyes.pictures[i].tobytes(): (-1) ** rank * (1.0 + 0.05 * rank) for rank, i in enumerate(ordered)}

    def classify(x: torch.Tensor) -> torch.Tensor:
        pictures = ((x.permute(0, 2, 3, 1) + 1) * 127.5).round().byte().numpy()
        odds = torch.tensor([-answers[marked] if (marked := p[0, 0, 0]) else seen[p.tobytes()] for p in pictures])
        return torch.stack([-odds / 2, odds / 2], dim=1)

    turned = iter(range(16))
    answers: dict[int, float] = {}

    def turn(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
        number = next(turned) + 1
        answers[number] = seen[picture.tobytes()] * (1 if number <= 6 else -1)
        changed = picture.copy()
        changed[0, 0, 0] = number
        return changed

    one = replace(INTERVENTIONS[0], name="turned", change=turn)
    assert (eyes.pictures[:, 0, 0, 0] == 0).all()
    (found,) = intervention_effects(classify, eyes, 1, np.random.default_rng(0), interventions=(one,))
    assert found.flips == 6 / 16
    assert found.flips_interval == pytest.approx((0.1520, 0.6457), abs=1e-3)  # tables of Clopper and Pearson
    assert found.effect_interval[0] < 0 < found.effect_interval[1]
    assert found.concern
    assert found.flips_often


def test_shares_of_few_photographs_have_intervals_with_a_width(eyes: AuditedPhotographs) -> None:
    assert exact_interval(0, 14) == pytest.approx((0, 1 - 0.025 ** (1 / 14)))
    assert exact_interval(8, 8) == pytest.approx((0.025 ** (1 / 8), 1))
    innocent = intervention_effects(
        _notch_reader(0.0), eyes, 1, np.random.default_rng(0), interventions=INTERVENTIONS[:1]
    )
    assert innocent[0].flips == 0
    assert innocent[0].flips_interval == pytest.approx((0, 1 - 0.025 ** (1 / 16)))
    assert not innocent[0].concern


def test_the_report_names_concerns_and_gaps(small_explainer: Explainer, eyes: AuditedPhotographs) -> None:
    class Light(torch.nn.Module):
        differentiable = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            odds = 40 * (x[:, 1].mean(dim=(1, 2)) - level)
            return torch.stack([-odds / 2, odds / 2], dim=1)

        def features(self, x: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(x), 1280)

        def head(self, features: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(features), 2)

    small = AuditedPhotographs(eyes.pictures[:, ::2, ::2], eyes.masks[:, ::2, ::2])
    level = float(np.median(small.pictures[..., 1].mean(axis=(1, 2)) / 127.5 - 1))
    explainer = replace(small_explainer, classifier=Light())
    report = audit_classifier(explainer, small, np.random.default_rng(0))
    names = {one.name for one in report.concerns}
    assert {"darker", "brighter"} <= names
    assert "mirrored" not in names
    gaps = {gap.name: gap for gap in report.subgroups}
    assert gaps["brightness"].decisions_interval[0] > 0
    assert gaps["brightness"].sure
    low, high = gaps["brightness"].decisions_interval
    assert low < gaps["brightness"].decisions <= high
    assert high - low > 0.2  # 8 against 8, all decided alike in each
    assert gaps["brightness"].upper + gaps["brightness"].lower == 16
    assert gaps["brightness"].flips is not None
    assert audit_classifier(explainer, small, np.random.default_rng(0)) == report
    quick = audit_classifier(explainer, small, np.random.default_rng(0), counterfactuals=False)
    assert all(gap.flips is None for gap in quick.subgroups)


def test_what_is_measured_of_photographs() -> None:
    plain = FundusFactors()
    drawn = [plain, plain.replace(illumination=0.6), plain.replace(haze=0.6)]
    eyes = [simulate(seed=2, factors=factors, size=128) for factors in drawn]
    masks = np.stack([eye.masks["field"] for eye in eyes])
    masks[1, :30] = False
    pictures = np.stack([eye.picture for eye in eyes]) * masks[..., None]
    found = photograph_properties(AuditedPhotographs(pictures, masks, np.array([True, False, True])))
    assert found["brightness"][1] < found["brightness"][0]
    assert found["sharpness"][2] < found["sharpness"][0]
    assert found["field area"][1] < found["field area"][0]
    assert found["left eye"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("classify", "count", "said"),
    [
        (lambda x: torch.zeros(len(x), 2), 16, "same answer"),
        (lambda x: torch.full((len(x), 2), float("nan")), 16, "not finite"),
        (_notch_reader(1.0), 3, "at least 8"),
    ],
)
def test_what_can_not_be_audited(eyes: AuditedPhotographs, classify: object, count: int, said: str) -> None:
    few = AuditedPhotographs(eyes.pictures[:count], eyes.masks[:count])
    with pytest.raises(DiscoveryError, match=said):
        intervention_effects(classify, few, 1, np.random.default_rng(0))  # type: ignore[arg-type]


def test_an_audit_can_be_stopped(eyes: AuditedPhotographs) -> None:
    def stop(what: str, done: float) -> None:
        raise Cancelled(what)

    with pytest.raises(Cancelled):
        intervention_effects(_notch_reader(1.0), eyes, 1, np.random.default_rng(0), progress=stop)
