from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import ModelIdentity
from napari_latent_explain.domain.audit import AuditReport, InterventionEffect, SubgroupGap
from napari_latent_explain.export.audit_page import compose_audit_page, write_audit
from napari_latent_explain.export.colours import BLUE, ORANGE
from napari_latent_explain.fundus.interventions import INTERVENTIONS


def report(effect: float) -> AuditReport:
    effects = [
        InterventionEffect(
            name=one.name, group=one.group, says=one.says, effect=effect if one.name == "notch" else 0.05,
            effect_interval=(effect - 0.1, effect + 0.1) if one.name == "notch" else (0.0, 0.1), size=abs(effect),
            size_interval=(0.0, 1.0), standardised=effect, flips=0.1, flips_interval=(0.0, 0.2), strongest=0,
            concern=one.name == "notch" and abs(effect) > 0.35,
        )
        for one in INTERVENTIONS
    ]  # fmt: skip
    gap = SubgroupGap(name="brightness", split=0.3, upper=10, lower=10, decisions=0.2, decisions_interval=(-0.1, 0.4))
    return AuditReport(
        model=ModelIdentity(name="m", sha256="0" * 64, resolution=256), classes=("no", "yes"), target=1, photographs=20,
        spread=1.0, interventions=tuple(effects), subgroups=(gap,),
    )  # fmt: skip


def _pictures() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    grey = np.full((64, 64, 3), 90, np.uint8)
    return {one.name: (grey, grey) for one in INTERVENTIONS}


def _count(image: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(image) == colour).all(axis=-1).sum())


def test_what_a_classifier_reacts_to_is_orange() -> None:
    loud, quiet = (compose_audit_page(report(effect), _pictures()) for effect in (1.5, 0.05))
    assert _count(loud, ORANGE) > 200
    assert _count(quiet, ORANGE) == 0
    assert _count(quiet, BLUE) > 200
    assert report(1.5).concerns[0].name == "notch"
    assert report(-1.5).concerns[0].name == "notch"
    assert not report(0.05).concerns


def test_a_change_that_turns_decisions_both_ways_is_named_on_the_page() -> None:
    blurred = next(one for one in report(0.05).interventions if one.name == "blurred")
    turns = blurred.replace(flips=0.36, flips_interval=(0.13, 0.65), concern=True)
    quiet = report(0.05)
    loud = quiet.replace(interventions=tuple(turns if one.name == "blurred" else one for one in quiet.interventions))
    assert loud.verdict == "Reacts to: blurred (+0.05 log odds, 36 % of the decisions change)."
    assert _count(compose_audit_page(loud, _pictures()), ORANGE) > 200
    assert "surely" in quiet.verdict
    assert "more than 5 % of the decisions" in quiet.verdict


def test_the_files_can_be_read_back(tmp_path: Path) -> None:
    files = write_audit(report(1.5), _pictures(), tmp_path / "audit")
    assert AuditReport.model_validate(json.loads(files["json"].read_text())) == report(1.5)
    with Image.open(files["page"]) as page:
        assert page.size == (1500, 1940)
        assert json.loads(page.text["latent-explain"])["photographs"] == 20
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    again = write_audit(report(1.5), _pictures(), tmp_path / "again")
    for name, path in files.items():
        assert path.read_bytes() == again[name].read_bytes(), name


def test_gaps_are_sure_when_an_interval_leaves_out_zero() -> None:
    gap = report(0).subgroups[0]
    assert not gap.sure
    assert gap.replace(flips=0.3, flips_interval=(0.1, 0.5)).sure
    assert gap.replace(decisions_interval=(-0.5, -0.1)).sure


@pytest.mark.parametrize("count", [0, 1])
def test_a_page_without_pictures_or_gaps(count: int) -> None:
    plain = report(0.1).replace(subgroups=())
    assert compose_audit_page(plain, dict(list(_pictures().items())[:count])).size == (1500, 1940)
