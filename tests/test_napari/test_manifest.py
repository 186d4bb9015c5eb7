"""Reader, sample data and manifest as npe2 sees them; no viewer is opened."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest
from PIL import Image

from napari_latent_explain._napari.reader import get_reader
from napari_latent_explain._napari.sample_data import healthy_eye, public_eye, referable_eye
from napari_latent_explain.domain import PhotographError
from napari_latent_explain.fundus import samples


def test_every_command_of_the_manifest_exists() -> None:
    manifest = PluginManifest.from_distribution("napari-latent-explain")
    commands = manifest.contributions.commands
    assert commands
    for command in commands:
        module, name = str(command.python_name).split(":")
        assert callable(getattr(import_module(module), name))
    known = {command.id for command in commands}
    used = [
        item.command for kind in ("readers", "sample_data", "widgets") for item in getattr(manifest.contributions, kind)
    ]
    assert set(used) <= known
    assert len(used) == 6


def test_the_reader_gives_one_layer_a_photograph(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), dtype=np.uint8)
    pixels[5:15, 5:25] = (180, 80, 40)
    paths = [tmp_path / "a.png", tmp_path / "b.TIF"]
    for path in paths:
        Image.fromarray(pixels).save(path)
    read = get_reader([str(path) for path in paths])
    assert read is not None
    layers = read([str(path) for path in paths])
    assert [layer[1]["name"] for layer in layers] == ["a", "b"]
    for data, options, kind in layers:
        assert np.array_equal(data, pixels)
        assert options["rgb"]
        assert kind == "image"
    assert get_reader(str(tmp_path / "a.nii.gz")) is None
    assert get_reader([str(paths[0]), str(tmp_path / "notes.txt")]) is None


def test_a_file_that_is_no_picture_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "letter.jpg"
    path.write_text("Dear doctor")
    read = get_reader(str(path))
    assert read is not None
    with pytest.raises(PhotographError, match=r"letter\.jpg"):
        read(str(path))


@pytest.mark.parametrize("sample", [healthy_eye, referable_eye])
def test_sample_data_are_marked_as_simulated(sample) -> None:
    ((data, options, kind),) = sample()
    assert kind == "image"
    assert data.ndim == 3
    assert options["metadata"]["latent_explain"]["simulated"]


def test_the_public_photograph_is_downloaded_once_and_shown_only_if_it_is_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, cache = tmp_path / "eye.jpg", tmp_path / "cache"
    picture = Image.fromarray(np.full((20, 30, 3), (180, 80, 40), dtype=np.uint8))
    picture.save(served)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(cache))

    class Server:
        asked = 0

        def __call__(self, url: str, output_file: str, _pooch: object) -> None:
            Server.asked += 1
            Path(output_file).write_bytes(served.read_bytes())

    monkeypatch.setattr("pooch.HTTPDownloader", lambda **_: Server())
    monkeypatch.setattr(samples, "_SHA256", hashlib.sha256(served.read_bytes()).hexdigest())
    for _ in range(2):
        ((data, options, kind),) = public_eye()
        assert data.shape == (20, 30, 3)
        assert not options["metadata"]["latent_explain"]["simulated"]
        assert kind == "image"
    assert Server.asked == 1
    monkeypatch.setattr(samples, "_SHA256", "0" * 64)
    with pytest.raises(PhotographError, match="could not be downloaded"):
        public_eye()


def test_without_a_network_the_public_photograph_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path))
    monkeypatch.setattr(samples, "_ADDRESS", "http://127.0.0.1:9/eye.jpg")
    with pytest.raises(PhotographError, match="a photograph of your own"):
        public_eye()
