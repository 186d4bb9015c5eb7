"""What was found once, each by the file or the moment that found it."""

from __future__ import annotations

import shutil
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from faults.neighbours import neighbour
from napari_latent_explain.domain import BundleError, PhotographError, StudyError
from napari_latent_explain.fundus.sources import ZipArchive, read_table
from napari_latent_explain.model.foreign_files import open_foreign_classifier
from napari_latent_explain.review import RatingStore, rater_file, read_chain


def test_an_entry_of_an_archive_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "eyes.zip", "w") as archive:
        archive.writestr("x", b"")
    content = bytearray((tmp_path / "eyes.zip").read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 28 : directory + 30] = struct.pack("<H", 0)  # its name has no letters,
    content[directory + 32 : directory + 34] = struct.pack("<H", 1)  # and the letter is a comment
    (tmp_path / "eyes.zip").write_bytes(content)
    with pytest.raises(PhotographError, match="without a name"):
        ZipArchive(tmp_path / "eyes.zip").names()


def test_what_sqlite_quotes_of_a_damaged_file_need_not_be_text(tmp_path: Path) -> None:
    study = neighbour("test_review/conftest.py").make_study(tmp_path, photographs=1, directions=1)
    path = rater_file(tmp_path, "rater")
    RatingStore.open(path, study, "rater").close()
    content = path.read_bytes()
    assert content.count(b"CREATE TABLE chains") == 1
    path.write_bytes(content.replace(b"CREATE TABLE chains", b"CR\xdeATE TABLE chains"))
    with pytest.raises(StudyError, match="is damaged"):
        read_chain(path, study.sha256)


def test_a_path_of_several_lines_in_a_table_is_told_in_one(tmp_path: Path) -> None:
    (tmp_path / "eyes.csv").write_text('file,label\n"/etc/\npasswd",1\n')
    with pytest.raises(PhotographError, match="not in the folder") as caught:
        read_table(tmp_path / "eyes.csv")
    assert "\n" not in str(caught.value)


def test_many_weights_that_are_missing_are_not_all_named(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pt")
    told = {"in_channels": 4, "out_channels": 2, "hidden_channels": [3] * 300}
    with pytest.raises(BundleError, match="do not fit") as caught:
        open_foreign_classifier(
            tmp_path / "weights.pt",
            {"target": "monai.networks.nets.FullyConnectedNet", "arguments": told, "classes": ("a", "b")},
        )
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("replaced", [False, True])
def test_answers_are_not_confirmed_into_a_file_that_was_deleted(tmp_path: Path, replaced: bool) -> None:
    study = neighbour("test_review/conftest.py").make_study(tmp_path, photographs=1, directions=1)
    path = rater_file(tmp_path, "rater")
    store = RatingStore.open(path, study, "rater", now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    store.append("opened")
    shutil.copy(path, tmp_path / "copy")
    path.unlink()
    if replaced:
        shutil.copy(tmp_path / "copy", path)
    with pytest.raises(StudyError, match="deleted or replaced"):
        store.append("shown", "trial-1")
    with pytest.raises(StudyError, match="not connected"):
        store.append("shown", "trial-1")
    assert len(store.records) == 1
    if replaced:
        assert len(read_chain(path, study.sha256)[0]) == 1
