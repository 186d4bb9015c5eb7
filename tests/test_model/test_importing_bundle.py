"""What an imported generator is on disk: whole or not there, and plain about what it lacks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

from napari_latent_explain.domain import BundleError, Cancelled
from napari_latent_explain.model import load_explainer
from napari_latent_explain.model.bundle import read_bundle
from napari_latent_explain.model.importing import import_generator, read_imported, write_imported
from published_stylegan2 import make_published, nvlabs_pickle


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return nvlabs_pickle(tmp_path / "eyes.pkl", make_published((6, 5, 4)))


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    write_imported(tmp_path / "eyes", import_generator(checkpoint))
    return tmp_path / "eyes"


def test_what_was_written_draws_the_same_to_the_bit(checkpoint: Path, folder: Path) -> None:
    first, (metadata, again) = import_generator(checkpoint).generator, read_imported(folder)
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again(again.map(z)), first(first.map(z)))
    assert torch.equal(again.average, first.average)
    assert not any(parameter.requires_grad for parameter in again.parameters())
    assert metadata.source.sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert (metadata.source.file, metadata.source.bytes) == ("eyes.pkl", checkpoint.stat().st_size)
    assert metadata.resolution == 16


def test_the_folder_has_no_pickle_and_nothing_beside_it(checkpoint: Path, folder: Path) -> None:
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["configs/metadata.json", "docs/README.md", "models/generator.safetensors"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["eyes", "eyes.pkl"]
    assert "remain under the terms" in (folder / "docs/README.md").read_text()


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    write_imported(tmp_path / "again" / "eyes", import_generator(checkpoint))
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / "eyes" / path.relative_to(folder)).read_bytes(), path.name


@pytest.mark.parametrize("read", [read_bundle, lambda folder: load_explainer(folder, "cpu")])
def test_asked_for_as_a_whole_bundle_it_says_what_it_lacks(folder: Path, read: object) -> None:
    with pytest.raises(BundleError, match="without encoder and classifier") as caught:
        read(folder)  # type: ignore[operator]
    assert f"latent-explain train-encoder {folder} --output" in str(caught.value)


def test_a_folder_that_exists_is_left_alone(checkpoint: Path, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(BundleError, match="exists already"):
        write_imported(folder, import_generator(checkpoint))
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_leaves_nothing(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_latent_explain.model.importing import imported_bundle

    def full(path: Path, content: bytes) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device")

    imported = import_generator(checkpoint)
    monkeypatch.setattr(imported_bundle, "write_bundle_file", full)
    with pytest.raises(BundleError, match="No space left"):
        write_imported(tmp_path / "eyes", imported)
    assert [path.name for path in tmp_path.iterdir()] == ["eyes.pkl"]


def test_the_person_may_stop_it(checkpoint: Path) -> None:
    def stop(what: str, done: float) -> None:
        assert 0 <= done <= 1
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        import_generator(checkpoint, progress=stop)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda tree: tree.update(kind="bundle"), "no imported generator"),
        (lambda tree: tree["generator"].update(channels=[6, 5, 5]), "does not fit the shapes"),
        (lambda tree: tree["generator"].update(channels=[6] * 12), "no imported generator"),
        (lambda tree: tree["files"].clear(), "not the file that was saved"),
    ],
)
def test_damaged_metadata_are_refused(folder: Path, spoil: object, said: str) -> None:
    path = folder / "configs/metadata.json"
    tree = json.loads(path.read_text())
    spoil(tree)  # type: ignore[operator]
    path.write_text(json.dumps(tree))
    with pytest.raises(BundleError, match=said):
        read_imported(folder)


def test_a_whole_bundle_is_no_imported_generator(small_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no imported generator"):
        read_imported(small_bundle)
    with pytest.raises(BundleError, match="latent-explain import"):
        read_imported(tmp_path / "nothing")
