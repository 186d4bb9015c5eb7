from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import (
    CounterfactualRecord,
    Edit,
    ExportError,
    Faithfulness,
    Field,
    LateralityReading,
    ModelIdentity,
    Probabilities,
    QualityReport,
)
from napari_latent_explain.export import read_provenance, record_json, write_panel, write_record
from napari_latent_explain.export.colours import difference_colours, difference_scale
from napari_latent_explain.export.panel import compose_panel


@pytest.fixture
def record() -> CounterfactualRecord:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (128, 128, 3), dtype=np.uint8)
    return CounterfactualRecord(
        name="Jane Doe 1970 OD.jpg", sha256="ab" * 32, original=picture, reconstruction=picture[::2, ::2],
        counterfactual=picture[::-1].copy(), difference=rng.normal(0, 0.1, (64, 64, 3)).astype(np.float32),
        field=Field(center_x=64, center_y=64, radius=64, top=0, bottom=128, width=128, height=128),
        laterality=LateralityReading(), quality=QualityReport(brightness=0.4, sharpness=1.0, saturated=0.0),
        model=ModelIdentity(name="small", sha256="cd" * 32, resolution=64), classes=("no", "yes"), target=1,
        probabilities=Probabilities(original=(0.8, 0.2), reconstruction=(0.75, 0.25), counterfactual=(0.4, 0.6)),
        edit=Edit(strengths={"a": 1.5}), directions=(), flipped=True, changed_area_fraction=0.12,
    )  # fmt: skip


def test_a_panel_reads_back_and_repeats_to_the_byte(record: CounterfactualRecord, tmp_path: Path) -> None:
    first = write_panel(record, tmp_path / "a.png")
    second = write_panel(record, tmp_path / "b.png")
    assert first.read_bytes() == second.read_bytes()
    told = read_provenance(first)
    assert told["probabilities"]["counterfactual"] == [0.4, 0.6]
    assert told["counterfactual"]["edits"] == {"a": 1.5}
    assert write_panel(record, tmp_path / "a.pdf").read_bytes() == write_panel(record, tmp_path / "b.pdf").read_bytes()


def test_provenance_names_nobody(record: CounterfactualRecord, tmp_path: Path) -> None:
    path = write_panel(record, tmp_path / "a.png")
    assert "Jane" not in json.dumps(read_provenance(path))


def test_synthetic_pictures_say_so_in_their_pixels(record: CounterfactualRecord, tmp_path: Path) -> None:
    files = write_record(record, tmp_path)
    with Image.open(files["counterfactual"]) as written:
        assert not np.array_equal(np.asarray(written), record.counterfactual)
    with Image.open(files["original"]) as written:
        assert np.array_equal(np.asarray(written), record.original)
    assert json.loads(files["record"].read_text())["gap"] == pytest.approx(record_json(record, {})["gap"])


def test_colours_have_a_sign_and_a_neutral_zero() -> None:
    difference = np.zeros((1, 3, 3), dtype=np.float32)
    difference[0, 0], difference[0, 2] = -0.3, 0.3
    darker, same, brighter = difference_colours(difference)[0].astype(int)
    assert darker[2] > darker[0]
    assert not same.any()
    assert brighter[0] > brighter[2]


def test_what_cannot_be_written_is_said_and_leaves_the_old_file(record: CounterfactualRecord, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"\.png, a \.tiff or a \.pdf"):
        write_panel(record, tmp_path / "a.doc")
    (tmp_path / "file").write_text("old")
    with pytest.raises(ExportError, match="can't be written"):
        write_panel(record, tmp_path / "file" / "a.png")
    assert (tmp_path / "file").read_text() == "old"
    with pytest.raises(ExportError, match="no provenance"):
        read_provenance(tmp_path / "file")


@pytest.mark.parametrize(("change", "scale"), [(0.001, 0.02), (0.03, 0.05), (-0.2, 0.25), (0.9, 0.25)])
def test_a_small_difference_is_shown_on_a_scale_of_its_own(change: float, scale: float) -> None:
    difference = np.zeros((16, 16, 3), np.float32)
    difference[4:8, 4:8] = change
    assert difference_scale(difference) == scale
    strongest = difference_colours(difference, scale).max()
    assert strongest == pytest.approx(255 * min(1.0, abs(change) / scale), abs=2)


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_controls_stand_in_the_panel_and_in_the_record(record: CounterfactualRecord, share: float) -> None:
    found = Faithfulness(
        effect=1.0,
        random_effects=(0.1,),
        random_share=share,
        kept={"jpeg": 0.9, "blur": 0.8, "shift": 0.7},
        reversal=0.9,
    )
    assert found.passed == (share == 1.0)
    checked = replace(record, faithfulness=found)
    shown, plain = (np.asarray(compose_panel(one)).astype(int) for one in (checked, record))
    rows = np.flatnonzero(np.abs(shown - plain).sum(axis=(1, 2)))
    assert len(rows) > 5
    assert np.ptp(rows) < 30  # one line, and nothing else is touched
    assert not np.abs(plain[rows.min() : rows.max() + 1] - plain[0, 0]).any()  # nothing stood there
    told = record_json(checked, {})["counterfactual"]["faithfulness"]
    assert told["passed"] == found.passed
    assert told["failed"] == list(found.failed)


def test_long_controls_stay_inside_the_panel(record: CounterfactualRecord) -> None:
    found = Faithfulness(
        effect=1.0, random_effects=(0.5,) * 3, random_share=0.1, control_effects={"random": (2.0,), "shuffled": (2.0,)},
        control_share={"random": 0.0, "shuffled": 0.0}, kept={"jpeg": -1.2345, "blur": 0.1, "shift": 0.1}, reversal=0.1,
        second_before=0.91, second_after=0.905,
    )  # fmt: skip
    assert "independent classifier" in found.failed
    plain, told = (np.asarray(compose_panel(one)) for one in (record, replace(record, faithfulness=found)))
    rows, columns = np.nonzero((plain != told).any(axis=2))
    assert columns.max() < plain.shape[1] - 28  # the margin
    assert rows.max() - rows.min() > 30  # two lines
    noted = np.asarray(compose_panel(replace(record, faithfulness=found, note="Not reached.")))
    note = np.nonzero((noted != told).any(axis=2))[0]
    assert note.min() > rows.max()
