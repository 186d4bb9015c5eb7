"""What a plan says ahead is what the study then has."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from napari_latent_explain.cohort.study_plan import MOST_ITEMS, StudyPlan
from napari_latent_explain.review import Study, load_protocol, ready_protocols, trials_of

_SPEC = importlib.util.spec_from_file_location(
    "study_to_count", Path(__file__).parents[1] / "test_review" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_STUDIES = importlib.util.module_from_spec(_SPEC)
sys.modules["study_to_count"] = _STUDIES
_SPEC.loader.exec_module(_STUDIES)


@pytest.mark.parametrize("protocol", ready_protocols())
@pytest.mark.parametrize(("photographs", "changes"), [
    (1, {}), (3, {}), (7, {"catch_share": 0.5, "repeat_share": 0.5}), (4, {"washout_days": 7, "repeat_share": 0.3}),
])  # fmt: skip
def test_trials_are_counted_before_there_is_a_study(tmp_path, protocol, photographs, changes):
    study = _STUDIES.make_study(tmp_path / "s", photographs=photographs, directions=3, protocol=protocol, **changes)
    plan = StudyPlan("A study", study.protocol, directions=3)
    kinds = [trial.kind for trial in trials_of(study, "r1")]
    assert plan.trials(photographs) == (kinds.count("first"), kinds.count("catch"), kinds.count("repeat"))


def test_chosen_directions_are_counted_instead():
    assert StudyPlan("t", load_protocol("attribute-review"), chosen=("a:0:+", "a:1:+")).trials(5)[0] == 10


def test_a_study_holds_no_more_than_the_plan_says(tmp_path):
    study = _STUDIES.make_study(tmp_path / "s", photographs=1, directions=1)
    many = tuple(study.items[0].replace(id=f"item-{number}") for number in range(MOST_ITEMS + 1))
    assert len(study.replace(items=many[1:]).items) == MOST_ITEMS
    with pytest.raises(ValidationError, match=str(MOST_ITEMS)):
        study.replace(items=many)
    assert isinstance(study, Study)


def test_planning_needs_no_torch():
    import subprocess

    code = "import sys, napari_latent_explain.cohort.study_plan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
